package scheduler

import (
	"context"
	"fmt"

	v1 "github.com/alluxio-mesos/alluxio-mesos/mesos/v1"
)

// namesakes looks at a first start for frameworks of the name: another host may run the deployment, or the state of it
// was lost. A second framework would put another master, with an empty journal, beside the first. One that has nothing
// and nobody is what a scheduler left that was killed before it could save the id; it is taken over.
func (r *runner) namesakes(ctx context.Context) error {
	if r.config.Connect != nil || r.file.Plan.Framework != "" {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, pingTimeout)
	defer cancel()
	found, err := v1.Namesakes(ctx, r.link(r.info()))
	if err != nil { // Mesos may not let a framework look
		r.log.Warn("cannot tell whether the deployment is registered with Mesos already", "error", err)
		return nil
	}
	for _, f := range found {
		if f.Connected || f.Busy || !f.Same {
			return r.registered(f)
		}
	}
	if len(found) > 0 {
		r.log.Info("takes over a framework that has nothing yet", "id", found[0].ID)
		r.file.Plan.Framework = found[0].ID
	}
	return nil
}

func (r *runner) registered(f v1.Namesake) error {
	who := "no scheduler is connected"
	if f.Connected {
		who = "its scheduler runs on host " + f.Host
	}
	return fmt.Errorf("cannot deploy %s a second time: Mesos has framework %s of that name already (%s), of which %s knows nothing: "+
		"go on where its state.json is, or put that file back here; if it is lost, tear the framework down "+
		"(POST /teardown to the Mesos master, with frameworkId=%s) and start again on the host of its master "+
		"(start MESOS HOST), where its journal is; for another deployment set another alluxio.integration.mesos.framework.name",
		r.config.Deployment.Name, f.ID, who, r.dir.Path(), f.ID)
}
