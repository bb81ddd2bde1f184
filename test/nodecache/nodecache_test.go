package nodecache

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/alluxio-mesos/alluxio-mesos/fetchers/cache"
	"github.com/alluxio-mesos/alluxio-mesos/plugins/host"
)

const crowd = 8

func TestEightExecutorsAtOnceFetchOnce(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	n.gate = make(chan struct{})
	var all []*executor
	for range crowd {
		all = append(all, n.start(os.Geteuid(), n.order()))
	}
	for _, e := range all {
		e.until(host.PhaseWaiting, host.PhaseFetching)
	}
	close(n.gate)
	dirs := map[string]bool{}
	for _, e := range all {
		dirs[n.requireWhole(e.result())] = true
	}
	require.Len(t, dirs, 1)
	requests, sent := n.counts()
	require.Equal(t, 1, requests)
	require.Equal(t, int64(len(n.packed)), sent)

	// What they all use stays, whoever wants it to go.
	pruned := prune(t, n.cache())
	for _, p := range pruned {
		require.True(t, p.IsInUse(), p)
	}
	for _, e := range all {
		e.end()
	}
	for _, p := range prune(t, n.cache()) {
		require.NoError(t, p.Err)
	}
	n.requireNothingHalfDone(n.cache())
}

func prune(t *testing.T, dir string) []cache.Pruned {
	t.Helper()
	c, err := cache.Open(dir)
	require.NoError(t, err)
	defer c.Close()
	pruned, err := c.Prune(t.Context(), cache.Pruning{All: true, To: -1})
	require.NoError(t, err)
	require.NotEmpty(t, pruned)
	return pruned
}

func TestWhenTheOneThatFetchesIsKilledAnotherGoesOn(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	n.gate = make(chan struct{})
	first := n.start(os.Geteuid(), n.order())
	first.until(host.PhaseFetching)
	var others []*executor
	for range crowd - 1 {
		others = append(others, n.start(os.Geteuid(), n.order()))
	}
	for _, e := range others {
		e.until(host.PhaseWaiting)
	}
	first.kill()
	close(n.gate)
	for _, e := range others {
		n.requireWhole(e.result())
	}
	requests, sent := n.counts()
	require.LessOrEqual(t, requests, 2)
	require.LessOrEqual(t, sent, int64(len(n.packed))*2)
	for _, e := range others {
		e.end()
	}
	c, err := cache.Open(n.cache())
	require.NoError(t, err)
	require.NoError(t, c.Close())
	n.requireNothingHalfDone(n.cache())
}

func TestTwoUsersOnOneNode(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("only root can be somebody else")
	}
	n := newNode(t)
	roots := n.order()
	roots.Private = filepath.Join(n.dir, "cache-0")
	dir := n.requireWhole(n.start(0, roots).result())

	theirs := n.order()
	theirs.Private = filepath.Join(n.dir, "cache-65534")
	reader := n.start(nobody, theirs)
	require.Equal(t, dir, n.requireWhole(reader.result()), "what root has is not fetched again")
	requests, _ := n.counts()
	require.Equal(t, 1, requests)

	// Another artifact is theirs alone: root fetches it for itself.
	other := theirs
	other.Source += "?other"
	other.Checksum = ""
	own := n.start(nobody, other).result()
	require.Equal(t, dir, n.requireWhole(own), "the same bytes are not kept twice, either")
	for _, p := range prune(t, n.cache()) {
		require.True(t, p.IsInUse(), p)
	}

	// With root's cache to be read only, what is missing is told with the way out.
	strict := n.order()
	require.Equal(t, dir, n.requireWhole(n.start(nobody, strict).result()))
	strict.Source += "?third"
	strict.Checksum = "sha256:" + strings.Repeat("ab", 32)
	refused := n.start(nobody, strict).result()
	require.Contains(t, refused, "cannot change cache folder "+n.cache()+": it belongs to another user, and user 65534")
	require.Contains(t, refused, "cannot fetch jdk from")

	// A cache of another user is not read.
	squat := n.order()
	squat.Cache = filepath.Join(n.dir, "squat")
	require.Contains(t, n.start(nobody, squat).result(), squat.Cache)
	require.Contains(t, n.start(0, squat).result(), "belongs to user 65534, not to root")
	squat.Private = filepath.Join(n.dir, "cache-0")
	before, _ := n.counts()
	require.Contains(t, n.requireWhole(n.start(0, squat).result()), squat.Private)
	after, _ := n.counts()
	require.Equal(t, before+1, after)
}

