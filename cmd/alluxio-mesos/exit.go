package main

import (
	"errors"
	"fmt"

	v1 "github.com/alluxio-mesos/alluxio-mesos/mesos/v1"
)

// The exit codes, as the help of the root command lists them.
const (
	exitDone        = 0
	exitFailed      = 1
	exitUsage       = 2
	exitNotRunning  = 3
	exitNotServing  = 4
	exitForGood     = 5 // of fetch alone
	exitInterrupted = 130
)

const exitCodesHelp = `Exit codes:
  0    done
  1    failed; the text says why
  2    wrong usage or configuration; nothing was started
  3    no scheduler of this deployment is running
  4    the deployment does not serve, or not wholly
  130  interrupted before it was done`

// codedError is an error that decides the exit code.
type codedError struct {
	code int
	err  error
}

func (e *codedError) Error() string { return e.err.Error() }
func (e *codedError) Unwrap() error { return e.err }

func withCode(code int, err error) error {
	if err == nil {
		return nil
	}
	return &codedError{code: code, err: err}
}

// addressed makes an address of Mesos that cannot be one a wrong usage.
func addressed(err error) error {
	var wrong *v1.AddressError
	if errors.As(err, &wrong) {
		return withCode(exitUsage, err)
	}
	return err
}

// problems words the errors of a configuration, one in a line.
func problems(of string, err error) error {
	var many interface{ Unwrap() []error }
	if errors.As(err, &many) && len(many.Unwrap()) > 1 {
		return withCode(exitUsage, fmt.Errorf("cannot use %s: %d problems:\n%w", of, len(many.Unwrap()), err))
	}
	return withCode(exitUsage, fmt.Errorf("cannot use %s: %w", of, err))
}
