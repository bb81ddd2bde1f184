package suite

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/alluxio-mesos/alluxio-mesos/plugins"
)

// stage offers the same files in a folder, over HTTP, over FTP and as an OCI registry, so
// that fetchers of many schemes have something to fetch. How a scheme writes a source of
// it is a form: "http://{http}/{file}".
type stage struct {
	dir  string
	web  net.Listener
	ftp  net.Listener
	http *http.Server
	all  sync.WaitGroup

	slow atomic.Bool // spreads an answer over time, so that it can be broken off

	mu     sync.Mutex
	n      int
	files  map[string][]byte
	faults map[string]fault
}

// fault befalls the next answers that hold a file's first half.
type fault struct {
	times int
	stall bool // stands still in the middle, instead of ending there
}

func newStage(dir string) (*stage, error) {
	web, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("cannot offer anything to fetch: %w", err)
	}
	ftp, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, errors.Join(fmt.Errorf("cannot offer anything to fetch: %w", err), web.Close())
	}
	s := &stage{dir: dir, web: web, ftp: ftp, files: map[string][]byte{}, faults: map[string]fault{}}
	s.http = &http.Server{Handler: s, ReadHeaderTimeout: callTime}
	s.all.Go(func() { _ = s.http.Serve(web) })
	s.all.Go(s.serveFTP)
	return s, nil
}

func (s *stage) close() {
	_ = s.http.Close()
	_ = s.ftp.Close()
	s.all.Wait()
}

// formsOf is how a source of a scheme may be written: the usual way where the scheme is
// known, and else what a new fetcher might well take.
func formsOf(scheme string) []string {
	switch scheme {
	case "http":
		return []string{"http://{http}/{file}"}
	case "https", "local":
		return nil // needs a certificate that the plugin trusts; needs no file
	case "file":
		return []string{"{dir}/{file}"}
	case "ftp":
		return []string{"ftp://{ftp}/{file}"}
	case "oci":
		return []string{"oci://{http}/suite:{file}"}
	case "s3":
		return []string{"s3://suite/{file}?endpoint=http://{http}&region=us-east-1&anonymous=true"}
	}
	return []string{scheme + "://{http}/{file}", scheme + "://{dir}/{file}", scheme + "://{sha256}"}
}

// fill writes a form out for one file.
func (s *stage) fill(form, name string, data []byte) string {
	sum := sha256.Sum256(data)
	return strings.NewReplacer("{http}", s.web.Addr().String(), "{ftp}", s.ftp.Addr().String(), "{dir}", s.dir,
		"{file}", name, "{sha256}", hex.EncodeToString(sum[:])).Replace(form)
}

func isForm(source string) bool { return strings.Contains(source, "{") }

// world is what the checks use of the stage, in one form.
func (s *stage) world(form string, config map[string]string) FetcherWorld {
	w := FetcherWorld{
		Config: config,
		Serve: func(data []byte) (string, error) {
			name := s.newName()
			return s.fill(form, name, data), s.set(name, data)
		},
		Missing: s.fill(form, "no-such-file.tar", []byte("no such file")),
		Bad:     badSource(form),
	}
	if strings.Contains(form, "{file}") {
		w.Change = func(source string, data []byte) error { return s.set(s.nameIn(source), data) }
	}
	return w
}

// badSource cannot be understood by any fetcher of the form's scheme.
func badSource(form string) string {
	scheme, _, found := strings.Cut(form, "://")
	if !found {
		return "file:relative"
	}
	if scheme == "http" {
		return "http://"
	}
	return scheme + "://%zz"
}

func (s *stage) newName() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.n++
	return fmt.Sprintf("file-%d.tar", s.n)
}

func (s *stage) nameIn(source string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	for name := range s.files {
		if i := strings.Index(source, name); i >= 0 && (len(source) == i+len(name) || strings.ContainsRune("?#", rune(source[i+len(name)]))) {
			return name
		}
	}
	return ""
}

// set puts a file into the folder, too, under its name and under its digest. It is
// replaced, not written in place, as a tidy publisher does.
func (s *stage) set(name string, data []byte) error {
	s.mu.Lock()
	s.files[name] = data
	s.mu.Unlock()
	sum := sha256.Sum256(data)
	for _, file := range []string{name, hex.EncodeToString(sum[:])} {
		part := filepath.Join(s.dir, file+".part")
		if err := os.WriteFile(part, data, 0o644); err != nil {
			return err
		}
		if err := os.Rename(part, filepath.Join(s.dir, file)); err != nil {
			return err
		}
	}
	return nil
}

