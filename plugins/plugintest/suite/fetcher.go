package suite

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/alluxio-mesos/alluxio-mesos/plugins"
)

// FetcherWorld is what a fetcher's checks need around it.
type FetcherWorld struct {
	// Config for Init.
	Config map[string]string
	// Serve makes a source that holds data, and gives it as FetchRequest.Source.
	Serve func(data []byte) (string, error)
	// Change makes a source of Serve hold other data. Nil: sources cannot change.
	Change func(source string, data []byte) error
	// Missing is a source that is not there, Bad one that cannot be understood. Empty: none.
	Missing, Bad string
	// InPlace is a request that is answered in place. Nil: none.
	InPlace *plugins.FetchRequest
	// Given is the one source that there is, where none can be made. Nil: Serve makes them.
	Given *Given
}

// Given is a source with its content.
type Given struct {
	Source string
	Data   []byte
}

// serveGiven serves the given source whatever it is to hold.
func (w FetcherWorld) serveGiven() FetcherWorld {
	w.Serve = func([]byte) (string, error) { return w.Given.Source, nil }
	return w
}

// want is what a source that was served to hold data holds.
func (w FetcherWorld) want(data []byte) []byte {
	if w.Given != nil {
		return w.Given.Data
	}
	return data
}

// FetcherChecks are all promises of a fetcher. They run in order: the first calls Init,
// the last Shutdown. Downloads go to folders below dir.
func FetcherChecks(f plugins.Fetcher, dir string, world FetcherWorld) []Check {
	c := &fetcherChecks{f: f, dir: dir, FetcherWorld: world}
	checks := []Check{
		{"info", c.info},
		{"init", func(ctx context.Context) error { return f.Init(ctx, world.Config) }},
		{"whole", c.whole},
	}
	checks = append(checks, c.further()...)
	return append(checks, Check{"shutdown", func(ctx context.Context) error { return f.Shutdown(ctx) }})
}

// further are the checks that need no more than that "whole" passed.
func (c *fetcherChecks) further() []Check {
	return []Check{
		{"empty", c.empty},
		{"longer file there before", c.longerFile},
		{"missing", func(ctx context.Context) error { return c.permanent(ctx, c.Missing) }},
		{"bad source", func(ctx context.Context) error { return c.permanent(ctx, c.Bad) }},
		{"cancelled", c.cancelled},
		{"cancelled midway", c.cancelledMidway},
		{"several at once", c.atOnce},
		{"resume", c.resume},
		{"resume at the end", c.resumeAtEnd},
		{"resume with a wrong validator", c.wrongValidator},
		{"resume of a changed source", c.changed},
		{"in place", c.inPlace},
	}
}

type fetcherChecks struct {
	f   plugins.Fetcher
	dir string
	is  plugins.Info
	FetcherWorld
}

func (c *fetcherChecks) info(ctx context.Context) error {
	info, err := c.f.Info(ctx)
	if err != nil {
		return err
	}
	c.is = info
	if info.Name == "" || info.Version == "" || len(info.Schemes) == 0 {
		return fmt.Errorf("Info lacks a name, a version or schemes: %+v", info)
	}
	if info.Contract != plugins.Contract {
		return fmt.Errorf("Info names contract %d, not %d", info.Contract, plugins.Contract)
	}
	for _, scheme := range info.Schemes {
		if scheme != strings.ToLower(scheme) {
			return fmt.Errorf("scheme %q is not lower case", scheme)
		}
	}
	return nil
}

// fetched is what a fetch brought.
type fetched struct {
	result   plugins.FetchResult
	progress []plugins.Progress
	data     []byte
}

// try fetches into a file that holds before.
func (c *fetcherChecks) try(ctx context.Context, source string, before []byte, offset int64, validator string) (fetched, error) {
	dir, err := os.MkdirTemp(c.dir, "fetch-")
	if err != nil {
		return fetched{}, err
	}
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, before, 0o600); err != nil {
		return fetched{}, err
	}
	var got fetched
	var lie error
	got.result, err = c.f.Fetch(ctx, plugins.FetchRequest{
		Source: source, File: file, Offset: offset, Validator: validator, Artifact: "jdk",
	}, func(p plugins.Progress) {
		got.progress = append(got.progress, p)
		if info, err := os.Stat(file); err == nil && p.Bytes > info.Size() && lie == nil {
			lie = fmt.Errorf("the progress told of %d bytes when the file had %d", p.Bytes, info.Size())
		}
	})
	if err == nil {
		err = lie
	}
	if err != nil {
		return got, err
	}
	if got.data, err = os.ReadFile(file); err != nil {
		return got, err
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return got, err
	}
	if len(entries) != 1 {
		return got, fmt.Errorf("the fetcher left more than the file: %v", entries)
	}
	return got, got.wellFormed()
}

