package host

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"os/exec"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/hashicorp/go-plugin"

	"github.com/alluxio-mesos/alluxio-mesos/internal/landlock"
	"github.com/alluxio-mesos/alluxio-mesos/internal/scratch"
	"github.com/alluxio-mesos/alluxio-mesos/plugins"
)

const (
	// exitTime is how long a killed process may take to be gone. Only one that the kernel
	// cannot end (stuck in a disk or network file system) takes longer.
	exitTime = 10 * time.Second
	// lastWords is how long a plugin that closed its connection may take to say why.
	lastWords = 250 * time.Millisecond
	// busyTries and busyPause: see start.
	busyTries = 10
	busyPause = 20 * time.Millisecond
)

// process is one running plugin.
//
//	start -> (launch -> connect -> serve -> end) -> gone
//
// It is launched by an OS thread of its own, which stays until the process is gone: the
// kernel ends the plugin when the thread that started it ends (PR_SET_PDEATHSIG, prctl(2)),
// and that must mean the host. The thread is confined, and the process inherits that.
type process struct {
	exe      executable
	log      *slog.Logger
	temp     *scratch.Dir
	cmd      *exec.Cmd
	tail     *tail
	timeouts Config
	rules    *landlock.Rules // nil: not confined
	self     identity

	fetcher plugins.Fetcher // of these two, the one that the plugin is
	ramdisk plugins.Ramdisk
	info    plugins.Info

	kill     context.CancelFunc // ends the process group at once
	stopOnce sync.Once
	stop     chan struct{}   // asks for an orderly end
	died     context.Context // ends when the process has ended and its last lines are read
	gone     chan struct{}   // closed when nothing of it is left
	thread   chan struct{}   // closed when the thread that launched it ends

	// Of the slot, under the host's lock.
	users   int
	rests   int // times that it became unused
	retired bool
	counted bool // its end in a call was held against it

	worked atomic.Bool // it did a call well
	broke  atomic.Bool // it ended in the middle of a call
}

// start starts a plugin and waits until it is ready.
func (h *Host) start(ctx context.Context, exe executable) (*process, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, h.cfg.StartTimeout,
		fmt.Errorf("it was not ready after %s", h.cfg.StartTimeout))
	defer cancel()
	for range busyTries {
		p, err := h.startOnce(ctx, exe)
		// A plugin that was written a moment ago is "busy" while a process that this one forked
		// meanwhile, for something else, has not yet closed its copy of the descriptor
		// (https://go.dev/issue/22315).
		if !errors.Is(err, syscall.ETXTBSY) {
			return p, err
		}
		select {
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		case <-time.After(busyPause):
		}
	}
	return nil, fmt.Errorf("cannot start plugin %s: %w", exe.id(), syscall.ETXTBSY)
}

func (h *Host) startOnce(ctx context.Context, exe executable) (*process, error) {
	begun := time.Now()
	temp, err := scratch.Make(h.temp, tempPrefix)
	if err != nil {
		return nil, err
	}
	rules, err := h.confinement(exe, temp.Path)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("cannot start plugin %s: %w", exe.id(), err), temp.Remove())
	}
	log := h.log.With("plugin", exe.id())
	p := &process{
		exe: exe, log: log, temp: temp, tail: newTail(log, time.Now), timeouts: h.cfg, rules: rules,
		stop: make(chan struct{}), gone: make(chan struct{}),
	}
	started := make(chan error, 1)
	h.running.Go(func() { p.keep(ctx, started) })
	if err := <-started; err != nil {
		<-p.gone
		return nil, fmt.Errorf("cannot start plugin %s: %w%s", exe.id(), err, p.tail)
	}
	log.Info("plugin started", "version", p.info.Version, "pid", p.cmd.Process.Pid, "sha256", exe.sha256, "took", time.Since(begun))
	return p, nil
}

