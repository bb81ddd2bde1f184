// Package alluxio knows what an Alluxio distribution is: its properties (reading, printing, older names, keys that
// hold secrets), its processes, their ports, the Java they run on, their exact command lines and how to ask whether
// they serve. It covers Alluxio 2.9 fully and the differences of 1.8.
//
// It is pure: no Mesos, no plugins, no clock, no I/O of its own. A distribution on disk is looked at through an fs.FS
// that the caller opens.
package alluxio
