package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/alluxio-mesos/alluxio-mesos/plugins"
)

// config is what a deployment sets below alluxio.integration.mesos.fetcher.oci.
type config struct {
	plain bool // plain.http: speak HTTP with every registry
}

func readConfig(values map[string]string) (config, error) {
	var c config
	for key, value := range values {
		var err error
		switch key {
		case "plain.http":
			c.plain, err = strconv.ParseBool(value)
		default:
			err = errors.New("unknown key; it has plain.http")
		}
		if err != nil {
			return config{}, plugins.AsPermanent(fmt.Errorf("cannot configure fetcher oci: %s=%q: %w", key, value, err))
		}
	}
	return c, nil
}

// registry speaks with the registry of one reference.
type registry struct {
	reference
	client *http.Client
	base   string
	token  string
}

func (f *fetcher) registryOf(r reference) *registry {
	scheme := "https"
	if f.config.plain || r.loopback() {
		scheme = "http"
	}
	return &registry{reference: r, client: f.client, base: scheme + "://" + r.host}
}

// layer is the artifact's one file.
type layer struct {
	Digest      string            `json:"digest"`
	Size        int64             `json:"size"`
	Annotations map[string]string `json:"annotations"`
}

const (
	manifestTypes = "application/vnd.oci.image.manifest.v1+json, application/vnd.docker.distribution.manifest.v2+json"
	titleKey      = "org.opencontainers.image.title" // the file's name
	maxManifest   = 4 << 20
)

// layer reads the manifest, which must have one layer: an artifact of a single file.
func (r *registry) layer(ctx context.Context) (layer, error) {
	response, err := r.get(ctx, "/manifests/"+r.version, http.Header{"Accept": {manifestTypes}})
	if err != nil {
		return layer{}, err
	}
	defer response.Body.Close()
	var manifest struct {
		Layers []layer `json:"layers"`
	}
	if err := json.NewDecoder(io.LimitReader(response.Body, maxManifest)).Decode(&manifest); err != nil {
		return layer{}, fmt.Errorf("cannot read the manifest: %w", err)
	}
	if n := len(manifest.Layers); n != 1 {
		return layer{}, plugins.AsPermanent(fmt.Errorf("it has %d layers; an artifact of one file has one", n))
	}
	l := manifest.Layers[0]
	if !validVersion.MatchString(l.Digest) || l.Size < 0 {
		return layer{}, plugins.AsPermanent(fmt.Errorf("its layer has the digest %.100q and %d bytes", l.Digest, l.Size))
	}
	return l, nil
}

// blob opens a layer from an offset on, or from its start where the registry has no ranges.
func (r *registry) blob(ctx context.Context, l layer, offset int64) (body io.ReadCloser, from int64, err error) {
	header := http.Header{}
	if offset > 0 {
		header.Set("Range", fmt.Sprintf("bytes=%d-", offset))
	}
	response, err := r.get(ctx, "/blobs/"+l.Digest, header)
	if err != nil {
		return nil, 0, err
	}
	if response.StatusCode == http.StatusPartialContent {
		return response.Body, offset, nil
	}
	return response.Body, 0, nil
}

// get asks, and asks again with a token if the registry wants one.
func (r *registry) get(ctx context.Context, path string, header http.Header) (*http.Response, error) {
	response, err := r.once(ctx, path, header)
	if err != nil {
		return nil, err
	}
	if response.StatusCode == http.StatusUnauthorized && r.token == "" {
		challenge := response.Header.Get("WWW-Authenticate")
		_ = response.Body.Close()
		if r.token, err = r.fetchToken(ctx, challenge); err != nil {
			return nil, err
		}
		if response, err = r.once(ctx, path, header); err != nil {
			return nil, err
		}
	}
	if err := refused(response); err != nil {
		_ = response.Body.Close()
		return nil, err
	}
	return response, nil
}

func (r *registry) once(ctx context.Context, path string, header http.Header) (*http.Response, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, r.base+"/v2/"+r.repository+path, nil)
	if err != nil {
		return nil, plugins.AsPermanent(err)
	}
	request.Header = header.Clone()
	if r.token != "" {
		request.Header.Set("Authorization", "Bearer "+r.token)
	}
	return r.client.Do(request)
}

// refused makes an error of an answer that is not the thing asked for. Those of the
// client's making are permanent, but for the ones that pass.
func refused(response *http.Response) error {
	code := response.StatusCode
	if code < 300 {
		return nil
	}
	err := fmt.Errorf("the registry answers %s", response.Status)
	if code == http.StatusTooManyRequests || code == http.StatusServiceUnavailable {
		seconds, _ := strconv.Atoi(response.Header.Get("Retry-After"))
		return &plugins.Error{Err: err, RetryAfter: time.Duration(max(0, seconds)) * time.Second}
	}
	if code >= 500 || code == http.StatusRequestTimeout {
		return err
	}
	return plugins.AsPermanent(err)
}

var challengePart = regexp.MustCompile(`([a-z]+)="([^"]*)"`)

// fetchToken gets an anonymous token, as registries want one even for what is public
// (https://distribution.github.io/distribution/spec/auth/token/).
func (r *registry) fetchToken(ctx context.Context, challenge string) (string, error) {
	parts := map[string]string{}
	for _, part := range challengePart.FindAllStringSubmatch(challenge, -1) {
		parts[part[1]] = part[2]
	}
	realm, err := url.Parse(parts["realm"])
	if err != nil || !strings.HasPrefix(challenge, "Bearer ") || realm.Host == "" {
		return "", plugins.AsPermanent(errors.New("the registry wants a login, and this fetcher has none but the anonymous"))
	}
	query := realm.Query()
	query.Set("service", parts["service"])
	query.Set("scope", "repository:"+r.repository+":pull")
	realm.RawQuery = query.Encode()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, realm.String(), nil)
	if err != nil {
		return "", plugins.AsPermanent(err)
	}
	response, err := r.client.Do(request)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	if err := refused(response); err != nil {
		return "", fmt.Errorf("no anonymous token: %w", err)
	}
	var answer struct {
		Token       string `json:"token"`
		AccessToken string `json:"access_token"`
	}
	if err := json.NewDecoder(io.LimitReader(response.Body, maxManifest)).Decode(&answer); err != nil {
		return "", fmt.Errorf("cannot read the token: %w", err)
	}
	if answer.Token == "" {
		answer.Token = answer.AccessToken
	}
	return answer.Token, nil
}
