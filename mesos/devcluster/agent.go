package devcluster

import (
	"fmt"
	"log/slog"
	"net"
	"path/filepath"
	"strconv"

	wire "github.com/mesos/mesos-go/api/v1/lib"

	"github.com/alluxio-mesos/alluxio-mesos/mesos"
)

// agent runs executors. What a real one would checkpoint to disk stays in this
// value when the agent is killed and started again; its connections do not.
// All methods want the cluster's lock held, but for the HTTP handlers.
type agent struct {
	c          *Cluster
	log        *slog.Logger
	number     int // from 1
	config     Agent
	dir        string
	total      pool
	attributes []wire.Attribute
	cache      *fetchCache

	id         string
	port       int
	server     *server
	up         bool // the agent process is there
	cut        bool // no way between agent and master
	registered bool

	frameworks map[string]*agentFramework
	streams    map[taskKey]*updateStream
}

type agentFramework struct {
	info        wire.FrameworkInfo
	executors   map[string]*executorRun
	terminating bool
}

func newAgent(c *Cluster, number int, config Agent) (*agent, error) {
	total, err := poolOfConfig(config.Resources)
	if err != nil {
		return nil, fmt.Errorf("cannot start agent %d: %w", number, err)
	}
	a := &agent{
		c: c, log: c.log.With("mesos", "agent", "number", number), number: number, config: config, total: total,
		dir:        filepath.Join(c.config.Dir, fmt.Sprintf("agent%d", number)),
		attributes: attributesTo(config.Attributes),
		frameworks: map[string]*agentFramework{}, streams: map[taskKey]*updateStream{},
	}
	a.cache = newFetchCache(filepath.Join(a.dir, "fetch"), c.config.Timing.FetchStall)
	return a, nil
}

func attributesTo(in []mesos.Attribute) []wire.Attribute {
	var out []wire.Attribute
	for _, a := range in {
		attribute := wire.Attribute{Name: a.Name, Type: wire.TEXT, Text: &wire.Value_Text{Value: a.Value}}
		if n, err := strconv.ParseFloat(a.Value, 64); err == nil {
			attribute.Type, attribute.Text, attribute.Scalar = wire.SCALAR, nil, &wire.Value_Scalar{Value: n}
		}
		out = append(out, attribute)
	}
	return out
}

func (a *agent) pid() string { return fmt.Sprintf("slave(1)@127.0.0.1:%d", a.port) }

func (a *agent) endpoint() string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(a.port)) }

// reachable says whether agent and master can speak, and have.
func (a *agent) reachable() bool { return a.up && !a.cut && a.registered && !a.c.master.down }

// link gives the master's record of this agent, or nil without a connection.
func (a *agent) link() *slave {
	if !a.reachable() {
		return nil
	}
	return a.c.master.slaves[a.id]
}

// join registers with the present master.
func (a *agent) join() {
	if !a.up || a.cut || a.c.master.down {
		return
	}
	a.registered = true
	a.c.master.register(a)
	for _, s := range a.streams {
		a.forward(s)
	}
}

// leave breaks the connection to the master.
func (a *agent) leave() {
	if a.registered {
		a.registered = false
		a.c.master.disconnected(a)
	}
}

// runTask hands a task to its executor, which is started if there is none.
func (a *agent) runTask(framework wire.FrameworkInfo, info wire.TaskInfo) {
	id := framework.ID.Value
	af := a.frameworks[id]
	if af == nil {
		af = &agentFramework{info: framework, executors: map[string]*executorRun{}}
		a.frameworks[id] = af
	}
	s := a.openStream(id, info)
	executor := info.Executor.ExecutorID.Value
	run := af.executors[executor]
	if run == nil {
		run = a.newRun(af, *info.Executor)
		af.executors[executor] = run
		run.start()
	}
	if run.state == runTerminating {
		a.agentUpdate(s, wire.TASK_DROPPED, wire.REASON_EXECUTOR_TERMINATED, "Executor terminating")
		return
	}
	run.queue = append(run.queue, info)
	run.launchQueued()
}

// killTask asks the executor to end a task, or drops one that it never saw.
func (a *agent) killTask(framework string, id wire.TaskID, policy *wire.KillPolicy) {
	s := a.streams[taskKey{framework, id.Value}]
	if s == nil {
		return
	}
	run := a.run(executorKey{framework, s.executor})
	if run == nil {
		return
	}
	if run.dequeue(id.Value) {
		a.agentUpdate(s, wire.TASK_KILLED, wire.REASON_TASK_KILLED_DURING_LAUNCH, "A kill task message was received before the task was launched")
		if run.state == runRegistering && len(run.queue) == 0 {
			run.shutdown()
		}
		return
	}
	run.sendKill(id, policy)
}

func (a *agent) run(key executorKey) *executorRun {
	if af := a.frameworks[key.framework]; af != nil {
		return af.executors[key.executor]
	}
	return nil
}

func (a *agent) shutdownExecutor(key executorKey) {
	if run := a.run(key); run != nil {
		run.shutdown()
	}
}

// shutdownFramework ends all executors of a framework that is no more. Nobody
// would acknowledge their updates, so those end with it.
func (a *agent) shutdownFramework(id string) {
	af := a.frameworks[id]
	if af == nil {
		return
	}
	af.terminating = true
	for key, s := range a.streams {
		if key.framework == id {
			s.stop()
			delete(a.streams, key)
		}
	}
	for _, run := range af.executors {
		run.shutdown()
	}
	a.forget(id)
}

// forget drops a framework of which nothing is left.
func (a *agent) forget(id string) {
	af := a.frameworks[id]
	if af == nil || len(af.executors) > 0 {
		return
	}
	for key := range a.streams {
		if key.framework == id {
			return
		}
	}
	delete(a.frameworks, id)
}

func (a *agent) message(key executorKey, data []byte) {
	if run := a.run(key); run != nil {
		run.sendMessage(data)
	}
}

// kill ends the agent process as kill -9 does: connections break, executors stay.
func (a *agent) kill() {
	if !a.up {
		return
	}
	a.leave()
	a.up = false
	a.server.close()
	for _, af := range a.frameworks {
		for _, run := range af.executors {
			run.out = nil
		}
	}
	for _, s := range a.streams {
		s.stop()
	}
}

// recover waits for executors that outlived the agent, then registers.
func (a *agent) recover() {
	waiting := false
	for _, af := range a.frameworks {
		for _, run := range af.executors {
			switch {
			case !af.info.GetCheckpoint():
				run.terminate(wire.REASON_EXECUTOR_TERMINATED, "the agent was restarted, and the framework does not checkpoint")
			case run.state == runRunning || run.state == runRegistering:
				run.recovering, waiting = true, true
			}
		}
	}
	if !waiting {
		a.join()
		return
	}
	a.c.after(a.c.config.Timing.Reregistration, func() {
		for _, af := range a.frameworks {
			for _, run := range af.executors {
				if run.recovering && a.up {
					run.terminate(wire.REASON_EXECUTOR_REREGISTRATION_TIMEOUT,
						fmt.Sprintf("Executor did not reregister within %s", a.c.config.Timing.Reregistration))
				}
			}
		}
		a.join()
	})
}
