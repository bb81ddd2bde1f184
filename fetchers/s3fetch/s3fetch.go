// Package s3fetch is the fetcher of S3 sources: s3://BUCKET/KEY and s3::https://..., with
// region=, endpoint=, versionId=, profile= and anonymous= in the query, from AWS and from
// any server that speaks S3. It moves bytes as fetcher http does (package transfer): one
// request, more where that pays, each for the same content.
//
// Credentials are named and never written into a source or a property: by profile,
// shared credentials file, environment variables that the agent lets the plugin see, web
// identity, container or instance role. Which were used, or tried, is in each error
// about them. What can be configured is in config.go; digests, unpacking, cache and retry
// are the host's.
//
// Of the SDK the S3 client, the readers of the shared files and the role clients are
// linked, not config.LoadDefaultConfig, which would bring clients for four services more,
// and tells neither what it tried nor what it found.
package s3fetch

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path"
	"sync"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/alluxio-mesos/alluxio-mesos/fetchers/redact"
	"github.com/alluxio-mesos/alluxio-mesos/fetchers/transfer"
	"github.com/alluxio-mesos/alluxio-mesos/plugins"
)

const (
	name = "s3"
	// anyRegion is asked where nothing names one: AWS then answers with the right one.
	anyRegion = "us-east-1"
)

type fetcher struct {
	version string
	env     func(string) string
	session atomic.Pointer[session]
}

// session is a configuration with what was made for it.
type session struct {
	config  config
	version string
	env     func(string) string
	now     func() time.Time
	http    *http.Client // to servers
	local   *http.Client // to this machine's metadata: never through a proxy

	mu     sync.Mutex
	caches map[string]*aws.CredentialsCache // by the profile that the source names
}

// New makes the fetcher; version is that of its binary.
func New(version string) plugins.Fetcher { return with(version, os.Getenv) }

// with makes a fetcher that sees an environment.
func with(version string, env func(string) string) *fetcher {
	return &fetcher{version: version, env: env}
}

func (f *fetcher) Info(context.Context) (plugins.Info, error) {
	return plugins.Info{Name: name, Version: f.version, Contract: plugins.Contract, Schemes: []string{"s3"}, Resumes: true}, nil
}

func (f *fetcher) Init(_ context.Context, values map[string]string) error {
	c, err := readConfig(values)
	if err != nil {
		return err
	}
	f.session.Store(newSession(c, f.version, f.env))
	return nil
}

func newSession(c config, version string, env func(string) string) *session {
	direct := c.Config
	direct.Proxy.HTTPProxy, direct.Proxy.HTTPSProxy = "", ""
	return &session{config: c, version: version, env: env, now: time.Now, http: newHTTPClient(c.Config), local: newHTTPClient(direct),
		caches: map[string]*aws.CredentialsCache{}}
}

func (f *fetcher) Shutdown(context.Context) error {
	if s := f.session.Load(); s != nil {
		s.http.CloseIdleConnections()
		s.local.CloseIdleConnections()
	}
	return nil
}

func (f *fetcher) Fetch(ctx context.Context, r plugins.FetchRequest, report func(plugins.Progress)) (plugins.FetchResult, error) {
	if ctx.Err() != nil {
		return plugins.FetchResult{}, context.Cause(ctx)
	}
	s := f.session.Load()
	if s == nil {
		return plugins.FetchResult{}, plugins.AsPermanent(errors.New("fetcher s3 was not initialized"))
	}
	a, err := parseAddress(r.Source)
	if err != nil {
		return plugins.FetchResult{}, permanent("cannot fetch %s: %w", redact.URL(r.Source), err)
	}
	o := &object{session: s, address: a, region: s.region(a)}
	result, err := transfer.Move(ctx, o, r, transfer.Options{Connections: s.config.Connections, StallTimeout: s.config.StallTimeout}, report)
	if err != nil {
		return plugins.FetchResult{}, explain(ctx, a, err)
	}
	result.Name = path.Base(a.Key)
	return result, nil
}

// region is the one to ask first.
func (s *session) region(a address) string {
	return cmp.Or(a.Region, s.config.region, s.env("AWS_REGION"), s.env("AWS_DEFAULT_REGION"), anyRegion)
}

// explain names the object in an error, and keeps the kind.
func explain(ctx context.Context, a address, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	var here transfer.Local
	if errors.As(err, &here) {
		return fmt.Errorf("cannot store %s: %w", a, here.Err)
	}
	var known *plugins.Error
	if errors.As(err, &known) {
		return &plugins.Error{Kind: known.Kind, RetryAfter: known.RetryAfter, Err: fmt.Errorf("cannot fetch %s: %w", a, known.Err)}
	}
	return fmt.Errorf("cannot fetch %s: %s", a, redact.Text(err.Error()))
}
