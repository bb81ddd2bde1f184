package plan

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/alluxio-mesos/alluxio-mesos/mesos"
	launchv1 "github.com/alluxio-mesos/alluxio-mesos/proto/launch/v1"
)

// orderContract is the version of the orders to executors, and of their answers.
const orderContract = 1

// Swap is a plugin on its way into the executors that ran when it was shipped. It is kept when all have answered, until
// another one of the same kind and name takes its place.
type Swap struct {
	ID     string `json:"id"`
	Kind   string `json:"kind"`
	Name   string `json:"name"`
	SHA256 string `json:"sha256"`
	// Back says that an installed plugin was removed, and this is the one from before.
	Back    bool         `json:"back,omitempty"`
	Since   time.Time    `json:"since"`
	Targets []SwapTarget `json:"targets,omitempty"`
}

// Done says that nobody is waited for any more.
func (s Swap) Done() bool {
	return !slices.ContainsFunc(s.Targets, func(t SwapTarget) bool { return t.State == SwapWaiting })
}

// SwapTarget is one executor that is to swap.
type SwapTarget struct {
	Instance string           `json:"instance"`
	Agent    mesos.AgentID    `json:"agent"`
	Executor mesos.ExecutorID `json:"executor"`
	State    SwapState        `json:"state"`
	// From and To are the digests before and after; From is empty where none ran.
	From    string `json:"from,omitempty"`
	To      string `json:"to,omitempty"`
	Version string `json:"version,omitempty"`
	// Error says why the older one stays.
	Error string `json:"error,omitempty"`
}

// SwapState is how far an executor is.
type SwapState string

// The states: all but waiting are final.
const (
	SwapWaiting SwapState = "waiting"
	SwapDone    SwapState = "swapped"
	SwapRefused SwapState = "refused"
	// SwapGone: the executor ended. The next one gets the newer plugin with its first task.
	SwapGone SwapState = "gone"
)

// sending is when an order is sent next, and how long it waits after that.
type sending struct {
	next time.Time
	wait time.Duration
}

type sendingKey struct {
	swap     string
	executor mesos.ExecutorID
}

// ship makes a plugin the one that is shipped, and begins to swap it in every executor that lives. A swap of an earlier
// one that is still under way ends with that: its late answers count no more.
func (p *Plan) ship(e Ship) {
	p.unship(Unship{Kind: e.Plugin.GetKind(), Name: e.Plugin.GetName(), Older: e.Older})
	p.plugins = append(p.plugins, e.Plugin)
	slices.SortFunc(p.plugins, func(a, b *launchv1.Plugin) int {
		return cmp.Or(cmp.Compare(a.GetKind(), b.GetKind()), cmp.Compare(a.GetName(), b.GetName()))
	})
	s := &Swap{ID: e.ID, Kind: e.Plugin.GetKind(), Name: e.Plugin.GetName(), SHA256: e.Plugin.GetSha256(), Back: e.Back, Since: p.now}
	for _, i := range p.instances {
		if i.Executor != nil {
			s.Targets = append(s.Targets, SwapTarget{Instance: i.Name, Agent: i.Executor.Agent, Executor: i.Executor.Info.ID, State: SwapWaiting})
		}
	}
	p.swaps = append(p.swaps, s)
}

// unship takes a plugin out of what is shipped. Executors that have it keep it.
func (p *Plan) unship(e Unship) {
	p.older = e.Older
	p.plugins = slices.DeleteFunc(slices.Clone(p.plugins), func(o *launchv1.Plugin) bool { return o.GetKind() == e.Kind && o.GetName() == e.Name })
	p.swaps = slices.DeleteFunc(p.swaps, func(s *Swap) bool { return s.Kind == e.Kind && s.Name == e.Name })
	maps.DeleteFunc(p.sendings, func(key sendingKey, _ *sending) bool {
		return !slices.ContainsFunc(p.swaps, func(s *Swap) bool { return s.ID == key.swap })
	})
}

// swapDue orders what is to be ordered now, again where no answer came. Messages may get lost on every part of the way.
func (p *Plan) swapDue() {
	for _, s := range p.swaps {
		for n := range s.Targets {
			if t := &s.Targets[n]; t.State == SwapWaiting {
				p.orderSwap(s, t)
			}
		}
	}
}

