package detach

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// The test binary plays the program: DETACH_TEST says which part.
func TestMain(m *testing.M) {
	part := os.Getenv("DETACH_TEST")
	if part == "" {
		os.Exit(m.Run())
	}
	herald := NewHerald(os.Getenv)
	switch part {
	case "comes up":
		herald.Ready("listening")
		if sid, _ := unix.Getsid(0); sid != os.Getpid() {
			os.Exit(9)
		}
		fmt.Println("up")
	case "fails":
		herald.Failed(errors.New("cannot lift: too heavy"))
		os.Exit(7)
	case "dies":
		os.Exit(3)
	case "hangs":
		time.Sleep(time.Hour)
	}
	os.Exit(0)
}

func TestReadySaysWhatTheProgramSaid(t *testing.T) {
	t.Parallel()
	child, log := start(t, "comes up")
	said, err := child.Ready(t.Context())
	require.NoError(t, err)
	require.Equal(t, "listening", said)
	require.NoError(t, child.Wait())
	text, err := os.ReadFile(log)
	require.NoError(t, err)
	require.Equal(t, "up\n", string(text))
}

func TestAFailureComesInTheProgramsOwnWords(t *testing.T) {
	t.Parallel()
	for part, want := range map[string]Failure{
		"fails": {Text: "cannot lift: too heavy", Code: 7},
		"dies":  {Text: "it ended without a word: exit status 3", Code: 3},
	} {
		t.Run(part, func(t *testing.T) {
			t.Parallel()
			child, _ := start(t, part)
			_, err := child.Ready(t.Context())
			var failure *Failure
			require.ErrorAs(t, err, &failure)
			require.Equal(t, want, *failure)
		})
	}
}

func TestReadyEndsWithTheContext(t *testing.T) {
	t.Parallel()
	child, _ := start(t, "hangs")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := child.Ready(ctx)
	require.ErrorIs(t, err, context.Canceled)
	require.NoError(t, child.Signal(syscall.SIGKILL))
	require.Error(t, child.Wait())
	require.NoError(t, child.Signal(syscall.SIGKILL), "one that has ended is no error")
}

func TestWithoutAPipeNothingIsSaid(t *testing.T) {
	t.Parallel()
	herald := NewHerald(func(string) string { return "" })
	require.Nil(t, herald)
	herald.Ready("nobody hears this")
}

func start(t *testing.T, part string) (*Child, string) {
	t.Helper()
	self, err := os.Executable()
	require.NoError(t, err)
	path := filepath.Join(t.TempDir(), "log")
	log, err := os.Create(path)
	require.NoError(t, err)
	defer log.Close()
	child, err := Start(Command{Path: self, Env: append(os.Environ(), "DETACH_TEST="+part), Log: log})
	require.NoError(t, err)
	return child, path
}
