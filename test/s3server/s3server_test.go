package s3server_test

import (
	"context"
	"io"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/stretchr/testify/require"

	"github.com/alluxio-mesos/alluxio-mesos/test/s3server"
)

func TestServer(t *testing.T) {
	t.Parallel()
	for name, o := range map[string]s3server.Options{
		"plain": {}, "https": {TLS: true, Region: "eu-central-1"}, "versions": {Versions: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := s3server.Start(t, o)
			bucket, key := "bucket.one", "a/b.tar"
			if o.Versions {
				s.Versioned(bucket)
				require.NotEmpty(t, s.Put(bucket, key, []byte("older")))
			} else {
				s.Bucket(bucket)
			}
			s.Put(bucket, key, []byte("content"))
			s.User("someone", "someones-secret")
			s.Stop()
			s.Resume()
			out, err := s.Client().GetObject(context.Background(), &s3.GetObjectInput{Bucket: &bucket, Key: &key})
			require.NoError(t, err)
			defer out.Body.Close()
			data, err := io.ReadAll(out.Body)
			require.NoError(t, err)
			require.Equal(t, "content", string(data))
			require.Equal(t, []string{key}, s.Keys(bucket))
		})
	}
}
