package host

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"

	"github.com/alluxio-mesos/alluxio-mesos/fetchers/cache"
	"github.com/alluxio-mesos/alluxio-mesos/fetchers/source"
	"github.com/alluxio-mesos/alluxio-mesos/plugins"
)

// transfer moves the bytes of a source into a file, in as many attempts as it takes, by
// as many processes of the fetcher as it takes, while a pass reads after it.
type transfer struct {
	job   *job
	stage *cache.Stage
	ctx   context.Context // of all attempts; the pass lives in it
	files int

	path      string // the download, a fresh file each time it is begun anew
	pass      *pass
	offset    int64 // right bytes in the file, from its start
	total     int64 // of the source; 0: unknown
	validator string
	best      int64 // the highest offset ever
	noted     int64 // the offset that was noted last
	pieces    int   // attempts that brought bytes of this file
	mismatch  bool  // a file of several pieces had the wrong digest once
	served    Served
}

// fetched is a transfer that went well: a tree to commit, or folders in place.
type fetched struct {
	inPlace   []string
	digest    source.Digest
	validator string
	bytes     int64
}

// fetch gets the artifact with its fetcher, and puts it into the cache.
func (j *job) fetch(ctx context.Context) (Artifact, error) {
	stage, err := j.host.cache.Stage()
	if err != nil {
		return Artifact{}, err
	}
	defer func() {
		if err := stage.Discard(); err != nil {
			j.host.log.Warn("cannot clean up after a fetch", "error", err)
		}
	}()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	t := &transfer{job: j, stage: stage, ctx: ctx}
	defer t.abandon()
	got, err := t.run()
	if err != nil {
		return Artifact{}, err
	}
	if got.inPlace != nil {
		return Artifact{Dirs: got.inPlace, InPlace: true, Served: t.served}, nil
	}
	stage.Describe(j.origin())
	entry, err := stage.Commit(got.digest)
	if err != nil {
		return Artifact{}, err
	}
	j.remember(got)
	a, err := j.unpacked(entry)
	a.Served = t.served
	a.Served.Bytes = got.bytes
	return a, err
}

// origin is what people who list the cache are told: of several mirrors the one that serves.
func (j *job) origin() cache.Origin {
	return cache.Origin{Artifact: j.want.Artifact, Source: j.mirrors.now().source.String()}
}

func (t *transfer) abandon() {
	if t.pass != nil {
		t.pass.abandon()
	}
}

func (t *transfer) run() (fetched, error) {
	line := &t.job.mirrors
	tries := tries{policy: line.policy(t.job.host.cfg.Retry)}
	if err := t.begin(); err != nil {
		return fetched{}, err
	}
	for {
		best, from := t.best, line.now()
		got, err := t.attempt()
		if err == nil {
			return got, nil
		}
		if t.ctx.Err() != nil {
			return fetched{}, context.Cause(t.ctx)
		}
		t.job.last = err
		full := t.isFull(err)
		if full && !t.madeRoom() {
			t.failed(from, err)
			return fetched{}, t.noRoom(err)
		}
		if full {
			t.failed(from, err, "next", nextAttempt(0))
		} else if err := t.again(&tries, from, err, t.best > best); err != nil {
			return fetched{}, err
		}
		if full || t.outdated(err, line.now() != from) {
			if err := t.beginAnew(); err != nil {
				return fetched{}, err
			}
		}
	}
}

// again waits for the next attempt, and tells what the last one failed with and when the
// next one comes. It returns an error where there is none.
func (t *transfer) again(tries *tries, from *mirror, err error, won bool) error {
	told := false
	attempt := func() string { return fmt.Sprintf("%d of %d", tries.failed, tries.policy.Attempts) }
	tries.next = func(wait time.Duration) {
		told = true
		t.failed(from, err, "attempt", attempt(), "next", nextAttempt(wait))
	}
	end := t.job.mirrors.again(t.ctx, tries, err, won)
	if !told && t.ctx.Err() == nil {
		t.failed(from, err, "attempt", attempt())
	}
	return end
}

func nextAttempt(wait time.Duration) string {
	if wait == 0 {
		return "at once"
	}
	return "in " + wait.Round(time.Millisecond).String()
}