func (s *stage) get(name string) ([]byte, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	data, found := s.files[name]
	if found {
		return data, true
	}
	for _, data := range s.files { // by digest
		if sum := sha256.Sum256(data); strings.TrimPrefix(name, "sha256:") == hex.EncodeToString(sum[:]) {
			return data, true
		}
	}
	return nil, false
}

// spoil lets the next answers of the file behind a source end, or stand still, halfway.
func (s *stage) spoil(source string, f fault) {
	name := s.nameIn(source)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults[name] = f
}

// overHTTP tells whether a source names the web server.
func (s *stage) overHTTP(source string) bool { return strings.Contains(source, s.web.Addr().String()) }

func (s *stage) takeFault(name string) (fault, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f := s.faults[name]
	if f.times == 0 {
		return fault{}, false
	}
	s.faults[name] = fault{times: f.times - 1, stall: f.stall}
	return f, true
}

// ServeHTTP answers any path by its last element, and as an OCI registry below /v2/.
func (s *stage) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	name := path.Base(r.URL.Path)
	if r.URL.Path == "/v2/" {
		return
	}
	data, found := s.get(name)
	if !found {
		http.NotFound(w, r)
		return
	}
	if strings.HasPrefix(r.URL.Path, "/v2/") && strings.Contains(r.URL.Path, "/manifests/") {
		serveManifest(w, data)
		return
	}
	sum := sha256.Sum256(data)
	w.Header().Set("ETag", strconv.Quote(hex.EncodeToString(sum[:8])))
	w.Header().Set("Content-Type", "application/octet-stream")
	out := &trickle{ResponseWriter: w, slow: s.slow.Load(), done: r.Context().Done()}
	if start, _, _ := strings.Cut(r.Header.Get("Range"), "-"); start == "" || start == "bytes=0" {
		if f, is := s.takeFault(name); is {
			out.endAt, out.stall = len(data)/2, f.stall
		}
	}
	http.ServeContent(out, r, "", time.Time{}, bytes.NewReader(data))
}

// serveManifest describes one file as an OCI artifact with a single layer
// (https://github.com/opencontainers/image-spec/blob/main/manifest.md).
func serveManifest(w http.ResponseWriter, data []byte) {
	sum := sha256.Sum256(data)
	w.Header().Set("Content-Type", "application/vnd.oci.image.manifest.v1+json")
	fmt.Fprintf(w, `{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json",`+
		`"config":{"mediaType":"application/vnd.oci.empty.v1+json","digest":"sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a","size":2},`+
		`"layers":[{"mediaType":"application/octet-stream","digest":"sha256:%x","size":%d}]}`, sum, len(data))
}

// trickle writes slowly if it is to, and not all if it is to.
type trickle struct {
	http.ResponseWriter
	slow  bool
	done  <-chan struct{}
	endAt int // 0: never
	stall bool
	sent  int
}

// tricklePiece and tricklePause make some 16 MB a second.
const (
	tricklePiece = 32 << 10
	tricklePause = 2 * time.Millisecond
)

func (t *trickle) Write(p []byte) (int, error) {
	written := 0
	for piece := range slices.Chunk(p, tricklePiece) {
		if t.endAt > 0 && t.sent+len(piece) > t.endAt {
			if t.stall {
				_ = http.NewResponseController(t.ResponseWriter).Flush()
				<-t.done
			}
			panic(http.ErrAbortHandler) // net/http's way to break an answer off
		}
		if t.slow {
			select {
			case <-t.done:
			case <-time.After(tricklePause):
			}
		}
		n, err := t.ResponseWriter.Write(piece)
		written += n
		t.sent += n
		if err != nil {
			return written, err
		}
	}
	return written, nil
}

// pick finds the form of a scheme that a fetcher takes: one in which a small file comes,
// or at least a word of progress, or one over which it crashes or stands still: its last
// words may have been on the way then.
func (s *stage) pick(forms []string, fetch func(source string) (moved bool, err error)) (string, error) {
	var refusals []string
	for _, form := range forms {
		name, data := s.newName(), content(9, 1000)
		if err := s.set(name, data); err != nil {
			return "", err
		}
		moved, err := fetch(s.fill(form, name, data))
		if err == nil || moved || errors.Is(err, plugins.ErrDisconnected) || errors.Is(err, errStalled) {
			return form, nil
		}
		refusals = append(refusals, fmt.Sprintf("%s: %v", form, err))
	}
	return "", Skip("no source is known that it takes (tried %s); give one with --source", strings.Join(refusals, "; "))
}