func TestADamagedEntryIsFetchedAnewByItself(t *testing.T) {
	t.Parallel()
	for name, spoil := range map[string]func(t *testing.T, dir string){
		"short":   func(t *testing.T, dir string) { require.NoError(t, os.Truncate(filepath.Join(dir, "lib", "data"), 5)) },
		"missing": func(t *testing.T, dir string) { require.NoError(t, os.Remove(filepath.Join(dir, "lib", "data"))) },
		"changed": func(t *testing.T, dir string) {
			require.NoError(t, os.WriteFile(filepath.Join(dir, "lib", "data"), make([]byte, 2<<20), 0o755))
		},
		"not executable": func(t *testing.T, dir string) { require.NoError(t, os.Chmod(filepath.Join(dir, "bin", "java"), 0o444)) },
		"its list": func(t *testing.T, dir string) {
			require.NoError(t, os.Truncate(filepath.Join(dir, "..", "..", "files"), 10))
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n := newNode(t)
			user := n.start(os.Geteuid(), n.order())
			dir := n.requireWhole(user.result())
			require.NoError(t, os.Chmod(filepath.Join(dir, "lib"), 0o755))
			_ = os.Chmod(filepath.Join(dir, "lib", "data"), 0o755)
			_ = os.Chmod(filepath.Join(dir, "..", "..", "files"), 0o644)
			spoil(t, dir)
			again := n.start(os.Geteuid(), n.order())
			require.Equal(t, dir, n.requireWhole(again.result()), "in the same place, for who uses it")
			requests, _ := n.counts()
			require.Equal(t, 2, requests)
			again.end()
			for _, p := range prune(t, n.cache()) {
				require.True(t, p.IsInUse(), "by who used the damaged one")
			}
		})
	}
}

func TestAFullDisk(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	plugin, err := os.Stat(n.order().Fetcher.URL)
	require.NoError(t, err)
	disk := filepath.Join(n.dir, "disk")
	require.NoError(t, os.Mkdir(disk, 0o755))
	// The plugin, one artifact with its download, and half of another.
	room := fmt.Sprintf("size=%d,mode=755", plugin.Size()+5<<20)
	if err := unix.Mount("tmpfs", disk, "tmpfs", 0, room); err != nil {
		t.Skip("cannot mount a small disk: ", err)
	}
	t.Cleanup(func() { require.NoError(t, unix.Unmount(disk, unix.MNT_DETACH)) })
	o := n.order()
	o.Cache = filepath.Join(disk, "cache")
	first := n.start(os.Geteuid(), o)
	n.requireWhole(first.result())

	n.mu.Lock()
	n.packed = append(n.packed, 0) // another archive
	n.mu.Unlock()
	o.Checksum = n.checksum()
	failed := n.start(os.Geteuid(), o)
	text := failed.result()
	require.Contains(t, text, "no space left on device")
	require.Contains(t, text, "make room in "+o.Cache+", or set alluxio.integration.mesos.cache.dir")
	n.requireNothingHalfDone(o.Cache)
	failed.end()

	first.end() // nobody uses the first any more
	second := n.start(os.Geteuid(), o)
	n.requireWhole(second.result())
	n.requireNothingHalfDone(o.Cache)
}

func TestASizeIsKept(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	o := n.order()
	o.Bytes = 1 << 20 // too little for anything
	first := n.start(os.Geteuid(), o)
	dir := n.requireWhole(first.result())
	n.requireWhole(n.start(os.Geteuid(), o).result())
	requests, _ := n.counts()
	require.Equal(t, 1, requests, "what is in use is found")
	first.end()
	require.DirExists(t, dir)
}

func TestATruncatedDownload(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	n.cut = 1
	n.requireWhole(n.start(os.Geteuid(), n.order()).result())
	_, sent := n.counts()
	require.Equal(t, int64(len(n.packed)), sent, "the second half is asked for, not all")

	n = newNode(t)
	n.cut = 1000
	text := n.start(os.Geteuid(), n.order()).result()
	require.Contains(t, text, "cannot fetch jdk from "+n.server.URL+"/jdk.tar.gz")
	require.Contains(t, text, "gave up after 3 attempts")
	n.requireNothingHalfDone(n.cache())
	entries, err := os.ReadDir(filepath.Join(n.cache(), "entries"))
	require.NoError(t, err)
	require.Empty(t, entries)
}
