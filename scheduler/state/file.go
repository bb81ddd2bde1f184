package state

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/alluxio-mesos/alluxio-mesos/internal/atomicfile"
	"github.com/alluxio-mesos/alluxio-mesos/scheduler/plan"
)

// version of the file's format.
const version = 1

// File is the content of state.json.
type File struct {
	Version int `json:"version"`
	// Name of the framework, and where its Mesos was last.
	Name  string `json:"name"`
	Mesos string `json:"mesos"`
	// Artifacts is where the artifact listener was: executors were launched with URLs that name it.
	Artifacts Listener   `json:"artifacts"`
	Plan      plan.Saved `json:"plan"`
}

// Listener is a host and a port.
type Listener struct {
	Host string `json:"host,omitempty"`
	Port int    `json:"port,omitempty"`
}

// Load reads the state. A folder without one gives an empty state.
func (d *Dir) Load() (File, error) { return Read(d.path) }

// Save writes the state; it is on the disk when Save returns.
func (d *Dir) Save(f File) error {
	f.Version = version
	data, err := json.MarshalIndent(f, "", "  ")
	if err != nil {
		return fmt.Errorf("cannot write the state: %w", err)
	}
	return atomicfile.Write(filepath.Join(d.path, stateFile), append(data, '\n'), 0o600)
}

// Read reads the state of a folder without its lock.
func Read(dir string) (File, error) {
	path := filepath.Join(dir, stateFile)
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return File{Version: version}, nil
	}
	if err != nil {
		return File{}, fmt.Errorf("cannot read the state: %w", err)
	}
	var f File
	if err := json.Unmarshal(data, &f); err != nil {
		return File{}, fmt.Errorf("cannot read the state in %s: %w: put a good copy in its place; without one, end the framework "+
			"in Mesos (its id is in Mesos' web page), and move the file away to start anew", path, err)
	}
	if f.Version != version {
		return File{}, fmt.Errorf("cannot read the state in %s: it has version %d, and this release reads version %d: use the release that wrote it",
			path, f.Version, version)
	}
	return f, nil
}
