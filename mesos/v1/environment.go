package v1

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/alluxio-mesos/alluxio-mesos/mesos"
)

// environment is what an agent tells an executor that it starts.
type environment struct {
	framework  mesos.FrameworkID
	executor   mesos.ExecutorID
	agent      mesos.AgentID
	path       string // of the executor API there
	endpoint   string // "host:port" of the agent
	socket     string // path of a unix socket to use instead (Mesos 1.10)
	token      string // to be sent as Bearer (Mesos 1.3)
	checkpoint bool
	recovery   time.Duration // how long the agent may be away
	maxBackoff time.Duration // longest wait between two subscriptions
	grace      time.Duration
}

// readEnvironment collects every problem, since they come together: someone has
// started the executor by hand.
func readEnvironment(getenv func(string) string) (environment, error) {
	env := environment{
		framework:  mesos.FrameworkID(getenv("MESOS_FRAMEWORK_ID")),
		executor:   mesos.ExecutorID(getenv("MESOS_EXECUTOR_ID")),
		agent:      mesos.AgentID(getenv("MESOS_SLAVE_ID")),
		path:       agentPath(getenv("MESOS_SLAVE_PID")),
		endpoint:   getenv("MESOS_AGENT_ENDPOINT"),
		socket:     getenv("MESOS_DOMAIN_SOCKET"),
		token:      getenv("MESOS_EXECUTOR_AUTHENTICATION_TOKEN"),
		checkpoint: getenv("MESOS_CHECKPOINT") == "1",
	}
	var missing []string
	for _, name := range []string{"MESOS_FRAMEWORK_ID", "MESOS_EXECUTOR_ID", "MESOS_AGENT_ENDPOINT"} {
		if getenv(name) == "" {
			missing = append(missing, name)
		}
	}
	if len(missing) > 0 {
		return env, fmt.Errorf("cannot run as a Mesos executor: %s not set; an executor is started by a Mesos agent", strings.Join(missing, ", "))
	}
	for _, d := range []struct {
		name  string
		value *time.Duration
		unset time.Duration
	}{
		{"MESOS_RECOVERY_TIMEOUT", &env.recovery, 15 * time.Minute},
		{"MESOS_SUBSCRIPTION_BACKOFF_MAX", &env.maxBackoff, 2 * time.Second},
		{"MESOS_EXECUTOR_SHUTDOWN_GRACE_PERIOD", &env.grace, 5 * time.Second},
	} {
		var err error
		if *d.value, err = durationOr(getenv(d.name), d.unset); err != nil {
			return env, fmt.Errorf("cannot run as a Mesos executor: %s: %w", d.name, err)
		}
	}
	return env, nil
}

// agentPath is where an agent serves executors. Over TCP the short path is as good;
// over a domain socket only this one is served, as Mesos' own executors use it.
func agentPath(pid string) string {
	if id, _, ok := strings.Cut(pid, "@"); ok {
		return "/" + id + executorPath
	}
	return executorPath
}

func durationOr(text string, unset time.Duration) (time.Duration, error) {
	if text == "" {
		return unset, nil
	}
	return parseDuration(text)
}

// parseDuration reads a duration as Mesos (stout) prints it: "15mins", "2.5secs".
func parseDuration(text string) (time.Duration, error) {
	i := strings.IndexFunc(text, func(r rune) bool { return (r < '0' || r > '9') && r != '.' })
	if i <= 0 {
		return 0, fmt.Errorf("%q is not a duration", text)
	}
	units := map[string]time.Duration{
		"ns": time.Nanosecond, "us": time.Microsecond, "ms": time.Millisecond, "secs": time.Second,
		"mins": time.Minute, "hrs": time.Hour, "days": 24 * time.Hour, "weeks": 7 * 24 * time.Hour,
	}
	n, err := strconv.ParseFloat(text[:i], 64)
	unit, ok := units[text[i:]]
	if err != nil || !ok {
		return 0, fmt.Errorf("%q is not a duration", text)
	}
	return time.Duration(n * float64(unit)), nil
}
