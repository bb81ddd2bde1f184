package plugintest

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/alluxio-mesos/alluxio-mesos/plugins"
	"github.com/alluxio-mesos/alluxio-mesos/plugins/plugintest/suite"
)

func TestMain(m *testing.M) {
	RunFake()
	goleak.VerifyTestMain(m)
}

// world serves files for fakes.
func world(t *testing.T) FetcherWorld {
	var mu sync.Mutex
	files := map[string][]byte{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		data, found := files[r.URL.Path]
		mu.Unlock()
		if !found {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("ETag", strconv.Quote(strconv.Itoa(len(data))))
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(data))
	}))
	t.Cleanup(server.Close)
	t.Cleanup(http.DefaultClient.CloseIdleConnections) // of a fake in memory
	base := "fake" + strings.TrimPrefix(server.URL, "http")
	set := func(path string, data []byte) error {
		mu.Lock()
		defer mu.Unlock()
		files[path] = data
		return nil
	}
	n := 0
	return FetcherWorld{
		Serve: func(data []byte) (string, error) {
			mu.Lock()
			n++
			path := "/" + strconv.Itoa(n)
			mu.Unlock()
			return base + path, set(path, data)
		},
		Change:  func(source string, data []byte) error { return set(strings.TrimPrefix(source, base), data) },
		Missing: base + "/missing", Bad: "fake://\x7f",
	}
}

func TestAGoodFetcherPasses(t *testing.T) {
	t.Parallel()
	FetcherTest(t, func() plugins.Fetcher { return newFake(Good) }, world(t))
}

func TestAGoodFetcherPassesAsABinary(t *testing.T) {
	t.Parallel()
	self, err := os.Executable()
	require.NoError(t, err)
	path := filepath.Join(t.TempDir(), fakePrefix+Good)
	require.NoError(t, os.Symlink(self, path))
	FetcherBinaryTest(t, path, world(t))
}

func TestBadFetchersAreFound(t *testing.T) {
	t.Parallel()
	cases := map[string]string{ // fault: the check that finds it
		Corrupt: "whole", Truncate: "whole", Overclaim: "whole", WrongInfo: "info", BadConfig: "init", ChangedOnce: "whole",
	}
	for fault, want := range cases {
		t.Run(fault, func(t *testing.T) {
			t.Parallel()
			f := OverGRPC(t, newFake(fault))
			for _, check := range suite.FetcherChecks(f, t.TempDir(), world(t)) {
				if v := suite.Judge(t.Context(), check); v.Outcome == suite.Failed {
					require.Equal(t, want, check.Name, v.Why)
					return
				}
			}
			t.Fatal("all checks passed")
		})
	}
}
