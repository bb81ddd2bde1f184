package host

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/alluxio-mesos/alluxio-mesos/internal/printable"
)

const (
	tailLines = 10
	tailWidth = 300 // bytes of a line that are kept

	// A plugin may log this many lines at once, and this many in a second after it; the
	// rest is only counted.
	logBurst = 100
	logRate  = 10
)

// tail takes what a plugin writes to stderr and stdout: the last lines are kept for the
// error should it die, and as many as are reasonable go to the log.
type tail struct {
	log *slog.Logger
	now func() time.Time

	mu      sync.Mutex
	lines   []string
	budget  float64
	at      time.Time
	dropped int
}

func newTail(log *slog.Logger, now func() time.Time) *tail {
	return &tail{log: log, now: now, budget: logBurst, at: now()}
}

// writer splits one stream into lines. Each stream takes its own.
func (t *tail) writer() *lineWriter { return &lineWriter{emit: t.add} }

func (t *tail) add(line string) {
	t.mu.Lock()
	t.lines = append(t.lines, line)
	if len(t.lines) > tailLines {
		t.lines = t.lines[1:]
	}
	dropped, ok := t.spend()
	t.mu.Unlock()
	if !ok {
		return
	}
	if dropped > 0 {
		t.log.Warn("plugin writes more than is logged", "dropped", dropped)
	}
	level, text := logLine(line)
	t.log.Log(context.Background(), level, "plugin: "+text)
}

// spend takes one line off the budget, and tells how many found none before it.
func (t *tail) spend() (dropped int, ok bool) {
	now := t.now()
	t.budget = min(logBurst, t.budget+logRate*now.Sub(t.at).Seconds())
	t.at = now
	if t.budget < 1 {
		t.dropped++
		return 0, false
	}
	t.budget--
	dropped, t.dropped = t.dropped, 0
	return dropped, true
}

// String is the last lines as one, for the end of an error; empty if there are none.
func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.lines) == 0 {
		return ""
	}
	return "; its last lines: " + strings.Join(t.lines, " | ")
}

// logLine finds level and text of a line as go-hclog writes it in JSON. Anything else is
// information.
func logLine(line string) (slog.Level, string) {
	var entry struct {
		Level   string `json:"@level"`
		Message string `json:"@message"`
	}
	if !strings.HasPrefix(line, "{") || json.Unmarshal([]byte(line), &entry) != nil || entry.Message == "" {
		return slog.LevelInfo, line
	}
	switch entry.Level {
	case "trace", "debug":
		return slog.LevelDebug, entry.Message
	case "warn":
		return slog.LevelWarn, entry.Message
	case "error":
		return slog.LevelError, entry.Message
	}
	return slog.LevelInfo, entry.Message
}

// lineWriter hands on whole lines, cut to tailWidth.
type lineWriter struct {
	mu   sync.Mutex
	line []byte
	emit func(string)
}

func (w *lineWriter) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	n := len(p)
	for len(p) > 0 {
		text, rest, ended := bytes.Cut(p, []byte{'\n'})
		w.line = append(w.line, text[:min(len(text), tailWidth-len(w.line))]...)
		if ended {
			w.flush()
		}
		p = rest
	}
	return n, nil
}

func (w *lineWriter) flush() {
	if text := strings.TrimSpace(printable.Text(string(w.line))); text != "" {
		w.emit(text)
	}
	w.line = w.line[:0]
}
