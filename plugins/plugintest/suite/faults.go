package suite

import (
	"archive/tar"
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"github.com/alluxio-mesos/alluxio-mesos/internal/scratch"
	"github.com/alluxio-mesos/alluxio-mesos/plugins"
	"github.com/alluxio-mesos/alluxio-mesos/plugins/host"
)

// large is what is fetched to be broken off: long enough to be caught in the middle.
const large = 24 << 20

// faultChecks break the plugin's process.
func (v *verifier) faultChecks(c *fetcherChecks) []Check {
	return []Check{
		{"killed midway, another goes on", func(ctx context.Context) error { return v.killedMidway(ctx, c) }},
	}
}

// killedMidway kills the process once bytes come, holds what it told against the file, and
// lets another process go on from there.
func (v *verifier) killedMidway(ctx context.Context, c *fetcherChecks) error {
	data := c.want(content(30, large))
	source, err := c.Serve(data)
	if err != nil {
		return err
	}
	defer v.slowly()()
	file := filepath.Join(v.dir, "killed")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		return err
	}
	p, err := v.subject.process(ctx)
	if err != nil {
		return err
	}
	var at plugins.Progress
	_, err = p.fetch(ctx, plugins.FetchRequest{Source: source, File: file}, func(now plugins.Progress) {
		at = now
		if now.Bytes > 0 {
			p.signal(syscall.SIGKILL)
		}
	})
	if err == nil {
		return Skip("the fetch was over before it could be broken off")
	}
	if at.Bytes == 0 || !p.waitExit(endTime) {
		return fmt.Errorf("the fetch failed before it could be broken off: %w", err)
	}
	if err := same(file, at.Bytes, data); err != nil {
		return fmt.Errorf("after a kill: %w", err)
	}
	result, err := watched{v.subject}.Fetch(ctx, plugins.FetchRequest{
		Source: source, File: file, Offset: at.Bytes, Validator: at.Validator,
	}, func(plugins.Progress) {})
	if err != nil {
		return fmt.Errorf("another process could not go on from byte %d: %w", at.Bytes, err)
	}
	if result.Bytes != int64(len(data)) {
		return fmt.Errorf("another process that went on from byte %d told of %d bytes in all, not %d", at.Bytes, result.Bytes, len(data))
	}
	return same(file, result.Bytes, data)
}

// slowly lets the built-in server take its time until the answer is called.
func (v *verifier) slowly() func() {
	if v.stage == nil {
		return func() {}
	}
	v.stage.slow.Store(true)
	return func() { v.stage.slow.Store(false) }
}

// hostChecks hand the plugin to the real host, and spoil what they do together. The
// artifact must be right all the same, or refused.
func (v *verifier) hostChecks(world FetcherWorld) []Check {
	try := func(spoil hostFault) func(context.Context) error {
		return func(ctx context.Context) error {
			if v.stage == nil {
				return Skip("only what the built-in server offers can be spoiled")
			}
			return v.underHost(ctx, world, spoil)
		}
	}
	return []Check{
		{"host: fetch and unpack", try(hostFault{})},
		{"host: killed midway", try(hostFault{signal: syscall.SIGKILL})},
		{"host: SIGSTOP midway", try(hostFault{signal: syscall.SIGSTOP})},
		{"host: stream cut short", try(hostFault{server: fault{times: 1}})},
		{"host: server stands still", try(hostFault{server: fault{times: 1, stall: true}})},
		{"host: wrong digest", try(hostFault{wrongDigest: true})},
	}
}

type hostFault struct {
	signal      syscall.Signal // for the plugin's process, once bytes come
	server      fault
	wrongDigest bool
}

func (v *verifier) underHost(ctx context.Context, world FetcherWorld, spoil hostFault) error {
	packed, want := archive(large)
	source, err := world.Serve(packed)
	if err != nil {
		return err
	}
	if spoil.server.times > 0 {
		if name := v.stage.nameIn(source); name == "" || !v.stage.overHTTP(source) {
			return Skip("only what comes over HTTP can be spoiled that way")
		}
		v.stage.spoil(source, spoil.server)
	}
	dir, err := os.MkdirTemp(v.dir, "host-")
	if err != nil {
		return err
	}
	defer func() { _ = scratch.RemoveAll(dir) }()
	h, err := host.New(v.hostConfig(dir))
	if err != nil {
		return err
	}
	err = v.artifact(ctx, h, dir, source, packed, want, spoil)
	if closeErr := h.Close(); err == nil && closeErr != nil {
		err = closeErr
	}
	if left := processesOf(0, dir); err == nil && len(left) > 0 {
		err = fmt.Errorf("it left processes behind: %v", left)
	}
	return err
}

func (v *verifier) hostConfig(dir string) host.Config {
	fetchers := map[string]string{}
	for _, scheme := range v.result.Info.Schemes {
		fetchers[scheme] = v.Name
	}
	return host.Config{
		Plugins: []host.Plugin{{
			Kind: v.Kind, Name: v.Name, SHA256: v.result.SHA256, URL: v.Path, Config: v.Config,
		}},
		Fetchers: fetchers, CacheDir: filepath.Join(dir, "cache"), TempDir: dir, Logger: slog.New(slog.DiscardHandler),
		StartTimeout: v.StartTimeout, StopTimeout: time.Second, StallTimeout: 4 * time.Second,
		Retry: host.RetryPolicy{Attempts: 4, Wait: 10 * time.Millisecond},
	}
}

func (v *verifier) artifact(ctx context.Context, h *host.Host, dir, source string, packed, want []byte, spoil hostFault) error {
	sum := sha256.Sum256(packed)
	if spoil.wrongDigest {
		sum[0] ^= 1
	}
	if spoil.signal != 0 {
		defer v.slowly()()
	}
	var once sync.Once
	hit := false
	got, err := h.Artifact(ctx, host.Want{Source: source, Checksum: fmt.Sprintf("sha256:%x", sum)}, func(p host.Progress) {
		if spoil.signal == 0 || p.Phase != host.PhaseFetching || p.Bytes == 0 || p.Bytes == p.Total {
			return
		}
		once.Do(func() {
			for pid := range processesOf(0, dir) {
				hit = true
				_ = syscall.Kill(pid, spoil.signal)
			}
		})
	})
	switch {
	case spoil.wrongDigest && err == nil:
		return errors.New("an artifact of another digest was accepted")
	case spoil.wrongDigest && plugins.KindOf(err) != plugins.Permanent:
		return fmt.Errorf("it was not refused for its digest: %w", err)
	case spoil.wrongDigest:
		return nil
	case err != nil:
		return err
	case spoil.signal != 0 && !hit:
		return Skip("the fetch was over before it could be broken off")
	}
	data, err := os.ReadFile(filepath.Join(got.Dirs[0], "data"))
	if err == nil && !bytes.Equal(data, want) {
		err = errors.New("what was unpacked is not what was packed")
	}
	return err
}

// archive is a tar with one folder and one file, of about n bytes.
func archive(n int) (packed, data []byte) {
	data = content(40, n)
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	// Writing to a buffer cannot fail, and a size that does not match would be a mistake here.
	_ = w.WriteHeader(&tar.Header{Name: "suite/data", Mode: 0o644, Size: int64(len(data)), Typeflag: tar.TypeReg})
	_, _ = w.Write(data)
	_ = w.Close()
	return out.Bytes(), data
}
