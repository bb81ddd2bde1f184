package s3fetch

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/alluxio-mesos/alluxio-mesos/plugins"
)

// origin is a place where credentials may be.
type origin struct {
	// name is for messages: it holds no secret.
	name string
	// get brings the credentials, an absent error where the place has none, or what is wrong with it.
	get func(context.Context) (aws.Credentials, error)
}

// absent says that a place has no credentials, and why that is known.
type absent struct{ why string }

func (a absent) Error() string { return a.why }

// chain takes the first credentials that are there. A place that has some which cannot be
// used ends the search, since the operator meant them.
type chain []origin

func (c chain) Retrieve(ctx context.Context) (aws.Credentials, error) {
	var tried []string
	for _, o := range c {
		found, err := o.get(ctx)
		var none absent
		switch {
		case err == nil:
			found.Source = o.name
			return found, nil
		case errors.As(err, &none):
			tried = append(tried, o.name+" ("+none.why+")")
		default:
			return aws.Credentials{}, &credentialsError{origin: o.name, err: err}
		}
	}
	return aws.Credentials{}, plugins.AsPermanent(fmt.Errorf("no credentials were found; tried %s. Name some with %sprofile or "+
		"%scredentials.file, or write ?anonymous=true for an object that everybody may read", strings.Join(tried, ", "), prefix, prefix))
}

// credentialsError is one of a place that has credentials.
type credentialsError struct {
	origin string
	err    error
}

func (e *credentialsError) Error() string {
	return fmt.Sprintf("cannot get credentials from %s: %v", e.origin, e.err)
}

func (e *credentialsError) Unwrap() error { return e.err }

// identity is who asks.
type identity struct {
	cache *aws.CredentialsCache // nil: nobody
	aws.Credentials
}

// String says which credentials are used, without showing a secret: an access key's id is
// none, but four characters of it are enough to know it by.
func (i identity) String() string {
	if i.cache == nil {
		return "no credentials (anonymous)"
	}
	id := i.AccessKeyID
	if len(id) > 8 {
		id = "..." + id[len(id)-4:]
	}
	return fmt.Sprintf("the credentials of %s (access key %s)", i.Source, id)
}

// provider is what requests are signed with.
func (i identity) provider() aws.CredentialsProvider {
	if i.cache == nil {
		return aws.AnonymousCredentials{}
	}
	return i.cache
}

// identify finds the credentials for a source.
func (s *session) identify(ctx context.Context, a address) (identity, error) {
	cache := s.credentials(a)
	if cache == nil {
		return identity{}, nil
	}
	found, err := cache.Retrieve(ctx)
	if err != nil {
		return identity{}, credentialsFailure(ctx, err)
	}
	return identity{cache: cache, Credentials: found}, nil
}

// credentials gives the cache of the credentials that are for a source; nil: none are wanted.
func (s *session) credentials(a address) *aws.CredentialsCache {
	if a.Anonymous || (s.config.anonymous && a.Profile == "") {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	cache := s.caches[a.Profile]
	if cache == nil {
		cache = aws.NewCredentialsCache(s.origins(a.Profile))
		s.caches[a.Profile] = cache
	}
	return cache
}

// origins are the places to look at. Where the operator named one, there is no other.
func (s *session) origins(profile string) chain {
	if profile == "" {
		profile = s.config.profile
	}
	if profile != "" || s.config.credentialsFile != "" {
		return chain{s.profile(profile, true)}
	}
	all := chain{s.environment(), s.webIdentity(), s.profile("", false), s.container()}
	if s.config.instanceRole {
		all = append(all, s.instanceRole())
	}
	return all
}

// credentialsFailure keeps what is known of whether trying again helps.
func credentialsFailure(ctx context.Context, err error) error {
	var known *plugins.Error
	var place *credentialsError
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case errors.As(err, &place):
		return &plugins.Error{Kind: plugins.KindOf(err), Err: errors.New(place.Error())}
	case errors.As(err, &known):
		return known
	}
	return fmt.Errorf("cannot get credentials: %w", err)
}
