package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"time"

	"github.com/alluxio-mesos/alluxio-mesos/plugins"
)

const (
	answerTime  = 20 * time.Second // until a registry's answer begins
	reportEvery = 100 * time.Millisecond
)

// fetcher moves one layer into a file. Its validator is the layer's digest: bytes that
// were fetched under it are right for ever, whatever the tag means by now.
type fetcher struct {
	version string
	client  *http.Client
	config  config
}

func newFetcher(version string) *fetcher {
	return &fetcher{version: version, client: &http.Client{Transport: &http.Transport{ResponseHeaderTimeout: answerTime}}}
}

func (f *fetcher) Info(context.Context) (plugins.Info, error) {
	return plugins.Info{
		Name: "oci", Version: f.version, Contract: plugins.Contract, Schemes: []string{"oci"}, Resumes: true,
	}, nil
}

func (f *fetcher) Init(_ context.Context, values map[string]string) error {
	var err error
	f.config, err = readConfig(values)
	return err
}

func (f *fetcher) Shutdown(context.Context) error {
	f.client.CloseIdleConnections()
	return nil
}

func (f *fetcher) Fetch(ctx context.Context, request plugins.FetchRequest, report func(plugins.Progress)) (plugins.FetchResult, error) {
	ref, err := parseReference(request.Source)
	if err != nil {
		return plugins.FetchResult{}, err
	}
	r := f.registryOf(ref)
	l, err := r.layer(ctx)
	if err != nil {
		return plugins.FetchResult{}, fmt.Errorf("cannot find %s in %s: %w", ref.version, ref.repository, err)
	}
	result := plugins.FetchResult{Bytes: l.Size, Validator: l.Digest, Name: l.Annotations[titleKey]}
	offset := int64(0)
	if request.Validator == l.Digest && request.Offset <= l.Size {
		offset = request.Offset
	}
	if offset == l.Size && offset > 0 {
		return result, nil
	}
	body, from, err := r.blob(ctx, l, offset)
	if err != nil {
		return plugins.FetchResult{}, fmt.Errorf("cannot open layer %s: %w", l.Digest, err)
	}
	defer body.Close()
	return result, write(body, request.File, plugins.Progress{Bytes: from, Total: l.Size, Validator: l.Digest}, report)
}

// write copies into the file from at on, and reports how far it is.
func write(body io.Reader, path string, at plugins.Progress, report func(plugins.Progress)) error {
	file, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	defer file.Close()
	report(at)
	said := time.Now()
	buffer := make([]byte, 256<<10)
	for {
		n, err := body.Read(buffer)
		if _, err := file.WriteAt(buffer[:n], at.Bytes); err != nil {
			return fmt.Errorf("cannot write the download: %w", err)
		}
		at.Bytes += int64(n)
		done := errors.Is(err, io.EOF)
		if done || time.Since(said) >= reportEvery {
			report(at)
			said = time.Now()
		}
		switch {
		case done && at.Bytes != at.Total:
			return fmt.Errorf("the layer ended after %d of %d bytes", at.Bytes, at.Total)
		case done:
			return file.Close()
		case err != nil:
			return fmt.Errorf("cannot read on after %d bytes: %w", at.Bytes, err)
		}
	}
}
