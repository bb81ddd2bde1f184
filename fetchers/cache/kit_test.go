package cache

import (
	"bufio"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/alluxio-mesos/alluxio-mesos/internal/scratch"
)

const nobody = 65534

// The test binary also plays other processes and other users.
func TestMain(m *testing.M) {
	if act := os.Getenv("CACHE_TEST_ACT"); act != "" {
		fmt.Println(play(act, os.Getenv("CACHE_TEST_DIR"), os.Getenv("CACHE_TEST_PRIVATE")))
		_, _ = io.Copy(io.Discard, os.Stdin)
		os.Exit(0)
	}
	goleak.VerifyTestMain(m)
}

// play does what a child is for, and says in one line what came of it. The child lives on
// until its input ends.
func play(act, dir, private string) string {
	if act == "churn" {
		return churn(dir)
	}
	c, err := OpenWith(dir, Options{Private: private, SumsAfter: -1})
	if err != nil {
		return "error: " + err.Error()
	}
	verb, text, _ := strings.Cut(act, " ")
	switch verb {
	case "lookup":
		entry, found, err := c.Lookup(digest(text))
		switch {
		case err != nil:
			return "error: " + err.Error()
		case !found:
			return "not found"
		}
		return entry.Dir
	case "add":
		entry, err := makeEntry(c, text, 1000)
		if err != nil {
			return "error: " + err.Error()
		}
		return entry.Dir
	}
	return "error: what is " + act
}

// churn adds, uses and evicts entries until it is killed.
func churn(dir string) string {
	c, err := OpenWith(dir, Options{MaxBytes: 100_000, SumsAfter: time.Nanosecond})
	if err != nil {
		return "error: " + err.Error()
	}
	fmt.Println("churning")
	for {
		name := fmt.Sprint(rand.IntN(6))
		if rand.IntN(2) == 0 {
			entry, err := makeEntry(c, name, 20_000)
			if err != nil {
				return "error: " + err.Error()
			}
			entry.Release()
			continue
		}
		entry, found, err := c.Lookup(digest(name))
		if err != nil {
			return "error: " + err.Error()
		}
		if found {
			if data, err := os.ReadFile(filepath.Join(entry.Dir, "top", "data")); err != nil || len(data) != 20_000 {
				return fmt.Sprintf("error: an entry in use changed: %d bytes, %v", len(data), err)
			}
			entry.Release()
		}
	}
}

// makeEntry makes an entry with a file of that size.
func makeEntry(c *Cache, name string, size int) (Entry, error) {
	stage, err := c.Stage()
	if err != nil {
		return Entry{}, err
	}
	defer func() { _ = stage.Discard() }()
	tree, err := stage.NewTree()
	if err != nil {
		return Entry{}, err
	}
	if err := os.Mkdir(filepath.Join(tree, "top"), 0o755); err != nil {
		return Entry{}, err
	}
	if err := os.WriteFile(filepath.Join(tree, "top", "data"), make([]byte, size), 0o644); err != nil {
		return Entry{}, err
	}
	stage.Describe(Origin{Artifact: name, Source: "https://host/" + name})
	return stage.Commit(digest(name))
}

// other is another process, also of another user.
type other struct {
	t    *testing.T
	cmd  *exec.Cmd
	in   io.Closer
	out  *bufio.Reader
	said string // its first line
}

// world is a folder that other users can reach, unlike t.TempDir.
func world(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "cache-world-")
	require.NoError(t, err)
	require.NoError(t, os.Chmod(dir, 0o755))
	t.Cleanup(func() { require.NoError(t, scratch.RemoveAll(dir)) })
	return dir
}

func asRoot(t *testing.T) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("only root can be somebody else")
	}
}

// start runs an act in a process of its own, as a user.
func start(t *testing.T, uid int, act, dir, private string) *other {
	t.Helper()
	self, err := os.Executable()
	require.NoError(t, err)
	cmd := exec.Command(self)
	if uid != os.Geteuid() {
		mine := filepath.Join(world(t), "test") // others cannot reach the test binary
		data, err := os.ReadFile(self)
		require.NoError(t, err)
		// A fork in this moment would inherit the file open for writing, and then it cannot be executed.
		syscall.ForkLock.RLock()
		err = os.WriteFile(mine, data, 0o755)
		syscall.ForkLock.RUnlock()
		require.NoError(t, err)
		cmd = exec.Command(mine)
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(uid)}}
	}
	cmd.Dir = "/"
	cmd.Env = []string{"CACHE_TEST_ACT=" + act, "CACHE_TEST_DIR=" + dir, "CACHE_TEST_PRIVATE=" + private, "TMPDIR=/nowhere"}
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	require.NoError(t, err)
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	o := &other{t: t, cmd: cmd, in: in, out: bufio.NewReader(out)}
	t.Cleanup(o.end)
	line, err := o.out.ReadString('\n')
	require.NoError(t, err)
	o.said = strings.TrimSpace(line)
	return o
}

func (o *other) end() {
	_ = o.in.Close()
	_ = o.cmd.Wait()
}

func (o *other) kill() {
	_ = o.cmd.Process.Kill()
	_ = o.cmd.Wait()
}
