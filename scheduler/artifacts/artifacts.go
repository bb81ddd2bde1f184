package artifacts

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"time"
)

// File is a binary to hand out.
type File struct {
	Path   string
	SHA256 string
	Size   int64
}

// Config of a listener.
type Config struct {
	// Bind is the address to listen on; empty: Host if it is an address, else all.
	Bind string
	// Host is what URLs name.
	Host string
	// Port that is tried first, for URLs that were handed out before; 0: any.
	Port   int
	Files  []File
	Logger *slog.Logger
}

// Server is a running listener.
type Server struct {
	host     string
	listener net.Listener
	server   *http.Server
	mu       sync.Mutex
	files    map[string]*open // by path of the URL
	done     chan struct{}
}

// open is a file that is handed out. It is closed when it is taken out and nobody reads it any more.
type open struct {
	file *os.File
	File
	users int
	out   bool
}

// Listen opens the files and begins to serve them. The port is another one if the wanted one is taken.
func Listen(c Config) (*Server, error) {
	s := &Server{host: c.Host, files: map[string]*open{}, done: make(chan struct{})}
	for _, f := range c.Files {
		if err := s.Add(f); err != nil {
			s.closeFiles()
			return nil, err
		}
	}
	listener, err := listen(c)
	if err != nil {
		s.closeFiles()
		return nil, err
	}
	s.listener = listener
	s.server = &http.Server{Handler: http.HandlerFunc(s.serve), ReadHeaderTimeout: 10 * time.Second, IdleTimeout: time.Minute,
		ErrorLog: slog.NewLogLogger(c.Logger.Handler(), slog.LevelDebug)}
	go func() {
		defer close(s.done)
		if err := s.server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			c.Logger.Error("the artifact listener ended", "error", err)
		}
	}()
	return s, nil
}

func listen(c Config) (net.Listener, error) {
	bind := c.Bind
	if bind == "" && net.ParseIP(c.Host) != nil {
		bind = c.Host
	}
	listener, err := net.Listen("tcp", net.JoinHostPort(bind, strconv.Itoa(c.Port)))
	if err != nil && c.Port != 0 {
		c.Logger.Warn("the artifact listener's port is taken: new executors get another address", "port", c.Port, "error", err)
		listener, err = net.Listen("tcp", net.JoinHostPort(bind, "0"))
	}
	if err != nil {
		return nil, fmt.Errorf("cannot listen for the agents on %q: %w: set alluxio.integration.mesos.artifact.bind to an address of this host, "+
			"and alluxio.integration.mesos.artifact.host to what the agents reach it by", bind, err)
	}
	return listener, nil
}

// Add hands out one more file, from now on. It is opened here: what happens to the path later does not matter.
func (s *Server) Add(f File) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, known := s.files[urlPath(f)]; known {
		return nil
	}
	file, err := os.Open(f.Path)
	if err != nil {
		return fmt.Errorf("cannot hand out %s to the agents: %w", filepath.Base(f.Path), err)
	}
	s.files[urlPath(f)] = &open{file: file, File: f}
	return nil
}

// Remove takes a file out. Who reads it may finish.
func (s *Server) Remove(f File) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if o := s.files[urlPath(f)]; o != nil {
		delete(s.files, urlPath(f))
		o.out = true
		o.closeUnused()
	}
}

func (s *Server) take(path string) (*open, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	o, ok := s.files[path]
	if ok {
		o.users++
	}
	return o, ok
}

func (s *Server) release(o *open) {
	s.mu.Lock()
	defer s.mu.Unlock()
	o.users--
	o.closeUnused()
}

func (o *open) closeUnused() {
	if o.out && o.users == 0 {
		_ = o.file.Close()
	}
}

func urlPath(f File) string { return "/artifacts/" + f.SHA256 + "/" + filepath.Base(f.Path) }

// URL of a file.
func (s *Server) URL(f File) string {
	return "http://" + net.JoinHostPort(s.host, strconv.Itoa(s.Port())) + urlPath(f)
}

// Port on which it listens.
func (s *Server) Port() int { return s.listener.Addr().(*net.TCPAddr).Port }

func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, "only GET and HEAD", http.StatusMethodNotAllowed)
		return
	}
	f, ok := s.take(r.URL.Path)
	if !ok {
		http.NotFound(w, r)
		return
	}
	defer s.release(f)
	w.Header().Set("Content-Type", "application/octet-stream")
	w.Header().Set("ETag", `"`+f.SHA256+`"`)
	// A reader of its own: requests share the file, which stays the same even if the path gets a new binary.
	http.ServeContent(w, r, "", time.Time{}, io.NewSectionReader(f.file, 0, f.Size))
}

// Close ends the listener and waits for it.
func (s *Server) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	err := s.server.Shutdown(ctx)
	if err != nil {
		err = s.server.Close()
	}
	<-s.done
	s.closeFiles()
	return err
}

func (s *Server) closeFiles() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, f := range s.files {
		f.out = true
		f.closeUnused()
	}
}
