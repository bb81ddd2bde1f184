package supervise

import (
	"context"
	"errors"
	"log/slog"
	"time"
)

// Config says what to run and how to watch it. Only Name and Argv must be set; New
// defaults fill the rest.
type Config struct {
	// Name for logs and errors: "master".
	Name string
	Argv []string
	Dir  string
	// Env is all of the child's environment.
	Env []string

	// Log is the file for what the process writes; empty: nothing is written down.
	Log string
	// LogBytes is the size at which Log is moved to Log.1 and begun anew; LogFiles how
	// many such older files are kept.
	LogBytes int64
	LogFiles int
	// TailLines is how many of the last lines are kept in memory.
	TailLines int
	// Redact is applied to each line before it is written or kept; nil: nothing is done.
	Redact func(string) string

	// Ready asks whether the process serves; nil: it counts as serving once started.
	Ready Probe
	// The first question comes after ProbeInterval; the pause grows to ProbeMax.
	ProbeInterval, ProbeMax time.Duration
	// ProbeTimeout bounds one question.
	ProbeTimeout time.Duration
	// StartTimeout is how long the process may take until it serves; 0: for ever.
	StartTimeout time.Duration
	// StopGrace is how long a process that missed StartTimeout gets after SIGTERM.
	StopGrace time.Duration

	Logger *slog.Logger
}

// Probe asks a process whether it serves; nil means yes. pid leads its process group.
type Probe func(ctx context.Context, pid int) error

func (c Config) validate() error {
	switch {
	case c.Name == "":
		return errors.New("a process without a name")
	case len(c.Argv) == 0:
		return errors.New("an empty command line")
	}
	return nil
}

func (c Config) withDefaults() Config {
	fill(&c.LogBytes, 32<<20)
	fill(&c.LogFiles, 3)
	fill(&c.TailLines, 40)
	fill(&c.ProbeInterval, 100*time.Millisecond)
	fill(&c.ProbeMax, time.Second)
	fill(&c.ProbeTimeout, 5*time.Second)
	fill(&c.StopGrace, 5*time.Second)
	if c.Redact == nil {
		c.Redact = func(line string) string { return line }
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	return c
}

func fill[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}
