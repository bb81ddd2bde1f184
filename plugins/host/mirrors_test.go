package host_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/alluxio-mesos/alluxio-mesos/fetchers/cache"
	"github.com/alluxio-mesos/alluxio-mesos/plugins"
	"github.com/alluxio-mesos/alluxio-mesos/plugins/host"
	"github.com/alluxio-mesos/alluxio-mesos/plugins/plugintest"
)

// refuse is an origin's fail that answers always with a code.
func refuse(code int, header ...string) func(int, http.ResponseWriter) bool {
	return func(_ int, w http.ResponseWriter) bool {
		for i := 0; i+1 < len(header); i += 2 {
			w.Header().Set(header[i], header[i+1])
		}
		w.WriteHeader(code)
		return true
	}
}

// halfway is an origin's fail: half of the file, and from then on nothing.
func halfway(data []byte) func(int, http.ResponseWriter) bool {
	return func(n int, w http.ResponseWriter) bool {
		if n > 1 {
			return refuse(http.StatusServiceUnavailable)(n, w)
		}
		w.Header().Set("ETag", fmt.Sprintf("%q", digestOf(data)))
		w.Header().Set("Content-Length", fmt.Sprint(len(data)))
		_, _ = w.Write(data[:len(data)/2])
		return true
	}
}

func TestTheNextMirrorIsAskedWhereOneFails(t *testing.T) {
	t.Parallel()
	packed := archive(t, 60, 2<<20)
	for name, c := range map[string]struct {
		spoil   func(*origin)
		digest  bool
		resumed bool
		asked   int // requests to the first
	}{
		"not found":                {func(o *origin) { o.fail = refuse(404) }, false, false, 1},
		"unavailable":              {func(o *origin) { o.fail = refuse(503) }, true, false, 2},
		"busy for an hour":         {func(o *origin) { o.fail = refuse(503, "Retry-After", "3600") }, false, false, 1},
		"something else":           {func(o *origin) { o.data = archive(t, 61, 1000) }, true, false, 1},
		"half of it":               {func(o *origin) { o.fail = halfway(packed) }, true, true, 3},
		"half of it, and no proof": {func(o *origin) { o.fail = halfway(packed) }, false, false, 3},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			first, second := serve(t, packed), serve(t, packed)
			c.spoil(first)
			w := want(first.source()+"  "+second.source(), "")
			if c.digest {
				w.Checksum = digestOf(packed)
			}
			a, err := newHost(t, quick(t, plugintest.Fake(t, plugintest.Good))).Artifact(t.Context(), w, nil)
			require.NoError(t, err)
			requireUnpacked(t, a, packed)
			require.Equal(t, second.source(), a.Served.Source)
			require.EqualValues(t, len(packed), a.Served.Bytes)
			asked, _ := first.counts()
			require.Equal(t, c.asked, asked)
			require.Len(t, second.starts, 1)
			if c.resumed {
				require.Equal(t, fmt.Sprintf("bytes=%d-", len(packed)/2), second.starts[0])
			} else {
				require.Empty(t, second.starts[0])
			}
		})
	}
}

func TestAfterTheLastMirrorComesTheFirst(t *testing.T) {
	t.Parallel()
	packed := archive(t, 62, 1<<20)
	first, second := serve(t, packed), serve(t, packed)
	first.fail = func(n int, w http.ResponseWriter) bool { return n <= 2 && refuse(503)(n, w) }
	second.fail = refuse(http.StatusForbidden)
	a, err := newHost(t, quick(t, plugintest.Fake(t, plugintest.Good))).Artifact(t.Context(), want(first.source()+", "+second.source(), ""), nil)
	require.NoError(t, err)
	require.Equal(t, first.source(), a.Served.Source)
	asked, _ := second.counts()
	require.Equal(t, 1, asked)
}

func TestEachMirrorSaysWhatItFailedWith(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		codes []int
		kind  plugins.Kind
	}{{[]int{404, 403}, plugins.Permanent}, {[]int{404, 503}, plugins.Retryable}, {[]int{500, 503}, plugins.Retryable}} {
		var sources, texts []string
		for _, code := range c.codes {
			o := serve(t, nil)
			o.fail = refuse(code)
			at := strings.Replace(o.source(), "://", "://me:geheim@", 1)
			sources = append(sources, at)
			texts = append(texts, fmt.Sprintf("%s: %d", strings.Replace(at, "me:geheim", "xxxxx", 1), code))
		}
		cfg := quick(t, plugintest.Fake(t, plugintest.Good))
		_, err := newHost(t, cfg).Artifact(t.Context(), want(strings.Join(sources, " "), ""), nil)
		require.ErrorContains(t, err, "no mirror had it: ")
		for _, text := range texts {
			require.ErrorContains(t, err, text)
		}
		require.NotContains(t, err.Error(), "geheim")
		require.Equal(t, c.kind, plugins.KindOf(err), err)
		requireNothingLeft(t, cfg.CacheDir)
	}
}

