// Package state keeps what must outlive a scheduler in one folder of its host, ~/.alluxio-mesos/NAME: the state of the
// plan (state.json), the lock against a second scheduler, where the API answers (api), the token for its POSTs (token),
// and the plugins that were installed into the deployment (plugins). Files are replaced whole or not at all. What the state means is scheduler/plan's.
package state
