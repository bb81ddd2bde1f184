// Package devcluster is a small Mesos inside the calling process: a master and
// agents on loopback that speak the v1 scheduler and executor HTTP calls, offer
// resources, fetch URIs, make sandboxes of the real layout and run executors as
// real processes. What it does it does as Mesos 1.11 does; package mesos/v1 and the
// tests that run on both see no difference.
//
// It is for one developer's machine and for tests: there is no authentication, no
// isolation, one master, and nothing is stored across processes. Decisions of a
// framework have no place here.
package devcluster
