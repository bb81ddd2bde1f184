// Package suite tries plugins against the contract of package plugins, outside of tests:
// each promise is a Check, and each Check ends in a Verdict. FetcherChecks and
// RamdiskChecks try a value, in memory or at the other end of gRPC; Verify tries an
// executable in any language: how it starts, what it promises, how it takes being killed,
// stopped and lied to, and what it leaves behind. A built-in server offers what fetchers
// of the usual schemes can be tried with.
//
// It is what "alluxio-mesos plugins verify" and the helpers of plugintest run. Plugins that
// are bad on purpose are in plugintest.
package suite
