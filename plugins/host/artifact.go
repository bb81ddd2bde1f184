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
	mirrors  mirrors
	digest   source.Digest // empty: not known
	sums     []sumFile     // where it can be learnt
	progress func(Progress)
	byteCame func() // is told of each advance
	last     error  // what the last attempt failed with
	// process gives the process of a mirror's fetcher, and the function that gives it back.
	process func(context.Context, *mirror) (*process, func(), error)
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
	j.process = j.acquire
	list, err := source.ParseList(w.Source)
	if err != nil {
		return j, err
	}
	for _, s := range list {
		fetcher, err := h.fetcherOf(s.Scheme)
		if err != nil {
			return j, err
		}
		j.mirrors.list = append(j.mirrors.list, &mirror{source: s, fetcher: fetcher})
	}
	j.digest, j.sums, err = checksums(w.Checksum, list)
	return j, err
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
	if err := j.learnDigest(ctx); err != nil {
		return Artifact{}, err
	}
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
	return j.mirrors.list[0].key()
}

// key is under which a source without a digest is known.
func (m *mirror) key() string { return "source " + m.fetcher + " " + m.source.URL }

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
	what := j.want.Artifact
	if what == "" {
		what = "artifact"
	}
	return &textError{fmt.Sprintf("cannot fetch %s from %s: %s", what, source.Show(j.want.Source), j.redacted(err)), err}
}

// redacted is the text of an error without credentials.
func (j *job) redacted(err error) string {
	text := redact.Text(err.Error())
	for _, m := range j.mirrors.list {
		if secret := m.source.URL; strings.Contains(secret, "@") {
			text = strings.ReplaceAll(text, secret, redact.URL(secret))
		}
	}
	return text
}

// textError has the chain of an error and a text of its own.
type textError struct {
	text  string
	cause error
}

func (e *textError) Error() string { return e.text }
func (e *textError) Unwrap() error { return e.cause }
