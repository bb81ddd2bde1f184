package mesos

import "time"

// Identifiers that Mesos or the framework hand out. Their text has no meaning.
type (
	FrameworkID string
	AgentID     string
	OfferID     string
	ExecutorID  string
	TaskID      string
)

// Offer is what one agent has to give to the framework, until it is accepted,
// declined or rescinded.
type Offer struct {
	ID         OfferID
	Agent      AgentID
	Host       string // the host name that the agent announces
	Resources  []Resource
	Attributes []Attribute
	// Executors of this framework that run on the agent now. Their resources
	// are not part of the offer any more.
	Executors []ExecutorID
}

// Attribute is one key and value that an agent was started with. Numbers,
// ranges and sets are given as Mesos prints them.
type Attribute struct {
	Name  string
	Value string
}

// Resource is an amount of one kind: a scalar ("cpus", "mem" and "disk" in MB) or
// ranges ("ports"). An offer may hold several of the same name, reserved for
// different roles; a task must take each from where it was offered.
type Resource struct {
	Name   string
	Scalar float64
	Ranges []Range
	// Reservations from the coarsest to the most refined; empty if unreserved.
	Reservations []Reservation
	// AllocatedTo is the role to which the offer was made (Mesos 1.2 and later).
	AllocatedTo string
	// Special marks what must not be taken as a plain amount: a persistent
	// volume, a mount disk, or anything shared or revocable.
	Special bool
}

// Range is an inclusive span of integers, such as ports.
type Range struct{ Begin, End uint64 }

// Reservation says for which role a resource is set aside.
type Reservation struct {
	Role      string
	Dynamic   bool
	Principal string
	Labels    map[string]string
}

// Role for which the resource is reserved, or "*" if it is not.
func (r Resource) Role() string {
	if n := len(r.Reservations); n > 0 {
		return r.Reservations[n-1].Role
	}
	return "*"
}

// TaskInfo is a task as it is launched: an attempt to run something, under an id
// that is never used twice.
type TaskInfo struct {
	ID        TaskID
	Name      string
	Agent     AgentID
	Resources []Resource
	Executor  ExecutorInfo
	Data      []byte
	Labels    map[string]string
	// KillGrace is how long a kill waits between SIGTERM and SIGKILL.
	KillGrace time.Duration
}

// ExecutorInfo describes the process that Mesos starts on the agent to run
// tasks. It must not change while the executor lives.
type ExecutorInfo struct {
	ID            ExecutorID
	Name          string
	Command       Command
	Resources     []Resource
	ShutdownGrace time.Duration
	Labels        map[string]string
}

// Command is run without a shell in the sandbox, after its URIs were fetched.
type Command struct {
	Path        string   // as seen from the sandbox, "./alluxio-mesos-executor"
	Arguments   []string // without argv[0]
	URIs        []URI
	Environment map[string]string
	User        string // empty: the framework's
}

// URI is a file that Mesos fetches into the sandbox.
type URI struct {
	Value      string
	Executable bool
	Extract    bool
	Cache      bool
	OutputFile string
}

// TaskRef names a task for reconciliation; Agent may be empty.
type TaskRef struct {
	Task  TaskID
	Agent AgentID
}
