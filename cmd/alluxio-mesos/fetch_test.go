package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// TestFetch is what fetch promises, with the real fetchers.
func TestFetch(t *testing.T) {
	t.Parallel()
	plugins, server := buildFetchers(t), newArchiveServer(t)
	t.Run("scripts", func(t *testing.T) { runFetchScripts(t, plugins, server) })
	t.Run("terminal", func(t *testing.T) { fetchOnATerminal(t, plugins, server) })
}

func runFetchScripts(t *testing.T, plugins string, server archiveServer) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/fetch",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup: func(env *testscript.Env) error {
			env.Setenv("PLUGINS", plugins)
			env.Setenv("SERVER", server.URL)
			env.Setenv("SUM", server.sum)
			return setup(env)
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"code": code, "interrupt": interrupt},
	})
}

// interrupt COMMAND... : SIGINT once a line of its stderr is there; it must exit with 130.
func interrupt(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) == 0 {
		ts.Fatalf("usage: interrupt command [arg...]")
	}
	self, err := os.Executable()
	ts.Check(err)
	cmd := &exec.Cmd{Path: self, Args: args, Dir: ts.Getenv("WORK"), Env: []string{"HOME=" + ts.Getenv("HOME"), "PATH=" + ts.Getenv("PATH")}}
	stderr, err := cmd.StderrPipe()
	ts.Check(err)
	ts.Check(cmd.Start())
	var text bytes.Buffer
	for !strings.Contains(text.String(), "fetching") {
		if _, err := io.CopyN(&text, stderr, 1); err != nil {
			ts.Fatalf("it ended by itself: %s", text.String())
		}
	}
	ts.Check(cmd.Process.Signal(syscall.SIGINT))
	_, _ = io.Copy(&text, stderr)
	_ = cmd.Wait()
	ts.Logf("%s", text.String())
	if cmd.ProcessState.ExitCode() != exitInterrupted {
		ts.Fatalf("exit code %d, want %d", cmd.ProcessState.ExitCode(), exitInterrupted)
	}
}

// archiveServer has an archive under several names:
//
//	/soft.tar.gz          and its /soft.tar.gz.sha256
//	/slow.tar.gz          half of it, and then nothing until the client goes
//	/wrong.tar.gz         with a checksum file of something else
//	/cut.tar.gz           the first half, and told to be all
type archiveServer struct {
	*httptest.Server
	sum string
}

func newArchiveServer(t *testing.T) archiveServer {
	data := someArchive(t, 4<<20)
	sum := sha256.Sum256(data)
	s := archiveServer{sum: hex.EncodeToString(sum[:])}
	serve := func(w http.ResponseWriter, r *http.Request, data string) {
		w.Header().Set("ETag", fmt.Sprintf("%q", r.URL.Path))
		http.ServeContent(w, r, "", time.Time{}, strings.NewReader(data))
	}
	mux := http.NewServeMux()
	for path, content := range map[string]string{
		"/soft.tar.gz": string(data), "/soft.tar.gz.sha256": s.sum + "  soft.tar.gz\n",
		"/wrong.tar.gz": string(data), "/wrong.tar.gz.sha256": strings.Repeat("0", 64), "/page.html": "<html>Please log in</html>",
		"/cut.tar.gz": string(data[:len(data)/2]),
	} {
		mux.HandleFunc(path, func(w http.ResponseWriter, r *http.Request) { serve(w, r, content) })
	}
	mux.HandleFunc("/slow.tar.gz", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", fmt.Sprint(len(data)))
		_, _ = w.Write(data[:len(data)/2])
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
	})
	s.Server = httptest.NewServer(mux)
	t.Cleanup(s.Close)
	return s
}

func someArchive(t *testing.T, size int) []byte {
	t.Helper()
	data := make([]byte, size)
	_, _ = rand.NewChaCha8([32]byte{7}).Read(data)
	var out bytes.Buffer
	zip := gzip.NewWriter(&out)
	w := tar.NewWriter(zip)
	require.NoError(t, w.WriteHeader(&tar.Header{Name: "soft-1.0/bin/run", Mode: 0o755, Size: int64(size), Typeflag: tar.TypeReg}))
	_, err := w.Write(data)
	require.NoError(t, err)
	require.NoError(t, w.Close())
	require.NoError(t, zip.Close())
	return out.Bytes()
}

// buildFetchers gives a folder with the real fetchers.
func buildFetchers(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	out, err := exec.Command("go", "build", "-o", dir+"/", "../alluxio-mesos-fetcher-http", "../alluxio-mesos-fetcher-local").CombinedOutput()
	require.NoError(t, err, "%s", out)
	return dir
}

func fetchOnATerminal(t *testing.T, plugins string, server archiveServer) {
	terminal, user := openTerminal(t)
	self, err := os.Executable()
	require.NoError(t, err)
	to := filepath.Join(t.TempDir(), "out")
	cmd := &exec.Cmd{
		Path: self, Args: []string{"alluxio-mesos", "fetch", server.URL + "/soft.tar.gz", "--to", to, "--plugin-dir", plugins, "--checksum", "file"},
		Stdin: user, Stdout: user, Stderr: user, Env: append(os.Environ(), "HOME="+t.TempDir(), "TERM=xterm"),
	}
	require.NoError(t, cmd.Start())
	require.NoError(t, user.Close())
	screen, _ := io.ReadAll(terminal) // ends with EIO when the last user has closed it
	require.NoError(t, cmd.Wait(), "%s", screen)
	text := string(screen)
	for _, part := range []string{"soft.tar.gz", "MB", "100%", "====", "unpacked: " + to, "as it should be", "fetcher:  http"} {
		require.Contains(t, text, part)
	}
	require.Contains(t, text, "\x1b[", "the bar is drawn over itself")
	require.FileExists(t, filepath.Join(to, "bin", "run"))
}

// openTerminal opens a pseudo-terminal of 100 columns: its two ends.
func openTerminal(t *testing.T) (master, user *os.File) {
	t.Helper()
	fd, err := unix.Open("/dev/ptmx", unix.O_RDWR|unix.O_NOCTTY|unix.O_CLOEXEC, 0)
	require.NoError(t, err)
	master = os.NewFile(uintptr(fd), "ptmx")
	t.Cleanup(func() { _ = master.Close() })
	require.NoError(t, unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0))
	number, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	require.NoError(t, err)
	require.NoError(t, unix.IoctlSetWinsize(fd, unix.TIOCSWINSZ, &unix.Winsize{Row: 25, Col: 100}))
	user, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|unix.O_NOCTTY, 0)
	require.NoError(t, err)
	return master, user
}
