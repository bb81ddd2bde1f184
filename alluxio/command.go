package alluxio

import (
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"
)

// Run is what a command line of Alluxio needs to know.
type Run struct {
	Home       Home
	Java       Java
	ConfDir    string   // holds alluxio-site.properties and log4j.properties
	LogsDir    string   // where log4j writes; user/ is made below it
	JVMOptions []string // the operator's, one argument each
	Console    bool     // log to the standard output as well
}

// Command returns the argv of a process, with the same arguments in the same order as Alluxio's own scripts of this
// version give them, but for two things. The class path has no empty element, which Java would read as the current
// folder. And only what may not stand in a site file is given as -D: all other properties, secrets above all, come
// from the site file in ConfDir.
func Command(p Process, r Run) ([]string, error) {
	prog, known := programOf(p, r.Home.Version)
	if !known {
		return nil, fmt.Errorf("cannot start %s: Alluxio %s has no such process", p, r.Home.Version)
	}
	if err := checkOptions(r.JVMOptions); err != nil {
		return nil, fmt.Errorf("cannot start %s: %w", p, err)
	}
	fixed := append([]string{loggerType(prog.logger, r)}, prog.audit...)
	defaults := missing(prog.defaults, r.JVMOptions)
	if !r.Home.Version.AtLeast(2, 0) {
		return slices.Concat(r.java(r.Home.ServerJar), r.JVMOptions, r.common(), fixed, defaults, []string{prog.main}), nil
	}
	return slices.Concat(r.java(r.Home.ServerJar), fixed, r.common(), r.JVMOptions, defaults, []string{prog.main}), nil
}

// FormatCommand returns the argv that formats the journal of a master or the storage of a worker. It deletes what is
// there. No other process needs formatting: a job master does it itself.
func FormatCommand(p Process, r Run) ([]string, error) {
	prog, known := programOf(p, r.Home.Version)
	if !known || prog.formats == "" {
		return nil, fmt.Errorf("cannot format for %s: it needs no formatting", p)
	}
	if err := checkOptions(r.JVMOptions); err != nil {
		return nil, fmt.Errorf("cannot format for %s: %w", p, err)
	}
	return slices.Concat(r.java(r.Home.ServerJar), r.common(), r.JVMOptions,
		[]string{loggerType("USER_LOGGER", r), "alluxio.cli.Format", prog.formats}), nil
}

// ShellCommand returns the argv of Alluxio's file system shell ("ls", "/").
func ShellCommand(r Run, args ...string) []string {
	jar := r.Home.ClientJar
	if jar == "" {
		jar = r.Home.ServerJar
	}
	return slices.Concat(r.java(jar), r.common(), r.JVMOptions,
		[]string{loggerType("USER_LOGGER", r), "alluxio.cli.fs.FileSystemShell"}, args)
}

// java is the program, what this Java needs, and the class path.
func (r Run) java(jar string) []string {
	argv := append([]string{path.Join(r.Java.Home, "bin", "java")}, javaFlags(r.Java)...)
	return append(argv, "-cp", strings.TrimSuffix(r.ConfDir, "/")+"/:"+jar)
}

// common is the block that alluxio-config.sh makes for every process, without what belongs into the site file.
func (r Run) common() []string {
	args := []string{
		"-Dalluxio.home=" + r.Home.Dir,
		"-Dalluxio.conf.dir=" + r.ConfDir,
		"-Dalluxio.logs.dir=" + r.LogsDir,
	}
	modern := r.Home.Version.AtLeast(2, 0)
	if modern {
		args = append(args, "-Dalluxio.user.logs.dir="+path.Join(r.LogsDir, "user"))
	}
	args = append(args,
		"-Dlog4j.configuration=file:"+path.Join(r.ConfDir, "log4j.properties"),
		"-Dorg.apache.jasper.compiler.disablejsr199=true",
		"-Djava.net.preferIPv4Stack=true")
	if modern {
		args = append(args, "-Dorg.apache.ratis.thirdparty.io.netty.allocator.useCacheForAllThreads=false")
	}
	return args
}

// loggerType is what launch-process -c does: the console first, then the log file.
func loggerType(logger string, r Run) string {
	if r.Console {
		logger = "Console," + logger
	}
	return "-Dalluxio.logger.type=" + logger
}

// missing are the defaults of which the options have none of the kind: -Xmx8g is one with -Xmx1g, and so is
// -XX:MaxRAMPercentage=50.
func missing(defaults, options []string) []string {
	var absent []string
	for _, option := range defaults {
		kinds := []string{"-Xmx", "-XX:MaxHeapSize=", "-XX:MaxRAMPercentage="}
		if name, _, hasValue := strings.Cut(option, "="); hasValue {
			kinds = []string{name + "="}
		}
		if !slices.ContainsFunc(options, func(given string) bool { return hasAnyPrefix(given, kinds) }) {
			absent = append(absent, option)
		}
	}
	return absent
}

func hasAnyPrefix(s string, prefixes []string) bool {
	return slices.ContainsFunc(prefixes, func(prefix string) bool { return strings.HasPrefix(s, prefix) })
}

// checkOptions keeps JVM options from naming a class to run or showing a secret in the process list.
func checkOptions(options []string) error {
	var problems []error
	for i, option := range options {
		key, _, _ := strings.Cut(strings.TrimPrefix(option, "-D"), "=")
		switch {
		case !strings.HasPrefix(option, "-"):
			problems = append(problems, fmt.Errorf("JVM option %d does not begin with -: join an option and its value with =", i+1))
		case strings.HasPrefix(option, "-D") && IsSecret(key):
			problems = append(problems, fmt.Errorf("JVM option -D%s would show a secret in the process list: set it in the site file", key))
		case hasAnyPrefix(option, []string{"-cp", "-classpath", "--class-path", "-jar"}):
			problems = append(problems, fmt.Errorf("JVM option %s would replace Alluxio's class path: leave it out", key))
		}
	}
	return errors.Join(problems...)
}
