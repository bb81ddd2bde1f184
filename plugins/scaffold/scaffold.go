// Package scaffold writes the beginning of a plugin: a small project that builds and
// passes "alluxio-mesos plugins verify" as it is, with the places marked where its author
// goes on. The templates are in folders of this package; its tests build and verify what
// comes of each.
package scaffold

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"text/template"

	"github.com/alluxio-mesos/alluxio-mesos/plugins"
)

//go:embed all:templates
var templates embed.FS

// Languages of the templates.
const (
	Go     = "go"
	Python = "python"
)

// Project says what is to be written.
type Project struct {
	// Name of the plugin: lower-case letters, digits and -. It is also the scheme of a
	// fetcher, without its dashes.
	Name string
	// Kind is plugins.KindFetcher or plugins.KindRamdisk, Language Go or Python.
	Kind, Language string
	// Dir is the project's folder, which must be new or empty.
	Dir string
	// Module is the Go module's path; empty: the executable's name.
	Module string
	// Replace is a checkout of alluxio-mesos to build against, in place of a release. Empty:
	// the newest release.
	Replace string
}

// Executable is the name of the plugin's file.
func (p Project) Executable() string { return "alluxio-mesos-" + p.Kind + "-" + p.Name }

// Scheme is what the sources of a fetcher begin with. A scheme may have no dash where a
// fetcher is forced with NAME::.
func (p Project) Scheme() string { return strings.ReplaceAll(p.Name, "-", "") }

var validName = regexp.MustCompile(`^[a-z][a-z0-9-]{0,63}$`)

func (p Project) check() error {
	switch {
	case !validName.MatchString(p.Name):
		return fmt.Errorf("cannot call a plugin %q: a name takes lower-case letters, digits and -, 64 at most, and begins with a letter", p.Name)
	case p.Kind != plugins.KindFetcher && p.Kind != plugins.KindRamdisk:
		return fmt.Errorf("there is no kind of plugin %q; a plugin is a fetcher or a ramdisk", p.Kind)
	case p.Language != Go && p.Language != Python:
		return fmt.Errorf("there is no template in %q; there are go and python", p.Language)
	case p.Language == Python && p.Kind == plugins.KindRamdisk:
		return errors.New("there is no template of a ramdisk in python; take --language go, or begin with the fetcher's and proto/ramdisk")
	}
	return nil
}

// Write writes the project, and names its files. It never overwrites: a folder that
// holds anything is refused.
func Write(p Project) ([]string, error) {
	if err := p.check(); err != nil {
		return nil, err
	}
	if p.Module == "" {
		p.Module = p.Executable()
	}
	if entries, err := os.ReadDir(p.Dir); err == nil && len(entries) > 0 {
		return nil, fmt.Errorf("cannot write a project into %s: it is not empty", p.Dir)
	} else if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("cannot write a project into %s: %w", p.Dir, err)
	}
	files, err := render(p)
	if err != nil {
		return nil, err
	}
	var written []string
	for _, file := range files {
		if err := file.write(p.Dir); err != nil {
			return written, fmt.Errorf("cannot write the project: %w", err)
		}
		written = append(written, file.name)
	}
	return written, nil
}

type file struct {
	name string
	data []byte
}

// render fills the templates out. Their names end in .tmpl, so that Go does not take them
// for its own; DOT- stands for the dot of a hidden file. What does not end so is copied.
func render(p Project) ([]file, error) {
	root := path.Join("templates", p.Language+"-"+p.Kind)
	var files []file
	err := fs.WalkDir(templates, root, func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		data, err := templates.ReadFile(name)
		if err != nil {
			return err
		}
		target, isTemplate := strings.CutSuffix(strings.TrimPrefix(name, root+"/"), ".tmpl")
		if isTemplate {
			parsed, err := template.New(name).Delims("«", "»").Option("missingkey=error").Parse(string(data))
			if err != nil {
				return err
			}
			var out bytes.Buffer
			if err := parsed.Execute(&out, p); err != nil {
				return err
			}
			data = out.Bytes()
		}
		files = append(files, file{strings.ReplaceAll(target, "DOT-", "."), data})
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("cannot read the templates: %w", err)
	}
	return files, nil
}

// write makes the file; one that came to be in between is not overwritten.
func (f file) write(dir string) error {
	target := filepath.Join(dir, filepath.FromSlash(f.name))
	if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil {
		return err
	}
	out, err := os.OpenFile(target, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	_, err = out.Write(f.data)
	return errors.Join(err, out.Close())
}
