package devcluster

import (
	"fmt"
	"math"
	"sort"
	"strings"

	wire "github.com/mesos/mesos-go/api/v1/lib"

	"github.com/alluxio-mesos/alluxio-mesos/mesos"
)

// pool is an amount of resources, each kind kept apart by name and reservation.
// Scalars count in thousandths, as Mesos does since 1.0.
type pool map[kind]amount

type kind struct {
	name string
	// reserved is the encoded stack of reservations, role the last one's role.
	reserved, role string
}

type amount struct {
	scalar int64
	ranges []span // sorted, apart from each other
}

type span struct{ begin, end uint64 }

func (a amount) empty() bool { return a.scalar == 0 && len(a.ranges) == 0 }

// poolOf reads wire resources of both reservation formats.
func poolOf(in []wire.Resource) (pool, error) {
	out := pool{}
	for i := range in {
		r := &in[i]
		k, err := kindOf(r)
		if err != nil {
			return nil, err
		}
		a := amount{}
		switch r.GetType() {
		case wire.SCALAR:
			a.scalar = int64(math.Round(r.GetScalar().GetValue() * 1000))
			if a.scalar < 0 {
				return nil, fmt.Errorf("Invalid resource %s: Invalid scalar resource: value < 0", r.Name)
			}
		case wire.RANGES:
			for _, s := range r.GetRanges().GetRange() {
				if s.Begin > s.End {
					return nil, fmt.Errorf("Invalid resource %s: Invalid ranges resource: begin > end", r.Name)
				}
				a.ranges = append(a.ranges, span{s.Begin, s.End})
			}
		default:
			return nil, fmt.Errorf("Invalid resource %s: unsupported type %s", r.Name, r.GetType())
		}
		out.add(k, a)
	}
	return out, nil
}

func kindOf(r *wire.Resource) (kind, error) {
	if r.Disk != nil || r.Revocable != nil || r.Shared != nil || r.ProviderID != nil {
		return kind{}, fmt.Errorf("Invalid resource %s: volumes, revocable and shared resources are not supported here", r.Name)
	}
	stack := r.Reservations
	if role := r.GetRole(); len(stack) == 0 && role != "*" && role != "" {
		info := wire.Resource_ReservationInfo{Type: wire.Resource_ReservationInfo_STATIC.Enum(), Role: &role}
		if r.Reservation != nil {
			info = *r.Reservation
			info.Type, info.Role = wire.Resource_ReservationInfo_DYNAMIC.Enum(), &role
		}
		stack = []wire.Resource_ReservationInfo{info}
	}
	if len(stack) == 0 {
		return kind{name: r.Name, role: "*"}, nil
	}
	encoded, err := (&wire.Resource{Reservations: stack, Type: wire.SCALAR.Enum()}).Marshal()
	return kind{name: r.Name, reserved: string(encoded), role: stack[len(stack)-1].GetRole()}, err
}

// poolOfConfig reads the resources of an agent's configuration.
func poolOfConfig(in []mesos.Resource) (pool, error) {
	var out []wire.Resource
	for _, r := range in {
		converted := wire.Resource{Name: r.Name, Type: wire.SCALAR.Enum(), Scalar: &wire.Value_Scalar{Value: r.Scalar}}
		if len(r.Ranges) > 0 {
			converted.Type, converted.Scalar, converted.Ranges = wire.RANGES.Enum(), nil, &wire.Value_Ranges{}
			for _, s := range r.Ranges {
				converted.Ranges.Range = append(converted.Ranges.Range, wire.Value_Range{Begin: s.Begin, End: s.End})
			}
		}
		for _, v := range r.Reservations {
			info := wire.Resource_ReservationInfo{Type: wire.Resource_ReservationInfo_STATIC.Enum(), Role: &v.Role}
			if v.Dynamic {
				info.Type = wire.Resource_ReservationInfo_DYNAMIC.Enum()
			}
			converted.Reservations = append(converted.Reservations, info)
		}
		out = append(out, converted)
	}
	return poolOf(out)
}

func (p pool) add(k kind, a amount) {
	sum := amount{scalar: p[k].scalar + a.scalar, ranges: union(p[k].ranges, a.ranges)}
	if !sum.empty() {
		p[k] = sum
	}
}

func (p pool) plus(o pool) pool {
	out := p.clone()
	for k, a := range o {
		out.add(k, a)
	}
	return out
}

// minus takes away what is there of o.
func (p pool) minus(o pool) pool {
	out := p.clone()
	for k, a := range o {
		rest := amount{scalar: max(0, out[k].scalar-a.scalar), ranges: difference(out[k].ranges, a.ranges)}
		if rest.empty() {
			delete(out, k)
		} else {
			out[k] = rest
		}
	}
	return out
}

