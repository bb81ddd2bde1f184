// Package plan decides. Events go in (what Mesos said, that time has passed, that a stop was asked for, how a call
// went), actions come out (save this, call that, done), and nothing else happens: no I/O, no clock, no goroutine. So
// every story of failure can be told as a scenario and checked (testdata/*.txt).
//
// The rules in short. Each instance has a placement (agent, host, ports) that is saved before its first launch and asked
// for again ever after. A task is launched at most once per id; what became of it is learned from updates and, where
// those were lost, by reconciliation. An executor outlives its tasks; whether it still lives, an offer of its agent says
// for sure. Whatever changed in a step is saved before the first call of that step.
//
// Whether an offer fits is scheduler/offer's, what an instance is told is scheduler/spec's.
package plan
