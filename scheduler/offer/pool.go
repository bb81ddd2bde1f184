package offer

import (
	"slices"

	"github.com/alluxio-mesos/alluxio-mesos/mesos"
)

// pool is what is left of an agent's resources while a need is tried on them.
type pool struct{ resources []mesos.Resource }

// newPool copies the resources that may be taken, reserved ones first.
func newPool(resources []mesos.Resource) *pool {
	p := &pool{}
	for _, r := range resources {
		if !r.Special {
			r.Ranges = slices.Clone(r.Ranges)
			p.resources = append(p.resources, r)
		}
	}
	slices.SortStableFunc(p.resources, func(a, b mesos.Resource) int {
		return boolToInt(len(a.Reservations) == 0) - boolToInt(len(b.Reservations) == 0)
	})
	return p
}

func boolToInt(b bool) int {
	if b {
		return 1
	}
	return 0
}

func (p *pool) sum(name string) int64 {
	var sum int64
	for _, r := range p.resources {
		if r.Name == name {
			sum += milli(r.Scalar)
		}
	}
	return sum
}

// take takes thousandths of a scalar, out of as many resources as it needs; the caller has checked that there is enough.
func (p *pool) take(name string, thousandths int64) []mesos.Resource {
	var taken []mesos.Resource
	for i := range p.resources {
		r := &p.resources[i]
		part := min(milli(r.Scalar), thousandths)
		if r.Name != name || part <= 0 {
			continue
		}
		got := *r
		got.Scalar = float64(part) / 1000
		r.Scalar = float64(milli(r.Scalar)-part) / 1000
		thousandths -= part
		taken = append(taken, got)
	}
	return taken
}

// ranges are all port ranges on offer.
func (p *pool) ranges() []mesos.Range {
	var all []mesos.Range
	for _, r := range p.resources {
		if r.Name == "ports" {
			all = append(all, r.Ranges...)
		}
	}
	return all
}

// takePort takes one port from the first resource that has it.
func (p *pool) takePort(port uint64) (mesos.Resource, bool) {
	for i := range p.resources {
		r := &p.resources[i]
		if r.Name != "ports" {
			continue
		}
		if rest, ok := without(r.Ranges, port); ok {
			got := *r
			got.Ranges = []mesos.Range{{Begin: port, End: port}}
			r.Ranges = rest
			return got, true
		}
	}
	return mesos.Resource{}, false
}

// lowest is the smallest port on offer.
func (p *pool) lowest() (uint64, bool) {
	ranges := p.ranges()
	if len(ranges) == 0 {
		return 0, false
	}
	return slices.MinFunc(ranges, func(a, b mesos.Range) int { return int(int64(a.Begin) - int64(b.Begin)) }).Begin, true
}

func (p *pool) rest() []mesos.Resource {
	return slices.DeleteFunc(p.resources, func(r mesos.Resource) bool {
		return milli(r.Scalar) == 0 && len(r.Ranges) == 0
	})
}

// without cuts a port out of ranges.
func without(ranges []mesos.Range, port uint64) ([]mesos.Range, bool) {
	for i, r := range ranges {
		if port < r.Begin || port > r.End {
			continue
		}
		var halves []mesos.Range
		if r.Begin < port {
			halves = append(halves, mesos.Range{Begin: r.Begin, End: port - 1})
		}
		if port < r.End {
			halves = append(halves, mesos.Range{Begin: port + 1, End: r.End})
		}
		return slices.Concat(ranges[:i], halves, ranges[i+1:]), true
	}
	return nil, false
}
