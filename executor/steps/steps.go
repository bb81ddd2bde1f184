package steps

import (
	"context"
	"errors"
	"fmt"
)

// Step is one part of the preparation. Both functions may be called again, also after
// they failed or were cut short by a crash. Undo leaves what must outlive the deployment
// (work folder, journal, root UFS, node cache); nil: there is nothing to undo.
type Step struct {
	Name string
	Do   func(ctx context.Context, j *Job) error
	Undo func(ctx context.Context, j *Job) error
}

// Names of the steps, as reports carry them.
const (
	StepCheck   = "check"
	StepFetch   = "fetch"
	StepHome    = "inspect"
	StepJava    = "java"
	StepRamdisk = "mount"
	StepConf    = "configure"
	StepJournal = "format"
	StepStart   = "start" // Process, and the wait until it serves
)

// Steps in their order.
func Steps() []Step {
	return []Step{
		{StepCheck, check, nil}, // Leave takes it back, once the plugins are gone
		{StepFetch, fetch, nil},
		{StepHome, inspect, nil},
		{StepJava, chooseJava, nil},
		{StepRamdisk, mountRamdisk, unmountRamdisk},
		{StepConf, configure, unconfigure},
		{StepJournal, formatOnce, nil},
	}
}

// Error is a step that failed.
type Error struct {
	Step string
	Err  error
}

func (e *Error) Error() string { return e.Err.Error() }
func (e *Error) Unwrap() error { return e.Err }

// Prepare does all steps. It stops at the first that fails; what was done stays for the
// next attempt.
func Prepare(ctx context.Context, j *Job) error {
	if err := j.Order.Validate(); err != nil {
		return &Error{StepCheck, permanent(err)}
	}
	for _, step := range Steps() {
		if err := ctx.Err(); err != nil {
			return &Error{step.Name, context.Cause(ctx)}
		}
		j.Watch.Step(step.Name)
		if err := step.Do(ctx, j); err != nil {
			return &Error{step.Name, err}
		}
	}
	return nil
}

// Undo takes back, last step first, what the instance has on this node besides what must
// outlive the deployment. It goes on after an error. It touches nothing if the instance is
// not claimed: another executor may be using it.
func Undo(ctx context.Context, j *Job) error {
	if j.Instance.lock == nil {
		return nil
	}
	list := Steps()
	var problems []error
	for i := len(list) - 1; i >= 0; i-- {
		if list[i].Undo == nil {
			continue
		}
		if err := list[i].Undo(ctx, j); err != nil {
			problems = append(problems, err)
		}
	}
	return errors.Join(problems...)
}

// Sweep removes what a dead executor of the instance left, its ramdisk above all. As
// after Prepare, the instance stays claimed for this executor until Leave.
func Sweep(ctx context.Context, j *Job) error {
	if err := j.Order.Validate(); err != nil {
		return &Error{StepCheck, permanent(err)}
	}
	if err := claim(ctx, j); err != nil {
		return &Error{StepCheck, err}
	}
	if err := Undo(ctx, j); err != nil {
		return &Error{StepRamdisk, fmt.Errorf("cannot sweep %s: %w", j.Order.Instance, err)}
	}
	return nil
}
