package bench

import (
	"archive/tar"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"
	"github.com/stretchr/testify/require"
)

// packJDK makes a tar.gz of a JDK of this machine, as vendors make theirs.
func packJDK(b *testing.B, name string) {
	b.Helper()
	home := findJDK(b)
	file, err := os.Create(name)
	require.NoError(b, err)
	defer file.Close()
	var w io.WriteCloser = gzip.NewWriter(file)
	done := func() error { return nil }
	// Vendors pack with gzip itself, whose blocks are not quite those of Go's.
	if _, err := exec.LookPath("gzip"); err == nil {
		cmd := exec.Command("gzip", "-6", "-n")
		cmd.Stdout = file
		w, err = cmd.StdinPipe()
		require.NoError(b, err)
		require.NoError(b, cmd.Start())
		done = cmd.Wait
	}
	writeTar(b, w, home)
	require.NoError(b, w.Close())
	require.NoError(b, done())
}

// findJDK is $JAVA_HOME, or the largest JDK where Linux distributions put them.
func findJDK(b *testing.B) string {
	b.Helper()
	homes, _ := filepath.Glob("/usr/lib/jvm/*/bin/javac")
	if home := os.Getenv("JAVA_HOME"); home != "" {
		homes = []string{filepath.Join(home, "bin", "javac")}
	}
	var best string
	var most int64
	for _, javac := range homes {
		real, err := filepath.EvalSymlinks(filepath.Dir(filepath.Dir(javac)))
		if err != nil {
			continue
		}
		if _, size := measure(b, real); size > most {
			best, most = real, size
		}
	}
	if best == "" {
		b.Skip("no JDK in JAVA_HOME or /usr/lib/jvm to pack")
	}
	return best
}

// writeTar packs a folder, with the files that links lead to in place of the links, since
// distributions' JDKs have such into /etc.
func writeTar(b *testing.B, to io.Writer, dir string) {
	b.Helper()
	w := tar.NewWriter(to)
	require.NoError(b, filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := os.Stat(path)
		if err != nil || !info.Mode().IsRegular() && !info.IsDir() {
			return nil // a link to nothing
		}
		header, err := tar.FileInfoHeader(info, "")
		if err != nil {
			return err
		}
		name, _ := filepath.Rel(filepath.Dir(dir), path)
		*header = tar.Header{Typeflag: header.Typeflag, Name: name, Mode: header.Mode & 0o755, Size: header.Size, ModTime: header.ModTime}
		if err := w.WriteHeader(header); err != nil || info.IsDir() {
			return err
		}
		file, err := os.Open(path)
		if err != nil {
			return err
		}
		defer file.Close()
		_, err = io.Copy(w, file)
		return err
	}))
	require.NoError(b, w.Close())
}

// newLoad serves a tar.gz and, made of it, the .tar.zst.
func newLoad(b *testing.B, name, base, packed string) load {
	b.Helper()
	l := load{name: name, dir: filepath.Dir(packed)}
	other := strings.TrimSuffix(packed, ".gz") + ".zst"
	from, err := os.Open(packed)
	require.NoError(b, err)
	defer from.Close()
	plain, err := gzip.NewReader(from)
	require.NoError(b, err)
	to, err := os.Create(other)
	require.NoError(b, err)
	w, err := zstd.NewWriter(to, zstd.WithEncoderLevel(zstd.SpeedBetterCompression))
	require.NoError(b, err)
	tree := tar.NewReader(io.TeeReader(plain, w))
	for {
		header, err := tree.Next()
		if err == io.EOF {
			break
		}
		require.NoError(b, err)
		if header.Typeflag == tar.TypeReg {
			l.files++
			l.bytes += header.Size
		}
	}
	_, err = io.Copy(w, plain)
	require.NoError(b, err)
	require.NoError(b, w.Close())
	require.NoError(b, to.Close())
	for path, at := range map[string]*served{packed: &l.gzip, other: &l.zstd} {
		rel, _ := filepath.Rel(l.dir, path)
		*at = serve(b, base+"/"+rel, path)
	}
	return l
}

func serve(b *testing.B, url, path string) served {
	b.Helper()
	file, err := os.Open(path)
	require.NoError(b, err)
	defer file.Close()
	hash := sha256.New()
	size, err := io.Copy(hash, file)
	require.NoError(b, err)
	return served{url, hex.EncodeToString(hash.Sum(nil)), size}
}

// measure counts the files of a tree and their bytes.
func measure(b *testing.B, dir string) (files, bytes int64) {
	b.Helper()
	require.NoError(b, filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		files++
		bytes += info.Size()
		return nil
	}))
	return files, bytes
}
