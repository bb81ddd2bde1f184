package httpfetch_test

import (
	"context"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/alluxio-mesos/alluxio-mesos/fetchers/httpfetch"
	"github.com/alluxio-mesos/alluxio-mesos/plugins"
)

var longAgo = time.Date(2020, 2, 3, 4, 5, 6, 0, time.UTC)

func TestInfo(t *testing.T) {
	t.Parallel()
	info, err := httpfetch.New("1.2.3").Info(t.Context())
	require.NoError(t, err)
	require.Equal(t, plugins.Info{Name: "http", Version: "1.2.3", Contract: 1, Schemes: []string{"http", "https"}, Resumes: true}, info)
}

func TestInitRefuses(t *testing.T) {
	t.Parallel()
	err := httpfetch.New("1").Init(t.Context(), map[string]string{
		"HTTPS_PROXY": "http://u:secret@", "no.proxy": "x", "redirects": "many", "stall.timeout": "soon", "prox": "1"})
	requireKind(t, plugins.Permanent, err, `HTTPS_PROXY is not the address of a proxy`, `redirects is "many"`,
		`stall.timeout is "soon"`, `unknown key "prox"`)
	require.NotContains(t, err.Error(), "secret")
}

func TestWholeFile(t *testing.T) {
	t.Parallel()
	data := content(3 << 20)
	s := serve(t, file(data, `"v1"`, longAgo))
	c := newClient(t, nil)
	c.holds(content(5 << 20)[1:]) // what an earlier try left
	result, err := c.fetch(s.URL + "/a/jdk%2017.tar.gz?x=y#fragment")
	require.NoError(t, err)
	c.requireFile(data)
	require.Equal(t, plugins.FetchResult{Bytes: 3 << 20, Validator: `"v1"`, Name: "jdk 17.tar.gz"}, result)
	require.Equal(t, plugins.Progress{Total: 3 << 20, Validator: `"v1"`}, c.told[0])
	require.Equal(t, plugins.Progress{Bytes: 3 << 20, Total: 3 << 20, Validator: `"v1"`}, c.last())
	require.Len(t, s.requests, 1)
	got := s.last()
	require.Equal(t, "GET /a/jdk%2017.tar.gz?x=y", got.Method+" "+got.RequestURI)
	require.Equal(t, "identity", got.Header.Get("Accept-Encoding"))
	require.Equal(t, "alluxio-mesos/1.2.3", got.Header.Get("User-Agent"))
	require.Empty(t, got.Header.Get("Range"))
}

func TestWithoutLengthOrValidator(t *testing.T) {
	t.Parallel()
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("ETag", `W/"weak"`)
		w.Header().Set("Last-Modified", time.Now().UTC().Format(http.TimeFormat)) // may change within the second
		w.Header().Set("Content-Encoding", "gzip")                                // as some servers say of a .tar.gz
		_, _ = w.Write(content(100_000))
		w.(http.Flusher).Flush()
		_, _ = w.Write([]byte("end"))
	})
	c := newClient(t, nil)
	result, err := c.fetch(s.URL)
	require.NoError(t, err)
	require.Equal(t, plugins.FetchResult{Bytes: 100_003}, result)
	c.requireFile(append(content(100_000), "end"...))

	// Nothing proves what the file holds: begin anew.
	_, err = c.resume(s.URL, 50, "")
	require.NoError(t, err)
	require.Zero(t, c.told[0].Bytes)
	require.Empty(t, s.last().Header.Get("Range"))
}

