package api

import (
	"github.com/alluxio-mesos/alluxio-mesos/scheduler/plan"
)

// StatusOf tells a view as the API does. Lists are never null.
func StatusOf(v plan.View) Status {
	s := Status{
		Framework: Framework{ID: string(v.Framework), Name: v.Name, Mesos: v.Master, State: v.State, Message: v.Message, Since: v.Since},
		Instances: []Instance{}, Declines: []Decline{}, Notes: v.Notes,
		Journal: v.Journal, RootUFS: v.RootUFS, RamdiskBytes: v.RamdiskBytes,
	}
	for _, i := range v.Instances {
		s.Instances = append(s.Instances, instanceOf(i))
	}
	for _, d := range v.Declines {
		s.Declines = append(s.Declines, Decline{Instance: d.Instance, Agent: string(d.Agent.Agent), Host: d.Agent.Host,
			Reason: d.Reason, Advice: d.Advice, Count: d.Count, Last: d.Last})
	}
	return s
}

func instanceOf(v plan.InstanceView) Instance {
	i := Instance{Name: v.Name, Agent: string(v.At.Agent), Host: v.At.Host, Message: v.Message, Notices: v.Notices, Tasks: []Task{},
		Plugins:  v.Plugins,
		Failures: v.Failures, Permanent: v.Permanent}
	if v.Task != nil {
		i.Tasks = append(i.Tasks, taskOf(v.Process, *v.Task))
	}
	return i
}

func taskOf(process string, v plan.TaskView) Task {
	t := Task{ID: v.ID, Process: process, State: v.State, Serving: v.Serving, Alluxio: v.Alluxio, Java: v.Java, Since: v.Since,
		Addresses: Addresses{RPC: v.Addresses["rpc"], Web: v.Addresses["web"], Journal: v.Addresses["journal"], Data: v.Addresses["data"]}}
	if v.Progress == nil {
		return t
	}
	t.Progress = &Progress{Phase: v.Progress.Phase, Step: v.Progress.Step}
	for _, transfer := range v.Progress.Transfers {
		t.Progress.Transfers = append(t.Progress.Transfers, Transfer(transfer))
	}
	return t
}
