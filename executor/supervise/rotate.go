package supervise

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// rotated is a log file that is appended to and moved aside when it is full: NAME,
// NAME.1, ... The oldest one is overwritten.
type rotated struct {
	path  string
	bytes int64
	keep  int
	file  *os.File
	size  int64
}

func openRotated(path string, bytes int64, keep int) (*rotated, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return nil, fmt.Errorf("cannot make the log folder: %w", err)
	}
	r := &rotated{path: path, bytes: bytes, keep: keep}
	return r, r.open()
}

func (r *rotated) open() error {
	file, err := os.OpenFile(r.path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return fmt.Errorf("cannot open the log: %w", err)
	}
	r.file, r.size = file, 0
	if info, err := file.Stat(); err == nil {
		r.size = info.Size()
	}
	return nil
}

// writeLine drops the line if it cannot be written: a log must not stop what it logs.
func (r *rotated) writeLine(line string) {
	if r.size+int64(len(line))+1 > r.bytes && r.size > 0 {
		r.rotate()
	}
	if r.file == nil && r.open() != nil {
		return
	}
	n, _ := r.file.WriteString(line + "\n")
	r.size += int64(n)
}

func (r *rotated) rotate() {
	r.close()
	for i := r.keep - 1; i > 0; i-- {
		_ = os.Rename(r.older(i), r.older(i+1))
	}
	if err := os.Rename(r.path, r.older(1)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		_ = os.Truncate(r.path, 0) // better short than without bound
	}
	_ = r.open()
}

func (r *rotated) older(i int) string { return fmt.Sprintf("%s.%d", r.path, i) }

func (r *rotated) close() {
	if r.file != nil {
		_ = r.file.Close()
		r.file = nil
	}
}
