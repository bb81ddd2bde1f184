package steps

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"github.com/alluxio-mesos/alluxio-mesos/internal/atomicfile"
)

// marker remembers, beside the work folder and not in it, that a journal was made: so
// that an emptied folder is not taken for a new one.
type marker struct {
	State  string    `json:"state"`
	Folder string    `json:"folder"`
	Type   string    `json:"type"`
	Time   time.Time `json:"time"`
}

// States of a marker; empty: there is none.
const (
	markBegun     = "begun"
	markFormatted = "formatted"
)

func readMarker(path string) (marker, error) {
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return marker{}, nil
	}
	var m marker
	if err == nil {
		err = json.Unmarshal(data, &m)
	}
	if err != nil {
		return marker{}, fmt.Errorf("cannot read the journal's marker %s: %w", path, err)
	}
	return m, nil
}

// writeMarker does nothing if the same is already there, so that Time stays that of the
// format.
func writeMarker(path string, m marker) error {
	if old, err := readMarker(path); err == nil && old.State == m.State && old.Folder == m.Folder && old.Type == m.Type {
		return nil
	}
	m.Time = time.Now().UTC().Truncate(time.Second)
	data, err := json.Marshal(m)
	if err != nil {
		return err
	}
	return atomicfile.Write(path, append(data, '\n'), 0o644)
}
