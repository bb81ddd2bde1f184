package host

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/alluxio-mesos/alluxio-mesos/fetchers/source"
	"github.com/alluxio-mesos/alluxio-mesos/plugins"
)

// executable is a plugin that lies on this node and may be started, if it has the digest.
type executable struct {
	kind, name string
	path       string // empty: see locate
	sha256     string
	config     map[string]string
	shipped    *Plugin // set if it is in the node cache, from where it can be had anew
	own        bool    // it is from the node's own folder
}

func (e executable) id() string { return id(e.kind, e.name) }

func (e executable) same(other executable) bool {
	return e.sha256 == other.sha256 && maps.Equal(e.config, other.config)
}

// elsewhere is the executable without its place, where another file may lie by now.
func (e executable) elsewhere() executable {
	e.path = ""
	return e
}

// find looks for a plugin among the node's own, and then among the shipped ones.
func (h *Host) find(ctx context.Context, kind, name string) (executable, error) {
	if !validName(name) {
		return executable{}, plugins.AsPermanent(fmt.Errorf("cannot use %s plugin %q: a name takes lower-case letters, digits and -", kind, name))
	}
	h.mu.Lock()
	shipped, isShipped := h.shipped[id(kind, name)]
	h.mu.Unlock()
	own, found, err := h.findOwn(kind, name)
	if err != nil {
		return executable{}, err
	}
	switch {
	case found:
		own.config = shipped.Config
		return own, nil
	case isShipped:
		return h.findShipped(ctx, shipped)
	}
	return executable{}, plugins.AsPermanent(h.notFound(kind, name))
}

func (h *Host) notFound(kind, name string) error {
	h.mu.Lock()
	known := slices.Sorted(maps.Keys(h.shipped))
	h.mu.Unlock()
	places := "no " + fileName(kind, name) + " came with the deployment (it ships: " + strings.Join(known, ", ") + ")"
	if h.cfg.NodePluginDir != "" {
		places += ", and none is in " + h.cfg.NodePluginDir
	}
	return fmt.Errorf("cannot find %s plugin %q: %s; put it into plugin.dir (for the fetch command: --plugin FILE or --plugin-dir DIR)", kind, name, places)
}

func (h *Host) findShipped(ctx context.Context, p Plugin) (executable, error) {
	digest, err := source.ParseDigest(p.SHA256)
	if err != nil {
		return executable{}, plugins.AsPermanent(err)
	}
	path, err := h.download(ctx, p, digest)
	if err != nil {
		return executable{}, fmt.Errorf("cannot get %s plugin %q: %w", p.Kind, p.Name, err)
	}
	return executable{
		kind: p.Kind, name: p.Name, path: path, sha256: digest.Hex(), config: p.Config, shipped: &p,
	}, nil
}

// DigestFile is the sha256 of a file in hex digits, and its size.
func DigestFile(path string) (sha256hex string, size int64, err error) {
	file, err := os.Open(path)
	if err != nil {
		return "", 0, fmt.Errorf("cannot digest a file: %w", err)
	}
	defer file.Close()
	hash := sha256.New()
	size, err = io.Copy(hash, file)
	if err != nil {
		return "", 0, fmt.Errorf("cannot digest %s: %w", path, err)
	}
	return hex.EncodeToString(hash.Sum(nil)), size, nil
}

// ListDir lists the plugins in a folder, sorted by file name, with their digests and
// paths: the executable files called alluxio-mesos-KIND-NAME.
func ListDir(dir string) ([]Plugin, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("cannot list plugins: %w", err)
	}
	var list []Plugin
	for _, entry := range entries {
		p, ok := parseFileName(entry.Name())
		path := filepath.Join(dir, entry.Name())
		if info, err := os.Stat(path); !ok || err != nil || !info.Mode().IsRegular() || info.Mode()&0o111 == 0 {
			continue
		}
		if p.SHA256, p.Size, err = DigestFile(path); err != nil {
			return nil, err
		}
		p.URL = path
		list = append(list, p)
	}
	return list, nil
}

func parseFileName(name string) (Plugin, bool) {
	rest, ok := strings.CutPrefix(name, fileNamePrefix)
	if !ok {
		return Plugin{}, false
	}
	kind, plugin, _ := strings.Cut(rest, "-")
	isKind := kind == plugins.KindFetcher || kind == plugins.KindRamdisk
	return Plugin{Kind: kind, Name: plugin}, isKind && validName(plugin)
}
