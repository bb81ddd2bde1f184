package main_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/alluxio-mesos/alluxio-mesos/plugins"
	"github.com/alluxio-mesos/alluxio-mesos/plugins/plugintest"
)

// world is a folder whose files come and change as the checks want, and one like a JDK.
func world(t *testing.T) plugintest.FetcherWorld {
	t.Helper()
	dir := t.TempDir()
	java := filepath.Join(dir, "jvm", "jdk-17", "bin", "java")
	if err := os.MkdirAll(filepath.Dir(java), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(java, []byte("#!/bin/sh\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	return plugintest.FetcherWorld{
		Config: map[string]string{"jdk.search": filepath.Join(dir, "jvm", "*")},
		Serve: func(data []byte) (string, error) {
			f, err := os.CreateTemp(dir, "*.tar")
			if err != nil {
				return "", err
			}
			_, err = f.Write(data)
			if closeErr := f.Close(); err == nil {
				err = closeErr
			}
			return f.Name(), err
		},
		Change:  func(source string, data []byte) error { return os.WriteFile(source, data, 0o600) },
		Missing: filepath.Join(dir, "missing"),
		Bad:     "file:relative",
		InPlace: &plugins.FetchRequest{Source: "LOCAL", Artifact: "jdk"},
	}
}
