// Package mesostest gives tests a Mesos: the embedded one of mesos/devcluster, or a
// real one started by test/realmesos, behind one type, so that one test body runs
// on both. It also scripts faults: agents and masters that die and come back,
// executors killed, updates dropped, delayed or sent twice.
//
// Only tests import it.
package mesostest
