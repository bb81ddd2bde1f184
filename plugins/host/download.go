package host

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/alluxio-mesos/alluxio-mesos/fetchers/cache"
	"github.com/alluxio-mesos/alluxio-mesos/fetchers/redact"
	"github.com/alluxio-mesos/alluxio-mesos/fetchers/source"
	"github.com/alluxio-mesos/alluxio-mesos/plugins"
)

const (
	maxPluginSize   = 512 << 20 // where the deployment names no size
	downloadTimeout = 5 * time.Minute
)

// download makes sure that a shipped plugin is in the node cache. The scheduler that
// serves it may be away for a moment.
func (h *Host) download(ctx context.Context, p Plugin, digest source.Digest) (string, error) {
	tries := tries{policy: h.cfg.Retry}
	for {
		path, err := h.cache.Plugin(ctx, digest, fileName(p.Kind, p.Name), func(ctx context.Context, w io.Writer) error {
			h.log.Info("downloading plugin", "plugin", p.id(), "sha256", digest.Hex(), "url", redact.URL(p.URL))
			return getPlugin(ctx, p, w)
		})
		if err == nil {
			return path, nil
		}
		var wrong *cache.DigestError
		if errors.As(err, &wrong) {
			err = plugins.AsPermanent(fmt.Errorf("%s: %w", redact.URL(p.URL), err))
		}
		if err := tries.again(ctx, err, false); err != nil {
			return "", err
		}
	}
}

func getPlugin(ctx context.Context, p Plugin, w io.Writer) error {
	ctx, cancel := context.WithTimeout(ctx, downloadTimeout)
	defer cancel()
	body, err := openPlugin(ctx, p.URL)
	if err != nil {
		return err
	}
	defer body.Close()
	limit := p.Size
	if limit <= 0 {
		limit = maxPluginSize
	}
	n, err := io.Copy(w, io.LimitReader(body, limit+1))
	switch {
	case err != nil:
		return fmt.Errorf("cannot download %s: %w", redact.URL(p.URL), err)
	case n > limit:
		return plugins.AsPermanent(fmt.Errorf("cannot download %s: it is larger than %d bytes", redact.URL(p.URL), limit))
	case p.Size > 0 && n < p.Size:
		return fmt.Errorf("cannot download %s: it ended after %d of %d bytes", redact.URL(p.URL), n, p.Size)
	}
	return nil
}

func openPlugin(ctx context.Context, url string) (io.ReadCloser, error) {
	switch {
	case url == "":
		return nil, plugins.AsPermanent(errors.New("it is not on this node, and the deployment names no URL for it"))
	case strings.HasPrefix(url, "http://"), strings.HasPrefix(url, "https://"):
		return openURL(ctx, url)
	}
	file, err := os.Open(url)
	if err != nil {
		return nil, plugins.AsPermanent(err)
	}
	return file, nil
}

func openURL(ctx context.Context, url string) (io.ReadCloser, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, plugins.AsPermanent(fmt.Errorf("cannot download %s: it is no URL", redact.URL(url)))
	}
	// A connection of its own: none stays open between the rare downloads.
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true, Proxy: http.ProxyFromEnvironment}}
	response, err := client.Do(request)
	if err != nil {
		return nil, fmt.Errorf("cannot download a plugin: %w", err)
	}
	if response.StatusCode == http.StatusOK {
		return response.Body, nil
	}
	response.Body.Close()
	err = fmt.Errorf("cannot download %s: %s", redact.URL(url), response.Status)
	if response.StatusCode >= 400 && response.StatusCode < 500 && response.StatusCode != http.StatusTooManyRequests {
		err = plugins.AsPermanent(err)
	}
	return nil, err
}
