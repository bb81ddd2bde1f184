package main

import (
	"fmt"
	"io"

	"github.com/alluxio-mesos/alluxio-mesos/cmd/alluxio-mesos/screen"
	"github.com/alluxio-mesos/alluxio-mesos/scheduler/client"
)

// follower prints what changes from one status to the next, a line for each instance.
type follower struct {
	to io.Writer
	// without is the word for an instance that has no task.
	without string
	said    map[string]string
}

func newFollower(to io.Writer, without string) *follower {
	return &follower{to: to, without: without, said: map[string]string{}}
}

func (f *follower) tell(s client.Status) {
	for _, instance := range s.Instances {
		line := f.without
		if len(instance.Tasks) > 0 {
			line = screen.TaskStep(instance.Tasks[0])
		}
		if line != "" && f.said[instance.Name] != line {
			f.said[instance.Name] = line
			fmt.Fprintf(f.to, "%s: %s\n", instance.Name, line)
		}
	}
}
