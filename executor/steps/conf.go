package steps

import (
	"context"
	_ "embed"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/alluxio-mesos/alluxio-mesos/alluxio"
	"github.com/alluxio-mesos/alluxio-mesos/internal/atomicfile"
)

// Files of a conf folder.
const (
	siteFile  = "alluxio-site.properties"
	log4jFile = "log4j.properties"
)

// fallbackLog4j is for a distribution without a log4j.properties of its own.
//
//go:embed log4j.properties
var fallbackLog4j []byte

// configure makes the folders and writes the conf folder. The conf folder holds secrets:
// it lies outside the sandbox, whose files the agent serves, and only its owner can read.
func configure(_ context.Context, j *Job) error {
	j.site = siteProperties(j)
	if err := alluxio.CheckSite(j.site, j.Home.Version); err != nil {
		return permanent(err)
	}
	if err := makeFolders(j); err != nil {
		return err
	}
	files, err := confFiles(j)
	if err != nil {
		return err
	}
	return writeConf(j.paths().Conf, files)
}

// siteProperties adds what only the executor knows.
func siteProperties(j *Job) alluxio.Properties {
	site := j.Order.Properties.Clone()
	site.Set("alluxio.home", j.Home.Dir) // an operator's is where LOCAL software lies, or an archive's was
	site.Set(workDirKey, workDir(j))
	if !j.Home.WebUI {
		site.Set("alluxio.web.ui.enabled", "false")
	}
	if disk := j.Instance.disk(); disk != nil {
		site.Set("alluxio.worker.tieredstore.level0.dirs.path", disk.disk.Path)
	}
	return site
}

func makeFolders(j *Job) error {
	conf := j.paths().Conf
	for dir, mode := range map[string]fs.FileMode{conf: 0o700, j.paths().Work: 0o700, j.Tools.Logs: 0o755} {
		if err := os.MkdirAll(dir, mode); err != nil {
			return fmt.Errorf("cannot make a folder: %w", err)
		}
	}
	// Whatever the folder was before, and whatever the umask says.
	if err := os.Chmod(conf, 0o700); err != nil {
		return fmt.Errorf("cannot make the conf folder private: %w", err)
	}
	if ufs := j.Order.RootUFS; ufs != "" {
		if err := os.MkdirAll(ufs, 0o755); err != nil {
			return permanentf("cannot make the root UFS folder: %w: make it on this agent, "+
				"or set alluxio.master.mount.table.root.ufs", err)
		}
	}
	return nil
}

// confFiles are all files of the conf folder by name. The operator's own win, but for the
// site file.
func confFiles(j *Job) (map[string][]byte, error) {
	log4j := fallbackLog4j
	if j.Home.Log4j != "" {
		data, err := os.ReadFile(inHome(j.Home, j.Home.Log4j))
		if err != nil {
			return nil, fmt.Errorf("cannot copy log4j.properties: %w", err)
		}
		log4j = data
	}
	files := map[string][]byte{log4jFile: log4j}
	for name, data := range j.Order.ConfFiles {
		files[name] = data
	}
	files[siteFile] = j.site.Bytes()
	return files, nil
}

func inHome(home alluxio.Home, path string) string {
	if filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(home.Dir, path)
}

// writeConf also removes what a former deployment left there.
func writeConf(dir string, files map[string][]byte) error {
	old, err := os.ReadDir(dir)
	if err != nil {
		return fmt.Errorf("cannot read the conf folder: %w", err)
	}
	for _, entry := range old {
		if _, wanted := files[entry.Name()]; !wanted {
			if err := os.RemoveAll(filepath.Join(dir, entry.Name())); err != nil {
				return fmt.Errorf("cannot clear the conf folder: %w", err)
			}
		}
	}
	for name, data := range files {
		if err := atomicfile.Write(filepath.Join(dir, name), data, 0o600); err != nil {
			return err
		}
	}
	return nil
}

// unconfigure removes the conf folder: nobody needs it without a process, and it holds
// secrets.
func unconfigure(_ context.Context, j *Job) error {
	if err := os.RemoveAll(j.paths().Conf); err != nil {
		return fmt.Errorf("cannot remove the conf folder: %w", err)
	}
	return nil
}
