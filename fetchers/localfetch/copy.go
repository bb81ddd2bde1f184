package localfetch

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/alluxio-mesos/alluxio-mesos/fetchers/transfer"
	"github.com/alluxio-mesos/alluxio-mesos/plugins"
)

// piece is how much is copied between two looks at ctx.
const piece = 8 << 20

// fetchPath answers with a folder in place, or copies a file.
func fetchPath(ctx context.Context, path string, r plugins.FetchRequest, report func(plugins.Progress)) (plugins.FetchResult, error) {
	// Not blocking: opening a named pipe would wait for its writer.
	src, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return plugins.FetchResult{}, openError(path, err)
	}
	defer src.Close()
	info, err := src.Stat()
	if err != nil {
		return plugins.FetchResult{}, fmt.Errorf("cannot read %s: %w", path, cause(err))
	}
	switch {
	case info.IsDir():
		return plugins.FetchResult{InPlace: []string{path}}, nil
	case !info.Mode().IsRegular():
		return plugins.FetchResult{}, plugins.AsPermanent(fmt.Errorf("cannot fetch %s: it is neither a file nor a folder", path))
	}
	return copyFile(ctx, src, info, r, report)
}

func openError(path string, err error) error {
	err2 := fmt.Errorf("cannot read %s on this node: %w", path, cause(err))
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission) || errors.Is(err, syscall.ENOTDIR) {
		return plugins.AsPermanent(err2)
	}
	return err2
}

// validator changes whenever the file is written or replaced.
func validator(info fs.FileInfo) string {
	inode := uint64(0)
	if st, ok := info.Sys().(*syscall.Stat_t); ok {
		inode = st.Ino
	}
	return fmt.Sprintf("%d-%d-%d", info.Size(), info.ModTime().UnixNano(), inode)
}

func copyFile(ctx context.Context, src *os.File, info fs.FileInfo, r plugins.FetchRequest, report func(plugins.Progress)) (plugins.FetchResult, error) {
	valid := validator(info)
	offset := r.Offset
	if r.Validator == "" {
		offset = 0
	}
	if offset > 0 && r.Validator != valid || offset > info.Size() {
		return plugins.FetchResult{}, changed(src)
	}
	dst, err := transfer.Open(r.File, offset)
	if err != nil {
		return plugins.FetchResult{}, err
	}
	defer dst.Close()
	meter := transfer.NewMeter(plugins.Progress{Bytes: offset, Total: info.Size(), Validator: valid}, report, time.Now)
	defer meter.End()
	if err := copyFrom(ctx, dst, src, offset, info.Size(), meter); err != nil {
		return plugins.FetchResult{}, err
	}
	now, err := src.Stat()
	if err != nil {
		return plugins.FetchResult{}, fmt.Errorf("cannot read %s: %w", src.Name(), cause(err))
	}
	if validator(now) != valid {
		return plugins.FetchResult{}, changed(src)
	}
	if err := dst.Close(); err != nil {
		return plugins.FetchResult{}, fmt.Errorf("cannot write the copy of %s: %w", src.Name(), cause(err))
	}
	return plugins.FetchResult{Bytes: info.Size(), Validator: valid, Name: filepath.Base(src.Name())}, nil
}

func changed(src *os.File) error {
	return plugins.AsChanged(fmt.Errorf("%s changed while it was copied", src.Name()))
}

// copyFrom goes by io.CopyN between files, for which package os asks the kernel to copy
// (copy_file_range), or to share the blocks where the file system can.
func copyFrom(ctx context.Context, dst, src *os.File, from, size int64, meter *transfer.Meter) error {
	for _, f := range []*os.File{dst, src} {
		if _, err := f.Seek(from, io.SeekStart); err != nil {
			return fmt.Errorf("cannot copy %s: %w", src.Name(), cause(err))
		}
	}
	for done := from; done < size; {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		n, err := io.CopyN(dst, src, min(piece, size-done))
		done += n
		meter.At(done)
		switch {
		case errors.Is(err, io.EOF):
			return changed(src) // shorter than it was
		case err != nil:
			return fmt.Errorf("cannot copy %s: %w", src.Name(), cause(err))
		}
	}
	return nil
}
