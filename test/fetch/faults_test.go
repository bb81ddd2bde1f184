package fetch

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/alluxio-mesos/alluxio-mesos/plugins/host"
)

// scene is one fetch with what befalls it.
type scene struct {
	t     *testing.T
	host  *host.Host
	cache string
	line  *line
	newer host.Plugin
}

// fault is what befalls a fetch at a part of its bytes.
type fault struct {
	name string
	at   float64
	do   func(*scene)
	each int64 // bytes a second on each connection, so that several pay
}

const away = 5 * time.Second

func faults() []fault {
	kill := func(s *scene) { s.signal(unix.SIGKILL) }
	return []fault{
		{"nothing", 0.5, func(*scene) {}, 0},
		{"kill at 10 %", 0.1, kill, 0},
		{"kill at 50 %", 0.5, kill, 0},
		{"kill at 90 %", 0.9, kill, 0},
		{"kill at 50 %, parallel", 0.5, kill, 12 << 20},
		{"stop at 50 %", 0.5, func(s *scene) { s.signal(unix.SIGSTOP) }, 0},
		{"swap at 50 %", 0.5, (*scene).swap, 0},
		{"server gone at 50 %", 0.5, (*scene).cut, 0},
		{"server gone at 50 %, parallel", 0.5, (*scene).cut, 12 << 20},
	}
}

func (s *scene) signal(signal unix.Signal) {
	found := fetchersOf(s.t, s.cache)
	if len(found) != 1 {
		s.t.Errorf("%d fetchers run, not one", len(found))
		return
	}
	if err := unix.Kill(found[0].PID, signal); err != nil {
		s.t.Error(err)
	}
}

func (s *scene) swap() {
	for _, swapped := range s.host.Swap(s.t.Context(), []host.Plugin{s.newer}) {
		if swapped.Err != nil || swapped.To != s.newer.SHA256 || swapped.Version != "newer" {
			s.t.Errorf("%+v", swapped)
		}
	}
}

func (s *scene) cut() {
	s.line.down()
	<-time.After(away)
	if err := s.line.up(); err != nil {
		s.t.Error(err)
	}
}

// TestWhatBefallsAFetch is the table of what a fetch survives: its result is right, and at
// most a tenth more than its bytes has moved.
func TestWhatBefallsAFetch(t *testing.T) {
	t.Parallel()
	s := newSoft(t)
	for name, start := range map[string]func(*testing.T, soft) origin{"http": httpOrigin, "s3": s3Origin} {
		t.Run(name, func(t *testing.T) {
			o := start(t, s)
			plugin, newer := build(t, o.fetcher, "older"), build(t, o.fetcher, "newer")
			for _, f := range faults() {
				t.Run(f.name, func(t *testing.T) {
					t.Parallel()
					befall(t, f, s, o, plugin, newer)
				})
			}
		})
	}
}

const speed = 60 << 20 // bytes a second, all connections of a fetch together

func befall(t *testing.T, f fault, s soft, o origin, plugin, newer host.Plugin) {
	l := newLine(t, o.target, speed, f.each)
	plugin.Config = o.config(l.addr)
	newer.Config = plugin.Config
	cfg := hostConfig(t, plugin)
	h, err := host.New(cfg)
	require.NoError(t, err)
	defer func() { require.NoError(t, h.Close()) }()
	now := &scene{t: t, host: h, cache: cfg.CacheDir, line: l, newer: newer}
	reached, done := make(chan struct{}), make(chan struct{})
	befallen := false
	go func() {
		defer close(done)
		<-reached
		f.do(now)
	}()
	a, err := h.Artifact(t.Context(), host.Want{Artifact: "soft", Source: o.source(l.addr), Checksum: s.digest}, func(p host.Progress) {
		if !befallen && float64(p.Bytes) >= f.at*float64(len(s.packed)) {
			befallen = true
			close(reached)
		}
	})
	if !befallen {
		close(reached)
		<-done
		t.Fatalf("it never came so far: %v", err)
	}
	<-done
	require.NoError(t, err)
	s.requireRight(t, a)
	ratio := float64(l.moved.Load()) / float64(len(s.packed))
	t.Logf("%.1f %% of its bytes moved", 100*ratio)
	require.LessOrEqual(t, ratio, 1.1, "more moved than a tenth beyond the file")
}
