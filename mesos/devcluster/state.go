package devcluster

import (
	"time"

	wire "github.com/mesos/mesos-go/api/v1/lib"
)

// object is a JSON object of GET /state, with the names that Mesos uses.
type object map[string]any

func (m *master) state() object {
	out := object{
		"version": mesosVersion, "id": m.id, "pid": "master@" + m.address, "leader": "master@" + m.address, "hostname": "127.0.0.1",
		"start_time": seconds(m.started), "elected_time": seconds(m.started),
	}
	slaves, active := []object{}, 0
	for _, s := range m.sortedSlaves() {
		slaves = append(slaves, m.slaveState(s))
		if s.active {
			active++
		}
	}
	out["slaves"], out["activated_slaves"], out["deactivated_slaves"] = slaves, active, len(slaves)-active
	frameworks, completed := []object{}, []object{}
	for _, f := range m.sortedFrameworks() {
		frameworks = append(frameworks, m.frameworkState(f))
	}
	for _, f := range m.removed {
		completed = append(completed, m.frameworkState(f))
	}
	out["frameworks"], out["completed_frameworks"] = frameworks, completed
	return out
}

func (m *master) slaveState(s *slave) object {
	offered := pool{}
	for _, o := range m.offers {
		if o.slave == s {
			offered = offered.plus(o.pool)
		}
	}
	attributes := object{}
	for _, a := range s.agent.config.Attributes {
		attributes[a.Name] = a.Value
	}
	return object{
		"id": s.id, "hostname": s.agent.config.Host, "port": s.agent.port, "pid": s.agent.pid(), "version": mesosVersion,
		"active": s.active, "registered_time": seconds(s.joined), "attributes": attributes,
		"resources": amounts(s.total), "used_resources": amounts(m.used(s)), "offered_resources": amounts(offered),
	}
}

func (m *master) frameworkState(f *framework) object {
	running, ended, unreachable := []object{}, []object{}, []object{}
	for _, t := range f.tasks {
		if terminal(t.state) {
			ended = append(ended, taskState(f, t))
		} else {
			running = append(running, taskState(f, t))
		}
	}
	for _, t := range f.completed {
		ended = append(ended, taskState(f, t))
	}
	for _, t := range f.unreachable {
		unreachable = append(unreachable, taskState(f, t))
	}
	executors, offers := []object{}, []object{}
	for _, s := range m.sortedSlaves() {
		for key := range s.executors {
			if key.framework == f.id {
				executors = append(executors, object{"executor_id": key.executor, "slave_id": s.id})
			}
		}
	}
	for _, o := range m.offers {
		if o.framework == f {
			offers = append(offers, object{"id": o.id, "slave_id": o.slave.id, "resources": amounts(o.pool)})
		}
	}
	return object{
		"id": f.id, "name": f.info.Name, "user": f.info.User, "role": f.role, "roles": []string{f.role}, "hostname": f.info.GetHostname(),
		"webui_url": f.info.GetWebUiURL(), "failover_timeout": f.info.GetFailoverTimeout(), "checkpoint": f.info.GetCheckpoint(),
		"active": f.out != nil, "connected": f.out != nil, "registered_time": seconds(f.registered), "unregistered_time": seconds(f.ended),
		"tasks": running, "completed_tasks": ended, "unreachable_tasks": unreachable, "executors": executors, "offers": offers,
	}
}

func taskState(f *framework, t *task) object {
	statuses := []object{}
	for i := range t.statuses {
		statuses = append(statuses, object{"state": t.statuses[i].GetState().String(), "timestamp": t.statuses[i].GetTimestamp()})
	}
	return object{
		"id": t.info.TaskID.Value, "name": t.info.Name, "framework_id": f.id, "slave_id": t.agent,
		"executor_id": t.info.GetExecutor().GetExecutorID().Value, "state": t.state.String(),
		"resources": amounts(t.taken), "statuses": statuses, "labels": labels(t.info.Labels),
	}
}

func labels(in *wire.Labels) []object {
	out := []object{}
	for _, l := range in.GetLabels() {
		out = append(out, object{"key": l.Key, "value": l.GetValue()})
	}
	return out
}

// amounts sums over reservations, as the web page does.
func amounts(p pool) object {
	out := object{"cpus": 0.0, "mem": 0.0, "disk": 0.0, "gpus": 0.0}
	ranges := map[string][]span{}
	for k, a := range p {
		if len(a.ranges) > 0 {
			ranges[k.name] = union(ranges[k.name], a.ranges)
			out[k.name] = amount{ranges: ranges[k.name]}.String()
		} else {
			before, _ := out[k.name].(float64)
			out[k.name] = before + float64(a.scalar)/1000
		}
	}
	return out
}

func (m *master) metrics() object {
	out := object{"master/elected": 1.0, "master/uptime_secs": time.Since(m.started).Seconds()}
	active, tasks := 0, 0
	for _, s := range m.slaves {
		if s.active {
			active++
		}
	}
	for _, f := range m.frameworks {
		for _, t := range f.tasks {
			if t.state == wire.TASK_RUNNING {
				tasks++
			}
		}
	}
	out["master/slaves_active"], out["master/slaves_connected"] = active, active
	out["master/tasks_running"], out["master/frameworks_active"] = tasks, len(m.frameworks)
	return out
}

func seconds(t time.Time) float64 {
	if t.IsZero() {
		return 0
	}
	return float64(t.UnixMicro()) / 1e6
}
