package acceptance

import (
	"bytes"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/alluxio-mesos/alluxio-mesos/mesos/mesostest"
	"github.com/alluxio-mesos/alluxio-mesos/test/deploy"
	"github.com/alluxio-mesos/alluxio-mesos/test/s3server"
)

// TestS3 deploys a tarball that lies in S3, with a root UFS in S3, on a real S3 server. The
// fetcher gets its credentials from a file on the agent, Alluxio from the site file.
func TestS3(t *testing.T) {
	t.Parallel()
	s := s3server.Start(t, s3server.Options{})
	tarball := filepath.Base(deploy.Tarball(t))
	s.Bucket("software")
	s.PutFile("software", "releases/"+tarball, deploy.Tarball(t))
	s.Bucket("storage")
	s.Put("storage", "alluxio/there-before", []byte("was in S3 before Alluxio came"))

	c := mesostest.Embedded(t, mesostest.Options{Agents: agents(t, 1)})
	d := deploy.New(t, c.Address(), map[string]string{
		deploy.Prefix + "alluxio.jar.url":             "s3://software/releases/" + tarball,
		deploy.Prefix + "cache.dir":                   "", // one of its own, so that it is fetched
		deploy.Prefix + "fetcher.s3.endpoint":         s.URL,
		deploy.Prefix + "fetcher.s3.credentials.file": s.CredentialsFile(),
		"alluxio.master.mount.table.root.ufs":         "s3://storage/alluxio",
		"s3a.accessKeyId":                             s3server.AccessKey,
		"s3a.secretKey":                               s3server.SecretKey,
		"alluxio.underfs.s3.endpoint":                 s.URL,
		"alluxio.underfs.s3.endpoint.region":          s.Region,
		"alluxio.underfs.s3.disable.dns.buckets":      "true",
		"alluxio.underfs.s3.inherit.acl":              "false",
	})
	d.Start()
	status := d.Serving(2, startLimit)
	require.NotEmpty(t, status.Instances)

	require.Equal(t, "was in S3 before Alluxio came", string(d.Read("/there-before")))
	through := map[string]string{"alluxio.user.file.writetype.default": "CACHE_THROUGH"}
	sent := d.Write("/written", through)
	require.Contains(t, s.Keys("storage"), "alluxio/written")
	said, err := d.Shell(nil, "free", "-f", "/written") // so that it is read from S3
	require.NoError(t, err, said)
	require.True(t, bytes.Equal(sent, d.Read("/written")))

	requireKept(t, d, s3server.SecretKey)
	d.Stop()
}
