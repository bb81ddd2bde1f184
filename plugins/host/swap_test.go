package host_test

import (
	"context"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/alluxio-mesos/alluxio-mesos/plugins"
	"github.com/alluxio-mesos/alluxio-mesos/plugins/host"
	"github.com/alluxio-mesos/alluxio-mesos/plugins/plugintest"
)

// version asks a fetcher for its version, as its next user would.
func version(t *testing.T, h *host.Host, name string) string {
	t.Helper()
	f, err := h.Fetcher(t.Context(), name)
	require.NoError(t, err)
	info, err := f.Info(t.Context())
	require.NoError(t, err)
	return info.Version
}

// notices collects what a host tells the operator.
type notices struct {
	mu    sync.Mutex
	lines []string
}

func (n *notices) add(text string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.lines = append(n.lines, text)
}

func (n *notices) all() []string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return append([]string(nil), n.lines...)
}

func TestSwapDuringAFetch(t *testing.T) {
	t.Parallel()
	old := plugintest.Fake(t, plugintest.Good)
	newer := plugintest.Newer(t, old, plugintest.Good, "")
	packed := archive(t, 40, 2<<20)
	half, goOn := make(chan struct{}), make(chan struct{})
	o := serve(t, packed)
	o.pause = func() { close(half); <-goOn }
	cfg := quick(t, old)
	h := newHost(t, cfg)
	var fetching sync.WaitGroup
	fetching.Go(func() {
		a, err := h.Artifact(t.Context(), want(o.source(), digestOf(packed)), nil)
		if err == nil {
			requireUnpacked(t, a, packed)
		}
		require.NoError(t, err)
	})
	<-half
	require.Equal(t, []host.Swapped{{
		Kind: "fetcher", Name: old.Name, From: old.SHA256, To: newer.SHA256, Version: "2.0.0",
	}}, h.Swap(t.Context(), []host.Plugin{newer}))
	require.Len(t, pluginProcesses(t, cfg.CacheDir), 2, "the older one is in the middle of a fetch")
	require.Equal(t, "2.0.0", version(t, h, old.Name))
	close(goOn)
	fetching.Wait()
	requests, sent := o.counts()
	require.Equal(t, 1, requests)
	require.EqualValues(t, len(packed), sent)
	require.Equal(t, newer.SHA256, h.Digests()["fetcher-"+old.Name])
	requireProcesses(t, cfg.CacheDir, 1)

	// One that is killed comes back from the new executable.
	require.NoError(t, kill(pluginProcesses(t, cfg.CacheDir)[0].PID))
	requireNoProcess(t, cfg.CacheDir)
	require.Eventually(t, func() bool { _, err := ping(t.Context(), h, old.Name); return err == nil }, 10*time.Second, time.Millisecond)
	require.Equal(t, "2.0.0", version(t, h, old.Name))
}

func requireProcesses(t *testing.T, dir string, n int) {
	t.Helper()
	require.Eventually(t, func() bool { return len(pluginProcesses(t, dir)) == n }, 10*time.Second, 10*time.Millisecond)
}

