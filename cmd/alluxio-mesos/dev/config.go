package dev

import (
	"fmt"
	"hash/fnv"
	"io"
	"path/filepath"
	"time"

	"github.com/alluxio-mesos/alluxio-mesos/alluxio"
)

// Name of the deployment's folder, so that "alluxio-mesos status --name dev" finds it.
const Name = "dev"

// Config of one run.
type Config struct {
	// Root is the deployment's folder, ~/.alluxio-mesos/dev: the scheduler's state, and
	// everything else a run needs. Only its cache stays from run to run.
	Root string
	// Bin is the folder with the executor and the plugins.
	Bin string
	// Agents is how many agents the embedded Mesos gets, each with a worker.
	Agents int
	// Check ends the run once Alluxio was seen to work.
	Check bool
	// Site is what the operator wants different.
	Site alluxio.Properties
	// ConfDir and ReadFile are for files that Site names, as in spec.Options.
	ConfDir  string
	ReadFile func(path string) ([]byte, error)
	// StartTimeout is how long it may take until Alluxio serves.
	StartTimeout time.Duration
	// Out is for people.
	Out io.Writer
	// Getenv is the environment, for JAVA_HOME and PATH.
	Getenv func(string) string
	// Force, when it fires during the way down, ends everything at once.
	Force <-chan struct{}
}

// framework is the name that Mesos and the node see. It differs from user to user: their
// ramdisks are told apart by it.
func (c Config) framework() string {
	hash := fnv.New32a()
	_, _ = hash.Write([]byte(c.Root))
	return fmt.Sprintf("%s-%08x", Name, hash.Sum32())
}

// The folders of a run.
func (c Config) run() string      { return filepath.Join(c.Root, "run") }
func (c Config) mesos() string    { return filepath.Join(c.run(), "mesos") }
func (c Config) node() string     { return filepath.Join(c.run(), "node") }
func (c Config) ramdisks() string { return filepath.Join(c.run(), "ramdisk") }
func (c Config) client() string   { return filepath.Join(c.run(), "client") }
func (c Config) log() string      { return filepath.Join(c.run(), "scheduler.log") }
func (c Config) cache() string    { return filepath.Join(c.Root, "cache") }