// wellFormed holds what was told against what is there.
func (g fetched) wellFormed() error {
	size := int64(len(g.data))
	if g.result.Bytes < 0 || g.result.Bytes > size {
		return fmt.Errorf("the result tells of %d bytes, the file has %d", g.result.Bytes, size)
	}
	for _, p := range g.progress {
		if p.Bytes < 0 || (p.Total > 0 && p.Bytes > p.Total) {
			return fmt.Errorf("the progress tells of %d of %d bytes", p.Bytes, p.Total)
		}
	}
	if n := len(g.progress); n > 0 && g.progress[n-1].Bytes > g.result.Bytes {
		return fmt.Errorf("the last progress tells of %d bytes, the result of %d", g.progress[n-1].Bytes, g.result.Bytes)
	}
	return nil
}

func (g fetched) holds(want []byte) error {
	if g.result.Bytes != int64(len(want)) {
		return fmt.Errorf("fetched %d bytes, not %d", g.result.Bytes, len(want))
	}
	if !bytes.Equal(g.data[:g.result.Bytes], want) {
		return errors.New("the file holds other bytes than the source")
	}
	return nil
}

func (c *fetcherChecks) fetchAll(ctx context.Context, want, before []byte) (string, fetched, error) {
	want = c.want(want)
	source, err := c.Serve(want)
	if err != nil {
		return "", fetched{}, err
	}
	got, err := c.try(ctx, source, before, 0, "")
	if err != nil {
		return source, got, err
	}
	return source, got, got.holds(want)
}

// maxMessages is far beyond "some ten times a second": each costs a host the time of
// thousands of bytes.
const maxMessages = 1000

func (c *fetcherChecks) whole(ctx context.Context) error {
	_, got, err := c.fetchAll(ctx, content(1, 3<<20), nil)
	if err != nil {
		return err
	}
	if n := len(got.progress); (n == 0 && len(got.data) >= 1<<20) || n > maxMessages {
		return fmt.Errorf("%d bytes came with %d messages of progress; some ten in a second are right", len(got.data), n)
	}
	reached := int64(0)
	for _, p := range got.progress {
		if p.Bytes < reached {
			return fmt.Errorf("the progress went back from %d to %d bytes, which says that the file was begun anew", reached, p.Bytes)
		}
		reached = p.Bytes
	}
	return nil
}

func (c *fetcherChecks) empty(ctx context.Context) error {
	if c.Given != nil {
		return Skip("only the given source is tried")
	}
	_, _, err := c.fetchAll(ctx, nil, nil)
	return err
}

func (c *fetcherChecks) longerFile(ctx context.Context) error {
	_, _, err := c.fetchAll(ctx, content(2, 1000), content(3, 5000))
	return err
}

func (c *fetcherChecks) permanent(ctx context.Context, source string) error {
	if source == "" {
		return Skip("no such source is known")
	}
	_, err := c.try(ctx, source, nil, 0, "")
	if err == nil {
		return errors.New("no error")
	}
	if plugins.KindOf(err) != plugins.Permanent {
		return fmt.Errorf("the error is not permanent: %w", err)
	}
	return nil
}

func (c *fetcherChecks) cancelled(ctx context.Context) error {
	source, err := c.Serve(content(4, 1<<20))
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	cancel()
	begun := time.Now()
	if _, err := c.try(ctx, source, nil, 0, ""); err == nil {
		return errors.New("a fetch whose context had ended went well")
	}
	if took := time.Since(begun); took > 5*time.Second {
		return fmt.Errorf("a fetch whose context had ended took %s", took)
	}
	return nil
}

// cancelledMidway gives a fetch up once bytes come. One that is over by then is as good.
func (c *fetcherChecks) cancelledMidway(ctx context.Context) error {
	source, err := c.Serve(content(5, 32<<20))
	if err != nil {
		return err
	}
	file := filepath.Join(c.dir, "cancelled-midway")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var at time.Time
	_, err = c.f.Fetch(ctx, plugins.FetchRequest{Source: source, File: file}, func(p plugins.Progress) {
		if p.Bytes > 0 && at.IsZero() {
			at = time.Now()
			cancel()
		}
	})
	if err != nil && at.IsZero() {
		return err
	}
	if took := time.Since(at); !at.IsZero() && took > 5*time.Second {
		return fmt.Errorf("the fetch went on for %s after it was cancelled", took)
	}
	return nil
}