func TestABadSwapLeavesTheOlderOne(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		fault string
		spoil func(*host.Plugin)
		text  string
	}{
		"hangs":          {plugintest.HangAtStart, nil, "it was not ready after 1s"},
		"ends":           {plugintest.ExitAtStart, nil, "its last lines: cannot find my licence"},
		"garbage":        {plugintest.Garbage, nil, `its first line on stdout is "Welcome to my plugin!"`},
		"older contract": {plugintest.OldContract, nil, "made for contract 0, and this host speaks contract 1"},
		"newer contract": {plugintest.NewContract, nil, "made for contract 2, and this host speaks contract 1"},
		"another kind":   {plugintest.WrongKind, nil, "it does not answer as a fetcher"},
		"another name":   {plugintest.WrongName, nil, `it is the fetcher "another", not "fake-good"`},
		"another scheme": {plugintest.OtherScheme, nil, "it serves gopher sources and no longer fake"},
		"config":         {plugintest.BadConfig, nil, "it refuses its configuration: colour: no such key"},
		"digest":         {plugintest.Good, func(p *host.Plugin) { p.SHA256 = digestOf(nil)[len("sha256:"):] }, "wrong digest: expected sha256:e3b0c442"},
		"unreachable":    {plugintest.Good, func(p *host.Plugin) { p.URL = "http://127.0.0.1:1/plugin" }, "connection refused"},
		"no file":        {plugintest.Good, func(p *host.Plugin) { p.URL = "/no/such/plugin" }, "no such file"},
		"no URL":         {plugintest.Good, func(p *host.Plugin) { p.URL = "" }, "the deployment names no URL"},
		"no digest":      {plugintest.Good, func(p *host.Plugin) { p.SHA256 = "abc" }, `cannot read checksum "abc"`},
		"kind":           {plugintest.Good, func(p *host.Plugin) { p.Kind = "database" }, "a kind is fetcher or ramdisk"},
		"no executable":  {plugintest.Good, writeText("not an ELF file"), "exec format error"},
		"half a file":    {plugintest.Good, writeText("\x7fELF\x02\x01\x01"), "cannot start plugin"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			old := plugintest.Fake(t, plugintest.Good)
			newer := plugintest.Newer(t, old, c.fault, "")
			if c.spoil != nil {
				c.spoil(&newer)
			}
			cfg := quick(t, old)
			if c.fault == plugintest.HangAtStart {
				cfg.StartTimeout = time.Second
			}
			h := newHost(t, cfg)
			require.Equal(t, "1.0.0", version(t, h, old.Name))
			before := pluginProcesses(t, cfg.CacheDir)
			answer := h.Swap(t.Context(), []host.Plugin{newer})[0]
			require.ErrorContains(t, answer.Err, "cannot swap plugin "+newer.Kind+"-fake-good: ")
			require.ErrorContains(t, answer.Err, c.text)
			require.NotContains(t, answer.Err.Error(), "\n")
			if newer.Kind == old.Kind && newer.SHA256 != "abc" {
				require.Equal(t, old.SHA256, answer.From)
				require.Equal(t, old.SHA256, answer.To)
			}
			requireProcesses(t, cfg.CacheDir, 1)
			require.Equal(t, "1.0.0", version(t, h, old.Name))
			require.Equal(t, before[0].PID, pluginProcesses(t, cfg.CacheDir)[0].PID)
			require.Equal(t, old.SHA256, h.Digests()["fetcher-fake-good"])
		})
	}
}

// writeText makes another file of the plugin, shipped with its right digest.
func writeText(text string) func(*host.Plugin) {
	return func(p *host.Plugin) {
		_ = os.WriteFile(p.URL, []byte(text), 0o755)
		p.SHA256, p.Size, _ = host.DigestFile(p.URL)
	}
}

