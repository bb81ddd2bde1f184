package scheduler

import (
	"cmp"
	"context"
	"os"
	"slices"
	"strings"

	"github.com/alluxio-mesos/alluxio-mesos/mesos"
	"github.com/alluxio-mesos/alluxio-mesos/plugins/host"
	"github.com/alluxio-mesos/alluxio-mesos/scheduler/api"
	"github.com/alluxio-mesos/alluxio-mesos/scheduler/plan"
)

// Plugins is called by the API.
func (i *installer) Plugins(ctx context.Context) api.Plugins {
	i.one.Lock()
	list := i.list()
	i.learnVersions(ctx)
	i.one.Unlock()
	view := i.view()
	answer := api.Plugins{Plugins: list, Instances: []api.PluginUser{}}
	i.mu.Lock()
	for n, p := range list {
		list[n].Version = cmp.Or(p.Version, i.versions[p.SHA256])
		for _, s := range view.Swaps {
			if s.Kind == p.Kind && s.Name == p.Name && s.SHA256 == p.SHA256 {
				list[n].Swap = swapOf(s, view)
			}
		}
	}
	i.mu.Unlock()
	for _, instance := range view.Instances {
		if instance.Plugins != nil {
			answer.Instances = append(answer.Instances, api.PluginUser{Instance: instance.Name, Host: instance.At.Host, Plugins: instance.Plugins})
		}
	}
	return answer
}

// list is what is shipped, sorted. The caller holds one.
func (i *installer) list() []api.Plugin {
	list := []api.Plugin{}
	for _, p := range i.shipment.store.Installed() {
		list = append(list, api.Plugin{Kind: p.Kind, Name: p.Name, Version: p.Version, SHA256: p.SHA256, Size: p.Size, Origin: api.FromInstall, Installed: p.Since})
	}
	shipped, _ := i.shipment.split()
	for _, p := range shipped[len(list):] {
		list = append(list, api.Plugin{Kind: p.Kind, Name: p.Name, SHA256: p.SHA256, Size: p.Size, Origin: api.FromPluginDir})
	}
	slices.SortFunc(list, func(a, b api.Plugin) int { return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Name, b.Name)) })
	return list
}

// learnVersions asks the plugins of plugin.dir for their versions, once. What cannot run on this host has none here.
func (i *installer) learnVersions(ctx context.Context) {
	var asked []host.Plugin
	i.mu.Lock()
	for _, p := range i.shipment.base {
		if _, known := i.versions[p.SHA256]; !known {
			p.Config = i.shipment.config[p.Kind+"-"+p.Name]
			asked = append(asked, p)
		}
	}
	i.mu.Unlock()
	if len(asked) == 0 {
		return
	}
	dir, err := i.shipment.store.WorkDir()
	if err != nil {
		return
	}
	defer func() { _ = os.RemoveAll(dir) }()
	said, err := i.tryAll(ctx, asked, dir)
	if err != nil || ctx.Err() != nil {
		return
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	for n, one := range said {
		i.versions[asked[n].SHA256] = one.Version
	}
}

func swapOf(s plan.Swap, view plan.View) *api.Swap {
	swap := &api.Swap{ID: s.ID, Since: s.Since, Done: s.Done(), Instances: []api.SwapInstance{}}
	for _, t := range s.Targets {
		one := api.SwapInstance{Instance: t.Instance, Executor: string(t.Executor), State: string(t.State), From: t.From, To: t.To,
			Version: t.Version, Error: t.Error}
		for _, instance := range view.Instances {
			if instance.Name != t.Instance {
				continue
			}
			one.Host = instance.At.Host
			if t.State == plan.SwapWaiting {
				one.Message = silence(instance, view)
			}
		}
		swap.Instances = append(swap.Instances, one)
	}
	return swap
}

// silence says why an executor may not have answered.
func silence(i plan.InstanceView, view plan.View) string {
	switch {
	case view.State != plan.Registered:
		return "the scheduler has no connection to Mesos"
	case i.Task != nil && i.Task.State == string(mesos.TaskStaging):
		return "its task was launched and has shown no sign yet; it is told then"
	case i.Task != nil && (i.Task.State == string(mesos.TaskUnreachable) || i.Task.State == string(mesos.TaskUnknown)):
		return "its agent is " + strings.ToLower(strings.TrimPrefix(i.Task.State, "TASK_")) + "; it is told when it is back"
	}
	return "no answer yet: it is asked again; an executor of a release before 'plugins install' never answers, and gets the plugin with its next task"
}
