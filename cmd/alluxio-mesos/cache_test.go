package main

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/stretchr/testify/require"

	"github.com/alluxio-mesos/alluxio-mesos/fetchers/cache"
	"github.com/alluxio-mesos/alluxio-mesos/fetchers/source"
)

// cached DIR NAME [AGE] : puts an entry into the cache in DIR, and sets CACHED_NAME to its
// folder there. AGE is how long ago it was used.
func cached(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: cached DIR NAME [AGE]")
	}
	dir, err := fillCache(ts.MkAbs(args[0]), args[1])
	ts.Check(err)
	if len(args) > 2 {
		age, err := time.ParseDuration(args[2])
		ts.Check(err)
		at := time.Now().Add(-age)
		ts.Check(os.Chtimes(filepath.Join(dir, "lease"), at, at))
	}
	ts.Setenv("CACHED_"+args[1], dir)
}

func fillCache(dir, name string) (entry string, err error) {
	c, err := cache.OpenWith(dir, cache.Options{SumsAfter: -1})
	if err != nil {
		return "", err
	}
	defer c.Close()
	stage, err := c.Stage()
	if err != nil {
		return "", err
	}
	defer stage.Discard()
	tree, err := stage.NewTree()
	if err != nil {
		return "", err
	}
	if err := os.WriteFile(filepath.Join(tree, "data"), make([]byte, 1<<20), 0o644); err != nil {
		return "", err
	}
	stage.Describe(cache.Origin{Artifact: name, Source: "https://host/" + name + ".tar.gz"})
	sum := sha256.Sum256([]byte(name))
	made, err := stage.Commit(source.Digest("sha256:" + hex.EncodeToString(sum[:])))
	return filepath.Dir(made.Dir), err
}

func TestWhatIsInUseIsListedAndStays(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	t.Cleanup(func() { _ = exec.Command("chmod", "-R", "u+w", dir).Run() })
	entry, err := fillCache(filepath.Join(dir, "cache"), "jdk")
	require.NoError(t, err)
	holder := exec.Command("flock", "--shared", filepath.Join(entry, "lease"), "sh", "-c", "echo held; cat")
	in, err := holder.StdinPipe()
	require.NoError(t, err)
	out, err := holder.StdoutPipe()
	require.NoError(t, err)
	if err := holder.Start(); err != nil {
		t.Skip("no flock(1): ", err)
	}
	t.Cleanup(func() { _ = in.Close(); _ = holder.Wait() })
	_, err = bufio.NewReader(out).ReadString('\n')
	require.NoError(t, err)

	text, code := runCache(t, "list", "--dir", filepath.Join(dir, "cache"))
	require.Equal(t, 0, code)
	require.Regexp(t, `entry +jdk +[0-9a-f]{12} +1\.0 MB +1 +just now +yes +https://host/jdk.tar.gz`, text)
	text, code = runCache(t, "prune", "--all", "--dir", filepath.Join(dir, "cache"))
	require.Equal(t, 0, code)
	require.Contains(t, text, "in use (all)")
	require.Contains(t, text, "Freed 0 B")
	require.DirExists(t, entry)

	require.NoError(t, in.Close())
	require.NoError(t, holder.Wait())
	text, code = runCache(t, "prune", "--all", "--dir", filepath.Join(dir, "cache"))
	require.Equal(t, 0, code)
	require.Contains(t, text, "1.0 MB: removed (all)")
	require.NoDirExists(t, entry)
}

func runCache(t *testing.T, args ...string) (stdout string, code int) {
	t.Helper()
	r, w := io.Pipe()
	text := make(chan string)
	go func() {
		all, _ := io.ReadAll(r)
		text <- string(all)
	}()
	code = run(t.Context(), append([]string{"cache"}, args...), nil, w, io.Discard)
	_ = w.Close()
	return <-text, code
}

func TestHumanNumbers(t *testing.T) {
	t.Parallel()
	for bytes, text := range map[int64]string{
		0: "0 B", 999: "999 B", 1000: "1.0 KB", 1 << 20: "1.0 MB", 333 << 20: "333 MB", 1023 << 20: "1.0 GB", 20 << 30: "20 GB", 1536 << 20: "1.5 GB",
	} {
		require.Equal(t, text, humanSize(bytes))
	}
	for age, text := range map[time.Duration]string{
		-time.Second: "just now", time.Second: "just now", 90 * time.Second: "1 min ago", 5 * time.Hour: "5 h ago", 47 * time.Hour: "47 h ago", 80 * time.Hour: "3 days ago",
	} {
		require.Equal(t, text, humanAge(age))
	}
}