func TestSwapOfSeveral(t *testing.T) {
	t.Parallel()
	good, flood, disk := plugintest.Fake(t, plugintest.Good), plugintest.Fake(t, plugintest.Flood), plugintest.FakeRamdisk(t, plugintest.Good)
	h := newHost(t, quick(t, good, flood, disk))
	require.Equal(t, "1.0.0", version(t, h, good.Name))
	added := plugintest.Newer(t, plugintest.Fake(t, plugintest.Truncate), plugintest.Good, "")
	newer := []host.Plugin{
		plugintest.Newer(t, good, plugintest.Good, ""), plugintest.Newer(t, flood, plugintest.ExitAtStart, ""),
		grown(t, disk, t.TempDir()), good, added,
	}
	newer[3].Name = "fake-" + plugintest.Flood // what it has already
	answers := h.Swap(t.Context(), newer)
	require.Equal(t, host.Swapped{Kind: "fetcher", Name: good.Name, From: good.SHA256, To: newer[0].SHA256, Version: "2.0.0"}, answers[0])
	require.ErrorContains(t, answers[1].Err, "cannot find my licence")
	require.Equal(t, host.Swapped{Kind: "ramdisk", Name: disk.Name, From: disk.SHA256, To: newer[2].SHA256, Version: "1.0.0"}, answers[2])
	require.Equal(t, host.Swapped{Kind: "fetcher", Name: flood.Name, From: flood.SHA256, To: flood.SHA256}, answers[3])
	require.Equal(t, host.Swapped{Kind: "fetcher", Name: added.Name, To: added.SHA256, Version: "2.0.0"}, answers[4])

	again := h.Swap(t.Context(), newer[:1])[0]
	require.Equal(t, host.Swapped{Kind: "fetcher", Name: good.Name, From: newer[0].SHA256, To: newer[0].SHA256, Version: "2.0.0"}, again)
	back := h.Swap(t.Context(), []host.Plugin{good})[0]
	require.NoError(t, back.Err)
	require.Equal(t, "1.0.0", version(t, h, good.Name))
}

func TestSwapsOfTheSamePluginAtOnce(t *testing.T) {
	t.Parallel()
	old := plugintest.Fake(t, plugintest.Good)
	cfg := quick(t, old)
	h := newHost(t, cfg)
	var all sync.WaitGroup
	for _, note := range []string{"a", "b", "c", "c"} {
		all.Go(func() {
			answer := h.Swap(t.Context(), []host.Plugin{plugintest.Newer(t, old, plugintest.Good, note)})[0]
			require.NoError(t, answer.Err)
		})
		all.Go(func() {
			_, err := ping(t.Context(), h, old.Name)
			require.NoError(t, err)
		})
	}
	all.Wait()
	require.Equal(t, "2.0.0", version(t, h, old.Name))
	requireProcesses(t, cfg.CacheDir, 1)
}

func TestASwapThatLostToClose(t *testing.T) {
	t.Parallel()
	old := plugintest.Fake(t, plugintest.Good)
	cfg := quick(t, old)
	h := newHost(t, cfg)
	require.Equal(t, "1.0.0", version(t, h, old.Name))
	swapped := make(chan host.Swapped)
	go func() {
		swapped <- h.Swap(context.Background(), []host.Plugin{plugintest.Newer(t, old, plugintest.HangAtStart, "")})[0]
	}()
	requireProcesses(t, cfg.CacheDir, 2)
	require.NoError(t, h.Close())
	require.ErrorContains(t, (<-swapped).Err, "the plugin host is closed")
	require.Empty(t, pluginProcesses(t, cfg.CacheDir))
	answer := h.Swap(t.Context(), []host.Plugin{old})[0]
	require.ErrorContains(t, answer.Err, "the plugin host is closed")
}

func TestANewerOneThatCrashesGivesWayAgain(t *testing.T) {
	t.Parallel()
	old := plugintest.Fake(t, plugintest.Good)
	packed := archive(t, 41, 1<<20)
	o := serve(t, packed)
	cfg := quick(t, old)
	told := &notices{}
	cfg.Notice = told.add
	h := newHost(t, cfg)
	newer := plugintest.Newer(t, old, plugintest.DieAlways, "")
	require.NoError(t, h.Swap(t.Context(), []host.Plugin{newer})[0].Err)
	require.Equal(t, newer.SHA256, h.Digests()["fetcher-fake-good"])
	a, err := h.Artifact(t.Context(), want(o.source(), digestOf(packed)), nil)
	require.NoError(t, err, "the older one is there after the third crash")
	requireUnpacked(t, a, packed)
	require.Equal(t, old.SHA256, h.Digests()["fetcher-fake-good"])
	require.Len(t, told.all(), 1)
	require.Contains(t, told.all()[0], newer.SHA256+", ended in the middle of its first 3 calls; its last lines: ")
	require.Contains(t, told.all()[0], "sha256 "+old.SHA256+", is used again")
	require.Equal(t, "1.0.0", version(t, h, old.Name))

	better := plugintest.Newer(t, old, plugintest.Good, "better")
	answer := h.Swap(t.Context(), []host.Plugin{better})[0]
	require.NoError(t, answer.Err)
	require.Equal(t, old.SHA256, answer.From)
	require.Equal(t, "2.0.0", version(t, h, old.Name))
}

