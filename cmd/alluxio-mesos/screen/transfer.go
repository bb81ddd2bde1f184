package screen

import (
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"
	"golang.org/x/sys/unix"

	"github.com/alluxio-mesos/alluxio-mesos/plugins/host"
)

// Transfer shows how far a fetch is: a bar on a terminal, else now and then a line. What is
// written to it stands above the bar.
type Transfer interface {
	io.Writer
	// At is called with each progress.
	At(p host.Progress)
	// End is called once, whether it went well or not. Nothing is shown after it.
	End(done bool)
}

// NewTransfer shows a fetch of what is called name on w.
func NewTransfer(w io.Writer, name string) Transfer {
	if file, ok := w.(*os.File); ok && isTerminal(file) {
		return newBar(file, name)
	}
	return &lines{w: w, name: name, now: time.Now}
}

func isTerminal(file *os.File) bool {
	_, err := unix.IoctlGetTermios(int(file.Fd()), unix.TCGETS)
	return err == nil
}

// bar is for terminals.
type bar struct {
	*mpb.Progress
	bar   *mpb.Bar
	mu    sync.Mutex
	phase string
}

func newBar(w io.Writer, name string) *bar {
	b := &bar{Progress: mpb.New(mpb.WithOutput(w), mpb.WithAutoRefresh(), mpb.WithWidth(40))}
	b.bar = b.New(0, mpb.BarStyle(),
		mpb.PrependDecorators(decor.Name(name+" "), decor.Counters(decor.SizeB1000(0), "% .1f of % .1f", decor.WCSyncSpace)),
		mpb.AppendDecorators(decor.NewPercentage("%d "), decor.AverageSpeed(decor.SizeB1000(0), "% .1f "),
			decor.Any(func(decor.Statistics) string { return b.what() })),
	)
	return b
}

func (b *bar) what() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.phase
}

func (b *bar) At(p host.Progress) {
	b.mu.Lock()
	b.phase = p.Phase
	b.mu.Unlock()
	if p.Total > 0 {
		b.bar.SetTotal(p.Total, false)
	}
	b.bar.SetCurrent(p.Bytes)
}

func (b *bar) End(done bool) {
	if done {
		b.bar.SetTotal(-1, true)
	} else {
		b.bar.Abort(false)
	}
	b.Wait()
}

// lineEvery is how often a line is written where there is no terminal.
const lineEvery = 2 * time.Second

// lines are for files and pipes.
type lines struct {
	w     io.Writer
	name  string
	now   func() time.Time
	phase string
	last  time.Time
}

func (l *lines) Write(p []byte) (int, error) { return l.w.Write(p) }
func (l *lines) End(bool)                    {}

func (l *lines) At(p host.Progress) {
	now := l.now()
	if p.Phase == l.phase && now.Sub(l.last) < lineEvery {
		return
	}
	l.phase, l.last = p.Phase, now
	text := l.name + ": " + p.Phase
	switch {
	case p.Phase == host.PhaseWaiting:
		text += " for another process that fetches the same"
	case p.Total > 0:
		text += fmt.Sprintf(" %s of %s (%d %%)", Megabytes(p.Bytes), Megabytes(p.Total), 100*p.Bytes/p.Total)
	case p.Bytes > 0:
		text += " " + Megabytes(p.Bytes)
	}
	fmt.Fprintln(l.w, text)
}

// Megabytes is a size for people.
func Megabytes(bytes int64) string {
	if bytes < 100_000 {
		return fmt.Sprintf("%d bytes", bytes)
	}
	return fmt.Sprintf("%.1f MB", float64(bytes)/1e6)
}
