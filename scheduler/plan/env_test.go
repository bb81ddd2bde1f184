package plan

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/alluxio-mesos/alluxio-mesos/alluxio"
	"github.com/alluxio-mesos/alluxio-mesos/mesos"
	launchv1 "github.com/alluxio-mesos/alluxio-mesos/proto/launch/v1"
	"github.com/alluxio-mesos/alluxio-mesos/scheduler/offer"
	"github.com/alluxio-mesos/alluxio-mesos/scheduler/spec"
)

// env is a plan in a small world: agents that run the executors that were launched, and a clock.
type env struct {
	out    strings.Builder
	now    time.Time
	d      spec.Deployment
	saved  Saved
	plan   *Plan
	ids    int
	agents map[string]*world
	// tasks by instance, the latest launched; offers are numbered.
	tasks  map[string]mesos.TaskInfo
	offers int
	// lost makes the next call of a kind get lost on its way.
	lost string
	// plugins that are shipped, and those that were.
	plugins, older []*launchv1.Plugin
}

type world struct {
	id, host   string
	resources  []mesos.Resource
	attributes []mesos.Attribute
	executors  []mesos.ExecutorID
}

func newEnv() *env {
	return &env{now: time.Unix(0, 0).UTC(), agents: map[string]*world{}, tasks: map[string]mesos.TaskInfo{}, d: deploymentForTests()}
}

func deploymentForTests() spec.Deployment {
	process := func(kind alluxio.Process, name string, ports ...spec.Port) spec.Process {
		return spec.Process{Kind: kind, TaskName: name, CPUs: 1, Memory: spec.Memory{Task: 1024 * spec.MB}, Ports: ports, Options: []string{"-Xmx640m"}}
	}
	return spec.Deployment{
		Name: "alluxio", FailoverTimeout: 14 * 24 * time.Hour, PortSource: spec.PortsFixed, Journal: "UFS",
		Master: process(alluxio.Master, "AlluxioMaster", spec.Port{Name: "rpc", Property: "alluxio.master.rpc.port", Number: 19998},
			spec.Port{Name: "web", Property: "alluxio.master.web.port", Number: 19999}),
		Worker: process(alluxio.Worker, "AlluxioWorker", spec.Port{Name: "rpc", Property: "alluxio.worker.rpc.port", Number: 29999},
			spec.Port{Name: "web", Property: "alluxio.worker.web.port", Number: 30000}),
		UFS:     spec.RootUFS{URI: "hdfs://namenode/alluxio"},
		Ramdisk: spec.Ramdisk{Plugin: "tmpfs", Dir: "/mnt/alluxio-mesos", Size: 256 * spec.MB},
		Folders: spec.Folders{Node: "/var/lib/alluxio-mesos", Cache: "/var/lib/alluxio-mesos/cache"},
	}
}

// run carries out one command of a story.
func (e *env) run(words []string) error {
	verb, args := words[0], words[1:]
	switch verb {
	case "deploy":
		return e.deploy(args)
	case "agent":
		return e.agent(args)
	case "start":
		return e.start(slices.Contains(args, "stop"))
	case "subscribed":
		e.step(Heard{mesos.Subscribed{Framework: "fw", Master: "mesos:5050"}})
	case "disconnected":
		e.step(Heard{mesos.Disconnected{}})
	case "failed":
		e.step(Heard{mesos.Failed{Message: strings.Join(args, " ")}})
	case "offer":
		return e.offer(args)
	case "update":
		return e.update(args)
	case "executor-dies":
		return e.executorDies(args)
	case "ended": // an executor, without a word
		w := e.agents[args[0]]
		w.executors = slices.DeleteFunc(slices.Clone(w.executors), func(id mesos.ExecutorID) bool { return string(id) == args[1] })
	case "agent-lost":
		e.step(Heard{mesos.AgentLost{Agent: mesos.AgentID(args[0])}})
	case "tick":
		return e.tick(args[0])
	case "lose":
		e.lost = args[0]
	case "stop":
		e.step(StopRequested{})
	case "ship":
		return e.ship(args)
	case "unship":
		return e.unship(args)
	case "answer":
		return e.answer(args)
	case "says":
		e.said(args[0], strings.Join(args[1:], " "))
	case "swaps":
		e.swaps()
	case "view":
		e.view()
	case "state":
		e.state()
	default:
		return fmt.Errorf("there is no command %s", verb)
	}
	return nil
}

