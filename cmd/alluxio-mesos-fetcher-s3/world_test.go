package main_test

import (
	"fmt"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/alluxio-mesos/alluxio-mesos/plugins/plugintest"
	"github.com/alluxio-mesos/alluxio-mesos/test/s3server"
)

// world is a real S3 server, over https, whose objects come and change as the checks want.
func world(t *testing.T) plugintest.FetcherWorld {
	t.Helper()
	s := s3server.Start(t, s3server.Options{TLS: true})
	s.Bucket("plugin-test")
	var made atomic.Int64
	return plugintest.FetcherWorld{
		Config: map[string]string{"endpoint": s.URL, "credentials.file": s.CredentialsFile(), "ca.file": s.CAFile},
		Serve: func(data []byte) (string, error) {
			key := fmt.Sprintf("folder/file-%d.tar", made.Add(1))
			s.Put("plugin-test", key, data)
			return "s3://plugin-test/" + key, nil
		},
		Change: func(source string, data []byte) error {
			s.Put("plugin-test", strings.TrimPrefix(source, "s3://plugin-test/"), data)
			return nil
		},
		Missing: "s3://plugin-test/missing",
		Bad:     "s3://",
	}
}
