// Package transfer is what the built-in fetchers share when they move bytes into the
// host's file: opening that file safely, telling progress, seldom enough to cost nothing,
// and, for files that can be had in pieces, how many connections bring which of them (Move).
// Where the bytes come from and what their errors mean is the fetcher's; trying again is the
// host's.
//
// Of a Move the ledger knows which bytes are where, the pace how many connections pay, a
// conn reads pieces one after the other, and the mover is what these share.
package transfer

import (
	"fmt"
	"os"
	"syscall"
	"time"

	"github.com/alluxio-mesos/alluxio-mesos/plugins"
)

// Every is how often progress is told: the contract asks for not more than ten times a second.
const Every = 100 * time.Millisecond

// Open opens the host's file for writing with its first keep bytes, and nothing after
// them. The file must be there; a link or anything but a file is refused.
func Open(name string, keep int64) (*os.File, error) {
	f, err := os.OpenFile(name, os.O_WRONLY|syscall.O_NOFOLLOW|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, fmt.Errorf("cannot open the file for the download: %w", err)
	}
	if err := prepare(f, keep); err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

func prepare(f *os.File, keep int64) error {
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() {
		return plugins.AsPermanent(fmt.Errorf("cannot write the download to %s: it is no file", f.Name()))
	}
	if info.Size() < keep {
		return plugins.AsChanged(fmt.Errorf("cannot resume at byte %d: the file has only %d bytes", keep, info.Size()))
	}
	if err := f.Truncate(keep); err != nil {
		return fmt.Errorf("cannot write the download: %w", err)
	}
	return nil
}

// Meter tells progress. It belongs to one goroutine.
type Meter struct {
	report func(plugins.Progress)
	now    func() time.Time
	last   time.Time
	state  plugins.Progress
}

// NewMeter begins at state and tells it. A nil report tells nobody.
func NewMeter(state plugins.Progress, report func(plugins.Progress), now func() time.Time) *Meter {
	if report == nil {
		report = func(plugins.Progress) {}
	}
	m := &Meter{report: report, now: now, state: state}
	m.tell(now())
	return m
}

// At says how many bytes are in the file, and tells it if the last time is long enough ago.
func (m *Meter) At(bytes int64) {
	m.state.Bytes = bytes
	if now := m.now(); now.Sub(m.last) >= Every {
		m.tell(now)
	}
}

// End tells the last state, whether the fetch went well or not: a resume begins there.
func (m *Meter) End() { m.tell(m.now()) }

func (m *Meter) tell(now time.Time) {
	m.last = now
	m.report(m.state)
}
