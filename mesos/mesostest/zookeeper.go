package mesostest

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// ZooKeeper starts one out of the Alluxio tarball that `make alluxio` builds, which
// carries its classes, and gives its "host:port". Where there is no tarball or no
// Java the test is skipped with the reason; with CI set it fails.
func ZooKeeper(t testing.TB) string {
	t.Helper()
	dir := t.TempDir()
	jar, err := unpackJar(dir)
	if err == nil {
		_, err = exec.LookPath("java")
	}
	if err != nil {
		if os.Getenv("CI") != "" {
			t.Fatalf("cannot start a ZooKeeper, and CI is set: %v", err)
		}
		t.Skipf("cannot start a ZooKeeper: %v", err)
	}
	address := fmt.Sprintf("127.0.0.1:%d", Ports(t, 1).Begin)
	config := filepath.Join(dir, "zoo.cfg")
	_, port, _ := net.SplitHostPort(address)
	text := fmt.Sprintf("tickTime=500\ndataDir=%s/data\nclientPort=%s\nclientPortAddress=127.0.0.1\nadmin.enableServer=false\n4lw.commands.whitelist=srvr\n", dir, port)
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("java", "-Xmx128m", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Dzookeeper.forceSync=no", "-cp", jar, "org.apache.zookeeper.server.quorum.QuorumPeerMain", config)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	log, err := os.Create(filepath.Join(dir, "log"))
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill() // it may be dead already
		_ = cmd.Wait()
	})
	if err := awaitServing(address); err != nil {
		text, _ := os.ReadFile(log.Name())
		t.Fatalf("ZooKeeper did not start: %v\n%s", err, text)
	}
	return address
}

// unpackJar takes the jar with the classes of others out of the tarball.
func unpackJar(dir string) (string, error) {
	script, err := findScript()
	if err != nil {
		return "", err
	}
	root := filepath.Dir(filepath.Dir(filepath.Dir(script)))
	tarballs, _ := filepath.Glob(filepath.Join(root, "build", "alluxio-*-bin.tar.gz")) // the pattern is well-formed
	if len(tarballs) == 0 {
		return "", errors.New("no build/alluxio-*-bin.tar.gz; `make alluxio` makes it")
	}
	out, err := exec.Command("tar", "-C", dir, "--strip-components=3", "-xzf", tarballs[0], "--wildcards", "*/assembly/lib/third-party.jar").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("cannot unpack %s: %w: %s", tarballs[0], err, out)
	}
	return filepath.Join(dir, "third-party.jar"), nil
}

// awaitServing asks until the server says in which mode it runs; its port is open
// before that.
func awaitServing(address string) error {
	var err error
	for deadline := time.Now().Add(startLimit); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		var answer []byte
		if answer, err = ask(address, "srvr"); bytes.Contains(answer, []byte("Mode: ")) {
			return nil
		}
	}
	return fmt.Errorf("not serving within %s: %w", startLimit, err)
}

// ask sends one of ZooKeeper's four-letter words.
func ask(address, word string) ([]byte, error) {
	c, err := net.DialTimeout("tcp", address, time.Second)
	if err != nil {
		return nil, err
	}
	defer c.Close()
	if err := c.SetDeadline(time.Now().Add(time.Second)); err != nil {
		return nil, err
	}
	if _, err := c.Write([]byte(word)); err != nil {
		return nil, err
	}
	return io.ReadAll(c)
}

// StartSecondMaster has another master of a real Mesos contend for leadership,
// which wants Options.ZooKeeper, and gives its address. It ends with the test.
func (c *Cluster) StartSecondMaster(t testing.TB) string {
	t.Helper()
	r, ok := c.backend.(*real)
	if !ok {
		t.Fatal("the embedded Mesos has one master")
	}
	address, err := r.startSecondMaster()
	if err != nil {
		t.Fatal(err)
	}
	return address
}
