package alluxio

import (
	"fmt"
	"regexp"
	"strconv"
)

// Java is a Java runtime as it was found.
type Java struct {
	Home  string // the folder that holds bin/java
	Text  string // its version, as `java -version` writes it: "1.8.0_392", "17.0.15"
	Major int    // 8, 17
}

// Traceless keeps a JVM from leaving a file in /tmp/hsperfdata_USER, which is where it puts its counters whatever
// java.io.tmpdir says: the folder stays for ever, and so does the file of a JVM that is killed. jstack and jmap work
// all the same; jstat and jps do not see it. All versions know the option.
const Traceless = "-XX:+PerfDisableSharedMem"

// ParseJavaVersion reads what `java -version` prints (to its standard error). Home is left to the caller.
func ParseJavaVersion(output string) (Java, error) {
	text := regexp.MustCompile(`(?m)^\S+ version "([^"]+)"`).FindStringSubmatch(output)
	if text == nil {
		return Java{}, fmt.Errorf("%.200q is not what `java -version` prints", output)
	}
	numbers := regexp.MustCompile(`^(?:1\.)?(\d{1,4})(?:\D|$)`).FindStringSubmatch(text[1])
	if numbers == nil {
		return Java{}, fmt.Errorf("%q is not a version of Java", text[1])
	}
	major, err := strconv.Atoi(numbers[1])
	if err != nil {
		return Java{}, fmt.Errorf("%q is not a version of Java: %w", text[1], err)
	}
	return Java{Text: text[1], Major: major}, nil
}

// CheckJava says whether Alluxio of version v runs on j. Alluxio 2.x is made for 8 and 11; on 17 and later it runs with
// one more JVM option, which Command adds. The releases between have long had their last update, but nothing in them
// stands in the way, so they are taken too. 1.x wants an 8 (a JDK: its web pages are compiled when first asked for).
func CheckJava(v Version, j Java) error {
	const out = "let alluxio.integration.mesos.jdk.url or jdk.path name one that fits"
	switch {
	case j.Major == 0:
		return fmt.Errorf("the version of Java is not known: %s", out)
	case !v.AtLeast(2, 0) && j.Major != 8:
		return fmt.Errorf("Alluxio %s needs Java 8, not %s: %s", v, j.Text, out)
	case j.Major < 8:
		return fmt.Errorf("Java %s is too old: Alluxio %s needs 8, 11, or 17 and later: %s", j.Text, v, out)
	}
	return nil
}

// javaFlags are what Alluxio needs of this Java beside its own arguments. Since Java 16 the reflection on java.lang
// that Alluxio's libraries do has to be allowed; 9 to 15 only warn of it; 8 does not know the option.
func javaFlags(j Java) []string {
	if j.Major < 9 || j.Major == 11 {
		return nil
	}
	return []string{"--add-opens=java.base/java.lang=ALL-UNNAMED"}
}
