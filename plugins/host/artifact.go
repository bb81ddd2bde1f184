package host

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/alluxio-mesos/alluxio-mesos/fetchers/cache"
	"github.com/alluxio-mesos/alluxio-mesos/fetchers/redact"
	"github.com/alluxio-mesos/alluxio-mesos/fetchers/source"
	"github.com/alluxio-mesos/alluxio-mesos/fetchers/unpack"
	"github.com/alluxio-mesos/alluxio-mesos/plugins"
)

// job is one artifact on its way.
type job struct {
	host     *Host
	want     Want
	source   source.Source
	digest   source.Digest // empty: not known
	fetcher  string        // the name of the plugin
	progress func(Progress)
	byteCame func() // is told of each advance
	last     error  // what the last attempt failed with
}

// artifact gets an artifact, and words what goes wrong.
func (h *Host) artifact(ctx context.Context, w Want, progress func(Progress)) (Artifact, error) {
	var last Progress
	j, err := h.newJob(w, func(p Progress) {
		last = p
		progress(p)
	})
	if err != nil {
		return Artifact{}, j.fail(plugins.AsPermanent(err))
	}
	a, err := j.run(ctx)
	if err != nil {
		return Artifact{}, j.fail(err)
	}
	last.Phase = PhaseDone
	progress(last)
	return a, nil
}

// newJob reads what is wanted. The job is usable for fail in any case.
func (h *Host) newJob(w Want, progress func(Progress)) (*job, error) {
	j := &job{host: h, want: w, progress: progress, byteCame: func() {}}
	var err error
	if j.source, err = source.Parse(w.Source); err != nil {
		return j, err
	}
	if j.digest, err = checksum(w.Checksum, j.source.Checksum); err != nil {
		return j, err
	}
	j.fetcher, err = h.fetcherOf(j.source.Scheme)
	return j, err
}

// checksum takes the digest from where it is given: beside the source, or in it.
func checksum(beside, within string) (source.Digest, error) {
	var digests []source.Digest
	for _, text := range []string{beside, within} {
		if text == "" {
			continue
		}
		digest, err := source.ParseDigest(text)
		if err != nil {
			return "", err
		}
		digests = append(digests, digest)
	}
	switch {
	case len(digests) == 0:
		return "", nil
	case len(digests) == 2 && digests[0] != digests[1]:
		return "", fmt.Errorf("two checksums are given that differ: %s, and %s in the source", digests[0], digests[1])
	}
	return digests[0], nil
}

// fetcherOf is the fetcher that serves a scheme: the one that was named, or else one of
// that name.
func (h *Host) fetcherOf(scheme string) (string, error) {
	if name, found := h.cfg.Fetchers[scheme]; found {
		return name, nil
	}
	if validName(scheme) {
		return scheme, nil
	}
	return "", fmt.Errorf("no fetcher serves %q sources; name one with alluxio.integration.mesos.fetcher.%s (served are: %s)",
		scheme, scheme, strings.Join(slices.Sorted(maps.Keys(h.cfg.Fetchers)), ", "))
}

func (j *job) run(ctx context.Context) (Artifact, error) {
	if a, found, err := j.cached(); found || err != nil {
		return a, err
	}
	unlock, err := j.host.cache.Lock(ctx, j.key(), func() { j.progress(Progress{Phase: PhaseWaiting}) })
	if err != nil {
		return Artifact{}, err
	}
	defer unlock()
	if a, found, err := j.cached(); found || err != nil {
		return a, err
	}
	ctx, end := j.impatient(ctx)
	defer end()
	a, err := j.bring(ctx)
	return a, j.outOfPatience(ctx, err)
}

// bring asks the source, and fetches what is not here.
func (j *job) bring(ctx context.Context) (Artifact, error) {
	if a, found, err := j.recalled(ctx); found || err != nil {
		return a, err
	}
	return j.fetch(ctx)
}

// key is what executors that want the same have in common.
func (j *job) key() string {
	if j.digest != "" {
		return string(j.digest)
	}
	return "source " + j.fetcher + " " + j.source.URL
}

// cached looks for the digest in the cache.
func (j *job) cached() (Artifact, bool, error) {
	if j.digest == "" {
		return Artifact{}, false, nil
	}
	return j.lookup(j.digest)
}

func (j *job) lookup(digest source.Digest) (Artifact, bool, error) {
	entry, found, err := j.host.cache.Lookup(digest)
	var damaged *cache.DamagedError
	if errors.As(err, &damaged) {
		j.host.log.Warn("cache entry is damaged; fetching it anew", "artifact", j.want.Artifact, "error", err)
		return Artifact{}, false, nil
	}
	if err != nil || !found {
		return Artifact{}, false, err
	}
	a, err := j.unpacked(entry)
	a.Cached = true
	return a, err == nil, err
}

func (j *job) unpacked(entry cache.Entry) (Artifact, error) {
	dir, err := unpack.TopDir(entry.Dir)
	if err != nil {
		return Artifact{}, err
	}
	return Artifact{Dirs: []string{dir}, Digest: string(entry.Digest)}, nil
}

// fail names what was wanted and from where, and shows no credentials. The kind of the
// error stays.
func (j *job) fail(err error) error {
	text := redact.Text(err.Error())
	if secret := j.source.URL; secret != "" && strings.Contains(secret, "@") {
		text = strings.ReplaceAll(text, secret, redact.URL(secret))
	}
	what := j.want.Artifact
	if what == "" {
		what = "artifact"
	}
	return &textError{fmt.Sprintf("cannot fetch %s from %s: %s", what, redact.URL(j.want.Source), text), err}
}

// textError has the chain of an error and a text of its own.
type textError struct {
	text  string
	cause error
}

func (e *textError) Error() string { return e.text }
func (e *textError) Unwrap() error { return e.cause }
