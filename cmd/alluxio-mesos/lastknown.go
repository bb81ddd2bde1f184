package main

import (
	"github.com/alluxio-mesos/alluxio-mesos/scheduler/client"
)

// lastKnown is what the scheduler of a deployment knew before it died.
func lastKnown(name string) (client.Status, error) {
	var s client.Status
	s.Framework.Name = name
	return s, nil
}
