package plan

import (
	"cmp"
	"slices"
	"time"

	"github.com/alluxio-mesos/alluxio-mesos/mesos"
)

// ledger remembers for each instance why it is not on an agent.
type ledger map[entry]*Decline

type entry struct {
	instance string
	agent    mesos.AgentID
}

// Decline is one reason, and how often it held.
type Decline struct {
	Instance       string
	Agent          AgentRef
	Reason, Advice string
	Count          int
	Last           time.Time
}

func (l ledger) add(now time.Time, instance string, at AgentRef, reason, advice string) {
	key := entry{instance, at.Agent}
	d := l[key]
	if d == nil || d.Reason != reason {
		d = &Decline{Instance: instance, Agent: at, Reason: reason, Advice: advice}
		l[key] = d
	}
	d.Count++
	d.Last = now
}

// forgetInstance drops what was noted for an instance that has found its place.
func (l ledger) forgetInstance(instance string) {
	for key := range l {
		if key.instance == instance {
			delete(l, key)
		}
	}
}

func (l ledger) forgetAgent(agent mesos.AgentID) {
	for key := range l {
		if key.agent == agent {
			delete(l, key)
		}
	}
}

func (l ledger) list() []Decline {
	var all []Decline
	for _, d := range l {
		all = append(all, *d)
	}
	slices.SortFunc(all, func(a, b Decline) int {
		return cmp.Or(cmp.Compare(a.Instance, b.Instance), cmp.Compare(a.Agent.Host, b.Agent.Host), cmp.Compare(a.Agent.Agent, b.Agent.Agent))
	})
	return all
}
