// Package artifacts hands agents the binaries of a deployment, the executor and its plugins, over HTTP: exactly these,
// under addresses that contain their sha256, as they were when the scheduler started or a plugin was installed. It
// decides where to listen: on the local address that reaches the Mesos master, unless told otherwise, and on the same
// port as the last time.
package artifacts
