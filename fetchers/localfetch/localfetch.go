// Package localfetch is the fetcher of what lies on the node already: LOCAL, which
// answers with folders in place, and paths and file: sources, where a folder is answered
// in place and a file's bytes are copied. Which of several JDKs fits is the executor's to
// say; this fetcher only finds them.
package localfetch

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"

	"github.com/alluxio-mesos/alluxio-mesos/plugins"
)

const name = "local"

type fetcher struct {
	version string
	config  atomic.Pointer[config]
}

// New makes the fetcher; version is that of its binary.
func New(version string) plugins.Fetcher {
	f := &fetcher{version: version}
	c := defaultConfig()
	f.config.Store(&c)
	return f
}

func (f *fetcher) Info(context.Context) (plugins.Info, error) {
	return plugins.Info{Name: name, Version: f.version, Contract: plugins.Contract,
		Schemes: []string{"local", "file"}, Resumes: true, InPlace: true}, nil
}

func (f *fetcher) Init(_ context.Context, values map[string]string) error {
	c, err := readConfig(values)
	if err != nil {
		return err
	}
	f.config.Store(&c)
	return nil
}

func (f *fetcher) Shutdown(context.Context) error { return nil }

func (f *fetcher) Fetch(ctx context.Context, r plugins.FetchRequest, report func(plugins.Progress)) (plugins.FetchResult, error) {
	if err := ctx.Err(); err != nil {
		return plugins.FetchResult{}, context.Cause(ctx)
	}
	if r.Source == "LOCAL" {
		homes, err := f.local(r)
		if err != nil {
			return plugins.FetchResult{}, plugins.AsPermanent(err)
		}
		return plugins.FetchResult{InPlace: homes}, nil
	}
	path, err := filePath(r.Source)
	if err != nil {
		return plugins.FetchResult{}, plugins.AsPermanent(err)
	}
	return fetchPath(ctx, path, r, report)
}

func (f *fetcher) local(r plugins.FetchRequest) ([]string, error) {
	if r.Artifact == "jdk" {
		return findJDKs(f.config.Load().search, r.Path)
	}
	key := "alluxio.home"
	if r.Path == "" {
		return nil, fmt.Errorf("cannot find Alluxio on this node: LOCAL was asked for, but %s is not set; "+
			"set it to the folder of an Alluxio distribution on the agents", key)
	}
	if err := checkHome(r.Path); err != nil {
		return nil, fmt.Errorf("cannot use the Alluxio on this node: %w; put a distribution there, change %s, or set "+
			"alluxio.integration.mesos.alluxio.jar.url to a source to fetch it from", err, key)
	}
	return []string{filepath.Clean(r.Path)}, nil
}

func checkHome(path string) error {
	if !filepath.IsAbs(path) {
		return fmt.Errorf("%q is not an absolute path", path)
	}
	info, err := os.Stat(path)
	if err != nil {
		return fmt.Errorf("%s: %w", path, cause(err))
	}
	if !info.IsDir() {
		return fmt.Errorf("%s is not a folder", path)
	}
	entries, err := os.ReadDir(path)
	if err != nil {
		return fmt.Errorf("%s: %w", path, cause(err))
	}
	if len(entries) == 0 {
		return fmt.Errorf("%s is an empty folder", path)
	}
	return nil
}

// filePath reads an absolute path, as it is or in a file: URL.
func filePath(source string) (string, error) {
	path := source
	if rest, ok := cutScheme(source, "file:"); ok {
		u, err := url.Parse("file:" + rest)
		if err != nil || u.Opaque != "" || (u.Host != "" && u.Host != "localhost") {
			return "", fmt.Errorf("cannot read source %q: write file:///PATH", source)
		}
		path = u.Path
	}
	if !filepath.IsAbs(path) {
		return "", fmt.Errorf("cannot fetch %q: only an absolute path means the same on every node", source)
	}
	return filepath.Clean(path), nil
}

func cutScheme(s, scheme string) (string, bool) {
	if len(s) < len(scheme) || !strings.EqualFold(s[:len(scheme)], scheme) {
		return s, false
	}
	return s[len(scheme):], true
}

// cause is err without the path, which the message names already.
func cause(err error) error {
	var pathErr *os.PathError
	if errors.As(err, &pathErr) {
		return pathErr.Err
	}
	return err
}
