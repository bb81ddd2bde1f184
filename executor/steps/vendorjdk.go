package steps

import (
	"context"
	"fmt"
	"time"

	"github.com/alluxio-mesos/alluxio-mesos/fetchers/redact"
	"github.com/alluxio-mesos/alluxio-mesos/plugins"
	"github.com/alluxio-mesos/alluxio-mesos/plugins/host"
)

// vendorPatience is how long the vendor's server may take to its first byte. On a closed
// network nothing ever comes, and the operator is to hear of it soon.
const vendorPatience = 15 * time.Second

// mayDownload says whether err, of looking for a Java on the node, is mended by the vendor's JDK.
func (j *Job) mayDownload(err error) bool {
	return err != nil && plugins.KindOf(err) == plugins.Permanent && j.Order.VendorJDK.Source != ""
}

func vendorWant(o Order) host.Want {
	w := want("jdk", o.VendorJDK)
	w.Patience = vendorPatience
	return w
}

// getVendorJDK downloads the JDK that is pinned for this architecture, since there is no
// other; unfit says why.
func getVendorJDK(ctx context.Context, j *Job, unfit error) (host.Artifact, error) {
	from := redact.URL(j.Order.VendorJDK.Source)
	j.Watch.Notice("no Java on this agent fits, so one comes from " + from)
	got, err := get(ctx, j, vendorWant(j.Order))
	if err == nil || ctx.Err() != nil {
		return got, err
	}
	return got, fmt.Errorf("%w: set alluxio.integration.mesos.jdk.url to a source that the agents can reach, or install a "+
		"JDK and let alluxio.integration.mesos.jdk.path name it (%s)", err, unfit.Error())
}
