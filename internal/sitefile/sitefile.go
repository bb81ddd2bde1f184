// Package sitefile finds and reads the one alluxio-site.properties that applies,
// where Alluxio itself would look for it: a file named by the operator, then
// $ALLUXIO_CONF_DIR or the conf folder of alluxio.home, then ~/.alluxio, then
// /etc/alluxio. The first that exists is the only one that is read; a file that
// exists and cannot be read is an error, not a reason to look further.
//
// What the properties mean is no concern of this package: it hands on what
// package alluxio parsed, with the overrides of the command line on top.
package sitefile

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/alluxio-mesos/alluxio-mesos/alluxio"
)

// Name of a site file, the same in all folders.
const Name = "alluxio-site.properties"

// Search says where to look.
type Search struct {
	// File is the operator's own choice; nothing else is looked at if it is set.
	File string
	// ConfDir is $ALLUXIO_CONF_DIR. It stands in for Home's conf folder, as it
	// does for Alluxio.
	ConfDir string
	// Home is alluxio.home.
	Home string
	// UserHome is the user's home folder; empty where there is none.
	UserHome string
	// System is the machine's folder, /etc/alluxio.
	System string
}

// Site is what was found.
type Site struct {
	// File is the absolute path of the file that was read, empty if there was none.
	File string
	// Looked holds the files that were looked for, in order.
	Looked []string
	// Properties of the file with the overrides on top.
	Properties alluxio.Properties
}

// Candidates are the files to look for, in order.
func (s Search) Candidates() []string {
	if s.File != "" {
		return []string{s.File}
	}
	var folders []string
	switch {
	case s.ConfDir != "":
		folders = append(folders, s.ConfDir)
	case s.Home != "":
		folders = append(folders, filepath.Join(s.Home, "conf"))
	}
	if s.UserHome != "" {
		folders = append(folders, filepath.Join(s.UserHome, ".alluxio"))
	}
	if s.System != "" {
		folders = append(folders, s.System)
	}
	files := make([]string, len(folders))
	for i, folder := range folders {
		files[i] = filepath.Join(folder, Name)
	}
	return files
}

// Read finds the site file, parses it and puts the overrides on top. Having no
// site file is no error unless the operator named one.
func Read(s Search, overrides alluxio.Properties) (Site, error) {
	site := Site{Looked: s.Candidates()}
	for _, file := range site.Looked {
		data, err := ReadFile(file)
		if errors.Is(err, fs.ErrNotExist) && s.File == "" {
			continue
		}
		if err != nil {
			return Site{}, fmt.Errorf("cannot read the site properties: %w", err)
		}
		site.File, err = filepath.Abs(file)
		if err != nil {
			return Site{}, fmt.Errorf("cannot name the site file %s: %w", file, err)
		}
		properties, err := alluxio.ParseProperties(file, data)
		if err != nil {
			return Site{}, err
		}
		site.Properties = alluxio.Merge(properties, overrides)
		return site, nil
	}
	site.Properties = overrides.Clone()
	return site, nil
}

// maxSize is far more than any configuration needs.
const maxSize = 1 << 20

// ReadFile reads a file of the configuration. It takes ordinary files only: a pipe could be waited for without end, and
// whoever reads the file after that, as the scheduler in the background does, would find it empty.
func ReadFile(path string) ([]byte, error) {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return nil, err
	case info.IsDir():
		return nil, fmt.Errorf("%s is a folder: name the file in it", path)
	case !info.Mode().IsRegular():
		return nil, fmt.Errorf("%s is no ordinary file (%s): write the properties into one", path, info.Mode().Type())
	case info.Size() > maxSize:
		return nil, fmt.Errorf("%s has %d bytes, and a file of the configuration at most %d: is it the right one?", path, info.Size(), maxSize)
	}
	return os.ReadFile(path)
}
