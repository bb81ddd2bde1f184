package supervise

import (
	"bytes"
	"fmt"
	"sync"
)

// maxLine is what is kept of one line. The rest is dropped, not carried over: a line
// cut in two could hide a secret from redaction.
const maxLine = 16 << 10

// output takes what a process writes, line by line, to the log and to the ring. It
// never fails: an error would make os/exec close the pipe, and a full disk would then
// kill the process by SIGPIPE.
type output struct {
	mu      sync.Mutex
	line    []byte
	dropped int
	redact  func(string) string
	log     *rotated // nil: none
	tail    *ring
}

func (o *output) Write(data []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for rest := data; len(rest) > 0; {
		chunk, after, found := bytes.Cut(rest, []byte{'\n'})
		o.keep(chunk)
		if found {
			o.end()
		}
		rest = after
	}
	return len(data), nil
}

// flush writes down a last line without an end.
func (o *output) flush() {
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.line) > 0 {
		o.end()
	}
}

func (o *output) keep(chunk []byte) {
	room := min(len(chunk), maxLine-len(o.line))
	o.line = append(o.line, chunk[:room]...)
	o.dropped += len(chunk) - room
}

func (o *output) end() {
	text := o.redact(string(bytes.TrimRight(o.line, "\r")))
	if o.dropped > 0 {
		text += fmt.Sprintf(" ... (%d bytes more)", o.dropped)
	}
	o.tail.add(text)
	if o.log != nil {
		o.log.writeLine(text)
	}
	o.line, o.dropped = o.line[:0], 0
}
