package transfer_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/alluxio-mesos/alluxio-mesos/fetchers/transfer"
	"github.com/alluxio-mesos/alluxio-mesos/plugins"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const mb = 1 << 20

func content(size int) []byte {
	data := make([]byte, size)
	_, _ = rand.NewChaCha8([32]byte{}).Read(data)
	return data
}

// source serves data at a rate for each connection, unless a test spoils it.
type source struct {
	data  []byte
	rate  int64                                                               // bytes a second
	spoil func(n int, p *transfer.Piece, from, to int64) error                // the n-th request, counted from 0
	body  func(ctx context.Context, n int, r io.Reader, from int64) io.Reader // may be nil

	mu         sync.Mutex
	asked      int
	open, most int
	moved      int64
}

func (s *source) Open(ctx context.Context, from, to int64, validator string) (transfer.Piece, error) {
	s.mu.Lock()
	n := s.asked
	s.asked++
	s.open++
	s.most = max(s.most, s.open)
	s.mu.Unlock()
	if to < 0 {
		to = int64(len(s.data))
	}
	p := transfer.Piece{From: from, To: to, Total: int64(len(s.data)), Validator: "v1", Ranges: true}
	if s.spoil != nil {
		if err := s.spoil(n, &p, from, to); err != nil {
			s.closed()
			return transfer.Piece{}, err
		}
	}
	var r io.Reader = bytes.NewReader(s.data[p.From:min(int64(len(s.data)), max(p.To, 0))])
	if p.To < 0 {
		r = bytes.NewReader(s.data[p.From:])
	}
	if s.body != nil {
		r = s.body(ctx, n, r, from)
	}
	p.Body = &body{ctx: ctx, s: s, r: r}
	return p, nil
}

func (s *source) closed() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.open--
}

type body struct {
	ctx  context.Context
	s    *source
	r    io.Reader
	once sync.Once
}

func (b *body) Read(p []byte) (int, error) {
	n, err := b.r.Read(p[:min(len(p), 64<<10)])
	if err := pause(b.ctx, time.Duration(n)*time.Second/time.Duration(b.s.rate)); err != nil {
		return 0, err
	}
	b.s.mu.Lock()
	defer b.s.mu.Unlock()
	b.s.moved += int64(n)
	return n, err
}

func (b *body) Close() error {
	b.once.Do(b.s.closed)
	return nil
}

func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// never is a body from which nothing comes.
type never struct{ ctx context.Context }

func (n never) Read([]byte) (int, error) {
	<-n.ctx.Done()
	return 0, n.ctx.Err()
}

// fetch is one Move into a file.
type fetch struct {
	file   string
	result plugins.FetchResult
	err    error
	told   []plugins.Progress
	took   time.Duration
}

func move(t *testing.T, s *source, opts transfer.Options) *fetch {
	t.Helper()
	f := &fetch{file: filepath.Join(t.TempDir(), "file")}
	require.NoError(t, os.WriteFile(f.file, nil, 0o600))
	start := time.Now()
	f.result, f.err = transfer.Move(t.Context(), s, plugins.FetchRequest{File: f.file}, opts, func(p plugins.Progress) { f.told = append(f.told, p) })
	f.took = time.Since(start)
	require.Zero(t, s.open, "connections that were left open")
	f.requirePrefix(t, s.data)
	return f
}

// requirePrefix holds what was told against the file, in every case.
func (f *fetch) requirePrefix(t *testing.T, data []byte) {
	t.Helper()
	if len(f.told) == 0 {
		return
	}
	got, err := os.ReadFile(f.file)
	require.NoError(t, err)
	whole := f.told[len(f.told)-1].Bytes
	require.GreaterOrEqual(t, int64(len(got)), whole)
	require.True(t, bytes.Equal(data[:whole], got[:whole]), "the first %d bytes", whole)
	for i := range f.told[1:] {
		require.GreaterOrEqual(t, f.told[i+1].Bytes, f.told[i].Bytes)
	}
}

