package supervise

import "context"

// Outcome is what became of a command that was run to its end.
type Outcome struct {
	Exit Exit
	// Lines are the last lines that it wrote.
	Lines []string
}

// Run runs a command to its end, or until ctx is over. An error says that it could not
// be started, or that ctx ended first; how it ended is in the Outcome.
func (l *Launcher) Run(ctx context.Context, cfg Config) (Outcome, error) {
	if err := ctx.Err(); err != nil {
		return Outcome{}, err
	}
	p, err := l.Start(cfg)
	if err != nil {
		return Outcome{}, err
	}
	select {
	case <-p.Done():
	case <-ctx.Done():
		if err := p.Stop(context.Background(), p.cfg.StopGrace); err != nil {
			return Outcome{}, err
		}
		if p.Exit().Asked {
			return Outcome{Exit: p.Exit(), Lines: p.Tail()}, context.Cause(ctx)
		}
	}
	return Outcome{Exit: p.Exit(), Lines: p.Tail()}, nil
}
