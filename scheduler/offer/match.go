package offer

import (
	"fmt"
	"strings"
)

// Match tries a need on an agent. It takes reserved resources before unreserved ones, and never what is marked special.
// An offer holds only what our role may use, so whose reservation it is makes no difference.
func Match(n Need, a Agent) Fit {
	m := matcher{pool: newPool(a.Resources), agent: a}
	m.host(n)
	m.constraints(n)
	m.scalar("cpus", n.Task.CPUs, n.Executor.CPUs, n)
	m.scalar("mem", n.Task.Memory, n.Executor.Memory, n)
	ports := m.ports(n)
	if len(m.problems) > 0 {
		return Fit{Problems: m.problems}
	}
	return Fit{OK: true, Task: m.task, Executor: m.executor, Ports: ports, Rest: m.pool.rest()}
}

// Text joins the problems of a fit into one reason and one advice.
func (f Fit) Text() (reason, advice string) {
	var reasons, advices []string
	for _, p := range f.Problems {
		reasons = append(reasons, p.Reason)
		if p.Advice != "" {
			advices = append(advices, p.Advice)
		}
	}
	return strings.Join(reasons, "; "), strings.Join(advices, "; ")
}

func (m *matcher) host(n Need) {
	if n.Host == "" || strings.EqualFold(n.Host, m.agent.Host) {
		return
	}
	m.problem(fmt.Sprintf("%s, and this agent announces itself as %s", n.HostWhy, m.agent.Host), n.HostAdvice)
}

func (m *matcher) constraints(n Need) {
	for _, c := range n.Constraints {
		if !c.holds(m.agent.Host, m.agent.Attributes) {
			m.problem(fmt.Sprintf("the agent does not meet the constraint %s", c),
				"change alluxio.integration.mesos.constraints, or start the agent with --attributes that meet it")
		}
	}
}

func (m *matcher) problem(reason, advice string) {
	m.problems = append(m.problems, Problem{reason, advice})
}
