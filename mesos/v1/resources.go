package v1

import (
	"fmt"
	"sort"
	"strconv"
	"strings"

	wire "github.com/mesos/mesos-go/api/v1/lib"

	"github.com/alluxio-mesos/alluxio-mesos/mesos"
)

// resourcesFrom translates the resources of an offer or a task.
func resourcesFrom(in []wire.Resource) []mesos.Resource {
	out := make([]mesos.Resource, 0, len(in))
	for i := range in {
		out = append(out, resourceFrom(&in[i]))
	}
	return out
}

func resourceFrom(r *wire.Resource) mesos.Resource {
	out := mesos.Resource{
		Name:         r.Name,
		Scalar:       r.GetScalar().GetValue(),
		Reservations: reservationsFrom(r),
		AllocatedTo:  r.GetAllocationInfo().GetRole(),
		Special:      r.Disk != nil || r.Revocable != nil || r.Shared != nil || r.ProviderID != nil || r.Set != nil,
	}
	for _, span := range r.GetRanges().GetRange() {
		out.Ranges = append(out.Ranges, mesos.Range{Begin: span.Begin, End: span.End})
	}
	return out
}

// reservationsFrom reads both formats: the stack of reservations that a framework
// with RESERVATION_REFINEMENT gets (Mesos 1.4), and role and reservation before.
func reservationsFrom(r *wire.Resource) []mesos.Reservation {
	if len(r.Reservations) > 0 {
		out := make([]mesos.Reservation, len(r.Reservations))
		for i := range r.Reservations {
			info := &r.Reservations[i]
			out[i] = mesos.Reservation{
				Role: info.GetRole(), Dynamic: info.GetType() == wire.Resource_ReservationInfo_DYNAMIC,
				Principal: info.GetPrincipal(), Labels: labelsFrom(info.Labels),
			}
		}
		return out
	}
	if role := r.GetRole(); role != "*" && role != "" {
		out := mesos.Reservation{Role: role, Dynamic: r.Reservation != nil}
		if r.Reservation != nil {
			out.Principal, out.Labels = r.Reservation.GetPrincipal(), labelsFrom(r.Reservation.Labels)
		}
		return []mesos.Reservation{out}
	}
	return nil
}

// unrefined says that a resource came in the format from before reservation
// refinement, where role is always set.
func unrefined(in []wire.Resource) bool {
	for i := range in {
		if in[i].Role != nil {
			return true
		}
	}
	return false
}

// resourcesTo translates what a task takes, in the format in which this master
// made its offers.
func resourcesTo(in []mesos.Resource, refined bool) ([]wire.Resource, error) {
	var out []wire.Resource
	for _, r := range in {
		converted, err := resourceTo(r, refined)
		if err != nil {
			return nil, err
		}
		out = append(out, converted)
	}
	return out, nil
}

func resourceTo(r mesos.Resource, refined bool) (wire.Resource, error) {
	if r.Special {
		return wire.Resource{}, fmt.Errorf("cannot take resource %q: volumes, mount disks, shared and revocable resources are not supported", r.Name)
	}
	out := wire.Resource{Name: r.Name}
	if len(r.Ranges) > 0 {
		out.Type = wire.RANGES.Enum()
		out.Ranges = &wire.Value_Ranges{}
		for _, span := range r.Ranges {
			out.Ranges.Range = append(out.Ranges.Range, wire.Value_Range{Begin: span.Begin, End: span.End})
		}
	} else {
		out.Type = wire.SCALAR.Enum()
		out.Scalar = &wire.Value_Scalar{Value: r.Scalar}
	}
	if r.AllocatedTo != "" {
		out.AllocationInfo = &wire.Resource_AllocationInfo{Role: ptr(r.AllocatedTo)}
	}
	if refined {
		out.Reservations = reservationsTo(r.Reservations)
		return out, nil
	}
	return out, reserveUnrefined(&out, r)
}

func reservationsTo(in []mesos.Reservation) []wire.Resource_ReservationInfo {
	var out []wire.Resource_ReservationInfo
	for _, r := range in {
		info := wire.Resource_ReservationInfo{Type: wire.Resource_ReservationInfo_STATIC.Enum(), Role: ptr(r.Role), Labels: labelsTo(r.Labels)}
		if r.Dynamic {
			info.Type = wire.Resource_ReservationInfo_DYNAMIC.Enum()
		}
		if r.Principal != "" {
			info.Principal = ptr(r.Principal)
		}
		out = append(out, info)
	}
	return out
}

func reserveUnrefined(out *wire.Resource, r mesos.Resource) error {
	out.Role = ptr(r.Role())
	switch {
	case len(r.Reservations) > 1:
		return fmt.Errorf("cannot take resource %q: this Mesos knows no refined reservations", r.Name)
	case len(r.Reservations) == 1 && r.Reservations[0].Dynamic:
		out.Reservation = &wire.Resource_ReservationInfo{Labels: labelsTo(r.Reservations[0].Labels)}
		if p := r.Reservations[0].Principal; p != "" {
			out.Reservation.Principal = ptr(p)
		}
	}
	return nil
}

func labelsFrom(in *wire.Labels) map[string]string {
	if len(in.GetLabels()) == 0 {
		return nil
	}
	out := make(map[string]string, len(in.Labels))
	for i := range in.Labels {
		out[in.Labels[i].Key] = in.Labels[i].GetValue()
	}
	return out
}

// labelsTo sorts by key: an ExecutorInfo must be the same each time it is sent.
func labelsTo(in map[string]string) *wire.Labels {
	if len(in) == 0 {
		return nil
	}
	out := &wire.Labels{}
	for _, key := range sortedKeys(in) {
		out.Labels = append(out.Labels, wire.Label{Key: key, Value: ptr(in[key])})
	}
	return out
}

func sortedKeys(m map[string]string) []string {
	keys := make([]string, 0, len(m))
	for key := range m {
		keys = append(keys, key)
	}
	sort.Strings(keys)
	return keys
}

// attributesFrom gives each value as Mesos prints it.
func attributesFrom(in []wire.Attribute) []mesos.Attribute {
	var out []mesos.Attribute
	for i := range in {
		out = append(out, mesos.Attribute{Name: in[i].Name, Value: attributeValue(&in[i])})
	}
	return out
}

func attributeValue(a *wire.Attribute) string {
	switch {
	case a.Text != nil:
		return a.Text.Value
	case a.Scalar != nil:
		return strconv.FormatFloat(a.Scalar.Value, 'f', -1, 64)
	case a.Ranges != nil:
		var spans []string
		for _, span := range a.Ranges.Range {
			spans = append(spans, fmt.Sprintf("%d-%d", span.Begin, span.End))
		}
		return "[" + strings.Join(spans, ", ") + "]"
	case a.Set != nil:
		return "{" + strings.Join(a.Set.Item, ", ") + "}"
	}
	return ""
}

func ptr[T any](v T) *T { return &v }
