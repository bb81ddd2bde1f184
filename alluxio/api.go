package alluxio

import (
	"errors"
	"io/fs"
	"time"
)

var errUnfinished = errors.New("unfinished")

func ParseProperties(name string, data []byte) (Properties, error) {
	return Properties{}, errUnfinished
}
func (p Properties) Bytes() []byte                                  { return nil }
func (p Properties) Resolve(key string) (string, bool, error)       { return "", false, errUnfinished }
func ParseOverrides(args []string) (Properties, error)              { return Properties{}, errUnfinished }
func Canonical(p Properties, v Version) (Properties, []string)      { return p, nil }
func CheckSite(p Properties, v Version) error                       { return errUnfinished }
func IsSecret(key string) bool                                      { return false }
func Redact(p Properties) Properties                                { return p }
func ParseSize(s string) (int64, error)                             { return 0, errUnfinished }
func ParseDuration(s string) (time.Duration, error)                 { return 0, errUnfinished }
func FormatSize(n int64) string                                     { return "" }
func ParseVersion(s string) (Version, error)                        { return Version{}, errUnfinished }
func (v Version) String() string                                    { return "" }
func (v Version) AtLeast(major, minor int) bool                     { return true }
func Ports(p Process, v Version, props Properties) []Port           { return nil }
func ParseJavaVersion(output string) (Java, error)                  { return Java{}, errUnfinished }
func CheckJava(v Version, j Java) error                             { return errUnfinished }
func InspectHome(files fs.FS, dir string) (Home, error)             { return Home{}, errUnfinished }
func Command(p Process, r Run) ([]string, error)                    { return nil, errUnfinished }
func FormatCommand(p Process, r Run) ([]string, error)              { return nil, errUnfinished }
func ShellCommand(r Run, args ...string) []string                   { return nil }
func ReadinessProbe(p Process, v Version, standby bool) Probe       { return Probe{} }
func ClientProperties(masters []string, jobService bool) Properties { return Properties{} }

// Version is a version of Alluxio, such as 2.9.6 or 2.10.0-SNAPSHOT.
type Version struct {
	Major, Minor, Patch int
	Suffix              string
}

// Process names a kind of Alluxio process.
type Process string

// The processes that can be deployed.
const (
	Master    Process = "master"
	JobMaster Process = "job-master"
	Worker    Process = "worker"
	JobWorker Process = "job-worker"
	Proxy     Process = "proxy"
)

// Port is a port that a process opens.
type Port struct {
	Name     string
	Property string
	Default  int
}

// Java is a Java runtime as it was found.
type Java struct {
	Home, Text string
	Major      int
}

// Home is an unpacked Alluxio distribution.
type Home struct {
	Dir                  string
	Version              Version
	ServerJar, ClientJar string
	WebUI                bool
	Log4j                string
}

// Run is what a command line of Alluxio needs to know.
type Run struct {
	Home             Home
	Java             Java
	ConfDir, LogsDir string
	JVMOptions       []string
	Console          bool
}

// Probe is how to ask a process whether it serves.
type Probe struct {
	Path, PortName string
	TCP            bool
}
