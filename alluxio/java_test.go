package alluxio_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/alluxio-mesos/alluxio-mesos/alluxio"
)

func TestParseJavaVersion(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		output, text string
		major        int
	}{
		{"java version \"1.7.0_80\"\nJava(TM) SE Runtime Environment (build 1.7.0_80-b15)\n", "1.7.0_80", 7},
		{"openjdk version \"1.8.0_392\"\n", "1.8.0_392", 8},
		{"openjdk version \"9\"\n", "9", 9},
		{"openjdk version \"11.0.21\" 2023-10-17\nOpenJDK Runtime Environment Temurin\n", "11.0.21", 11},
		{"Picked up JAVA_TOOL_OPTIONS: -Xmx1g\nopenjdk version \"17.0.15\" 2025-04-15\n", "17.0.15", 17},
		{"openjdk version \"26-ea\" 2026-03-17\n", "26-ea", 26},
	} {
		java, err := alluxio.ParseJavaVersion(c.output)
		require.NoError(t, err, c.output)
		assert.Equal(t, alluxio.Java{Text: c.text, Major: c.major}, java)
	}
	for _, output := range []string{"", "sh: java: not found", `openjdk version "x"`, `openjdk version "99999"`} {
		_, err := alluxio.ParseJavaVersion(output)
		assert.Error(t, err, output)
	}
}

func TestCheckJava(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		version string
		java    alluxio.Java
		problem string
	}{
		{"2.9.6", alluxio.Java{Text: "1.8.0_392", Major: 8}, ""},
		{"2.9.6", alluxio.Java{Text: "11", Major: 11}, ""},
		{"2.9.6", alluxio.Java{Text: "14", Major: 14}, ""},
		{"2.9.6", alluxio.Java{Text: "17", Major: 17}, ""},
		{"2.9.6", alluxio.Java{Text: "25", Major: 25}, ""},
		{"2.9.6", alluxio.Java{Text: "1.7.0_80", Major: 7}, "Java 1.7.0_80 is too old: Alluxio 2.9.6 needs 8, 11, or 17 and later: " +
			"let alluxio.integration.mesos.jdk.url or jdk.path name one that fits"},
		{"2.9.6", alluxio.Java{}, "the version of Java is not known: let alluxio.integration.mesos.jdk.url or jdk.path name one that fits"},
		{"1.8.2", alluxio.Java{Text: "1.8.0_392", Major: 8}, ""},
		{"1.8.2", alluxio.Java{Text: "11", Major: 11}, "Alluxio 1.8.2 needs Java 8, not 11: " +
			"let alluxio.integration.mesos.jdk.url or jdk.path name one that fits"},
	} {
		err := alluxio.CheckJava(version(t, c.version), c.java)
		if c.problem == "" {
			assert.NoError(t, err)
			continue
		}
		assert.EqualError(t, err, c.problem)
	}
}
