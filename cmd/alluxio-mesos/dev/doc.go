// Package dev is the deployment of "alluxio-mesos dev": an embedded Mesos and a
// scheduler in this process, executors and plugins as processes of their own, all of
// it below one folder of the user's. It proves that Alluxio works by writing a file
// and reading it back, and it leaves nothing behind: what runs is stopped by the same
// plan as any deployment, then ended, and what an earlier run left is swept first.
//
// Scheduler, executor and plugins do not know that they run here. Flags are read in
// cmd/alluxio-mesos.
package dev