// failed tells of an attempt that failed. Where nothing else is left to try, it is the caller's to tell.
func (t *transfer) failed(from *mirror, err error, more ...any) {
	level := slog.LevelWarn
	if plugins.KindOf(err) == plugins.Permanent && len(t.job.mirrors.list) == 1 {
		level = slog.LevelInfo
	}
	var about []any
	if artifact := t.job.want.Artifact; artifact != "" {
		about = append(about, "artifact", artifact)
	}
	about = append(about, "source", from.source, "plugin", id(plugins.KindFetcher, from.fetcher), "bytes", t.offset, "total", t.total)
	t.job.host.log.Log(t.ctx, level, "fetch failed", append(append(about, more...), "error", t.job.redacted(err))...)
}

// outdated says that no attempt can go on from the bytes that are here. Those of one mirror
// and those of another may make one file only where a digest proves in the end that they
// do: that two servers use the same validator proves nothing.
func (t *transfer) outdated(err error, moved bool) bool {
	if moved {
		t.mismatch = false
	}
	return plugins.KindOf(err) == plugins.Changed || t.pass.ctx.Err() != nil || moved && t.job.digest == ""
}

// littleRoom is so few bytes that a disk counts as full.
const littleRoom = 256 << 10

// isFull tells whether an error comes from a full disk. A fetcher's own error only arrives
// as text, so the disk itself is asked, too.
func (t *transfer) isFull(err error) bool {
	if errors.Is(err, unix.ENOSPC) || errors.Is(err, unix.EDQUOT) {
		return true
	}
	var stat unix.Statfs_t
	return unix.Statfs(t.job.host.cache.Dir(), &stat) == nil && stat.Bavail*uint64(stat.Bsize) < littleRoom
}

// noRoom says what to do about an error that comes from a full disk.
func (t *transfer) noRoom(err error) error {
	// The same bytes will not fit a moment later.
	return &givenUp{fmt.Errorf("%w; the disk is full: make room in %s, or set alluxio.integration.mesos.cache.dir",
		err, t.job.host.cache.Dir())}
}

// unpackedRatio is how much larger than an archive what is in it mostly is, itself included.
const unpackedRatio = 5

// madeRoom evicts from the cache what nobody uses, and tells whether there was any of that.
func (t *transfer) madeRoom() bool {
	if t.ctx.Err() != nil {
		return false
	}
	need := unpackedRatio * t.total
	if need == 0 {
		need = 1 << 30 // nobody knows yet
	}
	freed := t.job.host.cache.MakeRoom(need)
	if freed > 0 {
		t.job.host.log.Warn("the disk was full; evicted from the cache what nobody uses", "dir", t.job.host.cache.Dir(), "bytes", freed)
	}
	return freed > 0
}

// begin goes on where a killed process left off, or else begins anew.
func (t *transfer) begin() error {
	if t.job.digest == "" {
		return t.beginAnew()
	}
	left, found := t.stage.Resume(t.job.digest)
	if !found {
		return t.beginAnew()
	}
	t.job.host.log.Info("going on with the download of a killed process", "artifact", t.job.want.Artifact, "bytes", left.Bytes, "total", left.Total)
	t.path = filepath.Join(t.stage.Downloads(), left.File)
	if err := t.readAnew(); err != nil {
		return err
	}
	t.offset, t.best, t.noted, t.total, t.validator, t.pieces = left.Bytes, left.Bytes, left.Bytes, left.Total, left.Validator, 1
	t.pass.growth.set(t.offset, false)
	return nil
}

// noteEvery is how many bytes may come before it is noted how far the download is.
const noteEvery = 1 << 20

// note keeps how far the download is, for who comes after this process if it is killed.
// Without a note there is nothing but more to download.
func (t *transfer) note() {
	if t.job.digest == "" || t.validator == "" || t.offset < t.noted+noteEvery {
		return
	}
	t.noted = t.offset
	if err := t.stage.Note(cache.Partial{
		Origin: t.job.origin(), Digest: t.job.digest, File: filepath.Base(t.path), Bytes: t.offset, Total: t.total, Validator: t.validator,
	}); err != nil {
		t.job.host.log.Debug("cannot note how far a download is", "error", err)
	}
}

