package s3server

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/stretchr/testify/require"
)

// Client speaks with the server as its root user.
func (s *Server) Client() *s3.Client {
	return s3.New(s3.Options{
		Region: s.Region, BaseEndpoint: aws.String(s.URL), UsePathStyle: true, HTTPClient: s.httpClient(),
		Credentials: credentials.NewStaticCredentialsProvider(AccessKey, SecretKey, ""),
	})
}

func (s *Server) httpClient() *http.Client {
	transport := &http.Transport{DisableKeepAlives: true}
	if s.CAFile != "" {
		pem, err := os.ReadFile(s.CAFile)
		require.NoError(s.t, err)
		pool := x509.NewCertPool()
		require.True(s.t, pool.AppendCertsFromPEM(pem))
		transport.TLSClientConfig = &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}
	}
	return &http.Client{Transport: transport}
}

// Bucket makes a bucket.
func (s *Server) Bucket(name string) {
	s.t.Helper()
	_, err := s.Client().CreateBucket(context.Background(), &s3.CreateBucketInput{Bucket: &name})
	require.NoError(s.t, err)
}

// Versioned makes a bucket that keeps versions.
func (s *Server) Versioned(name string) {
	s.t.Helper()
	s.Bucket(name)
	_, err := s.Client().PutBucketVersioning(context.Background(), &s3.PutBucketVersioningInput{
		Bucket: &name, VersioningConfiguration: &types.VersioningConfiguration{Status: types.BucketVersioningStatusEnabled},
	})
	require.NoError(s.t, err)
}

// Public lets everybody read the objects of a bucket without credentials.
func (s *Server) Public(bucket string) {
	s.t.Helper()
	policy := fmt.Sprintf(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::%s/*"}]}`, bucket)
	_, err := s.Client().PutBucketPolicy(context.Background(), &s3.PutBucketPolicyInput{Bucket: &bucket, Policy: &policy})
	require.NoError(s.t, err)
}

// Put stores an object, and returns its version where the bucket keeps them.
func (s *Server) Put(bucket, key string, data []byte) (version string) {
	s.t.Helper()
	return s.put(bucket, key, bytes.NewReader(data))
}

// PutFile stores a file as an object.
func (s *Server) PutFile(bucket, key, path string) {
	s.t.Helper()
	file, err := os.Open(path)
	require.NoError(s.t, err)
	defer file.Close()
	s.put(bucket, key, file)
}

func (s *Server) put(bucket, key string, body io.ReadSeeker) string {
	s.t.Helper()
	out, err := s.Client().PutObject(context.Background(), &s3.PutObjectInput{Bucket: &bucket, Key: &key, Body: body})
	require.NoError(s.t, err)
	return aws.ToString(out.VersionId)
}

// Keys lists the keys of a bucket.
func (s *Server) Keys(bucket string) []string {
	s.t.Helper()
	out, err := s.Client().ListObjectsV2(context.Background(), &s3.ListObjectsV2Input{Bucket: &bucket})
	require.NoError(s.t, err)
	var keys []string
	for _, object := range out.Contents {
		keys = append(keys, aws.ToString(object.Key))
	}
	return keys
}

// User makes a user, who may read nothing yet.
func (s *Server) User(access, secret string) {
	s.t.Helper()
	args := []string{"admin", "--endpoint-url", s.URL, "--region", s.Region, "--allow-insecure",
		"create-user", "--access", access, "--secret", secret, "--role", "user"}
	cmd := exec.Command(s.binary, args...)
	cmd.Env = []string{"ADMIN_ACCESS_KEY_ID=" + AccessKey, "ADMIN_SECRET_ACCESS_KEY=" + SecretKey, "HOME=" + s.dir}
	said, err := cmd.CombinedOutput()
	require.NoError(s.t, err, "%s", said)
}

// CredentialsFile is a shared credentials file with the root user as profile "default" and
// as profile "root".
func (s *Server) CredentialsFile() string {
	s.t.Helper()
	file := filepath.Join(s.dir, "credentials")
	s.once.Do(func() {
		WriteCredentials(s.t, file, map[string][2]string{"default": {AccessKey, SecretKey}, "root": {AccessKey, SecretKey}})
	})
	return file
}
