package main

import (
	"net"
	"os"
	"path/filepath"
	"strconv"

	"github.com/alluxio-mesos/alluxio-mesos/fetchers/redact"
	"github.com/alluxio-mesos/alluxio-mesos/scheduler/client"
	"github.com/alluxio-mesos/alluxio-mesos/scheduler/plan"
	"github.com/alluxio-mesos/alluxio-mesos/scheduler/state"
)

// The states of a framework without a scheduler, as -o json prints them.
const (
	frameworkAlone   = "no scheduler"
	frameworkStopped = "stopped"
)

// lastKnown is what the scheduler of a deployment knew before it ended.
func lastKnown(at place) (client.Status, error) {
	saved, err := state.Read(at.dir)
	if err != nil {
		return client.Status{}, err
	}
	s := client.Status{
		Framework: client.Framework{
			ID: string(saved.Plan.Framework), Name: at.name, Mesos: redact.URL(saved.Mesos), State: frameworkAlone,
			Message: "this is what its scheduler knew last",
		},
		Instances: []client.Instance{},
		Declines:  []client.Decline{},
		Notes:     saved.Plan.Left,
	}
	if info, err := os.Stat(filepath.Join(at.dir, "state.json")); err == nil {
		s.Framework.Since = info.ModTime()
	}
	if saved.Plan.Framework == "" {
		s.Framework.State = frameworkStopped
		s.Framework.Message = "no framework of this name is known on this host (" + at.dir + ")"
		if len(saved.Plan.Instances) > 0 {
			s.Framework.Message = "the next start brings it back to the same hosts"
		}
	}
	for _, instance := range saved.Plan.Instances {
		s.Instances = append(s.Instances, lastKnownInstance(instance))
	}
	return s, nil
}

func lastKnownInstance(saved plan.Instance) client.Instance {
	instance := client.Instance{
		Name: saved.Name, Message: saved.Failure, Permanent: saved.Permanent, Tasks: []client.Task{},
	}
	if saved.Placement == nil {
		return instance
	}
	instance.Agent, instance.Host = string(saved.Placement.Agent), saved.Placement.Host
	if saved.Task != nil {
		instance.Notices = saved.Task.Notices
		instance.Tasks = append(instance.Tasks, client.Task{
			ID: string(saved.Task.ID), Process: string(saved.Process), State: string(saved.Task.State), Since: saved.Task.Since,
			Alluxio: saved.Task.Alluxio, Java: saved.Task.Java,
			Addresses: client.Addresses{RPC: address(saved.Placement, "rpc"), Web: address(saved.Placement, "web")},
		})
	}
	return instance
}

func address(p *plan.Placement, port string) string {
	number, ok := p.Ports[port]
	if !ok {
		return ""
	}
	return net.JoinHostPort(p.Host, strconv.Itoa(number))
}
