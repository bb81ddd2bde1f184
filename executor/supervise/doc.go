// Package supervise runs one child process at a time from start to end: in its own
// process group, tied to the life of the executor, its output kept in a bounded log
// and its last lines at hand, asked for readiness until it answers, stopped in steps,
// and its end explained. It also finds who holds a port and what a former executor
// left running.
//
// It knows neither Alluxio nor Mesos: what to run and what an answer is comes from
// package steps, and what the end of a process means for a task from package executor.
package supervise
