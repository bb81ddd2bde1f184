package state

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/alluxio-mesos/alluxio-mesos/internal/atomicfile"
)

// Names of the files.
const (
	stateFile = "state.json"
	lockFile  = "lock"
	apiFile   = "api"
	tokenFile = "token"
)

// Dir is the state folder of a deployment, held by this process until Close.
type Dir struct {
	path string
	lock *os.File
}

// Open makes the folder if need be and takes its lock. A *LockedError says that another scheduler has it.
func Open(path string) (*Dir, error) {
	if path == "" {
		return nil, errors.New("cannot open the state folder: no path is given")
	}
	if err := os.MkdirAll(path, 0o700); err != nil {
		return nil, fmt.Errorf("cannot make the state folder: %w", err)
	}
	lock, err := takeLock(filepath.Join(path, lockFile))
	if err != nil {
		return nil, err
	}
	return &Dir{path: path, lock: lock}, nil
}

// Path of the folder.
func (d *Dir) Path() string { return d.path }

// Close takes the API's address back and frees the lock.
func (d *Dir) Close() error {
	err := os.Remove(filepath.Join(d.path, apiFile))
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	return errors.Join(err, d.lock.Close())
}

// SetAPI tells where the API answers.
func (d *Dir) SetAPI(url string) error {
	return atomicfile.Write(filepath.Join(d.path, apiFile), []byte(url+"\n"), 0o600)
}

// Token returns the token for the API, and makes one the first time.
func (d *Dir) Token() (string, error) {
	path := filepath.Join(d.path, tokenFile)
	token, err := readLine(path)
	if err == nil && token != "" {
		return token, nil
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("cannot read the API's token: %w", err)
	}
	random := make([]byte, 32)
	if _, err := rand.Read(random); err != nil {
		return "", fmt.Errorf("cannot make a token for the API: %w", err)
	}
	token = hex.EncodeToString(random)
	return token, d.SetToken(token)
}

// SetToken leaves a token for the clients of this host.
func (d *Dir) SetToken(token string) error {
	return atomicfile.Write(filepath.Join(d.path, tokenFile), []byte(token+"\n"), 0o600)
}

// API returns where the API of the folder's scheduler answers, and its token. It needs no lock. The error is
// fs.ErrNotExist where no scheduler has left an address.
func API(path string) (url, token string, err error) {
	if url, err = readLine(filepath.Join(path, apiFile)); err != nil {
		return "", "", err
	}
	token, err = readLine(filepath.Join(path, tokenFile))
	return url, token, err
}

func readLine(path string) (string, error) {
	data, err := os.ReadFile(path)
	return strings.TrimSpace(string(data)), err
}
