package spec

import (
	"github.com/alluxio-mesos/alluxio-mesos/alluxio"
)

// Options are what is known beside the site properties.
type Options struct {
	// MasterHost is the HOST argument of start; empty: any agent.
	MasterHost string
	// ConfDir is the folder in which files named by conf.files are looked for; normally the site file's.
	ConfDir string
	// ReadFile reads such a file; nil: conf.files is refused.
	ReadFile func(path string) ([]byte, error)
}

// Read checks the site properties (overrides merged in) and returns the deployment they describe, or every problem at
// once, joined, each naming the key, the value and the way out.
func Read(site alluxio.Properties, o Options) (Deployment, error) {
	return Deployment{}, nil
}
