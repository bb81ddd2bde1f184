package api

import "time"

// Status is what GET /v1/status answers. It holds no secrets.
type Status struct {
	Framework Framework  `json:"framework"`
	Instances []Instance `json:"instances"`
	Declines  []Decline  `json:"declines"`
	// Notes are what the operator should know of the deployment as a whole.
	Notes []string `json:"notes,omitempty"`
	// Journal is the type of the masters' journal: UFS or EMBEDDED.
	Journal string `json:"journal,omitempty"`
	// RootUFS is the storage below Alluxio's root.
	RootUFS string `json:"rootUfs,omitempty"`
	// RamdiskBytes is the size of each worker's ramdisk.
	RamdiskBytes int64 `json:"ramdiskBytes,omitempty"`
}

// Framework as Mesos knows it.
type Framework struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	// Mesos is the leading master, or the address that is tried.
	Mesos string `json:"mesos"`
	// State is connecting, registered, stopping, stopped or failed.
	State string `json:"state"`
	// Message says why, where State needs a reason.
	Message string    `json:"message,omitempty"`
	Since   time.Time `json:"since"`
}

// Instance is one desired place and what runs there.
type Instance struct {
	Name  string `json:"name"`
	Agent string `json:"agent"`
	Host  string `json:"host,omitempty"`
	// Message says what the instance does or waits for, and the last failure.
	Message string   `json:"message"`
	Notices []string `json:"notices,omitempty"`
	Tasks   []Task   `json:"tasks"`
	// Failures counts the ends of tasks since the instance last served for a while.
	Failures int `json:"failures,omitempty"`
	// Permanent says that starting again will hardly mend the last failure.
	Permanent bool `json:"permanent,omitempty"`
	// Plugins that the executor uses: digests by "kind-name".
	Plugins map[string]string `json:"plugins,omitempty"`
}

// Task is one attempt to run a process of an instance.
type Task struct {
	ID      string `json:"id"`
	Process string `json:"process"`
	// State is the Mesos task state.
	State     string    `json:"state"`
	Serving   bool      `json:"serving"`
	Addresses Addresses `json:"addresses"`
	Progress  *Progress `json:"progress,omitempty"`
	// Alluxio and Java are the versions that run.
	Alluxio string    `json:"alluxio,omitempty"`
	Java    string    `json:"java,omitempty"`
	Since   time.Time `json:"since"`
}

// Addresses are host:port; empty where the process has none.
type Addresses struct {
	RPC     string `json:"rpc"`
	Web     string `json:"web"`
	Journal string `json:"journal,omitempty"`
	Data    string `json:"data,omitempty"`
}

// Progress of a task that does not serve yet.
type Progress struct {
	Phase     string     `json:"phase"`
	Step      string     `json:"step,omitempty"`
	Transfers []Transfer `json:"transfers,omitempty"`
}

// Transfer is the download of one artifact. Total is 0 while unknown.
type Transfer struct {
	Artifact string `json:"artifact"`
	Bytes    int64  `json:"bytes"`
	Total    int64  `json:"total"`
	Done     bool   `json:"done"`
}

// Decline says why an instance is not on an agent.
type Decline struct {
	Instance string    `json:"instance"`
	Agent    string    `json:"agent"`
	Host     string    `json:"host"`
	Reason   string    `json:"reason"`
	Advice   string    `json:"advice"`
	Count    int       `json:"count"`
	Last     time.Time `json:"last"`
}
