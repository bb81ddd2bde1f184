package host

import (
	"archive/tar"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"math"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
	"google.golang.org/grpc/test/bufconn"

	"github.com/alluxio-mesos/alluxio-mesos/fetchers/source"
	"github.com/alluxio-mesos/alluxio-mesos/internal/scratch"
	"github.com/alluxio-mesos/alluxio-mesos/plugins"
	fetcherv1 "github.com/alluxio-mesos/alluxio-mesos/proto/fetcher/v1"
)

// teller is a fetcher that tells what the fuzzer thinks of, in the messages themselves: no
// adapter holds it to the contract. When its script is at its end it fetches well.
type teller struct {
	fetcherv1.UnimplementedFetcherServer
	content []byte
	script  []byte
	file    string
	digest  string // of what it last said to be the whole
}

// numbers are what a plugin may tell instead of how much there is.
func (f *teller) number(choice byte, size int64) int64 {
	numbers := []int64{size, 0, -1, 1, size + 1, size - 1, size / 2, int64(len(f.content)), 1 << 40, math.MaxInt64, math.MinInt64, int64(choice)}
	return numbers[int(choice)%len(numbers)]
}

func (f *teller) next() (op, arg byte, more bool) {
	if len(f.script) < 2 {
		return 0, 0, false
	}
	op, arg, f.script = f.script[0], f.script[1], f.script[2:]
	return op, arg, true
}

func (f *teller) Fetch(in *fetcherv1.FetchRequest, stream grpc.ServerStreamingServer[fetcherv1.FetchResponse]) error {
	file, err := os.OpenFile(in.GetFile(), os.O_RDWR, 0)
	if err != nil {
		return err
	}
	defer file.Close()
	f.file = in.GetFile()
	size := min(in.GetOffset(), int64(len(f.content)))
	for {
		op, arg, more := f.next()
		if !more {
			_, err := file.WriteAt(f.content, 0)
			size = int64(len(f.content))
			return errors.Join(err, file.Truncate(size), tell(stream, 0, 0, "v"), tell(stream, size, size, "v"), f.end(stream, size))
		}
		switch op % 9 {
		case 0: // some right bytes
			until := min(size+int64(arg)*16, int64(len(f.content)))
			_, err = file.WriteAt(f.content[size:until], size)
			size = until
		case 1: // what is so
			err = tell(stream, size, int64(len(f.content)), "v")
		case 2: // what may not be so
			err = tell(stream, f.number(arg, size), int64(len(f.content)), "w")
		case 3:
			err = tell(stream, size, f.number(arg, size), "")
		case 4:
			size = min(size, int64(arg)*16)
			err = file.Truncate(size)
		case 5: // wrong bytes
			_, err = file.WriteAt(bytes.Repeat([]byte{arg}, 700), int64(arg)*16)
		case 6:
			return status.Error([]codes.Code{codes.Unknown, codes.NotFound, codes.Aborted, codes.Unavailable, codes.OK}[arg%5], "so it goes")
		case 7:
			return errors.Join(f.end(stream, f.number(arg, size)), tell(stream, size, size, "after the end"))
		case 8: // a message without anything in it
			err = stream.Send(&fetcherv1.FetchResponse{})
		}
		if err != nil {
			return err
		}
	}
}

func tell(stream grpc.ServerStreamingServer[fetcherv1.FetchResponse], n, total int64, validator string) error {
	return stream.Send(&fetcherv1.FetchResponse{Message: &fetcherv1.FetchResponse_Progress{
		Progress: &fetcherv1.Progress{Bytes: n, Total: total, Validator: validator},
	}})
}

func (f *teller) end(stream grpc.ServerStreamingServer[fetcherv1.FetchResponse], n int64) error {
	data, err := os.ReadFile(f.file)
	if err != nil {
		return err
	}
	sum := sha256.Sum256(data[:max(0, min(n, int64(len(data))))])
	f.digest = hex.EncodeToString(sum[:])
	return stream.Send(&fetcherv1.FetchResponse{Message: &fetcherv1.FetchResponse_Result{Result: &fetcherv1.Result{Bytes: n, Validator: "v"}}})
}

// fuzzArchive has one file, data, of patterned bytes.
func fuzzArchive(tb testing.TB) (packed, data []byte) {
	for i := range 2000 {
		data = binary.BigEndian.AppendUint16(data, uint16(i))
	}
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	require.NoError(tb, w.WriteHeader(&tar.Header{Name: "soft/data", Mode: 0o644, Size: int64(len(data)), Typeflag: tar.TypeReg}))
	_, err := w.Write(data)
	require.NoError(tb, err)
	require.NoError(tb, w.Close())
	return out.Bytes(), data
}

