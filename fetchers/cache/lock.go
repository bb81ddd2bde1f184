package cache

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

const (
	lockPause    = 5 * time.Millisecond
	maxLockPause = 200 * time.Millisecond
)

// Lock waits until nobody else on this node holds the lock of key, and gives the
// function that frees it; the lock ends with the process, too. Waiting is called once if
// it has to wait.
func (c *Cache) Lock(ctx context.Context, key string, waiting func()) (unlock func(), err error) {
	if err := c.writable(); err != nil {
		return nil, err
	}
	path := c.path(locksDir, keyName(key))
	// A flock that waits cannot be called off, so it is tried until it goes well.
	for pause := lockPause; ; pause = min(2*pause, maxLockPause) {
		unlock, err := tryLock(path)
		if err != nil {
			return nil, fmt.Errorf("cannot lock the cache: %w", err)
		}
		if unlock != nil {
			return unlock, nil
		}
		if pause == lockPause && waiting != nil {
			waiting()
		}
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("cannot wait for another process that makes the same cache entry: %w", context.Cause(ctx))
		case <-time.After(pause):
		}
	}
}

// tryLock locks a file if nobody else has; else unlock is nil. Its time is that of the last use.
func tryLock(path string) (unlock func(), err error) {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|unix.O_NOFOLLOW, 0o600)
	if err != nil {
		return nil, err
	}
	err = unix.Flock(int(file.Fd()), unix.LOCK_EX|unix.LOCK_NB)
	if err == nil && inPlace(file) {
		touch(path)
		return func() { _ = file.Close() }, nil
	}
	file.Close()
	if err == nil || errors.Is(err, unix.EWOULDBLOCK) || errors.Is(err, unix.EINTR) {
		return nil, nil // taken, or tidied away in this moment
	}
	return nil, fmt.Errorf("%s: %w", path, err)
}

// keyName is a file name for any key, and shows nothing of it.
func keyName(key string) string {
	sum := sha256.Sum256([]byte(key))
	return hex.EncodeToString(sum[:])
}
