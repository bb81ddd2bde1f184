package spec

import (
	"time"

	"github.com/alluxio-mesos/alluxio-mesos/alluxio"
	"github.com/alluxio-mesos/alluxio-mesos/scheduler/offer"
)

// Prefix of the properties that speak to this framework and not to Alluxio.
const Prefix = "alluxio.integration.mesos."

// Deployment is what the operator asked for, validated. It is read once and not changed afterwards.
type Deployment struct {
	// Name of the framework; it names folders on the agents and the state on the scheduler's host.
	Name    string
	Version alluxio.Version
	// Properties for Alluxio, with the names of Version, without alluxio.integration.*. They may hold secrets.
	Properties alluxio.Properties

	User, Role, Principal string
	Secret                Secret
	FailoverTimeout       time.Duration

	// MasterHost is where the master must run; empty: on any agent that fits.
	MasterHost     string
	Master, Worker Process
	// WorkerCount is how many workers are wanted; 0: one on each agent that fits.
	WorkerCount int
	PortSource  PortSource
	Constraints []offer.Constraint

	Alluxio, JDK Artifact
	// JDKFallbacks are to be had where JDK names nothing and no Java on the agent fits, by architecture as Go names it.
	JDKFallbacks map[string]Artifact
	// Fetchers maps a source scheme to the fetcher that the operator chose for it.
	Fetchers map[string]string
	// PluginConfig is what plugins are configured with, by KIND-NAME. It may hold secrets.
	PluginConfig map[string]map[string]string
	ConfFiles    map[string][]byte

	Journal string // "UFS" or "EMBEDDED"
	UFS     RootUFS
	Ramdisk Ramdisk
	Folders Folders

	// PluginDir, on the scheduler's host, holds the plugins that are shipped; empty: beside the binary.
	PluginDir string
	// State is where the state lies instead of below the user's home; empty: there.
	State     string
	Web       Web
	Artifacts Listener

	// Notes tell the operator what was decided or overridden without being asked.
	Notes []string
}

// Process is what one kind of process needs from an agent.
type Process struct {
	Kind     alluxio.Process
	TaskName string
	CPUs     float64
	Memory   Memory
	Ports    []Port
	// Options of the JVM: heap and direct memory, then the operator's own.
	Options []string
}

// Memory is what a task's memory is for. The parts add up to Task.
type Memory struct {
	Task, Heap, Direct, Margin int64 // bytes
}

// Port is a port that a process opens.
type Port struct {
	Name     string // "rpc", "web", "journal"
	Property string
	Number   int // the configured one, or Alluxio's default
}

// PortSource says where ports come from.
type PortSource string

// The sources of ports.
const (
	PortsFixed PortSource = "fixed" // exactly the configured ones
	PortsOffer PortSource = "offer" // the configured ones if they are offered, else others out of the offer
)

// Artifact is software that an agent must have.
type Artifact struct {
	Source   string // "LOCAL", a source that a fetcher serves (or several, mirrors of each other), or empty
	Checksum string // "sha256:HEX", "file" (it stands in a file beside the source) or empty
	Path     string
}

// RootUFS is the storage below Alluxio's root.
type RootUFS struct {
	URI string
	// Local says that it is a folder of the host that looks at it.
	Local bool
	// Shared says that the operator declares the local folder to be the same on all hosts.
	Shared bool
	// Default says that nobody configured it.
	Default bool
}

// OneHost says that all processes must share a host to see the same root UFS.
func (u RootUFS) OneHost() bool { return u.Local && !u.Shared }

// Ramdisk is the memory tier of a worker.
type Ramdisk struct {
	Plugin string // empty: no ramdisk, tier 0 is the operator's own
	Dir    string // each instance has Dir/FRAMEWORK/INSTANCE
	Size   int64  // bytes
}

// Folders on the agents.
type Folders struct {
	Node, Cache, Plugins string
	CacheBytes           int64 // what the cache keeps at most
}

// Web is where the scheduler's API listens.
type Web struct {
	Bind      string
	Port      int
	TokenFile string
}

// Listener is where agents get the binaries from.
type Listener struct {
	Bind string // address to listen on; empty: Host
	Host string // name or address in URLs; empty: the local address that reaches the Mesos master
}

// Secret is a text that does not print.
type Secret struct{ text string }

// NewSecret hides text.
func NewSecret(text string) Secret { return Secret{text} }

// Reveal returns the text; call it only where it is handed to the one who must have it.
func (s Secret) Reveal() string { return s.text }

// IsZero says that there is no secret.
func (s Secret) IsZero() bool { return s.text == "" }

// String hides the text from %v and %s.
func (s Secret) String() string {
	if s.text == "" {
		return ""
	}
	return "(hidden)"
}

// GoString hides the text from %#v.
func (s Secret) GoString() string { return s.String() }

// MarshalText hides the text from JSON and the like.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }
