package steps

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/alluxio-mesos/alluxio-mesos/alluxio"
	"github.com/alluxio-mesos/alluxio-mesos/executor/supervise"
	"github.com/alluxio-mesos/alluxio-mesos/fetchers/redact"
)

// javaPatience bounds `java -version`, which takes 0.1 s on an idle machine.
const javaPatience = 20 * time.Second

// chooseJava takes the first Java that fits the Alluxio found. Where none on the node does,
// and the operator named no other, the vendor's is downloaded.
func chooseJava(ctx context.Context, j *Job) error {
	err := firstThatFits(ctx, j)
	if !j.jdk.InPlace || !j.mayDownload(err) {
		return err
	}
	jdk, err := getVendorJDK(ctx, j, err)
	if err != nil {
		return err
	}
	j.jdk = jdk
	j.Instance.artifacts[vendorWant(j.Order)] = jdk
	return firstThatFits(ctx, j)
}

// firstThatFits names those that do not, if none does.
func firstThatFits(ctx context.Context, j *Job) error {
	advice := errors.New("let alluxio.integration.mesos.jdk.url or jdk.path name a JDK that fits")
	var refused []string
	for _, dir := range j.jdk.Dirs {
		java, err := askJava(ctx, j, dir)
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if err != nil {
			refused = append(refused, fmt.Sprintf("%s (%s)", dir, err))
			continue
		}
		if err := alluxio.CheckJava(j.Home.Version, java); err != nil {
			refused, advice = append(refused, fmt.Sprintf("%s (%s)", dir, java.Text)), err
			continue
		}
		j.Java = java
		return nil
	}
	from := ""
	if !j.jdk.InPlace {
		from = ", which came from " + redact.URL(j.Order.JDK.Source)
	}
	return permanentf("no Java for Alluxio %s among %s%s: %w", j.Home.Version, strings.Join(refused, ", "), from, advice)
}

// askJava runs `java -version`, once per folder and executor.
func askJava(ctx context.Context, j *Job, dir string) (alluxio.Java, error) {
	if java, ok := j.Instance.javas[dir]; ok {
		return java, nil
	}
	program := filepath.Join(dir, "bin", "java")
	if _, err := os.Stat(program); err != nil {
		return alluxio.Java{}, errors.New("there is no bin/java in it")
	}
	limited, cancel := context.WithTimeoutCause(ctx, javaPatience, fmt.Errorf("java -version did not end within %s", javaPatience))
	defer cancel()
	out, err := j.Tools.Run(limited, supervise.Config{
		Name: "java -version", Argv: []string{program, alluxio.Traceless, "-version"}, Env: j.env(), Logger: j.Tools.Logger,
	})
	if err != nil {
		return alluxio.Java{}, err
	}
	if !out.Exit.OK() {
		return alluxio.Java{}, fmt.Errorf("java -version %s, and said %q", out.Exit, strings.Join(out.Lines, " "))
	}
	java, err := alluxio.ParseJavaVersion(strings.Join(out.Lines, "\n"))
	if err != nil {
		return alluxio.Java{}, err
	}
	java.Home = dir
	if j.Instance.javas == nil {
		j.Instance.javas = map[string]alluxio.Java{}
	}
	j.Instance.javas[dir] = java
	return java, nil
}
