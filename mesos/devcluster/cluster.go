package devcluster

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/alluxio-mesos/alluxio-mesos/mesos"
)

// Cluster is a running master with its agents. One lock guards all of its state;
// what can take time (fetching, processes, connections) happens outside of it.
type Cluster struct {
	config     Config
	log        *slog.Logger
	spawner    *spawner
	goroutines sync.WaitGroup

	mu        sync.Mutex
	master    *master
	agents    []*agent
	sandboxes map[executorKey]string
	onUpdate  func(Update) (copies int, delay time.Duration)
	stopTicks context.CancelFunc
	closed    bool
}

// Update is a status update on its way from an agent to the master.
type Update struct {
	Framework mesos.FrameworkID
	Task      mesos.TaskID
	State     mesos.TaskState
}

// Start brings a cluster up. Cancelling ctx does not end it; Close does.
func Start(ctx context.Context, config Config) (*Cluster, error) {
	config = config.withDefaults()
	dir, err := filepath.Abs(config.Dir)
	if err != nil || config.Dir == "" {
		return nil, fmt.Errorf("cannot start an embedded Mesos: bad folder %q", config.Dir)
	}
	config.Dir = dir
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("cannot start an embedded Mesos: %w", err)
	}
	c := &Cluster{config: config, log: config.Logger, spawner: newSpawner(), sandboxes: map[executorKey]string{}}
	if err := c.start(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("cannot start an embedded Mesos: %w", err), c.Close())
	}
	return c, nil
}

func (c *Cluster) start(ctx context.Context) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	ticks, cancel := context.WithCancel(context.Background())
	c.stopTicks = cancel
	c.master = newMaster(c)
	if err := c.listenMaster(c.config.Port); err != nil {
		return err
	}
	for i, config := range c.config.Agents {
		a, err := newAgent(c, i+1, config)
		if err != nil {
			return err
		}
		c.agents = append(c.agents, a)
		if err := a.listen(0); err != nil {
			return err
		}
		a.join()
	}
	c.goroutines.Go(func() { c.tick(ticks) })
	return ctx.Err()
}

// tick makes offers of what became free.
func (c *Cluster) tick(ctx context.Context) {
	ticker := time.NewTicker(c.config.Timing.Allocation)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			c.mu.Lock()
			c.master.allocate()
			c.mu.Unlock()
		}
	}
}

func (c *Cluster) listenMaster(port int) error {
	l, err := listen(port)
	if err != nil {
		return fmt.Errorf("master: %w", err)
	}
	c.master.address = l.Addr().String()
	c.master.server = c.serve(l, c.master.handler())
	return nil
}

func (a *agent) listen(port int) error {
	l, err := listen(port)
	if err != nil {
		return fmt.Errorf("agent %d: %w", a.number, err)
	}
	a.port = l.Addr().(*net.TCPAddr).Port
	a.server = a.c.serve(l, a.handler())
	a.up = true
	return nil
}

// listen tries for a while where the port is that of a server which was there
// before: while it was away, someone's connection may have got it.
func listen(port int) (net.Listener, error) {
	for attempt := 0; ; attempt++ {
		l, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", fmt.Sprint(port)))
		if err == nil || port == 0 || attempt == 20 {
			return l, err
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// server is an HTTP server whose port is free as soon as it is closed.
type server struct {
	http     *http.Server
	listener net.Listener
}

func (c *Cluster) serve(l net.Listener, h http.Handler) *server {
	s := &server{http: &http.Server{Handler: c.counted(h), ReadHeaderTimeout: 10 * time.Second}, listener: l}
	c.goroutines.Go(func() { _ = s.http.Serve(l) }) // always ends with an error that says it was closed
	return s
}

func (s *server) close() {
	if s != nil {
		s.listener.Close()
		s.http.Close()
	}
}

// counted lets Close wait for requests, streams above all.
func (c *Cluster) counted(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c.mu.Lock()
		if c.closed {
			c.mu.Unlock()
			http.Error(w, "closed", http.StatusServiceUnavailable)
			return
		}
		c.goroutines.Add(1)
		c.mu.Unlock()
		defer c.goroutines.Done()
		h.ServeHTTP(w, r)
	})
}

// after runs f under the lock, later, unless the cluster was closed.
func (c *Cluster) after(d time.Duration, f func()) *time.Timer {
	return time.AfterFunc(d, func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		if !c.closed {
			f()
		}
	})
}

// Address is the "host:port" of the master.
func (c *Cluster) Address() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.master.address
}

// Sandbox is the folder of the latest run of an executor, or empty.
func (c *Cluster) Sandbox(framework mesos.FrameworkID, executor mesos.ExecutorID) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.sandboxes[executorKey{string(framework), string(executor)}]
}

// Close asks every executor to shut down, kills after their grace period what is
// left of them, with all their processes, ends agents and master, and waits.
// Sandboxes stay.
func (c *Cluster) Close() error {
	c.mu.Lock()
	if c.closed {
		c.mu.Unlock()
		return nil
	}
	runs := c.shutdownAll()
	c.mu.Unlock()
	c.awaitRuns(runs)

	c.mu.Lock()
	c.closed = true
	c.stopTicks()
	c.master.down = true
	for _, run := range c.runs() {
		run.kill()
	}
	servers := []*server{c.master.server}
	for _, a := range c.agents {
		servers = append(servers, a.server)
		a.cache.close()
	}
	c.mu.Unlock()
	for _, s := range servers {
		s.close()
	}
	c.goroutines.Wait()
	c.spawner.close()
	return nil
}

func (c *Cluster) runs() []*executorRun {
	var out []*executorRun
	for _, a := range c.agents {
		for _, af := range a.frameworks {
			for _, run := range af.executors {
				out = append(out, run)
			}
		}
	}
	return out
}

// shutdownAll begins the end of every executor.
func (c *Cluster) shutdownAll() []*executorRun {
	for _, f := range c.master.sortedFrameworks() {
		c.master.removeFramework(f)
	}
	runs := c.runs() // also of frameworks that were removed before
	for _, run := range runs {
		run.shutdown()
	}
	return runs
}

// awaitRuns waits until the executors are gone; each has its grace period. One that
// is not connected cannot know that it should end.
func (c *Cluster) awaitRuns(runs []*executorRun) {
	limit := time.Second
	c.mu.Lock()
	for _, run := range runs {
		if run.out != nil {
			limit = max(limit, run.grace()+time.Second)
		}
	}
	c.mu.Unlock()
	timeout := time.NewTimer(limit)
	defer timeout.Stop()
	for _, run := range runs {
		select {
		case <-run.done:
		case <-timeout.C:
			return
		}
	}
}
