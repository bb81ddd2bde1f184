package steps

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/alluxio-mesos/alluxio-mesos/fetchers/redact"
	"github.com/alluxio-mesos/alluxio-mesos/plugins"
	"github.com/alluxio-mesos/alluxio-mesos/plugins/host"
)

// local is the source of software that lies on the node already.
const local = "LOCAL"

// fetch gets Alluxio and the JDK side by side. If one fails the other is not waited for.
func fetch(ctx context.Context, j *Job) error {
	group, ctx := errgroup.WithContext(ctx)
	// Each goroutine works on its own copy; maps of the instance are touched after both.
	alluxioWant, jdkWant := want("alluxio", j.Order.Alluxio), want("jdk", j.Order.JDK)
	group.Go(func() (err error) {
		j.alluxio, err = get(ctx, j, alluxioWant)
		return err
	})
	group.Go(func() (err error) {
		j.jdk, err = get(ctx, j, jdkWant)
		if j.mayDownload(err) {
			jdkWant = vendorWant(j.Order)
			j.jdk, err = getVendorJDK(ctx, j, err)
		}
		return err
	})
	if err := group.Wait(); err != nil {
		return err
	}
	j.Instance.artifacts = map[host.Want]host.Artifact{alluxioWant: j.alluxio, jdkWant: j.jdk}
	return nil
}

func want(artifact string, s Software) host.Want {
	if s.Source == "" {
		s.Source = local
	}
	return host.Want{Artifact: artifact, Source: s.Source, Checksum: s.Checksum, Path: s.Path}
}

func get(ctx context.Context, j *Job, w host.Want) (host.Artifact, error) {
	if known, ok := j.Instance.artifacts[w]; ok && allThere(known.Dirs) {
		j.Watch.Transfer(w.Artifact, host.Progress{Phase: host.PhaseDone})
		return known, nil
	}
	j.Watch.Transfer(w.Artifact, host.Progress{Phase: host.PhaseFetching})
	got, err := j.Tools.Host.Artifact(ctx, w, func(p host.Progress) { j.Watch.Transfer(w.Artifact, p) })
	if err != nil {
		return got, fetchError(ctx, w, err)
	}
	if len(got.Dirs) == 0 {
		return got, fetchError(ctx, w, permanentf("the fetcher of %s found nothing", redact.URL(w.Source)))
	}
	if !got.InPlace && w.Path != "" {
		dir, err := within(got.Dirs[0], w.Path)
		if err != nil {
			return got, permanentf("cannot use %s from %s: %w", w.Artifact, redact.URL(w.Source), err)
		}
		got.Dirs = []string{dir}
	}
	j.Watch.Transfer(w.Artifact, host.Progress{Phase: host.PhaseDone})
	return got, nil
}

func fetchError(ctx context.Context, w host.Want, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if w.Artifact == "jdk" && strings.EqualFold(w.Source, local) && plugins.KindOf(err) == plugins.Permanent {
		return permanentf("%w (or let a JDK be downloaded: set alluxio.integration.mesos.jdk.url)", err)
	}
	return err
}

func allThere(dirs []string) bool {
	for _, dir := range dirs {
		if info, err := os.Stat(dir); err != nil || !info.IsDir() {
			return false
		}
	}
	return len(dirs) > 0
}

// within is a folder of an unpacked archive. The path may begin with the archive's single
// top folder, as alluxio.integration.mesos.jdk.path always did, or below it.
func within(top, path string) (string, error) {
	if !filepath.IsLocal(path) {
		return "", fmt.Errorf("the path %q leaves the archive", path)
	}
	if dir := filepath.Join(top, path); allThere([]string{dir}) {
		return dir, nil
	}
	first, rest, _ := strings.Cut(filepath.Clean(path), string(filepath.Separator))
	if dir := filepath.Join(top, rest); first == filepath.Base(top) && allThere([]string{dir}) {
		return dir, nil
	}
	return "", fmt.Errorf("the archive has no folder %q", path)
}
