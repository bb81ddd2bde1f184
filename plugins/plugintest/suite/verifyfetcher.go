package suite

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/alluxio-mesos/alluxio-mesos/plugins"
)

// runFetcher judges what a fetcher fetches.
func (v *verifier) runFetcher(ctx context.Context) {
	var world FetcherWorld
	v.must(ctx, Check{"a source to try", func(ctx context.Context) (err error) {
		if v.broken != "" {
			return nil
		}
		world, err = v.world(ctx)
		return err
	}})
	if v.broken == "" && world.Serve == nil {
		v.broken = "there is no source to try with"
	}
	c := &fetcherChecks{f: watched{v.subject}, dir: v.dir, is: v.result.Info, FetcherWorld: world}
	v.must(ctx, Check{"whole", c.whole})
	if v.broken == "" && v.floods() {
		v.broken = "because of: stderr"
	}
	v.judgeAll(ctx, c.further())
	v.judge(ctx, Check{"odd sources", v.oddSources})
	v.judgeAll(ctx, v.faultChecks(c))
	v.judgeAll(ctx, v.hostChecks(world))
}

// world is what the fetcher can be tried with.
func (v *verifier) world(ctx context.Context) (FetcherWorld, error) {
	if v.stage == nil {
		return v.fixedWorld(ctx)
	}
	form := v.Source
	if form == "" {
		var err error
		if form, err = v.pickForm(ctx); err != nil {
			return FetcherWorld{}, err
		}
	}
	return v.stage.world(form, v.Config), Note("%s", form)
}

func (v *verifier) pickForm(ctx context.Context) (string, error) {
	var forms []string
	for _, scheme := range v.result.Info.Schemes {
		forms = append(forms, formsOf(scheme)...)
	}
	if len(forms) == 0 {
		return "", Skip("no source of %s can be made up here; give one with --source", strings.Join(v.result.Info.Schemes, ", "))
	}
	return v.stage.pick(forms, func(source string) (moved bool, err error) {
		file := filepath.Join(v.dir, "pick")
		if err := os.WriteFile(file, nil, 0o600); err != nil {
			return false, err
		}
		_, err = watched{v.subject}.Fetch(ctx, plugins.FetchRequest{Source: source, File: file, Artifact: "jdk"},
			func(plugins.Progress) { moved = true })
		return moved, err
	})
}

// fixedWorld serves what the author's own source holds, whatever is asked for: its bytes
// are known once they were fetched.
func (v *verifier) fixedWorld(ctx context.Context) (FetcherWorld, error) {
	file := filepath.Join(v.dir, "given")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		return FetcherWorld{}, err
	}
	result, err := watched{v.subject}.Fetch(ctx, plugins.FetchRequest{Source: v.Source, File: file, Artifact: "jdk"}, func(plugins.Progress) {})
	if err != nil {
		return FetcherWorld{}, err
	}
	if len(result.InPlace) > 0 {
		return FetcherWorld{}, Skip("it lies on this machine already: %s", strings.Join(result.InPlace, ", "))
	}
	data, err := os.ReadFile(file)
	if err != nil {
		return FetcherWorld{}, err
	}
	if result.Bytes != int64(len(data)) {
		return FetcherWorld{}, fmt.Errorf("the result tells of %d bytes, the file has %d", result.Bytes, len(data))
	}
	return FetcherWorld{Given: &Given{Source: v.Source, Data: data}}.serveGiven(), Note("%s: %d bytes", v.Source, len(data))
}

// oddSources are no sources, or none that can be had. Each must give an error, and the
// plugin must live on.
func (v *verifier) oddSources(ctx context.Context) error {
	scheme := "none"
	if schemes := v.result.Info.Schemes; len(schemes) > 0 {
		scheme = schemes[0]
	}
	odd := []string{
		"", ":", "://", scheme, scheme + ":", scheme + "://", scheme + ":///", scheme + "://%zz", scheme + "://[::1", scheme + "://a b\x00c",
		"no-such-scheme-" + scheme + "://x/y", scheme + "://" + strings.Repeat("../", 200) + "etc/shadow-of-nothing",
		scheme + "://" + strings.Repeat("x", 20_000),
	}
	var errs []error
	for _, source := range odd {
		file := filepath.Join(v.dir, "odd")
		if err := os.WriteFile(file, nil, 0o600); err != nil {
			return err
		}
		result, err := watched{v.subject}.Fetch(ctx, plugins.FetchRequest{Source: source, File: file}, func(plugins.Progress) {})
		switch {
		case err == nil:
			errs = append(errs, fmt.Errorf("%.60q gave %d bytes, and no error", source, result.Bytes))
		case errors.Is(err, plugins.ErrDisconnected), errors.Is(err, errStalled):
			errs = append(errs, fmt.Errorf("%.60q: %w", source, err))
		}
	}
	return errors.Join(errs...)
}

// same compares what is in a file, up to n bytes, with what should be there.
func same(file string, n int64, want []byte) error {
	data, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	if n > int64(len(data)) || n > int64(len(want)) || n < 0 {
		return fmt.Errorf("it told of %d bytes; the file has %d, and the source %d", n, len(data), len(want))
	}
	if !bytes.Equal(data[:n], want[:n]) {
		return fmt.Errorf("the first %d bytes in the file are not the source's", n)
	}
	return nil
}
