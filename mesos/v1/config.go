package v1

import (
	"log/slog"
	"time"

	"github.com/alluxio-mesos/alluxio-mesos/mesos"
)

// SchedulerConfig says which Mesos to join, and as whom. Zero durations take the
// defaults given here.
type SchedulerConfig struct {
	// Masters is "host:port[,host:port...]", "http://host:port", or
	// "zk://[user:password@]host:port[,host:port...]/path".
	Masters string
	// Framework as it introduces itself. Its ID is empty at the first
	// registration, and later the one that an earlier Subscribed event carried.
	Framework mesos.FrameworkInfo
	// Principal and Secret are sent by HTTP basic authentication, if set.
	Principal string
	Secret    string
	Logger    *slog.Logger

	// ConnectTimeout bounds how long a master may take to answer a SUBSCRIBE (10 s).
	ConnectTimeout time.Duration
	// CallTimeout bounds any other call (75 s, as long as five missed heartbeats).
	CallTimeout time.Duration
	// Backoff is the longest wait between two attempts to subscribe (15 s).
	Backoff time.Duration
}

func (c SchedulerConfig) withDefaults() SchedulerConfig {
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	setDefault(&c.ConnectTimeout, 10*time.Second)
	setDefault(&c.CallTimeout, 75*time.Second)
	setDefault(&c.Backoff, 15*time.Second)
	return c
}

// ExecutorConfig is where an executor learns about its agent.
type ExecutorConfig struct {
	// Getenv reads the environment that the agent gave; os.Getenv outside tests.
	Getenv func(string) string
	Logger *slog.Logger
}

func setDefault(d *time.Duration, value time.Duration) {
	if *d == 0 {
		*d = value
	}
}
