// Package mesos is the vocabulary in which the rest of the project speaks of
// Apache Mesos: offers, resources, tasks, statuses, and the two conversations a
// framework has, one of its scheduler with the master (Scheduler) and one of its
// executor with the agent (Executor).
//
// The types are plain values, so decisions can be tested without a cluster. The
// connections that carry them live in mesos/v1; an in-process cluster that
// speaks the same HTTP calls lives in mesos/devcluster. Nothing here knows
// Alluxio, and nothing here does I/O.
package mesos
