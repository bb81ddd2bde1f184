package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/alluxio-mesos/alluxio-mesos/scheduler/api"
)

// The types of answers about plugins.
type (
	Plugins      = api.Plugins
	Plugin       = api.Plugin
	PluginUser   = api.PluginUser
	Swap         = api.Swap
	SwapInstance = api.SwapInstance
	Installed    = api.Installed
)

// Upload is a plugin to install.
type Upload struct {
	Kind, Name string
	// SHA256 and Size of what Body brings.
	SHA256    string
	Size      int64
	Unchecked bool // do not try it on the scheduler's host
	Body      io.Reader
}

// RefusedError says that the scheduler does not do what was asked for, and why. Nothing was changed.
type RefusedError struct {
	Status int // of HTTP
	Text   string
}

func (e *RefusedError) Error() string { return e.Text }

// Plugins asks which plugins are shipped and used, and how far swaps are.
func (c *Client) Plugins(ctx context.Context) (Plugins, error) {
	var p Plugins
	err := c.do(ctx, http.MethodGet, "/v1/plugins", &p)
	return p, err
}

// InstallPlugin hands over a plugin for the whole deployment. It returns once the scheduler has tried and kept it, which
// is before the executors have answered; Plugins tells that. It takes as long as ctx lets it.
func (c *Client) InstallPlugin(ctx context.Context, u Upload) (Installed, error) {
	query := url.Values{"kind": {u.Kind}, "name": {u.Name}, "sha256": {u.SHA256}, "unchecked": {strconv.FormatBool(u.Unchecked)}}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, c.url+"/v1/plugins?"+query.Encode(), u.Body)
	if err != nil {
		return Installed{}, err
	}
	request.ContentLength = u.Size
	request.Header.Set("Content-Type", "application/octet-stream")
	request.Header.Set("Expect", "100-continue") // a refusal comes before the upload
	return c.change(request)
}

// RemovePlugin goes back to the plugin of plugin.dir.
func (c *Client) RemovePlugin(ctx context.Context, kind, name string) (Installed, error) {
	path := "/v1/plugins/" + url.PathEscape(kind) + "/" + url.PathEscape(name)
	request, err := http.NewRequestWithContext(ctx, http.MethodDelete, c.url+path, nil)
	if err != nil {
		return Installed{}, err
	}
	return c.change(request)
}

// change sends an order about plugins. A plugin may be large and slow to start, so only ctx bounds it.
func (c *Client) change(request *http.Request) (Installed, error) {
	request.Header.Set("Authorization", "Bearer "+c.token)
	patient := http.Client{Transport: c.http.Transport}
	response, err := patient.Do(request)
	if err != nil {
		return Installed{}, c.unreachable(err)
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(response.Body, 1<<20))
	if err != nil {
		return Installed{}, fmt.Errorf("cannot read the scheduler's answer: %w", err)
	}
	if response.StatusCode == http.StatusAccepted {
		var installed Installed
		if err := json.Unmarshal(body, &installed); err != nil {
			return Installed{}, fmt.Errorf("cannot read the answer of %s: %w", c.url, err)
		}
		return installed, nil
	}
	return Installed{}, refused(response, body)
}

func refused(response *http.Response, body []byte) error {
	var said struct {
		Error string `json:"error"`
	}
	switch {
	case json.Unmarshal(body, &said) == nil && said.Error != "":
	case response.StatusCode == http.StatusNotFound, response.StatusCode == http.StatusMethodNotAllowed:
		said.Error = "the scheduler is of a release that cannot change plugins while it runs: start it again with this one"
	default:
		said.Error = strings.TrimSpace(response.Status + " " + string(body))
	}
	if response.StatusCode >= 500 {
		return errors.New(said.Error)
	}
	return &RefusedError{response.StatusCode, said.Error}
}
