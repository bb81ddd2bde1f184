package unpack

import (
	"fmt"
	"os"
	"path/filepath"
)

// TopDir is the single top folder of an unpacked archive, whatever its name, or dir
// itself if there are several things at the top.
func TopDir(dir string) (string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return "", fmt.Errorf("cannot look into the unpacked archive: %w", err)
	}
	if len(entries) == 1 && entries[0].IsDir() {
		return filepath.Join(dir, entries[0].Name()), nil
	}
	return dir, nil
}
