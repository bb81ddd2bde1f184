package steps

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/alluxio-mesos/alluxio-mesos/alluxio"
	"github.com/alluxio-mesos/alluxio-mesos/fetchers/redact"
)

// inspect finds out what was fetched: an Alluxio distribution, or a clear no.
func inspect(_ context.Context, j *Job) error {
	var problems []error
	for _, dir := range j.alluxio.Dirs {
		home, err := alluxio.InspectHome(os.DirFS(dir), dir)
		if err == nil {
			j.Home = home
			return nil
		}
		problems = append(problems, err)
	}
	advice := "check alluxio.integration.mesos.alluxio.jar.url"
	if j.alluxio.InPlace {
		advice = "check alluxio.home, or set alluxio.integration.mesos.alluxio.jar.url to an archive"
	}
	return permanent(fmt.Errorf("cannot use %s: %w: %s", redact.URL(j.Order.Alluxio.Source), errors.Join(problems...), advice))
}