// fuzzWorld is a host whose fetcher is a teller at the other end of a connection in memory.
type fuzzWorld struct {
	host         *Host
	client       plugins.Fetcher
	teller       *teller
	packed, data []byte
	dir          string
}

func newFuzzWorld(f *testing.F) *fuzzWorld {
	dir, err := os.MkdirTemp("", "fuzz-progress-")
	require.NoError(f, err)
	f.Cleanup(func() { _ = scratch.RemoveAll(dir) })
	w := &fuzzWorld{teller: &teller{}, dir: dir}
	w.packed, w.data = fuzzArchive(f)
	w.teller.content = w.packed
	listener, server := bufconn.Listen(1<<20), grpc.NewServer()
	fetcherv1.RegisterFetcherServer(server, w.teller)
	go func() { _ = server.Serve(listener) }()
	f.Cleanup(server.Stop)
	conn, err := grpc.NewClient("passthrough:///fuzz", grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) { return listener.DialContext(ctx) }))
	require.NoError(f, err)
	f.Cleanup(func() { _ = conn.Close() })
	w.client = plugins.NewFetcherClient(conn)
	w.host, err = New(Config{
		CacheDir: filepath.Join(dir, "cache"), StallTimeout: 10 * time.Second,
		Retry: RetryPolicy{Attempts: 3, Wait: time.Nanosecond, MaxWait: time.Nanosecond, MaxRetryAfter: time.Nanosecond},
	})
	require.NoError(f, err)
	f.Cleanup(func() { _ = w.host.Close() })
	return w
}

// process is one of which only the connection matters: if that is lost, it has ended.
func (w *fuzzWorld) process(context.Context, *mirror) (*process, func(), error) {
	died, die := context.WithCancel(context.Background())
	die()
	return &process{
		exe: executable{kind: plugins.KindFetcher, name: "fuzz"}, fetcher: w.client, cmd: &exec.Cmd{}, died: died, kill: die,
		tail: newTail(w.host.log, time.Now),
	}, func() {}, nil
}

// FuzzProgress lets a plugin tell anything in any order. The host must come to an end with
// it; what it takes for fetched must be what the file held, and with a digest it must be
// the very archive, down to the tree.
func FuzzProgress(f *testing.F) {
	w := newFuzzWorld(f)
	for _, seed := range [][]byte{
		{}, {0, 200, 1, 0}, {0, 255, 1, 0, 4, 1, 2, 2}, {2, 9, 2, 10}, {0, 90, 1, 0, 5, 3, 1, 0}, {7, 0}, {6, 2, 6, 3, 6, 0},
		{0, 100, 1, 0, 6, 0, 0, 100, 1, 0, 7, 0}, {0, 255, 0, 255, 1, 0, 7, 0}, {8, 0, 3, 9, 3, 10}, {6, 4}, {5, 0, 2, 11, 0, 255},
	} {
		f.Add(seed, true)
		f.Add(seed, false)
	}
	f.Fuzz(func(t *testing.T, script []byte, digested bool) {
		w.teller.script = script[:min(len(script), 200)]
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		defer cancel()
		sum := sha256.Sum256(w.packed)
		right := "sha256:" + hex.EncodeToString(sum[:])
		want := Want{Source: "fuzz://x/soft.tar"}
		if digested {
			want.Checksum = right
		}
		j, err := w.host.newJob(want, func(p Progress) {
			if p.Bytes < 0 || p.Total < 0 || p.Bytes > w.host.cfg.Limits.Bytes {
				t.Errorf("progress %+v", p)
			}
		})
		require.NoError(t, err)
		j.process = w.process
		got, err := j.fetch(ctx)
		require.NoError(t, ctx.Err(), "it hangs")
		requireCleanTemp(t, filepath.Join(w.dir, "cache", "tmp"))
		if err != nil {
			require.NotEmpty(t, err.Error())
			return
		}
		require.NotEmpty(t, got.Dirs)
		if got.Digest == right {
			data, err := os.ReadFile(filepath.Join(got.Dirs[0], "data"))
			require.NoError(t, err)
			require.True(t, bytes.Equal(w.data, data), "the digest is right, and the tree is not")
		}
		if digested {
			require.Equal(t, right, got.Digest)
		}
		require.NoError(t, w.forget(source.Digest(got.Digest)))
	})
}

// forget lets the next one unpack anew.
func (w *fuzzWorld) forget(d source.Digest) error {
	return scratch.RemoveAll(filepath.Join(w.dir, "cache", "entries", d.Hex()))
}

func requireCleanTemp(t *testing.T, dir string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Empty(t, entries)
}
