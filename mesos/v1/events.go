package v1

import (
	wire "github.com/mesos/mesos-go/api/v1/lib"
	"github.com/mesos/mesos-go/api/v1/lib/scheduler"

	"github.com/alluxio-mesos/alluxio-mesos/mesos"
)

// eventFrom translates an event that goes to the scheduler; nil for those that do
// not (heartbeats, inverse offers, operations that are never made).
func eventFrom(e *scheduler.Event) mesos.Event {
	switch e.Type {
	case scheduler.Event_OFFERS:
		out := mesos.Offers{}
		for i := range e.GetOffers().GetOffers() {
			out.Offers = append(out.Offers, offerFrom(&e.Offers.Offers[i]))
		}
		return out
	case scheduler.Event_RESCIND:
		return mesos.Rescinded{Offer: mesos.OfferID(e.GetRescind().GetOfferID().Value)}
	case scheduler.Event_UPDATE:
		status := e.GetUpdate().GetStatus()
		return mesos.Update{Status: statusFrom(&status)}
	case scheduler.Event_MESSAGE:
		m := e.GetMessage()
		return mesos.Message{Agent: mesos.AgentID(m.GetAgentID().Value), Executor: mesos.ExecutorID(m.GetExecutorID().Value), Data: m.GetData()}
	case scheduler.Event_FAILURE:
		return failureFrom(e.GetFailure())
	}
	return nil
}

// failureFrom tells the two meanings of FAILURE apart: with an executor it is the
// executor that ended, else the agent.
func failureFrom(f *scheduler.Event_Failure) mesos.Event {
	agent := mesos.AgentID(f.GetAgentID().GetValue())
	if executor := f.GetExecutorID().GetValue(); executor != "" {
		return mesos.ExecutorLost{Agent: agent, Executor: mesos.ExecutorID(executor), WaitStatus: int(f.GetStatus())}
	}
	return mesos.AgentLost{Agent: agent}
}

func offerFrom(o *wire.Offer) mesos.Offer {
	out := mesos.Offer{
		ID: mesos.OfferID(o.ID.Value), Agent: mesos.AgentID(o.AgentID.Value), Host: o.Hostname,
		Resources: resourcesFrom(o.Resources), Attributes: attributesFrom(o.Attributes),
	}
	for i := range o.ExecutorIDs {
		out.Executors = append(out.Executors, mesos.ExecutorID(o.ExecutorIDs[i].Value))
	}
	return out
}