func (c *fetcherChecks) atOnce(ctx context.Context) error {
	errs := make([]error, 4)
	var all sync.WaitGroup
	for i := range errs {
		all.Go(func() { _, _, errs[i] = c.fetchAll(ctx, content(uint64(10+i), 1<<20), nil) })
	}
	all.Wait()
	return errors.Join(errs...)
}

// known serves data, fetches it, and gives the validator that came with it.
func (c *fetcherChecks) known(ctx context.Context, data []byte) (source, validator string, err error) {
	if !c.is.Resumes {
		return "", "", Skip("the fetcher does not resume")
	}
	source, got, err := c.fetchAll(ctx, data, nil)
	if err != nil {
		return "", "", err
	}
	if got.result.Validator == "" {
		return "", "", Skip("the source has no validator")
	}
	return source, got.result.Validator, nil
}

func (c *fetcherChecks) resume(ctx context.Context) error {
	data := c.want(content(20, 2<<20))
	source, validator, err := c.known(ctx, data)
	if err != nil {
		return err
	}
	half := int64(len(data) / 2)
	got, err := c.try(ctx, source, data[:half], half, validator)
	if err != nil {
		return err
	}
	for _, p := range got.progress {
		if p.Bytes < half {
			return fmt.Errorf("the fetch began anew (%d bytes) although the source has not changed", p.Bytes)
		}
	}
	return got.holds(data)
}

func (c *fetcherChecks) resumeAtEnd(ctx context.Context) error {
	data := c.want(content(21, 100_000))
	source, validator, err := c.known(ctx, data)
	if err != nil {
		return err
	}
	got, err := c.try(ctx, source, data, int64(len(data)), validator)
	if err != nil {
		return err
	}
	if got.result.Validator != validator {
		return fmt.Errorf("the validator is now %q, not %q", got.result.Validator, validator)
	}
	return got.holds(data)
}

func (c *fetcherChecks) wrongValidator(ctx context.Context) error {
	data := c.want(content(22, 1<<20))
	source, _, err := c.known(ctx, data)
	if err != nil {
		return err
	}
	return c.notMixed(ctx, source, content(23, len(data)/2), `"no-such-validator"`, data)
}

func (c *fetcherChecks) changed(ctx context.Context) error {
	if c.Change == nil {
		return Skip("sources cannot change")
	}
	old, now := content(24, 1<<20), content(25, 1<<20+1)
	source, validator, err := c.known(ctx, old)
	if err != nil {
		return err
	}
	if err := c.Change(source, now); err != nil {
		return err
	}
	return c.notMixed(ctx, source, old[:1<<19], validator, now)
}

// notMixed goes on with bytes that are not the source's. The fetcher must begin anew, and
// say so by its progress, or refuse.
func (c *fetcherChecks) notMixed(ctx context.Context, source string, before []byte, validator string, want []byte) error {
	offset := int64(len(before))
	got, err := c.try(ctx, source, before, offset, validator)
	if plugins.KindOf(err) == plugins.Changed {
		return nil
	}
	if err != nil {
		return fmt.Errorf("the error does not say that the source changed: %w", err)
	}
	if err := got.holds(want); err != nil {
		return err
	}
	for _, p := range got.progress {
		if p.Bytes < offset {
			return nil
		}
	}
	return errors.New("the file was begun anew, but no progress said so")
}

func (c *fetcherChecks) inPlace(ctx context.Context) error {
	if c.InPlace == nil {
		return Skip("the fetcher answers nothing in place")
	}
	if !c.is.InPlace {
		return errors.New("Info does not say that the fetcher answers in place")
	}
	request := *c.InPlace
	request.File = filepath.Join(c.dir, "in-place")
	if err := os.WriteFile(request.File, nil, 0o600); err != nil {
		return err
	}
	result, err := c.f.Fetch(ctx, request, func(plugins.Progress) {})
	if err != nil {
		return err
	}
	if len(result.InPlace) == 0 || result.Bytes != 0 {
		return fmt.Errorf("the answer is not in place: %+v", result)
	}
	for _, dir := range result.InPlace {
		if !filepath.IsAbs(dir) {
			return fmt.Errorf("%q is no absolute path", dir)
		}
	}
	return nil
}

// content is the same n bytes for the same seed.
func content(seed uint64, n int) []byte {
	var key [32]byte
	key[0] = byte(seed)
	data := make([]byte, n)
	_, _ = rand.NewChaCha8(key).Read(data)
	return data
}