func TestANewerOneThatProvedItselfIsKept(t *testing.T) {
	t.Parallel()
	old := plugintest.Fake(t, plugintest.DieAlways)
	packed := archive(t, 42, 1<<20)
	o := serve(t, packed)
	cfg := quick(t, old)
	told := &notices{}
	cfg.Notice = told.add
	h := newHost(t, cfg)
	newer := plugintest.Newer(t, old, plugintest.DieOnce, "")
	require.NoError(t, h.Swap(t.Context(), []host.Plugin{newer})[0].Err)
	a, err := h.Artifact(t.Context(), want(o.source(), digestOf(packed)), nil)
	require.NoError(t, err)
	requireUnpacked(t, a, packed)
	require.Equal(t, newer.SHA256, h.Digests()["fetcher-fake-die-always"])
	require.Empty(t, told.all())
}

func TestASourcesOwnErrorIsNoCrash(t *testing.T) {
	t.Parallel()
	old := plugintest.Fake(t, plugintest.Good)
	o := serve(t, nil)
	o.fail = func(_ int, w http.ResponseWriter) bool { w.WriteHeader(http.StatusForbidden); return true }
	h := newHost(t, quick(t, old))
	newer := plugintest.Newer(t, old, plugintest.Good, "")
	require.NoError(t, h.Swap(t.Context(), []host.Plugin{newer})[0].Err)
	for range 4 {
		_, err := h.Artifact(t.Context(), want(o.source(), ""), nil)
		require.Equal(t, plugins.Permanent, plugins.KindOf(err))
	}
	require.Equal(t, "2.0.0", version(t, h, old.Name))
}

func TestSwapWhereTheNodeHasItsOwn(t *testing.T) {
	t.Parallel()
	shipped := plugintest.Fake(t, plugintest.Good)
	own := grown(t, shipped, t.TempDir())
	cfg := quick(t, shipped)
	cfg.NodePluginDir = filepath.Dir(own.URL)
	h := newHost(t, cfg)
	require.Equal(t, "1.0.0", version(t, h, shipped.Name))
	newer := plugintest.Newer(t, shipped, plugintest.Good, "")
	answer := h.Swap(t.Context(), []host.Plugin{newer})[0]
	require.ErrorContains(t, answer.Err, "this node has its own one in "+cfg.NodePluginDir)
	require.Equal(t, own.SHA256, answer.From)
	require.Equal(t, own.SHA256, answer.To)
	require.Equal(t, "1.0.0", version(t, h, shipped.Name))
	require.NoError(t, os.Remove(own.URL))
	require.Equal(t, "2.0.0", version(t, h, shipped.Name), "what was swapped in takes over")
	requireProcesses(t, cfg.CacheDir, 1)
}

// There is a way back from a plugin that serves more, but for what it is asked for.
func TestASwapBackToOneThatServesLess(t *testing.T) {
	t.Parallel()
	old := plugintest.Fake(t, plugintest.Good)
	h := newHost(t, quick(t, old))
	require.Equal(t, "1.0.0", version(t, h, old.Name))
	more := plugintest.Newer(t, old, plugintest.MoreSchemes, "")
	require.NoError(t, h.Swap(t.Context(), []host.Plugin{more})[0].Err)
	require.Equal(t, "2.0.0", version(t, h, old.Name))
	require.NoError(t, h.Swap(t.Context(), []host.Plugin{old})[0].Err)
	require.Equal(t, "1.0.0", version(t, h, old.Name))
}