func TestResume(t *testing.T) {
	t.Parallel()
	data := content(1 << 20)
	noRanges := func(h http.HandlerFunc) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			r.Header.Del("Range")
			h(w, r)
		}
	}
	handlers := map[string]http.HandlerFunc{
		"by ETag":                  file(data, `"v1"`, time.Time{}),
		"by date":                  file(data, "", longAgo),
		"weak ETag, date":          file(data, `W/"v1"`, longAgo),
		"no ranges, ETag":          noRanges(file(data, `"v1"`, time.Time{})),
		"no ranges, date":          noRanges(file(data, "", longAgo)),
		"unknown size in the part": func(w http.ResponseWriter, r *http.Request) { partOfUnknown(w, r, data) },
	}
	for name, handler := range handlers {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := serve(t, handler)
			c := newClient(t, nil)
			whole, err := c.fetch(s.URL)
			require.NoError(t, err)
			require.NotEmpty(t, whole.Validator)
			for _, offset := range []int64{1, 300_000, 1<<20 - 1, 1 << 20} {
				c.holds(append(make([]byte, offset), "garbage"...)) // zeros: they must stay
				result, err := c.resume(s.URL, offset, whole.Validator)
				require.NoError(t, err, offset)
				require.Equal(t, whole, result)
				require.Equal(t, offset, c.told[0].Bytes)
				c.requireFile(append(make([]byte, offset), data[offset:]...))
			}
		})
	}
}

func partOfUnknown(w http.ResponseWriter, r *http.Request, data []byte) {
	w.Header().Set("ETag", `"v1"`)
	var from int
	if n, _ := fmt.Sscanf(r.Header.Get("Range"), "bytes=%d-", &from); n == 1 && from < len(data) {
		w.Header().Set("Content-Range", fmt.Sprintf("bytes %d-%d/*", from, len(data)-1))
		w.WriteHeader(http.StatusPartialContent)
	} else if n == 1 {
		w.Header().Set("Content-Range", fmt.Sprintf("bytes */%d", len(data)))
		w.WriteHeader(http.StatusRequestedRangeNotSatisfiable)
	}
	_, _ = w.Write(data[from:])
}

func TestChangedFile(t *testing.T) {
	t.Parallel()
	data := content(1000)
	answers := map[string]http.HandlerFunc{
		"other ETag":           file(data, `"v2"`, time.Time{}),
		"ETag gone":            file(data, "", longAgo),
		"other date":           file(data, "", longAgo.Add(time.Hour)),
		"shorter":              file(data[:10], "", longAgo),
		"other part":           status(206, "Content-Range", "bytes 0-999/1000"),
		"part of other length": status(206, "Content-Range", "bytes 500-999/2000"),
		"part without range":   status(206, "", ""),
		"part of other ETag":   status(206, "Content-Range", "bytes 500-999/1000", "ETag", `"v2"`, "Content-Length", "500"),
		"length of no part":    status(206, "Content-Range", "bytes 500-999/1000", "Content-Length", "400"),
		"range behind its end": status(416, "Content-Range", "bytes */400"),
		"range, no size":       status(416, "", ""),
		"end of other ETag":    status(416, "Content-Range", "bytes */500", "ETag", `"v2"`),
	}
	for name, answer := range answers {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := serve(t, answer)
			c := newClient(t, nil)
			c.holds(data[:500])
			validator := `"v1"`
			if strings.Contains(name, "date") || name == "shorter" {
				validator = longAgo.Format(http.TimeFormat) + "/1000"
			}
			_, err := c.resume(s.URL, 500, validator)
			requireKind(t, plugins.Changed, err, "cannot fetch "+s.URL)
			c.requireFile(data[:500])
		})
	}
}

// status answers with a status and headers, and with no bytes.
func status(code int, headers ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		for i := 0; i+1 < len(headers); i += 2 {
			if headers[i] != "" {
				w.Header().Set(headers[i], headers[i+1])
			}
		}
		w.WriteHeader(code)
	}
}

