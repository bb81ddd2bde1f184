package dev

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/alluxio-mesos/alluxio-mesos/cmd/alluxio-mesos/screen"
)

const tailLines = 15

// explain says all that is known about a failure, before the folder of the run goes.
func (r *running) explain(ctx context.Context, err error) error {
	if ctx.Err() != nil || errors.Is(err, ErrInterrupted) {
		return ErrInterrupted
	}
	r.say("")
	if r.last.Framework.Name != "" {
		_ = screen.Status(r.Out, r.last)
	}
	r.sayTail(r.log())
	for _, file := range r.sandboxLogs() {
		r.sayTail(file)
	}
	r.say("")
	return err
}

// sandboxLogs are what the executors wrote; their last words are mostly the reason.
func (r *running) sandboxLogs() []string {
	var files []string
	_ = filepath.WalkDir(r.mesos(), func(path string, entry os.DirEntry, err error) error {
		if err == nil && entry.Name() == "stderr" && !strings.Contains(path, "/latest/") {
			files = append(files, path)
		}
		return nil
	})
	return files
}

// sayTail prints the end of a log, without the lines that tell of ordinary things.
func (r *running) sayTail(file string) {
	text, err := os.ReadFile(file)
	if err != nil {
		return
	}
	lines := slices.DeleteFunc(strings.Split(strings.TrimSpace(string(text)), "\n"), func(line string) bool {
		return line == "" || strings.Contains(line, "level=INFO")
	})
	if len(lines) == 0 {
		return
	}
	lines = lines[max(0, len(lines)-tailLines):]
	name, _ := filepath.Rel(r.run(), file)
	r.say("\nfrom the end of %s:\n  %s", name, strings.Join(lines, "\n  "))
}
