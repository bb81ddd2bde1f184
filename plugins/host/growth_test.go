package host

import (
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/alluxio-mesos/alluxio-mesos/plugins"
)

// A fetcher that begins a file anew cuts it first and tells of it afterwards. Who reads in between must not take that
// for an error that trying again cannot mend.
func TestAFileThatIsCutUnderTheReaderIsBegunAnew(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(path, []byte("0123456789"), 0o600))
	file, err := os.Open(path)
	require.NoError(t, err)
	defer file.Close()
	g := newGrowth()
	g.set(10, false)
	reader := &growing{ctx: t.Context(), file: file, growth: g}
	_, err = io.ReadFull(reader, make([]byte, 4))
	require.NoError(t, err)

	require.NoError(t, os.Truncate(path, 2))
	_, err = reader.Read(make([]byte, 4))
	require.ErrorContains(t, err, "reported 10 bytes, but the file ends at 4")
	require.Equal(t, plugins.Changed, plugins.KindOf(err))
}
