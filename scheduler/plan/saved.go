package plan

import (
	"maps"
	"slices"
	"time"

	"github.com/alluxio-mesos/alluxio-mesos/alluxio"
	"github.com/alluxio-mesos/alluxio-mesos/mesos"
)

// Saved is all that a scheduler must know to take over from the one before. It holds no secrets.
type Saved struct {
	// Framework is empty before the first registration and after a stop.
	Framework mesos.FrameworkID `json:"framework,omitempty"`
	Instances []Instance        `json:"instances,omitempty"`
	// Left tells what a stop could not take down.
	Left []string `json:"left,omitempty"`
	// Swaps of plugins, the latest of each plugin.
	Swaps []Swap `json:"swaps,omitempty"`
}

// Instance is one desired place.
type Instance struct {
	Name    string          `json:"name"`
	Process alluxio.Process `json:"process"`
	// Placement is nil until the first launch, and kept afterwards.
	Placement *Placement `json:"placement,omitempty"`
	// JournalFormatted is never taken back: an empty journal folder is a loss from then on.
	JournalFormatted bool `json:"journalFormatted,omitempty"`
	// Generation of the latest executor.
	Generation int `json:"generation,omitempty"`
	// Executor that is believed to live; nil: none.
	Executor *Executor `json:"executor,omitempty"`
	// Task is the latest one, also when it has ended.
	Task *Task `json:"task,omitempty"`
	// Traces lists agents on which an executor of the instance may have left what should go with it: a mounted ramdisk,
	// the configuration with its secrets.
	Traces []AgentRef `json:"traces,omitempty"`
	// Failure is how the latest failed task ended, until the instance serves again.
	Failure   string `json:"failure,omitempty"`
	Permanent bool   `json:"permanent,omitempty"`
}

// AgentRef names an agent.
type AgentRef struct {
	Agent mesos.AgentID `json:"agent"`
	Host  string        `json:"host"`
}

// Placement is where an instance belongs.
type Placement struct {
	AgentRef
	Ports map[string]int `json:"ports"`
}

// Executor as it was launched: Mesos wants exactly this again while it lives.
type Executor struct {
	Agent mesos.AgentID      `json:"agent"`
	Info  mesos.ExecutorInfo `json:"info"`
	// Plugins that it uses, as it said last: digests by "kind-name". The map is replaced, never changed.
	Plugins map[string]string `json:"plugins,omitempty"`
}

// Task is one attempt.
type Task struct {
	ID    mesos.TaskID  `json:"id"`
	Agent mesos.AgentID `json:"agent"`
	// State is empty until the first update.
	State mesos.TaskState `json:"state,omitempty"`
	// GivenUp says that the end was concluded from a long silence: if the task shows up again, it is taken back.
	GivenUp bool      `json:"givenUp,omitempty"`
	Since   time.Time `json:"since"`
	Notices []string  `json:"notices,omitempty"`
	Alluxio string    `json:"alluxio,omitempty"`
	Java    string    `json:"java,omitempty"`
}

// clone copies as deep as the plan changes things.
func (s Saved) clone() Saved {
	s.Instances = slices.Clone(s.Instances)
	s.Left = slices.Clone(s.Left)
	for i := range s.Instances {
		s.Instances[i] = s.Instances[i].clone()
	}
	s.Swaps = slices.Clone(s.Swaps)
	for i := range s.Swaps {
		s.Swaps[i] = s.Swaps[i].clone()
	}
	return s
}

func (i Instance) clone() Instance {
	i.Traces = slices.Clone(i.Traces)
	if i.Placement != nil {
		p := *i.Placement
		p.Ports = maps.Clone(p.Ports)
		i.Placement = &p
	}
	if i.Executor != nil {
		e := *i.Executor
		i.Executor = &e
	}
	if i.Task != nil {
		t := *i.Task
		t.Notices = slices.Clone(t.Notices)
		i.Task = &t
	}
	return i
}
