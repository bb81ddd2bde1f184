package alluxio

import (
	"errors"
	"fmt"
)

// jvmOnly are the properties that Alluxio refuses in a site file ("must be a JVM property"): isIgnoredSiteProperty in
// 2.9's PropertyKey, which a test compares. The text is the way out.
func jvmOnly() []struct{ key, advice string } {
	const ours = "remove it: alluxio-mesos sets it for each process"
	const option = "give it as -D in alluxio.integration.mesos.PROCESS.java.opts"
	return []struct{ key, advice string }{
		{"alluxio.conf.dir", ours},
		{"alluxio.logs.dir", ours},
		{"alluxio.user.logs.dir", ours},
		{"alluxio.site.conf.dir", ours},
		{"alluxio.version", "remove it: the distribution knows it; alluxio.integration.mesos.alluxio.version chooses one"},
		{"alluxio.logserver.hostname", option},
		{"alluxio.logserver.port", option},
		{"alluxio.logserver.logs.dir", option},
		{"alluxio.master.skip.root.acl.check", option},
	}
}

// CheckSite reports, all together, the properties with which Alluxio of version v would not start, since they may not
// stand in a site file.
func CheckSite(p Properties, v Version) error {
	var problems []error
	for _, only := range jvmOnly() {
		if _, set := p.Get(only.key); set {
			problems = append(problems, fmt.Errorf("%s may not stand in the site file of Alluxio %s, "+
				"which refuses to start with it: %s", only.key, v, only.advice))
		}
	}
	return errors.Join(problems...)
}