func (p pool) contains(o pool) bool {
	for k, a := range o {
		if a.scalar > p[k].scalar || len(difference(a.ranges, p[k].ranges)) > 0 {
			return false
		}
	}
	return true
}

func (p pool) clone() pool {
	out := make(pool, len(p))
	for k, a := range p {
		out[k] = a
	}
	return out
}

// forRole is the part that a framework of a role may use.
func (p pool) forRole(role string) pool {
	out := pool{}
	for k, a := range p {
		if k.role == "*" || k.role == role {
			out[k] = a
		}
	}
	return out
}

// allocatable says that it is worth an offer (MIN_CPUS, MIN_MEM of Mesos).
func (p pool) allocatable() bool {
	return p.scalar("cpus") >= 10 || p.scalar("mem") >= 32000
}

func (p pool) scalar(name string) int64 {
	var sum int64
	for k, a := range p {
		if k.name == name {
			sum += a.scalar
		}
	}
	return sum
}

func (p pool) kinds() []kind {
	out := make([]kind, 0, len(p))
	for k := range p {
		out = append(out, k)
	}
	sort.Slice(out, func(i, j int) bool {
		return out[i].name+"\x00"+out[i].reserved < out[j].name+"\x00"+out[j].reserved
	})
	return out
}

// resources gives wire resources allocated to a role, in the format that the
// framework asked for.
func (p pool) resources(role string, refined bool) []wire.Resource {
	var out []wire.Resource
	for _, k := range p.kinds() {
		r := wire.Resource{Name: k.name, Type: wire.SCALAR.Enum(), AllocationInfo: &wire.Resource_AllocationInfo{Role: &role}}
		if a := p[k]; len(a.ranges) > 0 {
			r.Type, r.Ranges = wire.RANGES.Enum(), &wire.Value_Ranges{}
			for _, s := range a.ranges {
				r.Ranges.Range = append(r.Ranges.Range, wire.Value_Range{Begin: s.begin, End: s.end})
			}
		} else {
			r.Scalar = &wire.Value_Scalar{Value: float64(a.scalar) / 1000}
		}
		k.reserve(&r, refined)
		out = append(out, r)
	}
	return out
}

func (k kind) reserve(r *wire.Resource, refined bool) {
	if !refined {
		r.Role = &k.role
	}
	if k.reserved == "" {
		return
	}
	var stack wire.Resource
	if stack.Unmarshal([]byte(k.reserved)) != nil {
		return // it was encoded here
	}
	last := &stack.Reservations[len(stack.Reservations)-1]
	switch {
	case refined:
		r.Reservations = stack.Reservations
	case last.GetType() == wire.Resource_ReservationInfo_DYNAMIC:
		r.Reservation = &wire.Resource_ReservationInfo{Principal: last.Principal, Labels: last.Labels}
	}
}

// describe prints amounts that are allocated to a role as Mesos does in its messages.
func (p pool) describe(role string) string {
	var out []string
	for _, k := range p.kinds() {
		how := "(allocated: " + role + ")"
		if k.role != "*" {
			how += "(reservations: [(" + k.role + ")])"
		}
		out = append(out, k.name+how+":"+p[k].String())
	}
	return strings.Join(out, "; ")
}

func (a amount) String() string {
	if len(a.ranges) == 0 {
		return fmt.Sprintf("%g", float64(a.scalar)/1000)
	}
	var spans []string
	for _, s := range a.ranges {
		spans = append(spans, fmt.Sprintf("%d-%d", s.begin, s.end))
	}
	return "[" + strings.Join(spans, ", ") + "]"
}

func union(a, b []span) []span {
	all := append(append([]span(nil), a...), b...)
	sort.Slice(all, func(i, j int) bool { return all[i].begin < all[j].begin })
	var out []span
	for _, s := range all {
		if n := len(out); n > 0 && s.begin <= out[n-1].end+1 {
			out[n-1].end = max(out[n-1].end, s.end)
			continue
		}
		out = append(out, s)
	}
	return out
}

func difference(a, b []span) []span {
	out := append([]span(nil), a...)
	for _, cut := range b {
		var left []span
		for _, s := range out {
			if cut.end < s.begin || cut.begin > s.end {
				left = append(left, s)
				continue
			}
			if s.begin < cut.begin {
				left = append(left, span{s.begin, cut.begin - 1})
			}
			if s.end > cut.end {
				left = append(left, span{cut.end + 1, s.end})
			}
		}
		out = left
	}
	return out
}
