package bench

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/alluxio-mesos/alluxio-mesos/plugins"
	"github.com/alluxio-mesos/alluxio-mesos/test/s3server"
)

const (
	oursS3   = "ours from S3, with digest"
	awsThen  = "aws s3 cp, then tar xz"
	rcThen   = "rclone copyto, then tar xz"
	s3Bucket = "bench"
)

// BenchmarkFetchS3 compares the S3 fetcher with the usual tools, on a real S3 server.
func BenchmarkFetchS3(b *testing.B) {
	s3 := s3server.Start(b, s3server.Options{})
	s3.Bucket(s3Bucket)
	server, loads := serveLoads(b, jdkLoad, alluxioLoad)
	server.Close()
	dir := b.TempDir()
	for i := range loads {
		key := loads[i].name + ".tar.gz"
		s3.PutFile(s3Bucket, key, filepath.Join(loads[i].dir, key))
		loads[i].gzip.url = key
	}
	credentials := filepath.Join(dir, "credentials")
	s3server.WriteCredentials(b, credentials, map[string][2]string{"default": {s3server.AccessKey, s3server.SecretKey}})
	ways := available(b, s3Ways(s3, credentials))
	results := compare(b, ways, loads, []goal{{oursS3, awsThen, both(0.7)}, {oursS3, rcThen, both(0.7)}})
	b.Log(memory(loads, results, oursS3))
}

func s3Ways(s3 *s3server.Server, credentials string) []way {
	environment := []string{"AWS_SHARED_CREDENTIALS_FILE=" + credentials, "AWS_REGION=" + s3.Region, "AWS_DEFAULT_REGION=" + s3.Region,
		"AWS_ACCESS_KEY_ID=" + s3server.AccessKey, "AWS_SECRET_ACCESS_KEY=" + s3server.SecretKey, "AWS_EC2_METADATA_DISABLED=true",
		"RCLONE_CONFIG_BENCH_TYPE=s3", "RCLONE_CONFIG_BENCH_PROVIDER=Other", "RCLONE_CONFIG_BENCH_ENV_AUTH=true",
		"RCLONE_CONFIG_BENCH_ENDPOINT=" + s3.URL, "RCLONE_CONFIG=/dev/null"}
	thenTar := func(copying string) func(*testing.B, string, load) result {
		return func(b *testing.B, dir string, from load) result {
			b.Helper()
			ctx, cancel := context.WithTimeout(context.Background(), limit)
			defer cancel()
			cmd := exec.CommandContext(ctx, "bash", "-euo", "pipefail", "-c", "mkdir tree && "+copying+" && tar xzf file -C tree",
				"bash", s3.URL, s3Bucket, from.gzip.url)
			cmd.Dir, cmd.Env = dir, append(os.Environ(), environment...)
			began := time.Now()
			said, err := cmd.CombinedOutput()
			took := time.Since(began)
			require.NoError(b, err, "%s: %s", copying, said)
			requireTree(b, filepath.Join(dir, "tree"), from)
			return result{wall: took, cpu: busy(cmd)}
		}
	}
	mine := func(b *testing.B, dir string, from load) result {
		b.Helper()
		r := runChild(b, order{Mode: modeHost, Kind: plugins.KindFetcher, Plugin: "s3", Dir: dir, URL: "s3://" + s3Bucket + "/" + from.gzip.url, SHA256: from.gzip.sha256,
			S3: map[string]string{"endpoint": s3.URL, "region": s3.Region, "credentials.file": credentials}})
		requireTree(b, r.self.Tree, from)
		return r
	}
	return []way{
		{name: awsThen, tool: "aws", run: thenTar(`aws --endpoint-url "$1" s3 cp --quiet "s3://$2/$3" file`)},
		{name: rcThen, tool: "rclone", run: thenTar(`rclone copyto "bench:$2/$3" file`)},
		{name: oursS3, run: mine},
	}
}