func (p *Plan) orderSwap(s *Swap, t *SwapTarget) {
	i := p.named(t.Instance)
	if i == nil || i.Executor == nil || i.Executor.Info.ID != t.Executor || i.Executor.Agent != t.Agent {
		t.State = SwapGone
		return
	}
	key := sendingKey{s.ID, t.Executor}
	if p.stop != nil || !p.listens(i) {
		delete(p.sendings, key) // once it listens again, it hears of it at once
		return
	}
	at := p.sendings[key]
	if at == nil {
		at = &sending{wait: p.timing.Order}
		p.sendings[key] = at
	}
	plugin := p.shipped(s.Kind, s.Name)
	if p.now.Before(at.next) || plugin.GetSha256() != s.SHA256 {
		return
	}
	at.next, at.wait = p.now.Add(at.wait), min(2*at.wait, p.timing.OrderMax)
	order := &launchv1.Order{Contract: orderContract, Id: s.ID, Swap: &launchv1.Swap{Plugins: []*launchv1.Plugin{plugin}}}
	data, err := proto.Marshal(order)
	if err != nil {
		t.State, t.Error = SwapRefused, "cannot write the order (is a property not UTF-8?): "+err.Error()
		return
	}
	p.call(mesos.SendMessage{Agent: t.Agent, Executor: t.Executor, Data: data})
}

// listens says that an order would find the executor ready: its agent is there, and the task that was launched on it, with
// the plugins of that moment, has arrived. An order that overtook the launch would be undone by it.
func (p *Plan) listens(i *instance) bool {
	return i.doubt.IsZero() && i.shutdown.IsZero() && (i.Task == nil || i.Task.State != "")
}

// executorSaid takes an answer. Answers come late, or twice: only the first to an order that still stands counts.
func (p *Plan) executorSaid(m mesos.Message) {
	answer := &launchv1.Answer{}
	if proto.Unmarshal(m.Data, answer) != nil || answer.GetContract() != orderContract {
		return
	}
	if i := p.instanceOf(m.Agent, m.Executor); i != nil && len(answer.GetPlugins()) > 0 {
		i.Executor.Plugins = answer.GetPlugins()
	}
	for _, s := range p.swaps {
		for n := range s.Targets {
			if t := &s.Targets[n]; s.ID == answer.GetId() && t.Executor == m.Executor && t.Agent == m.Agent && t.State == SwapWaiting {
				delete(p.sendings, sendingKey{s.ID, t.Executor})
				t.take(s, answer.GetSwapped())
			}
		}
	}
}

// take notes what an executor says of the plugin of the swap.
func (t *SwapTarget) take(s *Swap, all []*launchv1.Swapped) {
	for _, one := range all {
		if one.GetKind() != s.Kind || one.GetName() != s.Name {
			continue
		}
		t.State, t.From, t.To, t.Version, t.Error = SwapDone, one.GetFrom(), one.GetTo(), one.GetVersion(), one.GetError()
		if t.Error != "" {
			t.State = SwapRefused
		}
	}
}

func (p *Plan) instanceOf(agent mesos.AgentID, id mesos.ExecutorID) *instance {
	for _, i := range p.instances {
		if i.Executor != nil && i.Executor.Agent == agent && i.Executor.Info.ID == id {
			return i
		}
	}
	return nil
}

func (p *Plan) shipped(kind, name string) *launchv1.Plugin {
	for _, o := range p.plugins {
		if o.GetKind() == kind && o.GetName() == name {
			return o
		}
	}
	return nil
}

// pluginsFor are those that go with a launch: the shipped ones. An executor that refused one keeps what served before.
func (p *Plan) pluginsFor(executor *mesos.ExecutorInfo) []*launchv1.Plugin {
	if executor == nil {
		return p.plugins
	}
	all := slices.Clone(p.plugins)
	for n, o := range all {
		if from := p.refusedFor(o, executor.ID); from != "" {
			for _, older := range p.older {
				if older.GetKind() == o.GetKind() && older.GetName() == o.GetName() && older.GetSha256() == from {
					all[n] = older
				}
			}
		}
	}
	return all
}

// refusedFor is the digest of what an executor kept when it refused the plugin; empty: it did not refuse it.
func (p *Plan) refusedFor(o *launchv1.Plugin, executor mesos.ExecutorID) string {
	for _, s := range p.swaps {
		for _, t := range s.Targets {
			if s.Kind == o.GetKind() && s.Name == o.GetName() && t.Executor == executor && t.State == SwapRefused {
				return t.From
			}
		}
	}
	return ""
}

// needed are the digests that executors use, or may still ask for: what they were told before a swap that they have not
// answered stays among them, since it is what they report.
func (p *Plan) needed() []string {
	set := map[string]bool{}
	for _, o := range p.plugins {
		set[o.GetSha256()] = true
	}
	for _, i := range p.instances {
		if i.Executor != nil {
			for _, digest := range i.Executor.Plugins {
				set[digest] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(set))
}

func (s Swap) clone() Swap {
	s.Targets = slices.Clone(s.Targets)
	return s
}

func (p *Plan) savedSwaps() []Swap {
	var all []Swap
	for _, s := range p.swaps {
		all = append(all, s.clone())
	}
	return all
}
