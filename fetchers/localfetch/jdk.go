package localfetch

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// findJDKs names the folders with a bin/java: path alone if it is given, or else all that
// the patterns match, each folder once and without links.
func findJDKs(patterns []string, path string) ([]string, error) {
	if path != "" {
		return jdkAt(path)
	}
	var homes []string
	for _, pattern := range patterns {
		for _, candidate := range matches(pattern) {
			home, err := filepath.EvalSymlinks(candidate)
			if err == nil && !slices.Contains(homes, home) && checkJava(home) == nil {
				homes = append(homes, home)
			}
		}
	}
	if len(homes) == 0 {
		return nil, fmt.Errorf("cannot find a Java on this node: no folder with a bin/java among %s; install a JDK "+
			"there, set alluxio.integration.mesos.jdk.path to where one lies on the agents, or "+
			"alluxio.integration.mesos.jdk.url to a source to fetch one from", strings.Join(patterns, " "))
	}
	return homes, nil
}

func jdkAt(path string) ([]string, error) {
	err := checkJava(path)
	if !filepath.IsAbs(path) {
		err = errors.New("that is not an absolute path")
	}
	if err != nil {
		return nil, fmt.Errorf("cannot use the Java at %s: %w; set alluxio.integration.mesos.jdk.path to a JDK's folder "+
			"on the agents, or alluxio.integration.mesos.jdk.url to a source to fetch one from", path, err)
	}
	return []string{filepath.Clean(path)}, nil
}

// checkJava says why a folder is no JDK or JRE.
func checkJava(home string) error {
	if _, err := os.Stat(home); err != nil {
		return cause(err)
	}
	info, err := os.Stat(filepath.Join(home, "bin", "java"))
	switch {
	case err != nil:
		return fmt.Errorf("bin/java: %w", cause(err))
	case !info.Mode().IsRegular() || info.Mode()&0o111 == 0:
		return errors.New("bin/java cannot be executed")
	}
	return nil
}

// matches are what a pattern finds, lower version numbers first: Alluxio 2.9 was made for
// Java 8 and 11, and runs on later ones with more flags.
func matches(pattern string) []string {
	found, err := filepath.Glob(pattern)
	if err != nil {
		return nil // readConfig has checked the patterns
	}
	slices.SortStableFunc(found, compareNumbers)
	return found
}

// compareNumbers compares as people read names: java-9 comes before java-11.
func compareNumbers(a, b string) int {
	for a != "" && b != "" {
		na, nb := digits(a), digits(b)
		if na > 0 && nb > 0 {
			x, y := strings.TrimLeft(a[:na], "0"), strings.TrimLeft(b[:nb], "0")
			if len(x) != len(y) {
				return len(x) - len(y)
			}
			if c := strings.Compare(x, y); c != 0 {
				return c
			}
			a, b = a[na:], b[nb:]
			continue
		}
		if a[0] != b[0] {
			return int(a[0]) - int(b[0])
		}
		a, b = a[1:], b[1:]
	}
	return len(a) - len(b)
}

func digits(s string) int {
	n := 0
	for n < len(s) && s[n] >= '0' && s[n] <= '9' {
		n++
	}
	return n
}
