package offer

import (
	"github.com/alluxio-mesos/alluxio-mesos/mesos"
)

// Need is what an instance wants from one agent.
type Need struct {
	// Task and Executor are separate amounts, since Mesos wants to be told them apart. Executor is zero where the
	// instance's executor lives on the agent already.
	Task, Executor Amounts
	Ports          []Port
	// AnyPorts lets other ports than the wanted ones be taken out of the offer.
	AnyPorts bool
	// Host is the only host name that will do; empty: any.
	Host string
	// HostWhy and HostAdvice say why only that host will do and what to change.
	HostWhy, HostAdvice string
	Constraints         []Constraint
	// MemoryParts tells what the memory is made of; CPUKeys and MemoryKeys name the properties that lower the need.
	MemoryParts, CPUKeys, MemoryKeys string
}

// Amounts of scalar resources. Memory is in MB, as Mesos counts it.
type Amounts struct {
	CPUs   float64
	Memory float64
}

// Port is a wanted port and the property that chose it.
type Port struct {
	Name, Property string
	Number         int
}

// Agent is everything that one agent offers at a time.
type Agent struct {
	ID         mesos.AgentID
	Host       string
	Attributes []mesos.Attribute
	Offers     []mesos.OfferID
	Resources  []mesos.Resource
	Executors  []mesos.ExecutorID
}

// Group joins the offers of each agent, in the order in which the agents first come.
func Group(offers []mesos.Offer) []Agent {
	var agents []Agent
	index := map[mesos.AgentID]int{}
	for _, o := range offers {
		at, known := index[o.Agent]
		if !known {
			at = len(agents)
			index[o.Agent] = at
			agents = append(agents, Agent{ID: o.Agent, Host: o.Host, Attributes: o.Attributes, Executors: o.Executors})
		}
		agents[at].Offers = append(agents[at].Offers, o.ID)
		agents[at].Resources = append(agents[at].Resources, o.Resources...)
	}
	return agents
}

// Fit is the answer of Match.
type Fit struct {
	OK bool
	// Problems say, where it does not fit, everything that is in the way.
	Problems []Problem
	// Task and Executor are the resources to launch with, each as it was offered.
	Task, Executor []mesos.Resource
	// Ports by name, as chosen.
	Ports map[string]int
	// Rest is what remains of the agent's resources.
	Rest []mesos.Resource
}

// Problem is one reason why an agent does not fit, and what to do about it.
type Problem struct{ Reason, Advice string }
