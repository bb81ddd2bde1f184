package landlock

import (
	"context"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// confined runs a shell command from a confined thread.
func confined(t *testing.T, r Rules, command string) (output string, err error) {
	t.Helper()
	done := make(chan struct{})
	go onThread(func() {
		defer close(done)
		if err = RestrictThread(r); err != nil {
			return
		}
		var out []byte
		out, err = exec.CommandContext(context.Background(), "/bin/sh", "-c", command).CombinedOutput()
		output = string(out)
	})
	<-done
	return output, err
}

// onThread runs f on a thread of its own that ends with it.
func onThread(f func()) {
	runtime.LockOSThread()
	if unix.Gettid() == os.Getpid() {
		go onThread(f)
		runtime.UnlockOSThread()
		return
	}
	f()
}

func needLandlock(t *testing.T, abi int) {
	t.Helper()
	if got := ABI(); got < abi {
		t.Skipf("the kernel's Landlock has version %d, and this needs %d", got, abi)
	}
}

func TestWritingIsConfined(t *testing.T) {
	t.Parallel()
	needLandlock(t, 1)
	dir, other := t.TempDir(), t.TempDir()
	theirs := filepath.Join(other, "theirs")
	require.NoError(t, os.WriteFile(theirs, []byte("kept"), 0o644))
	r := Rules{Write: []string{dir}, WriteIfThere: []string{"/dev/null", filepath.Join(dir, "none")}}

	out, err := confined(t, r, "cd "+dir+" && echo a > a && mkdir b && mv a b/a && ln -s a b/l && mkfifo f && rm -r b f && : > /dev/null && cat "+theirs)
	require.NoError(t, err, out)
	require.Equal(t, "kept", out)
	for _, command := range []string{
		"echo no > " + theirs, "echo no >> " + theirs, "rm " + theirs, "mkdir " + other + "/d", "ln -s a " + other + "/l",
		"mv " + theirs + " " + dir, "ln " + theirs + " " + dir + "/l", "mkfifo " + other + "/f", "touch " + other + "/new",
	} {
		_, err := confined(t, r, command)
		require.Error(t, err, command)
	}
	data, err := os.ReadFile(theirs)
	require.NoError(t, err)
	require.Equal(t, "kept", string(data))
	entries, err := os.ReadDir(other)
	require.NoError(t, err)
	require.Len(t, entries, 1)
}

func TestTheRestOfTheProcessStaysFree(t *testing.T) {
	t.Parallel()
	needLandlock(t, 1)
	dir := t.TempDir()
	for range 20 {
		_, err := confined(t, Rules{}, "echo no > "+dir+"/file")
		require.Error(t, err)
		require.NoError(t, os.WriteFile(filepath.Join(dir, "mine"), nil, 0o644))
		require.NoError(t, exec.CommandContext(t.Context(), "/bin/sh", "-c", "echo > "+dir+"/mine").Run())
	}
}

func TestListeningIsForbidden(t *testing.T) {
	t.Parallel()
	needLandlock(t, 4)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer listener.Close()
	done := make(chan struct{})
	var listenErr, dialErr error
	go onThread(func() {
		defer close(done)
		if listenErr = RestrictThread(Rules{}); listenErr != nil {
			return
		}
		listenErr = bind(t)
		dialErr = dial(listener.Addr().(*net.TCPAddr).Port)
	})
	<-done
	require.ErrorIs(t, listenErr, unix.EACCES)
	require.NoError(t, dialErr)
}

func bind(t *testing.T) error {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Error(err)
		return nil
	}
	defer unix.Close(fd)
	return unix.Bind(fd, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}})
}

func dial(port int) error {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	return unix.Connect(fd, &unix.SockaddrInet4{Port: port, Addr: [4]byte{127, 0, 0, 1}})
}

func TestSignalsStayInside(t *testing.T) {
	t.Parallel()
	needLandlock(t, 6)
	victim := exec.CommandContext(t.Context(), "/bin/sleep", "60")
	require.NoError(t, victim.Start())
	defer func() { _ = victim.Wait() }()
	defer func() { _ = victim.Process.Kill() }()
	out, err := confined(t, Rules{WriteIfThere: []string{"/dev/null"}}, "kill -0 "+strconv.Itoa(victim.Process.Pid))
	require.Error(t, err, out)
	require.NoError(t, victim.Process.Signal(unix.Signal(0)))
	out, err = confined(t, Rules{WriteIfThere: []string{"/dev/null"}}, "sleep 60 & kill $!")
	require.NoError(t, err, out)
}

func TestAPathThatIsNotThere(t *testing.T) {
	t.Parallel()
	needLandlock(t, 1)
	_, err := confined(t, Rules{Write: []string{"/no/such/folder"}}, "true")
	require.EqualError(t, err, "cannot allow writing to /no/such/folder: no such file or directory")
}
