package host

import (
	"context"

	"github.com/alluxio-mesos/alluxio-mesos/fetchers/cache"
	"github.com/alluxio-mesos/alluxio-mesos/plugins"
)

// recalled finds a source without a digest by what it held before. The fetcher is asked
// to go on from the end: where the source still has the validator, there is nothing to
// go on with, and the answer costs no more than a question. It is told so with a file of
// that length, whose content it has no reason to read.
func (j *job) recalled(ctx context.Context) (Artifact, bool, error) {
	if j.digest != "" {
		return Artifact{}, false, nil
	}
	for _, m := range j.mirrors.list {
		record, found := j.host.cache.Recall(m.key())
		if !found {
			continue
		}
		a, found, err := j.lookup(record.Digest)
		if !found || err != nil {
			return Artifact{}, false, err
		}
		unchanged, err := j.unchanged(ctx, m, record)
		if err == nil {
			return a, unchanged, nil
		}
		j.host.log.Info("cannot tell whether the source is the same as before", "artifact", j.want.Artifact, "error", j.fail(err))
	}
	return Artifact{}, false, nil
}

func (j *job) unchanged(ctx context.Context, m *mirror, record cache.Record) (bool, error) {
	p, release, err := j.process(ctx, m)
	if err != nil {
		return false, err
	}
	defer release()
	if !p.info.Resumes {
		return false, nil
	}
	stage, err := j.host.cache.Stage()
	if err != nil {
		return false, err
	}
	defer func() { _ = stage.Discard() }()
	path, err := stage.NewFile("known", record.Bytes)
	if err != nil {
		return false, err
	}
	return j.ask(ctx, p, m, path, record)
}

func (j *job) ask(ctx context.Context, p *process, m *mirror, path string, record cache.Record) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, j.host.cfg.StallTimeout)
	defer cancel()
	changed := false
	result, err := p.fetcher.Fetch(ctx, plugins.FetchRequest{
		Source: m.source.URL, File: path, Offset: record.Bytes, Validator: record.Validator,
		Artifact: j.want.Artifact, Path: j.want.Path,
	}, func(at plugins.Progress) {
		if at.Bytes != record.Bytes || (at.Total > 0 && at.Total != record.Bytes) {
			changed = true
			cancel()
		}
	})
	if changed || plugins.KindOf(err) == plugins.Changed {
		return false, nil
	}
	return err == nil && result.Bytes == record.Bytes && result.Validator == record.Validator, p.explain(err)
}

// remember notes what the source held, to find it again without a fetch.
func (j *job) remember(got fetched) {
	if j.digest != "" {
		return
	}
	record := cache.Record{Digest: got.digest, Validator: got.validator, Bytes: got.bytes}
	if err := j.host.cache.Remember(j.mirrors.now().key(), record); err != nil {
		j.host.log.Warn("cannot remember a source", "artifact", j.want.Artifact, "error", err)
	}
}
