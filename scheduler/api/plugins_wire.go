package api

import "time"

// Plugins is what GET /v1/plugins answers.
type Plugins struct {
	// Plugins that are shipped with the deployment.
	Plugins []Plugin `json:"plugins"`
	// Instances that have an executor, and what it uses.
	Instances []PluginUser `json:"instances"`
}

// Plugin is one executable that executors get.
type Plugin struct {
	// Kind is fetcher or ramdisk.
	Kind string `json:"kind"`
	Name string `json:"name"`
	// Version is what it says of itself; empty: it cannot run on the scheduler's host.
	Version string `json:"version"`
	SHA256  string `json:"sha256"`
	Size    int64  `json:"size"`
	// Origin is "plugin.dir" or "installed".
	Origin string `json:"origin"`
	// Installed is when; zero for one of plugin.dir.
	Installed time.Time `json:"installed,omitzero"`
	// Swap is the latest change while the deployment ran; nil: there was none since it was started.
	Swap *Swap `json:"swap,omitempty"`
}

// The origins of a plugin.
const (
	FromPluginDir = "plugin.dir"
	FromInstall   = "installed"
)

// Swap says what became of a plugin in the executors that ran when it was installed or removed.
type Swap struct {
	ID    string    `json:"id"`
	Since time.Time `json:"since"`
	// Done says that every executor has answered or ended.
	Done      bool           `json:"done"`
	Instances []SwapInstance `json:"instances"`
}

// SwapInstance is the answer of one executor.
type SwapInstance struct {
	Instance string `json:"instance"`
	Host     string `json:"host,omitempty"`
	Executor string `json:"executor"`
	// State is waiting, swapped, refused, or gone: then the executor has ended, and the next one gets the newer plugin
	// with its first task.
	State string `json:"state"`
	// From and To are the digests before and after; From is empty where none ran.
	From    string `json:"from,omitempty"`
	To      string `json:"to,omitempty"`
	Version string `json:"version,omitempty"`
	// Error says why the older one stays; Message why nothing was heard yet.
	Error   string `json:"error,omitempty"`
	Message string `json:"message,omitempty"`
}

// PluginUser is an instance and the digests of the plugins that its executor uses, by "kind-name".
type PluginUser struct {
	Instance string            `json:"instance"`
	Host     string            `json:"host,omitempty"`
	Plugins  map[string]string `json:"plugins"`
}

// Installed is what POST and DELETE answer: the executors are being told, and GET /v1/plugins says what they answer.
type Installed struct {
	// ID of the swap; empty: nothing takes the place of what was removed, and executors that run keep it.
	ID string `json:"id"`
	// Plugin that is shipped from now on.
	Plugin Plugin `json:"plugin"`
	// Before is the digest of what was shipped until now; empty: nothing was.
	Before string `json:"before,omitempty"`
}
