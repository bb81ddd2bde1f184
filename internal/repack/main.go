// Command repack makes a .tar.zst of a .tar.gz, for "make alluxio": such a one unpacks several
// times as fast. The same input gives the same bytes, on any machine; no zstd command is
// needed.
package main

import (
	"bufio"
	"compress/gzip"
	"fmt"
	"io"
	"os"

	"github.com/klauspost/compress/zstd"
)

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: repack FILE.tar.gz FILE.tar.zst")
		os.Exit(2)
	}
	if err := repack(os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, "repack:", err)
		os.Exit(1)
	}
}

func repack(from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	plain, err := gzip.NewReader(bufio.NewReaderSize(in, 1<<20))
	if err != nil {
		return fmt.Errorf("cannot read %s: %w", from, err)
	}
	out, err := os.Create(to)
	if err != nil {
		return err
	}
	defer out.Close()
	if err := compress(out, plain); err != nil {
		return fmt.Errorf("cannot repack %s: %w", from, err)
	}
	return out.Close()
}

// window is how far back matches may refer. Whoever unpacks needs that much memory.
const window = 4 << 20

func compress(to io.Writer, from io.Reader) error {
	// With one goroutine the bytes do not depend on who was faster.
	w, err := zstd.NewWriter(to, zstd.WithEncoderLevel(zstd.SpeedBestCompression), zstd.WithEncoderConcurrency(1),
		zstd.WithWindowSize(window))
	if err != nil {
		return err
	}
	if _, err := io.Copy(w, from); err != nil {
		return err
	}
	return w.Close()
}