// beginAnew takes a fresh file and nothing of what was before.
func (t *transfer) beginAnew() error {
	if t.path != "" {
		_ = os.Remove(t.path) // goes with the stage otherwise
	}
	t.files++
	path, err := t.stage.NewFile(fmt.Sprintf("file-%d", t.files), 0) // there may be one of a killed process
	if err != nil {
		return err
	}
	t.path = path
	return t.readAnew()
}

// readAnew reads the file from its start again.
func (t *transfer) readAnew() error {
	t.abandon()
	tree, err := t.stage.NewTree()
	if err != nil {
		return err
	}
	t.offset, t.noted, t.total, t.validator, t.pieces = 0, 0, 0, "", 0
	t.pass = startPass(t.ctx, passFiles{
		download: t.path, name: t.job.name(), tree: tree,
		limits: t.job.host.cfg.Limits, digested: t.job.digest != "",
	})
	return nil
}

// attempt fetches what is missing, and finishes the pass if that goes well.
func (t *transfer) attempt() (fetched, error) {
	result, err := t.move()
	if err != nil {
		return fetched{}, err
	}
	if len(result.InPlace) > 0 {
		return t.inPlace(result)
	}
	return t.finish(result)
}

func (t *transfer) inPlace(result plugins.FetchResult) (fetched, error) {
	if t.job.digest != "" {
		return fetched{}, plugins.AsPermanent(errors.New("a checksum was given, but the software lies on the node already " +
			"and is used in place, where it has none; leave the checksum out"))
	}
	for _, dir := range result.InPlace {
		if !filepath.IsAbs(dir) {
			return fetched{}, plugins.AsPermanent(fmt.Errorf("the fetcher answered with %q, which is no absolute path", dir))
		}
	}
	return fetched{inPlace: result.InPlace}, nil
}

// finish waits for hash and tree of the whole file, and judges them.
func (t *transfer) finish(result plugins.FetchResult) (fetched, error) {
	if err := t.complete(result.Bytes); err != nil {
		return fetched{}, err
	}
	t.job.progress(Progress{Bytes: result.Bytes, Total: result.Bytes, Phase: PhaseUnpacking})
	p := t.pass
	p.end(result.Bytes)
	if p.hashErr != nil {
		return fetched{}, p.hashErr
	}
	if err := t.judge(p.digest); err != nil {
		return fetched{}, err
	}
	if p.treeErr != nil {
		return fetched{}, p.treeErr
	}
	validator := result.Validator
	if validator == "" {
		validator = t.validator
	}
	return fetched{digest: p.digest, validator: validator, bytes: result.Bytes}, nil
}

// complete checks what the fetcher says to have brought.
func (t *transfer) complete(size int64) error {
	has, err := t.size()
	switch {
	case err != nil:
		return err
	case size < 0 || size > has:
		return plugins.AsPermanent(fmt.Errorf("the fetcher reported %d bytes, but the file has %d", size, has))
	case size < t.total:
		return fmt.Errorf("it ended after %d of %d bytes", size, t.total)
	case size < t.offset:
		return plugins.AsChanged(fmt.Errorf("the fetcher reported %d bytes, and then that all are %d", t.offset, size))
	}
	return nil
}

// size is that of the file on the disk, and of nothing that a fetcher put in its place.
func (t *transfer) size() (int64, error) {
	info, err := os.Lstat(t.path)
	switch {
	case err != nil:
		return 0, fmt.Errorf("cannot look at the download: %w", err)
	case !info.Mode().IsRegular():
		return 0, plugins.AsPermanent(errNoFile)
	}
	return info.Size(), nil
}

// judge compares digests. A file that came in several pieces gets a second chance as a
// whole: the source may have changed between them in a way that the fetcher cannot notice.
func (t *transfer) judge(got source.Digest) error {
	want := t.job.digest
	if want == "" || got == want {
		return nil
	}
	err := fmt.Errorf("%w; either the source is not what it should be, or the checksum is of something else",
		&cache.DigestError{Expected: want, Got: got})
	if t.pieces > 1 && !t.mismatch {
		t.mismatch = true
		return plugins.AsChanged(err)
	}
	return plugins.AsPermanent(err)
}

func (j *job) name() string {
	if name := j.mirrors.now().source.Name(); name != "" {
		return name
	}
	return "the download"
}
