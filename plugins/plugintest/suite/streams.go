package suite

import (
	"bytes"
	"strings"
	"sync"
)

const (
	maxFirstLine = 64 << 10
	tailLines    = 10
	tailWidth    = 200
)

// firstLine takes a plugin's stdout: its first line, and how much came after it.
type firstLine struct {
	seen chan struct{} // closed with the first line

	mu    sync.Mutex
	first []byte
	whole bool
	rest  []byte // the beginning of what came after
	after int64
}

func newFirstLine() *firstLine { return &firstLine{seen: make(chan struct{})} }

func (f *firstLine) Write(p []byte) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	n := len(p)
	if !f.whole {
		line, rest, ended := bytes.Cut(p, []byte{'\n'})
		f.first = append(f.first, line...)
		if !ended && len(f.first) < maxFirstLine {
			return n, nil
		}
		f.whole, p = true, rest
		close(f.seen)
	}
	f.after += int64(len(p))
	f.rest = append(f.rest, p[:min(len(p), tailWidth-len(f.rest))]...)
	return n, nil
}

func (f *firstLine) line() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return string(f.first)
}

// surplus is what came after the first line: how much, and how it begins.
func (f *firstLine) surplus() (bytes int64, begin string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.after, string(f.rest)
}

// lastLines takes a plugin's stderr: how much it was, and its last lines.
type lastLines struct {
	mu      sync.Mutex
	written int64
	line    []byte
	lines   []string
}

func (l *lastLines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := len(p)
	l.written += int64(n)
	for len(p) > 0 {
		text, rest, ended := bytes.Cut(p, []byte{'\n'})
		l.line = append(l.line, text[:min(len(text), max(0, tailWidth-len(l.line)))]...)
		if ended {
			l.add(string(l.line))
			l.line = l.line[:0]
		}
		p = rest
	}
	return n, nil
}

func (l *lastLines) add(line string) {
	if line = strings.TrimSpace(strings.ToValidUTF8(line, "?")); line == "" {
		return
	}
	l.lines = append(l.lines, line)
	if len(l.lines) > tailLines {
		l.lines = l.lines[1:]
	}
}

func (l *lastLines) size() int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.written
}

// String is for the end of an error; empty if nothing was written.
func (l *lastLines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.lines) == 0 {
		return ""
	}
	return "; its last lines on stderr: " + strings.Join(l.lines, " | ")
}