func TestAMirrorIsFoundAgainByWhatItHeldBefore(t *testing.T) {
	t.Parallel()
	packed := archive(t, 63, 1<<20)
	first, second := serve(t, packed), serve(t, packed)
	first.fail = refuse(404)
	h := newHost(t, quick(t, plugintest.Fake(t, plugintest.Good)))
	for _, cached := range []bool{false, true} {
		a, err := h.Artifact(t.Context(), want(first.source()+" "+second.source(), ""), nil)
		require.NoError(t, err)
		require.Equal(t, cached, a.Cached)
	}
	asked, _ := first.counts()
	require.Equal(t, 1, asked)
}

// shelf serves files by name, and counts what was asked for.
type shelf struct {
	*httptest.Server
	mu    sync.Mutex
	files map[string]string
	asked []string
}

func newShelf(t *testing.T, files map[string]string) *shelf {
	s := &shelf{files: files}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		data, found := s.files[strings.TrimPrefix(r.URL.Path, "/")]
		s.asked = append(s.asked, r.URL.Path)
		s.mu.Unlock()
		if !found {
			http.NotFound(w, r)
			return
		}
		http.ServeContent(w, r, "", time.Time{}, strings.NewReader(data))
	}))
	t.Cleanup(s.Close)
	return s
}

func (s *shelf) source(name string) string {
	return "fake" + strings.TrimPrefix(s.URL, "http") + "/" + name
}

func TestTheDigestStandsBesideTheFile(t *testing.T) {
	t.Parallel()
	packed := archive(t, 64, 1<<20)
	hex := strings.TrimPrefix(digestOf(packed), "sha256:")
	other := strings.Repeat("ab", 32)
	for name, c := range map[string]struct {
		files    map[string]string
		source   string // after the name
		checksum string
		fail     string
	}{
		"sha256sum's":     {map[string]string{"a.tgz.sha256": hex + "  a.tgz\n"}, "", "file", ""},
		"bare":            {map[string]string{"a.tgz.sha256": hex}, "", "file", ""},
		"one of many":     {map[string]string{"SUMS": other + "  b.tgz\n" + hex + " *a.tgz\n"}, "?checksum=file:SUMS", "", ""},
		"renamed":         {map[string]string{"SUMS": other + "  b.tgz\n" + hex + " *c.tgz\n"}, "?checksum=file:/SUMS&filename=c.tgz", "", ""},
		"wrong":           {map[string]string{"a.tgz.sha256": other}, "", "file", "wrong digest: expected sha256:" + other},
		"none":            {nil, "", "file", "cannot learn its digest from fake:"},
		"of other things": {map[string]string{"SUMS": other + "  b.tgz\n" + hex + " *c.tgz\n"}, "?checksum=file:SUMS", "", `none of "a.tgz"`},
		"a page":          {map[string]string{"a.tgz.sha256": "<html>Please log in</html>"}, "", "file", "no sha256 digest"},
		"large":           {map[string]string{"a.tgz.sha256": strings.Repeat("# comment\n", 7000) + hex}, "", "file", "more than 65536 bytes"},
		"two":             {nil, "?checksum=file:SUMS", "sha256:" + other, "keep one of the two"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newShelf(t, map[string]string{"a.tgz": string(packed)})
			for name, data := range c.files {
				s.files[name] = data
			}
			cfg := quick(t, plugintest.Fake(t, plugintest.Good))
			h := newHost(t, cfg)
			w := want(s.source("a.tgz")+c.source, c.checksum)
			a, err := h.Artifact(t.Context(), w, nil)
			if c.fail != "" {
				require.ErrorContains(t, err, c.fail)
				require.Equal(t, plugins.Permanent, plugins.KindOf(err))
				requireNothingLeft(t, cfg.CacheDir)
				return
			}
			require.NoError(t, err)
			requireUnpacked(t, a, packed)
			again, err := h.Artifact(t.Context(), w, nil)
			require.NoError(t, err)
			require.True(t, again.Cached)
			require.Len(t, s.asked, 3, "the checksum file is asked for each time, what it is of once")
		})
	}
}