// deploy changes the deployment: workers=N ports=offer host=H ufs=local ramdisk=MB.
func (e *env) deploy(args []string) error {
	for _, arg := range args {
		key, value, _ := strings.Cut(arg, "=")
		number, _ := strconv.Atoi(value)
		switch key {
		case "workers":
			e.d.WorkerCount = number
		case "ports":
			e.d.PortSource = spec.PortSource(value)
		case "host":
			e.d.MasterHost = value
		case "ufs":
			e.d.UFS = spec.RootUFS{URI: "/ufs", Local: true}
		case "ramdisk":
			e.d.Ramdisk.Size = int64(number) * spec.MB
		case "constraints":
			e.d.Constraints, _ = offer.ParseConstraints(value)
		default:
			return fmt.Errorf("deploy knows no %s", key)
		}
	}
	return nil
}

// agent defines an agent: agent ID HOST cpus=4 mem=4096 ports=19998-19999,29999-30000 rack=r1
func (e *env) agent(args []string) error {
	w := &world{id: args[0], host: args[1]}
	if old := e.agents[w.id]; old != nil {
		w.executors = old.executors
	}
	for _, arg := range args[2:] {
		key, value, _ := strings.Cut(arg, "=")
		switch key {
		case "cpus", "mem":
			amount, err := strconv.ParseFloat(value, 64)
			if err != nil {
				return err
			}
			w.resources = append(w.resources, mesos.Resource{Name: key, Scalar: amount})
		case "ports":
			w.resources = append(w.resources, mesos.Resource{Name: key, Ranges: ranges(value)})
		default:
			w.attributes = append(w.attributes, mesos.Attribute{Name: key, Value: value})
		}
	}
	e.agents[w.id] = w
	return nil
}

func ranges(text string) []mesos.Range {
	var all []mesos.Range
	for _, part := range strings.Split(text, ",") {
		var r mesos.Range
		if n, _ := fmt.Sscanf(part, "%d-%d", &r.Begin, &r.End); n == 2 {
			all = append(all, r)
		}
	}
	return all
}

func (e *env) start(stop bool) error {
	p, err := New(Config{
		Deployment: e.d, ExecutorURL: "http://scheduler/executor", Stop: stop, Plugins: e.plugins, Older: e.older,
		NewID: func() string { e.ids++; return strconv.Itoa(e.ids) },
	}, e.saved, e.now)
	if err != nil {
		return err
	}
	e.plan = p
	return nil
}

// offer makes one batch with an offer of each agent named.
func (e *env) offer(ids []string) error {
	var offers []mesos.Offer
	for _, id := range ids {
		w := e.agents[id]
		if w == nil {
			return fmt.Errorf("there is no agent %s", id)
		}
		e.offers++
		offers = append(offers, mesos.Offer{ID: mesos.OfferID(fmt.Sprint("o", e.offers)), Agent: mesos.AgentID(id), Host: w.host,
			Resources: w.resources, Attributes: w.attributes, Executors: w.executors})
	}
	e.step(Heard{mesos.Offers{Offers: offers}})
	return nil
}

