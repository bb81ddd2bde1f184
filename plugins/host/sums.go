package host

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/alluxio-mesos/alluxio-mesos/fetchers/source"
	"github.com/alluxio-mesos/alluxio-mesos/plugins"
)

// maxSums bounds a checksum file, and what is read of one.
const maxSums = 64 << 10

// checksums takes the digest from where it is given: beside the sources, or in one of them.
// Where it stands in a file instead, it returns these files, in the order of the sources.
func checksums(beside string, list []source.Source) (source.Digest, []sumFile, error) {
	var given []string
	if beside != "" && beside != source.ChecksumBeside {
		given = append(given, beside)
	}
	var files []sumFile
	for _, s := range list {
		if s.Checksum != "" {
			given = append(given, s.Checksum)
		}
		file, err := sumFileOf(beside, s)
		if err != nil {
			return "", nil, err
		}
		if file != (sumFile{}) {
			files = append(files, file)
		}
	}
	var digest source.Digest
	for _, text := range given {
		d, err := source.ParseDigest(text)
		if err != nil {
			return "", nil, err
		}
		if digest != "" && d != digest {
			return "", nil, fmt.Errorf("two checksums are given that differ: %s, and %s in the source", digest, d)
		}
		digest = d
	}
	if digest != "" && len(files) > 0 {
		return "", nil, fmt.Errorf("the checksum %s is given, and a file with a checksum, too; keep one of the two", digest)
	}
	return digest, files, nil
}

// sumFile is a file that holds the digest of a file called name.
type sumFile struct {
	source source.Source
	name   string
}

func sumFileOf(beside string, s source.Source) (sumFile, error) {
	var file source.Source
	var err error
	switch {
	case s.ChecksumFile != "":
		file, err = source.Parse(s.ChecksumFile)
	case beside == source.ChecksumBeside:
		file, err = s.Beside()
	default:
		return sumFile{}, nil
	}
	return sumFile{source: file, name: s.Name()}, err
}

// learnDigest reads the digest out of the file that holds it, before anything else is
// asked or looked for.
func (j *job) learnDigest(ctx context.Context) error {
	if len(j.sums) == 0 {
		return nil
	}
	ctx, end := j.impatient(ctx)
	defer end()
	line, names := &mirrors{}, map[*mirror]string{}
	for _, file := range j.sums {
		fetcher, err := j.host.fetcherOf(file.source.Scheme)
		if err != nil {
			return plugins.AsPermanent(err)
		}
		m := &mirror{source: file.source, fetcher: fetcher}
		line.list, names[m] = append(line.list, m), file.name
	}
	tries := tries{policy: line.policy(j.host.cfg.Retry)}
	for {
		m := line.now()
		digest, err := j.readDigest(ctx, m, names[m])
		if err == nil {
			j.digest = digest
			return nil
		}
		j.host.log.Warn("cannot learn the digest", "artifact", j.want.Artifact, "source", m.source, "error", j.fail(err))
		if ctx.Err() == nil {
			j.last = err
		}
		if err := line.again(ctx, &tries, err, false); err != nil {
			return line.unlearnt(j.outOfPatience(ctx, err))
		}
	}
}

// unlearnt says of an error that it is about a checksum file.
func (m *mirrors) unlearnt(err error) error {
	if len(m.list) == 1 {
		return fmt.Errorf("cannot learn its digest from %s: %w", m.now().source, err)
	}
	return fmt.Errorf("cannot learn its digest: %w", err)
}

// readDigest fetches one checksum file.
func (j *job) readDigest(ctx context.Context, m *mirror, name string) (source.Digest, error) {
	p, release, err := j.process(ctx, m)
	if err != nil {
		return "", err
	}
	defer release()
	stage, err := j.host.cache.Stage()
	if err != nil {
		return "", err
	}
	defer func() { _ = stage.Discard() }()
	path, err := stage.NewFile("sums", 0)
	if err != nil {
		return "", err
	}
	if err := j.fetchSums(ctx, p, m, path); err != nil {
		return "", err
	}
	sums, err := readSums(path)
	if err != nil {
		return "", err
	}
	digest, err := source.DigestOf(sums, name)
	if err != nil {
		return "", plugins.AsPermanent(fmt.Errorf("%w; give the digest itself, sha256: and 64 hex digits", err))
	}
	return digest, nil
}

var errTooLarge = fmt.Errorf("it has more than %d bytes, which is the most that a checksum file may have", maxSums)

func (j *job) fetchSums(ctx context.Context, p *process, m *mirror, path string) error {
	stall := j.host.cfg.StallTimeout
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	limited, stop := context.WithTimeoutCause(ctx, stall, errStalled)
	defer stop()
	result, err := p.fetcher.Fetch(limited, plugins.FetchRequest{Source: m.source.URL, File: path, Artifact: j.want.Artifact},
		func(at plugins.Progress) {
			if max(at.Bytes, at.Total) > maxSums {
				cancel(errTooLarge)
			}
		})
	switch {
	case errors.Is(context.Cause(ctx), errTooLarge):
		return plugins.AsPermanent(errTooLarge)
	case errors.Is(context.Cause(limited), errStalled):
		j.host.killIfHung(ctx, p)
		return fmt.Errorf("it did not come within %s", stall)
	case err != nil:
		return p.explain(err)
	}
	return checkSums(path, result)
}

// checkSums holds what the fetcher says to have brought against the file.
func checkSums(path string, result plugins.FetchResult) error {
	info, err := os.Lstat(path)
	switch {
	case err != nil:
		return plugins.AsPermanent(fmt.Errorf("the fetcher left no checksum file: %w", err))
	case max(result.Bytes, info.Size()) > maxSums:
		return plugins.AsPermanent(errTooLarge)
	case len(result.InPlace) > 0 || result.Bytes != info.Size():
		return plugins.AsPermanent(fmt.Errorf("the fetcher reported %d bytes and wrote %d", result.Bytes, info.Size()))
	}
	return nil
}

// readSums reads no more than a checksum file may have, whatever lies there by now.
func readSums(path string) ([]byte, error) {
	file, err := openDownload(path)
	if err != nil {
		return nil, fmt.Errorf("cannot read the checksum file: %w", err)
	}
	defer file.Close()
	sums, err := io.ReadAll(io.LimitReader(file, maxSums))
	if err != nil {
		return nil, fmt.Errorf("cannot read the checksum file: %w", err)
	}
	return sums, nil
}
