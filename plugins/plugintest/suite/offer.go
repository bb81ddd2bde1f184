package suite

import (
	"fmt"
	"os"
	"path/filepath"
)

// Offer is the built-in server of Verify, for tests that deploy with a plugin: the same
// files over HTTP, over FTP, as an OCI registry, and in a folder.
type Offer struct{ stage *stage }

// NewOffer offers nothing yet. The folder is empty and the server's own until Close.
func NewOffer(dir string) (*Offer, error) {
	s, err := newStage(dir)
	if err != nil {
		return nil, err
	}
	return &Offer{s}, nil
}

// Add offers what is in a file, under its name, and gives the source of it in a form, as
// Options.Source has it.
func (o *Offer) Add(file, form string) (source string, err error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return "", fmt.Errorf("cannot offer a file: %w", err)
	}
	name := filepath.Base(file)
	if err := o.stage.set(name, data); err != nil {
		return "", fmt.Errorf("cannot offer %s: %w", file, err)
	}
	return o.stage.fill(form, name, data), nil
}

// Close ends the server, and waits until it has ended.
func (o *Offer) Close() { o.stage.close() }
