// Package deploy lets tests deploy Alluxio as an operator does: with the built commands
// in bin/, on an embedded or a real Mesos, from outside. A deployment has a home folder,
// a node folder and a ramdisk folder of its own, and ends with its test: what it left
// running or mounted fails the test.
//
// Only tests import it. Nothing here reaches into the packages that it tests, but for
// the types in which the API answers.
package deploy
