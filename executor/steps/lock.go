package steps

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// lockPatience is how long a former executor of the instance gets to finish its shutdown.
const lockPatience = 30 * time.Second

// lock makes an executor the only one of its instance on the node. It ends with the
// process, however that ends (flock(2)).
type lock struct{ file *os.File }

// acquire waits a while for the holder to go.
func acquire(ctx context.Context, path string) (*lock, error) {
	ctx, cancel := context.WithTimeout(ctx, lockPatience)
	defer cancel()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		held, err := tryLock(path)
		if held != nil || err != nil {
			return held, err
		}
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("another executor (pid %s) still has it: the lock %s is held", holderOf(path), path)
		case <-tick.C:
		}
	}
}

// tryLock returns neither lock nor error if somebody else holds it.
func tryLock(path string) (*lock, error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if errors.Is(err, fs.ErrNotExist) { // the holder before left, and took the empty folder along
		return nil, os.MkdirAll(filepath.Dir(path), 0o755)
	}
	if err != nil {
		return nil, err
	}
	err = syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	// The holder before may have removed the file between our open and our lock.
	if err == nil && !sameFile(file, path) {
		err = syscall.EWOULDBLOCK
	}
	if err != nil {
		_ = file.Close()
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, nil
		}
		return nil, fmt.Errorf("cannot lock %s: %w", path, err)
	}
	_ = file.Truncate(0)
	_, _ = fmt.Fprintln(file, os.Getpid()) // for whoever asks; the lock is the flock
	return &lock{file: file}, nil
}

func sameFile(file *os.File, path string) bool {
	mine, err1 := file.Stat()
	there, err2 := os.Stat(path)
	return err1 == nil && err2 == nil && os.SameFile(mine, there)
}

func holderOf(path string) string {
	file, err := os.Open(path)
	if err != nil {
		return "unknown"
	}
	defer func() { _ = file.Close() }()
	text, _ := io.ReadAll(io.LimitReader(file, 32))
	return strings.TrimSpace(string(text))
}

// release removes the file while it is still locked, so that nobody locks a file that
// is gone without noticing.
func (l *lock) release() error {
	return errors.Join(os.Remove(l.file.Name()), l.file.Close())
}
