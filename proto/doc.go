// Package proto holds the project's messages, one folder a protocol: fetcher/v1
// and ramdisk/v1 between the plugin host and its plugins, launch/v1 between the
// scheduler and the executor. The .proto files are the contract; the Go beside
// them is generated (make proto). No logic lives here.
package proto
