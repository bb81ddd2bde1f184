package suite

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Check is one promise of the contract.
type Check struct {
	Name string
	// Run says what is wrong; an error of Skip where the promise is not made or cannot be
	// tried, one of Note where it is kept and there is something to tell.
	Run func(ctx context.Context) error
}

// Outcome of a check.
type Outcome string

// Outcomes.
const (
	Passed  Outcome = "passed"
	Failed  Outcome = "failed"
	Skipped Outcome = "skipped"
)

// Verdict is what came of a check.
type Verdict struct {
	Check   string
	Outcome Outcome
	// Why it failed or was skipped; what was measured if it passed.
	Why  string
	Took time.Duration
}

// Skip says that a check does not apply.
func Skip(format string, args ...any) error { return errSkip{fmt.Sprintf(format, args...)} }

// Note says something of a check that passed.
func Note(format string, args ...any) error { return errNote{fmt.Sprintf(format, args...)} }

type errSkip struct{ text string }

func (e errSkip) Error() string { return e.text }

type errNote struct{ text string }

func (e errNote) Error() string { return e.text }

// Judge runs a check.
func Judge(ctx context.Context, check Check) Verdict {
	begun := time.Now()
	err := check.Run(ctx)
	verdict := Verdict{Check: check.Name, Outcome: Passed, Took: time.Since(begun)}
	if err == nil {
		return verdict
	}
	verdict.Why = err.Error()
	var skip errSkip
	var note errNote
	switch {
	case errors.As(err, &skip):
		verdict.Outcome = Skipped
	case !errors.As(err, &note):
		verdict.Outcome = Failed
	}
	return verdict
}
