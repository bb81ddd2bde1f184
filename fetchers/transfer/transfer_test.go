package transfer_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/alluxio-mesos/alluxio-mesos/fetchers/transfer"
	"github.com/alluxio-mesos/alluxio-mesos/plugins"
)

func TestMeter(t *testing.T) {
	t.Parallel()
	var told []int64
	now := time.Unix(0, 0)
	m := transfer.NewMeter(plugins.Progress{Bytes: 5, Total: 100}, func(p plugins.Progress) {
		require.EqualValues(t, 100, p.Total)
		told = append(told, p.Bytes)
	}, func() time.Time { return now })
	for i := range int64(20) {
		now = now.Add(30 * time.Millisecond)
		m.At(i)
	}
	m.End()
	require.Equal(t, []int64{5, 3, 7, 11, 15, 19, 19}, told)
	transfer.NewMeter(plugins.Progress{}, nil, time.Now).End()
}

func TestOpen(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	name := filepath.Join(dir, "file")
	require.NoError(t, os.WriteFile(name, []byte("0123456789"), 0o600))
	f, err := transfer.Open(name, 4)
	require.NoError(t, err)
	require.NoError(t, f.Close())
	got, err := os.ReadFile(name)
	require.NoError(t, err)
	require.Equal(t, "0123", string(got))

	_, err = transfer.Open(name, 5)
	require.ErrorContains(t, err, "cannot resume at byte 5: the file has only 4 bytes")
	require.Equal(t, plugins.Changed, plugins.KindOf(err))

	_, err = transfer.Open(filepath.Join(dir, "gone"), 0)
	require.ErrorIs(t, err, os.ErrNotExist)
	require.NoError(t, os.Symlink(name, filepath.Join(dir, "link")))
	_, err = transfer.Open(filepath.Join(dir, "link"), 0)
	require.Error(t, err)
	_, err = transfer.Open("/dev/null", 0)
	require.ErrorContains(t, err, "it is no file")
	require.Equal(t, plugins.Permanent, plugins.KindOf(err))
}