func (f *fetch) requireAll(t *testing.T, s *source) {
	t.Helper()
	require.NoError(t, f.err)
	require.Equal(t, plugins.FetchResult{Bytes: int64(len(s.data)), Validator: "v1"}, f.result)
	got, err := os.ReadFile(f.file)
	require.NoError(t, err)
	require.True(t, bytes.Equal(s.data, got))
	require.Equal(t, f.result.Bytes, f.told[len(f.told)-1].Bytes)
}

var errBusy = errors.New("busy")

func TestMove(t *testing.T) {
	t.Parallel()
	changed := plugins.AsChanged(errors.New("changed"))
	tests := map[string]struct {
		source *source
		opts   transfer.Options
		most   int           // connections at once
		within time.Duration // 40 MB at 10 MB/s take one connection 4 s
	}{
		"fast: one is enough":    {source: &source{rate: 400 * mb}, most: 1, within: 110 * time.Millisecond},
		"slow: eight":            {source: &source{rate: 10 * mb}, most: 8, within: 1300 * time.Millisecond},
		"never more than one":    {source: &source{rate: 10 * mb}, opts: transfer.Options{Connections: 1}, most: 1, within: 4100 * time.Millisecond},
		"never more than three":  {source: &source{rate: 10 * mb}, opts: transfer.Options{Connections: 3}, most: 3, within: 1800 * time.Millisecond},
		"all others are refused": {source: &source{rate: 10 * mb, spoil: after(0, errBusy)}, most: 2, within: 4100 * time.Millisecond},
		"the others say that it changed, the first goes on": {
			source: &source{rate: 10 * mb, spoil: after(0, changed)}, most: 2, within: 4100 * time.Millisecond},
		"some are refused now and then": {source: &source{rate: 10 * mb, spoil: func(n int, _ *transfer.Piece, _, _ int64) error {
			if n%7 == 6 {
				return errBusy
			}
			return nil
		}}, most: 4, within: 3 * time.Second},
		"busy for a while": {source: &source{rate: 10 * mb, spoil: func(n int, _ *transfer.Piece, _, _ int64) error {
			if n > 0 && n < 4 {
				return errBusy
			}
			return nil
		}}, most: 4, within: 2500 * time.Millisecond},
		"the others bring the whole": {source: &source{rate: 10 * mb, spoil: func(n int, p *transfer.Piece, _, _ int64) error {
			p.From, p.To = 0, p.Total
			return nil
		}}, most: 2, within: 4100 * time.Millisecond},
		"no ranges":    {source: &source{rate: 10 * mb, spoil: func(_ int, p *transfer.Piece, _, _ int64) error { p.Ranges = false; return nil }}, most: 1, within: 4100 * time.Millisecond},
		"unknown size": {source: &source{rate: 10 * mb, spoil: func(_ int, p *transfer.Piece, _, _ int64) error { p.To, p.Total = -1, 0; return nil }}, most: 1, within: 4100 * time.Millisecond},
		"pieces that end early": {source: &source{rate: 10 * mb, body: func(_ context.Context, n int, r io.Reader, _ int64) io.Reader {
			if n > 0 {
				return io.LimitReader(r, 300<<10)
			}
			return r
		}}, most: 8, within: 1500 * time.Millisecond},
		"one piece hangs": {source: &source{rate: 10 * mb, body: func(ctx context.Context, n int, r io.Reader, _ int64) io.Reader {
			if n == 10 {
				return never{ctx}
			}
			return r
		}}, most: 8, within: 2400 * time.Millisecond},
	}
	data := content(40*mb + 12345)
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := tt.source
				s.data = data
				f := move(t, s, tt.opts)
				f.requireAll(t, s)
				require.Equal(t, tt.most, s.most)
				require.Less(t, f.took, tt.within)
				require.LessOrEqual(t, s.moved, int64(len(s.data)+9*mb))
				require.LessOrEqual(t, len(f.told), 8+int(f.took/transfer.Every))
			})
		})
	}
}

