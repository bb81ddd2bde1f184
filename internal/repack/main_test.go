package main

import (
	"bytes"
	"compress/gzip"
	"os"
	"path/filepath"
	"testing"

	"github.com/klauspost/compress/zstd"
	"github.com/stretchr/testify/require"
)

func TestRepack(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	from, data := filepath.Join(dir, "a.tar.gz"), bytes.Repeat([]byte("all that is in a tarball "), 100_000)
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	_, err := w.Write(data)
	require.NoError(t, err)
	require.NoError(t, w.Close())
	require.NoError(t, os.WriteFile(from, packed.Bytes(), 0o644))
	var made [2][]byte
	for i, name := range []string{"one", "two"} {
		require.NoError(t, repack(from, filepath.Join(dir, name)))
		made[i], err = os.ReadFile(filepath.Join(dir, name))
		require.NoError(t, err)
	}
	require.Equal(t, made[0], made[1])
	r, err := zstd.NewReader(nil)
	require.NoError(t, err)
	defer r.Close()
	got, err := r.DecodeAll(made[0], nil)
	require.NoError(t, err)
	require.True(t, bytes.Equal(data, got))

	require.NoError(t, os.WriteFile(from, packed.Bytes()[:packed.Len()-10], 0o644))
	require.ErrorContains(t, repack(from, filepath.Join(dir, "three")), "unexpected EOF")
	require.Error(t, repack(filepath.Join(dir, "none"), filepath.Join(dir, "three")))
}