func TestStatuses(t *testing.T) {
	t.Parallel()
	tests := []struct {
		code  int
		kind  plugins.Kind
		after string
		want  string
		wait  time.Duration
	}{
		{404, plugins.Permanent, "", "404 Not Found: there is no such file", 0},
		{410, plugins.Permanent, "", "410 Gone", 0},
		{401, plugins.Permanent, "", "wants credentials", 0},
		{403, plugins.Permanent, "", "not enough", 0},
		{407, plugins.Permanent, "", "the proxy wants credentials", 0},
		{400, plugins.Permanent, "7", "400 Bad Request", 0},
		{204, plugins.Permanent, "", "which brings no file", 0},
		{304, plugins.Permanent, "", "which brings no file", 0},
		{501, plugins.Permanent, "", "501", 0},
		{408, plugins.Retryable, "", "408", 0},
		{429, plugins.Retryable, "7", "429 Too Many Requests", 7 * time.Second},
		{503, plugins.Retryable, "-7", "503", 0},
		{503, plugins.Retryable, "999999999999", "503", 24 * time.Hour},
		{502, plugins.Retryable, "soon", "502", 0},
		{500, plugins.Retryable, "Mon, 03 Feb 2020 04:05:06 GMT", "500", 0},
	}
	for _, tt := range tests {
		s := serve(t, status(tt.code, "Retry-After", tt.after))
		c := newClient(t, nil)
		_, err := c.fetch(strings.Replace(s.URL, "//", "//bob:secret@", 1) + "/a?token=secret")
		requireKind(t, tt.kind, err, "cannot fetch http://xxxxx@", tt.want)
		require.NotContains(t, err.Error(), "secret")
		var e *plugins.Error
		require.ErrorAs(t, err, &e)
		require.Equal(t, tt.wait, e.RetryAfter)
	}
}

func TestRetryAfterDate(t *testing.T) {
	t.Parallel()
	s := serve(t, status(503, "Retry-After", time.Now().Add(time.Hour).UTC().Format(http.TimeFormat)))
	_, err := newClient(t, nil).fetch(s.URL)
	var e *plugins.Error
	require.ErrorAs(t, err, &e)
	require.InDelta(t, time.Hour, e.RetryAfter, float64(time.Minute))
}

// A connection that breaks leaves what came, and the rest comes from there.
func TestBrokenConnection(t *testing.T) {
	t.Parallel()
	data := content(1 << 20)
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Range") != "" {
			file(data, `"v1"`, longAgo)(w, r)
			return
		}
		w.Header().Set("ETag", `"v1"`)
		w.Header().Set("Content-Length", fmt.Sprint(len(data)))
		_, _ = w.Write(data[:400_000])
	})
	c := newClient(t, nil)
	_, err := c.fetch(s.URL)
	requireKind(t, plugins.Retryable, err, "the connection ended after 400000 bytes of 1048576")
	require.Equal(t, plugins.Progress{Bytes: 400_000, Total: 1 << 20, Validator: `"v1"`}, c.last())
	_, err = c.resume(s.URL, c.last().Bytes, c.last().Validator)
	require.NoError(t, err)
	require.Equal(t, "bytes=400000-", s.last().Header.Get("Range"))
	c.requireFile(data)
}

func TestStall(t *testing.T) {
	t.Parallel()
	release := make(chan struct{})
	defer close(release)
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/head" {
			<-release
			return
		}
		w.Header().Set("Content-Length", "1000")
		_, _ = w.Write(content(100))
		w.(http.Flusher).Flush()
		select {
		case <-release:
		case <-r.Context().Done():
		}
	})
	c := newClient(t, map[string]string{"stall.timeout": "700ms"})
	_, err := c.fetch(s.URL)
	requireKind(t, plugins.Retryable, err, "no byte came for 700ms, after 100 bytes of 1000")
	require.EqualValues(t, 100, c.last().Bytes)
	_, err = c.fetch(s.URL + "/head")
	requireKind(t, plugins.Retryable, err, "timeout awaiting response headers")
}

func TestCancel(t *testing.T) {
	t.Parallel()
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = w.Write(content(100))
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	})
	c := newClient(t, nil)
	ctx, cancel := context.WithCancelCause(t.Context())
	why := fmt.Errorf("enough")
	_, err := c.f.Fetch(ctx, plugins.FetchRequest{Source: s.URL, File: c.file}, func(plugins.Progress) { cancel(why) })
	require.ErrorIs(t, err, why)
	_, err = c.f.Fetch(ctx, plugins.FetchRequest{Source: s.URL, File: c.file}, nil)
	require.ErrorIs(t, err, why)
}

func TestMoreThanAnnounced(t *testing.T) {
	t.Parallel()
	s := serve(t, func(w http.ResponseWriter, r *http.Request) { // a part in chunks, of no stated length
		w.Header().Set("Content-Range", "bytes 500-999/1000")
		w.WriteHeader(206)
		w.(http.Flusher).Flush()
		_, _ = w.Write(content(501))
	})
	c := newClient(t, nil)
	c.holds(content(500))
	_, err := c.resume(s.URL, 500, `"v1"`)
	requireKind(t, plugins.Changed, err, "more than the announced 1000 bytes")
}

