package scheduler

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/alluxio-mesos/alluxio-mesos/plugins/host"
	"github.com/alluxio-mesos/alluxio-mesos/scheduler/spec"
)

const (
	// tryTime is how long the plugins may take to say what they think of their configuration.
	tryTime = 10 * time.Second
	// refusesConfig is what plugins/host says before a plugin's own text.
	refusesConfig = "it refuses its configuration: "
	// lastLines begins what plugins/host adds of the plugin's log.
	lastLines = "; its last lines: "
	// unknownKey is in the text of a plugin that refuses a key, as all of this project word it.
	unknownKey = "unknown key"
)

// tryConfigs gives the shipped plugins that are configured their configuration, on this host, so that a misspelt key is
// found before a task is launched. What else one refuses, such as a file that only agents have, becomes a note; one that
// cannot run here is not asked.
func (r *runner) tryConfigs(ctx context.Context, i *installer) error {
	if r.config.Stop {
		return nil
	}
	shipped, _ := i.shipment.split()
	var asked []host.Plugin
	for _, p := range shipped {
		if p.Config = i.shipment.config[p.Kind+"-"+p.Name]; len(p.Config) > 0 {
			asked = append(asked, p)
		}
	}
	if len(asked) == 0 {
		return nil
	}
	dir, err := i.shipment.store.WorkDir()
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	limited, cancel := context.WithTimeout(ctx, tryTime)
	defer cancel()
	said, err := i.tryAll(limited, asked, dir)
	if err != nil {
		r.log.Debug("cannot try the plugins' configuration on this host", "error", err)
		return ctx.Err()
	}
	notes := slices.Clone(r.config.Deployment.Notes)
	for _, one := range said {
		if one.Err == nil {
			continue
		}
		_, text, refuses := strings.Cut(one.Err.Error(), refusesConfig)
		text, _, _ = strings.Cut(text, lastLines)
		keys := spec.Prefix + one.Kind + "." + one.Name + ".*"
		switch {
		case !refuses:
			r.log.Debug("cannot try a plugin's configuration on this host", "plugin", one.Kind+"-"+one.Name, "error", one.Err)
		case strings.Contains(text, unknownKey) && r.config.Deployment.Folders.Plugins == "":
			return fmt.Errorf("the plugin %s-%s refuses its configuration: %s: correct or remove the key among %s", one.Kind, one.Name, text, keys)
		default:
			notes = append(notes, fmt.Sprintf("on the scheduler's host, the plugin %s-%s refuses its configuration (%s): %s; on the agents it may not, "+
				"if they have what is missing here", one.Kind, one.Name, keys, text))
		}
	}
	r.config.Deployment.Notes = notes
	return ctx.Err()
}
