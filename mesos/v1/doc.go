// Package v1 connects a scheduler to a Mesos master and an executor to a Mesos
// agent over the v1 HTTP APIs, which are stable since Mesos 1.0. It finds the
// leading master, authenticates, subscribes and subscribes again, watches
// heartbeats, and keeps what was not acknowledged; what it hands out and takes in
// are the plain types of package mesos.
//
// It uses the wire types of mesos-go but not its HTTP client, whose state machine
// allows neither resubscribing under a running reader nor a call timeout. No
// decision about offers or tasks is made here.
package v1
