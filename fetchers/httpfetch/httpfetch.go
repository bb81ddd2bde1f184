// Package httpfetch is the fetcher of http and https sources: one GET into the host's
// file, or several for pieces of it at once where one is slow (package transfer decides
// that), resumed where the server can prove that the file is still the same. It goes to
// net/http directly: go-getter's HTTP getter tells no validator, resumes by size alone and
// hides stalls (its issue 219). Retrying is the host's.
package httpfetch

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"path"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/alluxio-mesos/alluxio-mesos/fetchers/redact"
	"github.com/alluxio-mesos/alluxio-mesos/fetchers/transfer"
	"github.com/alluxio-mesos/alluxio-mesos/plugins"
)

const name = "http"

type fetcher struct {
	version string
	session atomic.Pointer[session]
}

// session is a configuration with the client made for it.
type session struct {
	config config
	client *http.Client
	agent  string
	// fickle are hosts whose file changed on the way. They may be mirrors that do not
	// agree on the validator: one connection stays with one of them.
	fickle sync.Map
}

// New makes the fetcher; version is that of its binary.
func New(version string) plugins.Fetcher {
	f := &fetcher{version: version}
	f.use(defaultConfig())
	return f
}

func (f *fetcher) use(c config) {
	f.session.Store(&session{config: c, client: newClient(c), agent: "alluxio-mesos/" + f.version})
}

func (f *fetcher) Info(context.Context) (plugins.Info, error) {
	return plugins.Info{Name: name, Version: f.version, Contract: plugins.Contract,
		Schemes: []string{"http", "https"}, Resumes: true}, nil
}

func (f *fetcher) Init(_ context.Context, values map[string]string) error {
	c, err := readConfig(values)
	if err != nil {
		return err
	}
	f.use(c)
	return nil
}

func (f *fetcher) Shutdown(context.Context) error {
	f.session.Load().client.CloseIdleConnections()
	return nil
}

func (f *fetcher) Fetch(ctx context.Context, r plugins.FetchRequest, report func(plugins.Progress)) (plugins.FetchResult, error) {
	if ctx.Err() != nil {
		return plugins.FetchResult{}, context.Cause(ctx)
	}
	u, err := parse(r.Source)
	if err != nil {
		return plugins.FetchResult{}, plugins.AsPermanent(fmt.Errorf("cannot fetch %s: %w", redact.URL(r.Source), err))
	}
	result, err := f.session.Load().move(ctx, u, r, report)
	if err != nil {
		return plugins.FetchResult{}, explain(ctx, u, err)
	}
	result.Name = fileName(u)
	return result, nil
}

func (s *session) move(ctx context.Context, u *url.URL, r plugins.FetchRequest, report func(plugins.Progress)) (plugins.FetchResult, error) {
	login, err := s.config.loginFor(u)
	if err != nil {
		return plugins.FetchResult{}, permanent("cannot read the credentials: %w", err)
	}
	plain := *u
	plain.User = nil
	from := &remote{session: s, url: &plain, login: login, now: time.Now}
	options := transfer.Options{Connections: s.config.Connections, StallTimeout: s.config.StallTimeout}
	if _, fickle := s.fickle.Load(u.Host); fickle {
		options.Connections = 1
	}
	result, err := transfer.Move(ctx, from, r, options, report)
	if plugins.KindOf(err) == plugins.Changed {
		s.fickle.Store(u.Host, true)
	}
	if err != nil {
		s.client.CloseIdleConnections() // to a server that is gone, perhaps
	}
	return result, err
}

func parse(source string) (*url.URL, error) {
	u, err := url.Parse(source)
	switch {
	case err != nil:
		return nil, errors.New("that is not a URL")
	case u.Scheme != "http" && u.Scheme != "https":
		return nil, errors.New("fetcher http serves http and https only")
	case u.Hostname() == "":
		return nil, errors.New("it names no host")
	case u.Port() != "" && !isPort(u.Port()):
		return nil, fmt.Errorf("%s is no port; they go from 1 to 65535", u.Port())
	}
	u.Fragment, u.RawFragment = "", ""
	return u, nil
}

func isPort(text string) bool {
	port, err := strconv.ParseUint(text, 10, 16)
	return err == nil && port > 0
}

func fileName(u *url.URL) string {
	if name := path.Base(u.Path); name != "." && name != "/" {
		return name
	}
	return ""
}
