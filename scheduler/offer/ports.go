package offer

import (
	"fmt"
	"slices"
	"strings"

	"github.com/alluxio-mesos/alluxio-mesos/mesos"
)

// ports takes the wanted ports: those that are on offer first, so that a substitute never takes one of them.
func (m *matcher) ports(n Need) map[string]int {
	chosen, offered := map[string]int{}, m.pool.ranges()
	var missing []Port
	for _, p := range n.Ports {
		if !m.port(uint64(p.Number)) {
			missing = append(missing, p)
			continue
		}
		chosen[p.Name] = p.Number
	}
	if len(missing) == 0 {
		return chosen
	}
	if !n.AnyPorts {
		m.missingPorts(missing, offered)
		return nil
	}
	for _, p := range missing {
		number, ok := m.pool.lowest()
		if !ok || !m.port(number) {
			m.noPorts(len(n.Ports), len(chosen), offered)
			return nil
		}
		chosen[p.Name] = int(number)
	}
	return chosen
}

func (m *matcher) port(number uint64) bool {
	got, ok := m.pool.takePort(number)
	if ok {
		m.task = addPort(m.task, got)
	}
	return ok
}

// addPort joins ports that come from the same reservation into one resource.
func addPort(resources []mesos.Resource, got mesos.Resource) []mesos.Resource {
	for i, r := range resources {
		if r.Name == "ports" && sameOrigin(r, got) {
			resources[i].Ranges = append(slices.Clone(r.Ranges), got.Ranges...)
			return resources
		}
	}
	return append(resources, got)
}

func sameOrigin(a, b mesos.Resource) bool {
	return a.AllocatedTo == b.AllocatedTo && slices.EqualFunc(a.Reservations, b.Reservations, func(x, y mesos.Reservation) bool {
		return x.Role == y.Role && x.Dynamic == y.Dynamic && x.Principal == y.Principal && fmt.Sprint(x.Labels) == fmt.Sprint(y.Labels)
	})
}

// missingPorts is the reason for which most first deployments never started (Alluxio/alluxio#4122).
func (m *matcher) missingPorts(missing []Port, offered []mesos.Range) {
	var names []string
	wanted := slices.Clone(offered)
	for _, p := range missing {
		names = append(names, fmt.Sprintf("%d (%s)", p.Number, p.Property))
		wanted = append(wanted, mesos.Range{Begin: uint64(p.Number), End: uint64(p.Number)})
	}
	noun := "port"
	if len(names) > 1 {
		noun = "ports"
	}
	m.problem(fmt.Sprintf("agent %s does not offer %s %s; it offers %s", m.agent.Host, noun, strings.Join(names, ", "), printRanges(offered)),
		fmt.Sprintf("start the agent with --resources='ports:[%s]' (and free the ports if other tasks hold them), "+
			"or set alluxio.integration.mesos.port.source=offer", joinRanges(wanted)))
}

func (m *matcher) noPorts(need, got int, offered []mesos.Range) {
	m.problem(fmt.Sprintf("%d ports are needed, agent %s offers only %d (%s)", need, m.agent.Host, got, printRanges(offered)),
		"start the agent with more ports, for example --resources='ports:[31000-32000]'")
}

func printRanges(ranges []mesos.Range) string {
	if len(ranges) == 0 {
		return "no ports"
	}
	return joinRanges(ranges)
}

// joinRanges prints ranges as Mesos reads them, sorted and with neighbours joined.
func joinRanges(ranges []mesos.Range) string {
	var texts []string
	for _, r := range merge(ranges) {
		text := fmt.Sprintf("%d-%d", r.Begin, r.End)
		texts = append(texts, text)
	}
	return strings.Join(texts, ",")
}

func merge(ranges []mesos.Range) []mesos.Range {
	sorted := slices.Clone(ranges)
	slices.SortFunc(sorted, func(a, b mesos.Range) int { return int(int64(a.Begin) - int64(b.Begin)) })
	var merged []mesos.Range
	for _, r := range sorted {
		if last := len(merged) - 1; last >= 0 && r.Begin <= merged[last].End+1 {
			merged[last].End = max(merged[last].End, r.End)
			continue
		}
		merged = append(merged, r)
	}
	return merged
}