// after lets so many others through than the first.
func after(others int, err error) func(int, *transfer.Piece, int64, int64) error {
	return func(n int, _ *transfer.Piece, _, _ int64) error {
		if n > others {
			return err
		}
		return nil
	}
}

func TestMoveFails(t *testing.T) {
	t.Parallel()
	changed := plugins.AsChanged(errors.New("it changed"))
	busy := &plugins.Error{Kind: plugins.Retryable, Err: errBusy, RetryAfter: time.Minute}
	tests := map[string]struct {
		source *source
		kind   plugins.Kind
		want   string
	}{
		"not at all":                        {&source{spoil: after(-1, busy)}, plugins.Retryable, "busy"},
		"changed once others brought bytes": {&source{spoil: after(12, changed)}, plugins.Changed, "it changed"},
		"refused in the end":                {&source{spoil: after(12, busy)}, plugins.Retryable, "busy"},
		"another total": {&source{spoil: func(n int, p *transfer.Piece, _, _ int64) error {
			if n > 12 {
				p.Total++
			}
			return nil
		}}, plugins.Changed, "the file changed since the download began"},
		"another validator": {&source{spoil: func(n int, p *transfer.Piece, _, _ int64) error {
			if n > 12 {
				p.Validator = "v2"
			}
			return nil
		}}, plugins.Changed, "the file changed since the download began"},
		"longer than announced": {&source{body: func(_ context.Context, n int, r io.Reader, _ int64) io.Reader {
			return io.MultiReader(r, bytes.NewReader([]byte("x")))
		}}, plugins.Changed, "more than the announced"},
		"all hang": {&source{body: func(ctx context.Context, n int, r io.Reader, _ int64) io.Reader {
			if n > 12 {
				return never{ctx}
			}
			return r
		}}, plugins.Retryable, "no byte came for 5s"},
		"the first hangs": {&source{body: func(ctx context.Context, _ int, r io.Reader, _ int64) io.Reader {
			return io.MultiReader(io.LimitReader(r, 1000), never{ctx})
		}}, plugins.Retryable, "no byte came for 5s, after 1000 bytes of 41943040"},
		"the first ends early": {&source{body: func(_ context.Context, _ int, r io.Reader, _ int64) io.Reader {
			return io.LimitReader(r, 1000)
		}}, plugins.Retryable, "the connection ended after 1000 bytes of 41943040"},
		"lost": {&source{body: func(_ context.Context, n int, r io.Reader, _ int64) io.Reader {
			return io.MultiReader(io.LimitReader(r, 1000), broken{})
		}}, plugins.Retryable, "the connection was lost after 1000 bytes of 41943040: broken"},
	}
	data := content(40 * mb)
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := tt.source
				s.data, s.rate = data, 10*mb
				f := move(t, s, transfer.Options{StallTimeout: 5 * time.Second})
				require.ErrorContains(t, f.err, tt.want)
				require.Equal(t, tt.kind, plugins.KindOf(f.err))
				require.Less(t, f.took, 15*time.Second)
				var known *plugins.Error
				if errors.Is(f.err, errBusy) {
					require.ErrorAs(t, f.err, &known)
					require.Equal(t, time.Minute, known.RetryAfter)
				}
			})
		})
	}
}

type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, errors.New("broken") }

// A server that lets only three in at once serves with three.
func TestMoveWithinTheServersLimit(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &source{data: content(40 * mb), rate: 10 * mb}
		s.spoil = func(int, *transfer.Piece, int64, int64) error {
			s.mu.Lock()
			defer s.mu.Unlock()
			if s.open > 3 {
				return errBusy
			}
			return nil
		}
		f := move(t, s, transfer.Options{})
		f.requireAll(t, s)
		require.Less(t, f.took, 1900*time.Millisecond)
	})
}

