package api

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strconv"
	"time"

	"github.com/alluxio-mesos/alluxio-mesos/scheduler/plan"
)

// Source is what the API looks into.
type Source interface {
	// View of the plan as it stood after the last event. It is safe for concurrent use.
	View() plan.View
	// RequestStop asks for the end of the deployment, and returns at once.
	RequestStop()
}

// Config of a server.
type Config struct {
	Bind string
	// Host is the name by which others reach this host, as far as one is known.
	Host   string
	Port   int // 0: any
	Token  string
	Source Source
	// Installer of plugins; nil: they cannot be changed here.
	Installer Installer
	Logger    *slog.Logger
}

// Server is a running API.
type Server struct {
	listener net.Listener
	host     string
	server   *http.Server
	done     chan struct{}
}

// Listen begins to serve.
func Listen(c Config) (*Server, error) {
	listener, err := net.Listen("tcp", net.JoinHostPort(c.Bind, strconv.Itoa(c.Port)))
	if err != nil {
		return nil, fmt.Errorf("cannot listen for the API: %w: set alluxio.integration.mesos.web.port and web.bind to what is free on this host", err)
	}
	s := &Server{listener: listener, host: c.Host, done: make(chan struct{})}
	// ReadTimeout is for bodies; one that may take longer has its own deadlines.
	s.server = &http.Server{Handler: Handler(c), ReadHeaderTimeout: 10 * time.Second, ReadTimeout: bodyStall, WriteTimeout: time.Minute,
		IdleTimeout: time.Minute, MaxHeaderBytes: 64 << 10,
		ErrorLog: slog.NewLogLogger(c.Logger.Handler(), slog.LevelDebug)}
	go func() {
		defer close(s.done)
		if err := s.server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			c.Logger.Error("the API ended", "error", err)
		}
	}()
	return s, nil
}

// URL of the API, as it is reached from this host.
func (s *Server) URL() string {
	address := s.listener.Addr().(*net.TCPAddr)
	host := address.IP.String()
	if address.IP.IsUnspecified() {
		host = "127.0.0.1"
	}
	return "http://" + net.JoinHostPort(host, strconv.Itoa(address.Port))
}

// PublicURL of the API, as others reach it; empty where only this host does.
func (s *Server) PublicURL() string {
	address := s.listener.Addr().(*net.TCPAddr)
	switch {
	case address.IP.IsLoopback():
		return ""
	case address.IP.IsUnspecified() && s.host != "":
		return "http://" + net.JoinHostPort(s.host, strconv.Itoa(address.Port))
	}
	return s.URL()
}

// Close ends the server and waits for it.
func (s *Server) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	err := s.server.Shutdown(ctx)
	if err != nil {
		err = s.server.Close()
	}
	<-s.done
	return err
}
