package devcluster

import (
	"fmt"
	"sort"
	"time"

	wire "github.com/mesos/mesos-go/api/v1/lib"
	"github.com/mesos/mesos-go/api/v1/lib/scheduler"
)

// offer is one that a framework holds.
type offer struct {
	id        string
	framework *framework
	slave     *slave
	pool      pool
}

// filter holds back offers of an agent that a framework refused: those that fit
// into what it refused, until a time.
type filter struct {
	pool  pool
	until time.Time
}

const (
	defaultRefuse = 5 * time.Second
	maxRefuse     = 365 * 24 * time.Hour // Mesos 1.5
)

// allocate offers what is free, one agent after another, each as a whole to the
// framework with the smallest share that takes it (Mesos' coarse-grained DRF).
func (m *master) allocate() {
	if m.down {
		return
	}
	batch := map[*framework][]wire.Offer{}
	for _, s := range m.sortedSlaves() {
		if !s.active {
			continue
		}
		for _, f := range m.byShare() {
			free := m.available(s).forRole(f.role)
			if f.out == nil || f.suppressed || !free.allocatable() || f.filtered(s, free) {
				continue
			}
			o := m.addOffer(f, s, free)
			batch[f] = append(batch[f], o.wire())
		}
	}
	for f, offers := range batch {
		f.send(&scheduler.Event{Type: scheduler.Event_OFFERS, Offers: &scheduler.Event_Offers{Offers: offers}})
	}
}

// byShare sorts frameworks by dominant share, least first.
func (m *master) byShare() []*framework {
	total := pool{}
	for _, s := range m.slaves {
		total = total.plus(s.total)
	}
	shares := map[*framework]float64{}
	for _, f := range m.frameworks {
		held := pool{}
		for _, s := range m.slaves {
			held = held.plus(m.usedBy(f, s))
		}
		for _, o := range m.offers {
			if o.framework == f {
				held = held.plus(o.pool)
			}
		}
		for _, name := range []string{"cpus", "mem", "disk"} {
			if all := total.scalar(name); all > 0 {
				shares[f] = max(shares[f], float64(held.scalar(name))/float64(all))
			}
		}
	}
	out := m.sortedFrameworks()
	sort.SliceStable(out, func(i, j int) bool { return shares[out[i]] < shares[out[j]] })
	return out
}

func (m *master) addOffer(f *framework, s *slave, p pool) *offer {
	o := &offer{id: fmt.Sprintf("%s-O%d", m.id, m.counters.offers), framework: f, slave: s, pool: p}
	m.counters.offers++
	m.offers[o.id] = o
	return o
}

func (o *offer) wire() wire.Offer {
	a, f := o.slave.agent, o.framework
	host, ip, port := a.config.Host, "127.0.0.1", int32(a.port)
	out := wire.Offer{
		ID: wire.OfferID{Value: o.id}, FrameworkID: wire.FrameworkID{Value: f.id}, AgentID: wire.AgentID{Value: o.slave.id},
		Hostname: host, Resources: o.pool.resources(f.role, f.refined), Attributes: a.attributes,
		AllocationInfo: &wire.Resource_AllocationInfo{Role: &f.role},
		URL:            &wire.URL{Scheme: "http", Address: wire.Address{Hostname: &host, IP: &ip, Port: port}, Path: ptr("/slave(1)")},
	}
	for key, info := range o.slave.executors {
		if key.framework == f.id {
			out.ExecutorIDs = append(out.ExecutorIDs, info.ExecutorID)
		}
	}
	return out
}

func (f *framework) filtered(s *slave, free pool) bool {
	var left []filter
	for _, one := range f.filters[s.id] {
		if time.Now().Before(one.until) {
			left = append(left, one)
		}
	}
	f.filters[s.id] = left
	for _, one := range left {
		if one.pool.contains(free) {
			return true
		}
	}
	return false
}

// refuse notes that a framework does not want p of an agent for a while.
func (m *master) refuseOffer(f *framework, s *slave, p pool, filters *wire.Filters) {
	d := defaultRefuse
	if filters != nil && filters.RefuseSeconds != nil {
		seconds := *filters.RefuseSeconds
		switch {
		case seconds > maxRefuse.Seconds():
			d = maxRefuse
		case seconds >= 0:
			d = time.Duration(seconds * float64(time.Second))
		}
	}
	if d > 0 && len(p) > 0 {
		until := time.Now().Add(max(d, m.c.config.Timing.Allocation))
		f.filters[s.id] = append(f.filters[s.id], filter{pool: p, until: until})
	}
}

func (m *master) decline(f *framework, call *scheduler.Call_Decline) {
	for _, id := range call.GetOfferIDs() {
		if o := m.offers[id.Value]; o != nil && o.framework == f {
			delete(m.offers, o.id)
			m.refuseOffer(f, o.slave, o.pool, call.Filters)
		}
	}
}

// rescindOf takes back the offers that match.
func (m *master) rescindOf(match func(*offer) bool) {
	for id, o := range m.offers {
		if match(o) {
			delete(m.offers, id)
			o.framework.send(&scheduler.Event{Type: scheduler.Event_RESCIND, Rescind: &scheduler.Event_Rescind{OfferID: wire.OfferID{Value: id}}})
		}
	}
}

func (m *master) revive(f *framework) {
	f.suppressed, f.filters = false, map[string][]filter{}
	m.allocate()
}