func TestConnectionErrors(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	closed := listener.Addr().String()
	require.NoError(t, listener.Close())
	_, err = newClient(t, nil).fetch("http://bob:secret@" + closed + "/a?token=secret")
	requireKind(t, plugins.Retryable, err, "cannot fetch http://xxxxx@"+closed+"/a?token=xxxxx: dial tcp", "connection refused")
	require.NotContains(t, err.Error(), "secret")

	s := serve(t, file(nil, "", longAgo))
	_, err = newClient(t, nil).fetch(strings.Replace(s.URL, "http:", "https:", 1))
	requireKind(t, plugins.Permanent, err, "does not speak https at this port; write http://")
	listener, err = net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer listener.Close()
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			_, _ = conn.Write([]byte("220 this is another protocol\r\n"))
			_, _ = conn.Read(make([]byte, 1000))
			conn.Close()
		}
	}()
	_, err = newClient(t, nil).fetch("https://" + listener.Addr().String() + "/a")
	requireKind(t, plugins.Permanent, err, "does not speak https at this port; write http://")

	redirects := serve(t, status(302, "Location", "http://127.0.0.1:99999/a"))
	_, err = newClient(t, nil).fetch(redirects.URL)
	requireKind(t, plugins.Permanent, err, "invalid port")
}

// What a server answers to the first request, which asks for all.
func TestAPartThatNobodyAskedFor(t *testing.T) {
	t.Parallel()
	for want, answer := range map[string]http.HandlerFunc{
		`with a part of the file (206, "bytes 0-4/10")`: status(206, "Content-Range", "bytes 0-4/10"),
		"though all of it was asked for":                status(416, "Content-Range", "bytes */0"),
	} {
		s := serve(t, answer)
		_, err := newClient(t, nil).fetch(s.URL)
		requireKind(t, plugins.Permanent, err, want)
		require.Len(t, s.all(), 1)
	}
}

func TestAConnectionThatIsClosedWithoutAnAnswer(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		said  string
		reset bool
		want  string
	}{
		"closed":               {"", false, "the server closed the connection without an answer"},
		"reset":                {"", true, "the server closed the connection without an answer"},
		"in the answer's head": {"HTTP/1.1 200 OK\r\nContent-Length: 7\r\n", false, "the server closed the connection in the middle of its answer's head"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := serve(t, func(w http.ResponseWriter, _ *http.Request) {
				conn, _, err := w.(http.Hijacker).Hijack()
				if err != nil {
					t.Error(err)
					return
				}
				_, _ = io.WriteString(conn, tt.said)
				if tt.reset {
					_ = conn.(*net.TCPConn).SetLinger(0)
				}
				_ = conn.Close()
			})
			_, err := newClient(t, nil).fetch(s.URL)
			requireKind(t, plugins.Retryable, err)
			require.EqualError(t, err, "cannot fetch "+s.URL+": "+tt.want)
		})
	}
}

func TestUntrustedCertificate(t *testing.T) {
	t.Parallel()
	s := httptest.NewUnstartedServer(file(nil, "", longAgo))
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.StartTLS()
	defer s.Close()
	_, err := newClient(t, nil).fetch(s.URL)
	_, named := newClient(t, nil).fetch(strings.Replace(s.URL, "127.0.0.1", "localhost", 1))
	requireKind(t, plugins.Permanent, named, `the server's certificate is not one of "localhost"`, "example.com")
	requireKind(t, plugins.Permanent, err, "the server's certificate is not trusted on this node")
}

func TestBadSources(t *testing.T) {
	t.Parallel()
	for source, want := range map[string]string{
		"":                    "http and https only",
		"ftp://host/a":        "http and https only",
		"http:///a":           "names no host",
		"http://h:99999/a":    "99999 is no port",
		"https://h:0/a":       "0 is no port",
		"http://u:secret@h:x": "not a URL",
		"http::https://h/a":   "names no host",
	} {
		_, err := newClient(t, nil).fetch(source)
		requireKind(t, plugins.Permanent, err, "cannot fetch ", want)
		require.NotContains(t, err.Error(), "secret")
	}
}

