// Package plugintest tries any plugin against the contract of package plugins: a fetcher
// or a ramdisk, as a value in memory, over gRPC, or as a binary in a process of its own.
// And it plays bad plugins, real processes that hang, die, lie or flood, for tests of
// those who host plugins.
//
// The checks themselves are in package suite, which knows nothing of testing; FetcherTest,
// RamdiskTest and VerifyTest run them as subtests.
package plugintest