// keep is the life of the process.
func (p *process) keep(ctx context.Context, started chan<- error) {
	client, err := p.newClient()
	if err != nil {
		started <- errors.Join(err, p.temp.Remove())
		close(p.gone)
		return
	}
	uncancel := context.AfterFunc(ctx, p.kill)
	err = p.launch(client)
	if err == nil {
		err = p.connect(ctx, client)
	}
	if ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	if err == nil && !uncancel() {
		err = context.Cause(ctx) // ended just now, and with it the process
	}
	started <- err
	if err == nil {
		p.serve()
	}
	p.end(client, err == nil)
	close(p.gone)
	<-p.thread
}

// launch starts the process, and waits until it has said how to reach it.
func (p *process) launch(client *plugin.Client) error {
	launched := make(chan error, 1)
	p.thread = make(chan struct{})
	go onThread(func() {
		defer close(p.thread)
		if err := restrict(p.rules); err != nil {
			launched <- err
			return
		}
		_, err := client.Start()
		launched <- err
		<-p.gone
	})
	if err := <-launched; err != nil {
		return p.startError(err)
	}
	return p.self.trust(p.temp.Path)
}

// newClient prepares the command; nothing runs yet.
func (p *process) newClient() (*plugin.Client, error) {
	var err error
	if p.self, err = newIdentity(time.Now()); err != nil {
		return nil, err
	}
	sum, err := hex.DecodeString(p.exe.sha256)
	if err != nil {
		return nil, fmt.Errorf("cannot read the plugin's sha256: %w", err)
	}
	ctx, kill := context.WithCancel(context.Background())
	p.kill = kill
	p.cmd = p.command(ctx, p.self.certificate)
	return plugin.NewClient(&plugin.ClientConfig{
		HandshakeConfig:  plugins.Handshake(),
		VersionedPlugins: map[int]plugin.PluginSet{plugins.Contract: {p.exe.kind: p.adapter()}},
		AllowedProtocols: []plugin.Protocol{plugin.ProtocolGRPC},
		Cmd:              p.cmd,
		SkipHostEnv:      true,
		SecureConfig:     pinned(sum),
		TLSConfig:        p.self.tls,
		StartTimeout:     p.timeouts.StartTimeout,
		Logger:           quiet(),
		Stderr:           p.tail.writer(),
		SyncStdout:       p.tail.writer(),
		SyncStderr:       p.tail.writer(),
	}), nil
}

// command leads a process group of its own, so that a Ctrl-C at a terminal is the host's
// to hear, and so that it ends with all that it started.
func (p *process) command(ctx context.Context, certificate string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, p.exe.path)
	cmd.Dir = p.temp.Path
	cmd.Env = environ(p.temp.Path, certificate, p.exe.config)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	// os/exec calls this only while the process is not yet waited for, so the number can
	// belong to no other process.
	cmd.Cancel = func() error { return killGroup(cmd) }
	return cmd
}

func (p *process) serve() {
	select {
	case <-p.stop:
	case <-p.died.Done():
		p.log.Warn("plugin ended", "how", p.howEnded())
	}
}

// requestStop asks for an orderly end, and returns at once.
func (p *process) requestStop() { p.stopOnce.Do(func() { close(p.stop) }) }

func (p *process) alive() bool { return p.died.Err() == nil }

// howEnded is for a process that has died.
func (p *process) howEnded() string {
	if p.cmd.ProcessState == nil {
		return "unknown"
	}
	return p.cmd.ProcessState.String()
}

// explain makes of an error of a plugin's call one that says what became of the plugin. An
// error that does not come from losing the plugin stays as it is.
func (p *process) explain(err error) error {
	if err == nil {
		p.worked.Store(true)
	}
	if !errors.Is(err, plugins.ErrDisconnected) {
		return err
	}
	p.broke.Store(true)
	// It may be gone, or have only closed the connection, which nothing can mend. Its last
	// lines are read once it is dead, and all that could still write to them.
	timer := time.AfterFunc(lastWords, p.kill)
	defer timer.Stop()
	select {
	case <-p.died.Done():
		return fmt.Errorf("plugin %s ended (%s) in the middle of a call%s%w", p.exe.id(), p.howEnded(), p.tail, silent{err})
	case <-time.After(exitTime):
		return err
	}
}

// silent keeps an error in the chain without its text.
type silent struct{ error }

func (silent) Error() string   { return "" }
func (s silent) Unwrap() error { return s.error }
