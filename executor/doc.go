// Package executor is the program that Mesos starts on an agent for one instance of a
// deployment: it takes tasks from the agent, prepares and runs one Alluxio process for
// each, and reports truly what became of them.
//
// Run is its event loop, the only place that sends a final status. Each task has one
// goroutine, which prepares (package steps), starts and watches the process (package
// supervise), and hands its ending back to the loop. The executor outlives its tasks: a
// process that died leaves software, configuration and ramdisk in place for the next
// task.
//
// How Mesos is spoken to is behind mesos.Executor, how software is fetched and ramdisks
// are made behind Host.
package executor
