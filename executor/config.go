package executor

import (
	"context"
	"errors"
	"log/slog"
	"os/user"
	"path/filepath"
	"time"

	"github.com/alluxio-mesos/alluxio-mesos/executor/steps"
	"github.com/alluxio-mesos/alluxio-mesos/mesos"
	"github.com/alluxio-mesos/alluxio-mesos/plugins/host"
)

// Host runs the plugins of the deployment; host.Host is one.
type Host interface {
	steps.Host
	// Digests of the plugins in use, by "kind-name".
	Digests() map[string]string
	// Update takes over what a later task names.
	Update(plugins []host.Plugin) error
	// Swap puts newer plugins in the place of those in use, and disturbs no call that goes on.
	Swap(ctx context.Context, newer []host.Plugin) []host.Swapped
	// Close ends all plugin processes.
	Close() error
}

// Config is what an executor works with.
type Config struct {
	// Mesos is the conversation with the agent. Run does not close it.
	Mesos mesos.Executor
	// NewHost makes the plugin host, at the first task.
	NewHost func(host.Config) (Host, error)
	// Sandbox is the folder that Mesos gave us; Alluxio's logs go to logs/ in it.
	Sandbox string
	// Env is the environment of the JVMs, see MinimalEnv.
	Env    []string
	Logger *slog.Logger

	// ProgressInterval is the shortest time between two progress statuses: 1 s.
	ProgressInterval time.Duration
	// KillGrace is for a kill that says nothing of it: 10 s.
	KillGrace time.Duration
	// ShutdownGrace is for a shutdown that says nothing of it: 5 s, as Mesos' own default.
	ShutdownGrace time.Duration
}

func (c Config) withDefaults() (Config, error) {
	switch {
	case c.Mesos == nil || c.NewHost == nil:
		return c, errors.New("an executor needs Mesos and a plugin host")
	case !filepath.IsAbs(c.Sandbox):
		return c, errors.New("no sandbox: MESOS_SANDBOX is not an absolute path")
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	for field, value := range map[*time.Duration]time.Duration{
		&c.ProgressInterval: time.Second, &c.KillGrace: 10 * time.Second, &c.ShutdownGrace: 5 * time.Second,
	} {
		if *field <= 0 {
			*field = value
		}
	}
	return c, nil
}

// MinimalEnv is the environment of a JVM: what programs cannot do without, and nothing
// of what Mesos or the agent's owner put into ours.
func MinimalEnv(getenv func(string) string) []string {
	values := map[string]string{"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8"}
	if u, err := user.Current(); err == nil {
		values["USER"], values["HOME"] = u.Username, u.HomeDir
	}
	var env []string
	for _, name := range []string{"PATH", "HOME", "LANG", "USER"} {
		value := getenv(name)
		if value == "" {
			value = values[name]
		}
		if value != "" {
			env = append(env, name+"="+value)
		}
	}
	return env
}