// update tells the state of an instance's latest task (or of a task id): update INSTANCE STATE [key=value or flag]...
func (e *env) update(args []string) error {
	s := mesos.Status{Task: mesos.TaskID(args[0]), State: mesos.TaskState("TASK_" + args[1]), UUID: []byte("uuid")}
	if task, ok := e.tasks[args[0]]; ok {
		s.Task, s.Agent, s.Executor = task.ID, task.Agent, task.Executor.ID
	}
	report := &launchv1.Report{}
	for _, arg := range args[2:] {
		key, value, _ := strings.Cut(arg, "=")
		value = strings.ReplaceAll(value, "_", " ")
		switch key {
		case "message":
			s.Message = value
		case "reason":
			s.Reason, s.UUID = "REASON_"+strings.ReplaceAll(value, " ", "_"), nil
		case "mounted":
			report.RamdiskMounted = true
		case "journal":
			report.JournalFormatted = true
		case "permanent":
			report.Permanent = true
		case "step":
			report.Phase, report.Step = launchv1.Report_PREPARING, value
		case "notice":
			report.Notices = append(report.Notices, value)
		case "agent":
			s.Agent = mesos.AgentID(value)
		case "uses":
			name, digest, _ := strings.Cut(value, ":")
			report.Plugins = map[string]string{"fetcher-" + name: digest}
		default:
			return fmt.Errorf("update knows no %s", key)
		}
	}
	if s.Reason == "" {
		report.Pid = 1 // so that the data is never empty: an executor of ours sent it
		s.Data, _ = proto.Marshal(report)
	}
	e.step(Heard{mesos.Update{Status: s}})
	return nil
}

// executorDies ends the executor of an instance: executor-dies INSTANCE [STATUS] [silently]
func (e *env) executorDies(args []string) error {
	task, ok := e.tasks[args[0]]
	if !ok {
		return fmt.Errorf("%s was never launched", args[0])
	}
	w := e.agents[string(task.Agent)]
	w.executors = slices.DeleteFunc(slices.Clone(w.executors), func(id mesos.ExecutorID) bool { return id == task.Executor.ID })
	if slices.Contains(args, "silently") {
		return nil
	}
	status := 9
	if len(args) > 1 {
		status, _ = strconv.Atoi(args[1])
	}
	e.step(Heard{mesos.ExecutorLost{Agent: task.Agent, Executor: task.Executor.ID, WaitStatus: status}})
	return nil
}

// tick lets time pass, a second at a time, as the loop does.
func (e *env) tick(text string) error {
	d, err := time.ParseDuration(text)
	if err != nil {
		return err
	}
	for end := e.now.Add(d); e.now.Before(end); {
		e.now = e.now.Add(min(time.Second, end.Sub(e.now)))
		e.step(Tick{})
	}
	return nil
}

// step gives the plan an event and shows and does what it answers.
func (e *env) step(event Event) {
	if e.plan == nil {
		e.out.WriteString("no scheduler runs\n")
		return
	}
	for _, action := range e.plan.Step(e.now, event) {
		switch a := action.(type) {
		case Save:
			e.saved = a.State
			e.out.WriteString("save\n")
		case Call:
			e.called(a.Call)
		case Done:
			fmt.Fprintf(&e.out, "done: %v\n", a.Err)
			e.plan = nil
			return
		}
		if e.plan == nil {
			return
		}
	}
}

func (e *env) called(call mesos.Call) {
	text := print(call)
	verb, _, _ := strings.Cut(text, " ")
	var err error
	if e.lost == verb {
		e.lost, err = "", fmt.Errorf("the master did not answer")
		text += " (lost)"
	}
	fmt.Fprintln(&e.out, text)
	if accept, ok := call.(mesos.Accept); ok {
		e.launched(accept, err == nil)
	}
	e.step(Called{call, err})
}

func (e *env) launched(accept mesos.Accept, arrived bool) {
	for _, task := range accept.Tasks {
		instance := strings.Split(string(task.ID), ".")
		key := instance[1]
		if instance[2] == spec.SweepProcess {
			key = spec.SweepProcess
		}
		e.tasks[key] = task
		w := e.agents[string(task.Agent)]
		if arrived && !slices.Contains(w.executors, task.Executor.ID) {
			w.executors = append(slices.Clone(w.executors), task.Executor.ID)
		}
	}
}