// What lies beyond the first gap never exceeds the window, so that a kill loses no more.
func TestMoveKeepsTheWindow(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &source{data: content(40 * mb), rate: 10 * mb}
		s.body = func(ctx context.Context, n int, r io.Reader, _ int64) io.Reader {
			if n == 10 {
				return never{ctx}
			}
			return r
		}
		f := &fetch{file: filepath.Join(t.TempDir(), "file")}
		require.NoError(t, os.WriteFile(f.file, nil, 0o600))
		var ahead int64
		_, err := transfer.Move(t.Context(), s, plugins.FetchRequest{File: f.file}, transfer.Options{}, func(p plugins.Progress) {
			info, err := os.Stat(f.file)
			require.NoError(t, err)
			ahead = max(ahead, info.Size()-p.Bytes)
		})
		require.NoError(t, err)
		require.LessOrEqual(t, ahead, int64(8*mb+mb), "a piece may be written between the two looks")
		require.Greater(t, ahead, int64(2*mb))
	})
}

func TestMoveIsCancelled(t *testing.T) {
	t.Parallel()
	for _, bytes := range []int64{0, 20 * mb} {
		synctest.Test(t, func(t *testing.T) {
			s := &source{data: content(40 * mb), rate: 10 * mb}
			file := filepath.Join(t.TempDir(), "file")
			require.NoError(t, os.WriteFile(file, nil, 0o600))
			ctx, cancel := context.WithCancelCause(t.Context())
			why := fmt.Errorf("enough")
			_, err := transfer.Move(ctx, s, plugins.FetchRequest{File: file}, transfer.Options{}, func(p plugins.Progress) {
				if p.Bytes >= bytes {
					cancel(why)
				}
			})
			require.ErrorIs(t, err, why)
			require.Zero(t, s.open)
		})
	}
}

func TestMoveResumes(t *testing.T) {
	t.Parallel()
	data := content(10 * mb)
	whole := func(_ int, p *transfer.Piece, _, _ int64) error {
		p.From, p.To = 0, p.Total
		return nil
	}
	tests := map[string]struct {
		offset    int64
		validator string
		spoil     func(int, *transfer.Piece, int64, int64) error
		begins    int64
		kind      plugins.Kind // of the error
		fails     bool
	}{
		"in the middle":                {offset: 3*mb + 5, validator: "v1", begins: 3*mb + 5},
		"at the end":                   {offset: 10 * mb, validator: "v1", begins: 10 * mb},
		"the whole comes again":        {offset: 3*mb + 5, validator: "v1", spoil: whole, begins: 3*mb + 5},
		"nothing proves the beginning": {offset: 3*mb + 5, begins: 0},
		"the validator is no one's":    {offset: 3*mb + 5, validator: "odd", spoil: whole, begins: 0},
		"from elsewhere": {offset: 3 * mb, validator: "v1", fails: true, kind: plugins.Changed,
			spoil: func(_ int, p *transfer.Piece, _, _ int64) error { p.From++; return nil }},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := &source{data: data, rate: 10 * mb, spoil: tt.spoil}
				file := filepath.Join(t.TempDir(), "file")
				require.NoError(t, os.WriteFile(file, append(bytes.Clone(data[:tt.offset]), "garbage"...), 0o600))
				var told []plugins.Progress
				result, err := transfer.Move(t.Context(), s, plugins.FetchRequest{File: file, Offset: tt.offset, Validator: tt.validator},
					transfer.Options{}, func(p plugins.Progress) { told = append(told, p) })
				if tt.fails {
					require.Equal(t, tt.kind, plugins.KindOf(err))
					return
				}
				require.NoError(t, err)
				require.Equal(t, plugins.FetchResult{Bytes: 10 * mb, Validator: "v1"}, result)
				require.Equal(t, tt.begins, told[0].Bytes)
				got, err := os.ReadFile(file)
				require.NoError(t, err)
				require.True(t, bytes.Equal(data, got))
			})
		})
	}
}
