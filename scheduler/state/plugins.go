package state

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/alluxio-mesos/alluxio-mesos/internal/atomicfile"
)

const (
	pluginsDir = "plugins"
	indexFile  = "installed.json"
	workPrefix = "work-"
	// olderKept is how many plugins of one name stay beside the one that is installed, at most.
	olderKept = 4
)

// Plugin is an executable that was installed into the deployment.
type Plugin struct {
	Kind    string    `json:"kind"`
	Name    string    `json:"name"`
	SHA256  string    `json:"sha256"`
	Size    int64     `json:"size"`
	Version string    `json:"version,omitempty"`
	Since   time.Time `json:"since"`
}

func (p Plugin) same(o Plugin) bool { return p.Kind == o.Kind && p.Name == o.Name }

// Plugins keeps installed plugins in the state folder: plugins/SHA256/alluxio-mesos-KIND-NAME are files that never change,
// plugins/installed.json says which of them are installed, and is replaced whole. So a crash leaves either what was before
// an install or what is after it. It is for one goroutine at a time.
type Plugins struct {
	dir   string
	index pluginIndex
}

type pluginIndex struct {
	Version   int      `json:"version"`
	Installed []Plugin `json:"installed"`
	// Older ones may still be used by executors, the latest first.
	Older []Plugin `json:"older,omitempty"`
}

// Plugins opens what is installed, and clears away what a crash left half done.
func (d *Dir) Plugins() (*Plugins, error) {
	s := &Plugins{dir: filepath.Join(d.path, pluginsDir), index: pluginIndex{Version: version}}
	if err := os.MkdirAll(s.dir, 0o700); err != nil {
		return nil, fmt.Errorf("cannot make the folder of installed plugins: %w", err)
	}
	path := filepath.Join(s.dir, indexFile)
	data, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("cannot read which plugins are installed: %w", err)
	}
	if err == nil {
		err = json.Unmarshal(data, &s.index)
		if err == nil && s.index.Version != version {
			err = fmt.Errorf("it has version %d, and this release reads version %d", s.index.Version, version)
		}
		if err != nil {
			return nil, fmt.Errorf("cannot read which plugins are installed, in %s: %w: move the file away to go on with the plugins of plugin.dir", path, err)
		}
	}
	return s, s.sweep(true)
}

// Installed lists what is installed.
func (s *Plugins) Installed() []Plugin { return slices.Clone(s.index.Installed) }

// Older lists what was installed and is kept, the latest first.
func (s *Plugins) Older() []Plugin { return slices.Clone(s.index.Older) }

// Path of a plugin's file.
func (s *Plugins) Path(p Plugin) string {
	return filepath.Join(s.dir, p.SHA256, "alluxio-mesos-"+p.Kind+"-"+p.Name)
}

// WorkDir makes a private folder for a plugin that is on its way in; the caller removes it.
func (s *Plugins) WorkDir() (string, error) {
	dir, err := os.MkdirTemp(s.dir, workPrefix)
	if err != nil {
		return "", fmt.Errorf("cannot make a folder for a new plugin: %w", err)
	}
	return dir, nil
}

// Put installs a file, which moves, in the place of what was installed under the kind and name. The file's content is the
// plugin's SHA256 and Size. Where Put fails, what was installed before is still.
func (s *Plugins) Put(p Plugin, file string) error {
	fail := func(err error) error { return fmt.Errorf("cannot keep plugin %s-%s: %w", p.Kind, p.Name, err) }
	if err := moveIn(file, s.Path(p)); err != nil {
		return fail(err)
	}
	index := s.without(p)
	index.Older = slices.DeleteFunc(index.Older, func(o Plugin) bool { return o.same(p) && o.SHA256 == p.SHA256 })
	index.Installed = append(index.Installed, p)
	return s.write(index)
}

// Remove takes a plugin out of what is installed. It stays among the older ones.
func (s *Plugins) Remove(p Plugin) error { return s.write(s.without(p)) }

// Prune forgets older plugins, but for those that are needed and the latest of each name: the last that was good. At most
// a few stay of each.
func (s *Plugins) Prune(needed []string) (gone []Plugin, err error) {
	index := s.index
	index.Older = nil
	kept := map[string]int{}
	for _, p := range s.index.Older {
		id := p.Kind + "-" + p.Name
		if kept[id] == 0 || kept[id] < olderKept && slices.Contains(needed, p.SHA256) {
			kept[id]++
			index.Older = append(index.Older, p)
			continue
		}
		gone = append(gone, p)
	}
	if len(gone) == 0 {
		return nil, nil
	}
	return gone, s.write(index)
}

// without is the index after the plugin's removal.
func (s *Plugins) without(p Plugin) pluginIndex {
	index := pluginIndex{Version: version}
	for _, o := range s.index.Installed {
		if o.same(p) {
			index.Older = append(index.Older, o)
		} else {
			index.Installed = append(index.Installed, o)
		}
	}
	index.Older = append(index.Older, s.index.Older...)
	return index
}

func (s *Plugins) write(index pluginIndex) error {
	data, err := json.MarshalIndent(index, "", "  ")
	if err == nil {
		err = atomicfile.Write(filepath.Join(s.dir, indexFile), append(data, '\n'), 0o600)
	}
	if err != nil {
		return fmt.Errorf("cannot note which plugins are installed: %w", err)
	}
	s.index = index
	_ = s.sweep(false) // what stays now goes when the folder is opened next
	return nil
}

// sweep removes what the index does not name, and at the beginning also what was on its way in.
func (s *Plugins) sweep(work bool) error {
	entries, err := os.ReadDir(s.dir)
	if err != nil {
		return fmt.Errorf("cannot look at the installed plugins: %w", err)
	}
	known := map[string]bool{indexFile: true}
	for _, p := range slices.Concat(s.index.Installed, s.index.Older) {
		known[p.SHA256] = true
	}
	var errs []error
	for _, entry := range entries {
		if known[entry.Name()] || !work && strings.HasPrefix(entry.Name(), workPrefix) {
			continue
		}
		errs = append(errs, os.RemoveAll(filepath.Join(s.dir, entry.Name())))
	}
	return errors.Join(errs...)
}

// moveIn makes a file durable at its place: the index that names it must not outlive it.
func moveIn(file, path string) error {
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	if err := syncFile(file); err != nil {
		return err
	}
	if err := os.Rename(file, path); err != nil {
		return err
	}
	return errors.Join(atomicfile.SyncDir(dir), atomicfile.SyncDir(filepath.Dir(dir)))
}

func syncFile(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(f.Chmod(0o500), f.Sync(), f.Close())
}
