// Package steps holds what an executor does on its node before an Alluxio process can
// run: one file per step (Do, Undo, both repeatable), ordered in one list (Steps), and
// the command line and readiness that come out of them (Process).
//
// A step works on a Job: the scheduler's Order, what earlier steps found, and the
// Instance, which keeps between tasks what need not be made again. How to fetch or to
// mount is the plugins' business behind Host; what becomes of errors and progress that
// of package executor.
package steps