func TestFileThatCannotBeWritten(t *testing.T) {
	t.Parallel()
	s := serve(t, file(content(10), "", longAgo))
	c := newClient(t, nil)
	require.NoError(t, os.Remove(c.file))
	_, err := c.fetch(s.URL)
	requireKind(t, plugins.Retryable, err, "cannot store "+s.URL)
	c.file = "/dev/full"
	_, err = c.fetch(s.URL)
	requireKind(t, plugins.Permanent, err, "it is no file")
}

func TestRedirects(t *testing.T) {
	t.Parallel()
	data := content(1000)
	target := serve(t, file(data, `"v1"`, longAgo))
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/away":
			http.Redirect(w, r, target.URL+"/file?token=secret", http.StatusFound)
		case "/here":
			http.Redirect(w, r, "/file", http.StatusMovedPermanently)
		case "/file":
			file(data, `"v1"`, longAgo)(w, r)
		case "/odd":
			w.Header().Set("Location", "file:///etc/passwd")
			w.WriteHeader(http.StatusFound)
		case "/broken":
			w.Header().Set("Location", "http://bob:secret@%zz/")
			w.WriteHeader(http.StatusFound)
		default:
			http.Redirect(w, r, "/round?token=secret", http.StatusFound)
		}
	})
	withUser := strings.Replace(s.URL, "//", "//bob:secret@", 1)
	c := newClient(t, nil)
	_, err := c.fetch(withUser + "/away?token=secret")
	require.NoError(t, err)
	c.requireFile(data)
	require.Empty(t, target.last().Header.Get("Authorization"))
	require.Empty(t, target.last().Header.Get("Referer"))

	result, err := c.fetch(withUser + "/here")
	require.NoError(t, err)
	require.Equal(t, "here", result.Name)
	user, password, _ := s.last().BasicAuth()
	require.Equal(t, "bob secret", user+" "+password)
	_, err = c.resume(withUser+"/here", 500, `"v1"`)
	require.NoError(t, err)
	require.Equal(t, "bytes=500-", s.last().Header.Get("Range"))

	before := len(s.requests)
	_, err = c.fetch(withUser + "/round")
	requireKind(t, plugins.Permanent, err, "more than 10 redirects")
	require.NotContains(t, err.Error(), "secret")
	require.Len(t, s.requests, before+11)
	_, err = c.fetch(withUser + "/odd")
	requireKind(t, plugins.Permanent, err, "neither http nor https")
	_, err = c.fetch(withUser + "/broken")
	require.Error(t, err)
	require.NotContains(t, err.Error(), "secret")
}

func TestProxy(t *testing.T) {
	t.Parallel()
	data := content(1000)
	proxy := serve(t, file(data, "", longAgo))
	for _, key := range []string{"HTTP_PROXY", "http.proxy", "http_proxy"} {
		c := newClient(t, map[string]string{key: strings.Replace(proxy.URL, "//", "//bob:secret@", 1), "no.proxy": "direct.invalid"})
		_, err := c.fetch("http://software.invalid/jdk.tar")
		require.NoError(t, err)
		c.requireFile(data)
		require.Equal(t, "http://software.invalid/jdk.tar", proxy.last().RequestURI)
		require.NotEmpty(t, proxy.last().Header.Get("Proxy-Authorization"))
		_, err = c.fetch("http://direct.invalid/jdk.tar")
		requireKind(t, plugins.Retryable, err, "cannot fetch http://direct.invalid/jdk.tar: ")
	}
}

func TestProgressIsThrottled(t *testing.T) {
	t.Parallel()
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		for range 2000 {
			_, _ = w.Write(content(100))
			w.(http.Flusher).Flush()
		}
	})
	c := newClient(t, nil)
	start := time.Now()
	_, err := c.fetch(s.URL)
	require.NoError(t, err)
	require.LessOrEqual(t, len(c.told), 8+int(time.Since(start)/(100*time.Millisecond)))
	require.EqualValues(t, 200_000, c.last().Bytes)
}
