package steps

import (
	"fmt"

	"github.com/alluxio-mesos/alluxio-mesos/plugins"
)

// permanent marks an error that starting again cannot mend.
func permanent(err error) error { return plugins.AsPermanent(err) }

func permanentf(format string, args ...any) error { return permanent(fmt.Errorf(format, args...)) }