// A fetcher may do anything to its file: the host is not harmed, and says so.
func TestAFileThatIsNotThereInTheEnd(t *testing.T) {
	t.Parallel()
	packed := archive(t, 67, 1<<10)
	s := newShelf(t, map[string]string{"a.tgz": string(packed), "a.tgz.sha256": digestOf(packed)})
	for fault, text := range map[string]string{plugintest.Vanish: "left no checksum file", plugintest.Link: "bytes and wrote"} {
		cfg := quick(t, plugintest.Fake(t, fault))
		_, err := newHost(t, cfg).Artifact(t.Context(), want(s.source("a.tgz"), "file"), nil)
		require.ErrorContains(t, err, text)
		require.Equal(t, plugins.Permanent, plugins.KindOf(err))
		requireNothingLeft(t, cfg.CacheDir)
	}
}

func TestALinkInThePlaceOfTheDownloadIsNotTriedAgain(t *testing.T) {
	t.Parallel()
	packed := archive(t, 68, 1<<10)
	o := serve(t, packed)
	cfg := quick(t, plugintest.Fake(t, plugintest.Link))
	_, err := newHost(t, cfg).Artifact(t.Context(), want(o.source(), ""), nil)
	require.ErrorContains(t, err, "the fetcher put a link, or something else that is no file, in the place of its download")
	require.Equal(t, plugins.Permanent, plugins.KindOf(err))
	asked, _ := o.counts()
	require.Equal(t, 1, asked)
	requireNothingLeft(t, cfg.CacheDir)
}

// logged is what a host logs.
type logged struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *logged) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

// with gives the lines that hold a text.
func (l *logged) with(text string) (lines []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for line := range strings.Lines(l.text.String()) {
		if strings.Contains(line, text) {
			lines = append(lines, line)
		}
	}
	return lines
}

func TestWhatIsLoggedOfAttempts(t *testing.T) {
	t.Parallel()
	packed := archive(t, 69, 1<<10)
	first, second := serve(t, packed), serve(t, packed)
	first.fail, second.fail = refuse(404), func(n int, w http.ResponseWriter) bool { return n == 1 && refuse(503)(n, w) }
	cfg, log := quick(t, plugintest.Fake(t, plugintest.Good)), &logged{}
	cfg.Logger = slog.New(slog.NewTextHandler(log, nil))
	w := want(first.source()+" "+second.source(), "")
	w.Artifact = ""
	_, err := newHost(t, cfg).Artifact(t.Context(), w, nil)
	require.NoError(t, err)
	lines := log.with("fetch failed")
	require.Len(t, lines, 2)
	require.Contains(t, lines[0], `attempt="1 of 4" next="at once" error="404 Not Found"`)
	require.Contains(t, lines[1], `attempt="2 of 4" next="in `)
	require.Contains(t, lines[1], `error="503 Service Unavailable"`)
	require.NotContains(t, lines[0]+lines[1], "artifact=")

	looked, err := cache.Look(cfg.CacheDir)
	require.NoError(t, err)
	defer looked.Close()
	items, err := looked.Items()
	require.NoError(t, err)
	sources := ""
	for _, item := range items {
		sources += item.Source
	}
	require.Equal(t, second.source(), sources, "the mirror that served")
}

func TestAFetchThatTheCallerEndsIsNoFailure(t *testing.T) {
	t.Parallel()
	packed := archive(t, 70, 1<<20)
	o := serve(t, packed)
	ctx, cancel := context.WithCancel(t.Context())
	o.pause = cancel
	cfg, log := quick(t, plugintest.Fake(t, plugintest.StallOnce)), &logged{}
	cfg.Logger = slog.New(slog.NewTextHandler(log, nil))
	_, err := newHost(t, cfg).Artifact(ctx, want(o.source(), ""), nil)
	require.ErrorIs(t, err, context.Canceled)
	require.Empty(t, log.with("fetch failed"))
}

func TestTheDigestOfOneMirrorHoldsForAll(t *testing.T) {
	t.Parallel()
	packed, planted := archive(t, 65, 1<<20), archive(t, 66, 1<<20)
	poor := newShelf(t, map[string]string{"a.tgz": string(planted)})
	good := newShelf(t, map[string]string{"a.tgz": string(packed), "a.tgz.sha256": digestOf(packed)})
	var last host.Progress
	a, err := newHost(t, quick(t, plugintest.Fake(t, plugintest.Good))).Artifact(t.Context(),
		want(poor.source("a.tgz")+", "+good.source("a.tgz"), "file"), func(p host.Progress) { last = p })
	require.NoError(t, err)
	requireUnpacked(t, a, packed)
	require.Equal(t, host.PhaseDone, last.Phase)
	require.Equal(t, good.source("a.tgz"), a.Served.Source)
	require.Equal(t, []string{"/a.tgz.sha256", "/a.tgz"}, poor.asked)
	require.True(t, bytes.HasPrefix(packed, []byte{0x1f, 0x8b}))
}
