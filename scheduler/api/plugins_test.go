package api

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// installer notes what it is asked for.
type installer struct {
	uploads []Upload
	bodies  []string
	err     error
}

func (i *installer) Plugins(context.Context) Plugins {
	return Plugins{Plugins: []Plugin{{Kind: "fetcher", Name: "http", SHA256: "abc"}}, Instances: []PluginUser{}}
}

func (i *installer) Install(_ context.Context, u Upload) (Installed, error) {
	body, err := io.ReadAll(u.Body)
	i.uploads, i.bodies = append(i.uploads, u), append(i.bodies, string(body))
	return Installed{ID: "id"}, errors.Join(err, i.err)
}

func (i *installer) Remove(_ context.Context, kind, name string) (Installed, error) {
	i.uploads = append(i.uploads, Upload{Kind: kind, Name: name})
	return Installed{ID: "id"}, i.err
}

func installing(t *testing.T) (*installer, *Server) {
	t.Helper()
	i := &installer{}
	s, err := Listen(Config{Bind: "127.0.0.1", Token: "token", Source: source{}, Installer: i, Logger: slog.New(slog.DiscardHandler)})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	return i, s
}

func send(t *testing.T, method, url, token string, body io.Reader) (int, string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, url, body)
	require.NoError(t, err)
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	response, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	return response.StatusCode, string(text)
}

func TestPluginsOverHTTP(t *testing.T) {
	t.Parallel()
	i, s := installing(t)
	code, text := send(t, http.MethodGet, s.URL()+"/v1/plugins", "", nil)
	require.Equal(t, http.StatusOK, code)
	require.Contains(t, text, `"sha256": "abc"`)

	url := s.URL() + "/v1/plugins?kind=fetcher&name=http&sha256=abc"
	code, text = send(t, http.MethodPost, url, "token", strings.NewReader("binary"))
	require.Equal(t, http.StatusAccepted, code)
	require.Contains(t, text, `"id": "id"`)
	require.Equal(t, []string{"binary"}, i.bodies)
	got := i.uploads[0]
	require.Equal(t, [4]any{"fetcher", "http", "abc", false}, [4]any{got.Kind, got.Name, got.SHA256, got.Unchecked})

	i.err = fmt.Errorf("cannot: %w", &Refusal{http.StatusUnprocessableEntity, errors.New("it is broken")})
	code, text = send(t, http.MethodPost, url, "token", strings.NewReader("binary"))
	require.Equal(t, http.StatusUnprocessableEntity, code)
	require.Contains(t, text, `"error": "cannot: it is broken"`)

	i.err = nil
	code, _ = send(t, http.MethodDelete, s.URL()+"/v1/plugins/fetcher/http", "token", nil)
	require.Equal(t, http.StatusAccepted, code)
	require.Equal(t, Upload{Kind: "fetcher", Name: "http"}, i.uploads[2])
}

func TestOnlyTheOwnerChangesPlugins(t *testing.T) {
	t.Parallel()
	i, s := installing(t)
	for _, token := range []string{"", "wrong"} {
		for _, one := range [][2]string{{http.MethodPost, "/v1/plugins?kind=fetcher&name=http"}, {http.MethodDelete, "/v1/plugins/fetcher/http"}} {
			code, _ := send(t, one[0], s.URL()+one[1], token, strings.NewReader("binary"))
			require.Equal(t, http.StatusUnauthorized, code)
		}
	}
	require.Empty(t, i.uploads)
	_, plain := send(t, http.MethodPost, listen(t, "127.0.0.1", "").URL()+"/v1/plugins", "token", nil)
	require.Contains(t, plain, "not found", "where there is no installer there is no such path")
}

// raw speaks HTTP by hand, as no sound client does, and returns the first line of the answer.
func raw(t *testing.T, s *Server, request string) string {
	t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(s.URL(), "http://"))
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	_, err = io.WriteString(conn, request)
	require.NoError(t, err)
	require.NoError(t, conn.SetReadDeadline(time.Now().Add(20*time.Second)))
	line, err := bufio.NewReader(conn).ReadString('\n')
	require.NoError(t, err)
	return line
}

const head = "POST /v1/plugins?kind=fetcher&name=http HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer token\r\n"

func TestTooMuchIsRefusedBeforeItIsSent(t *testing.T) {
	t.Parallel()
	i, s := installing(t)
	line := raw(t, s, head+fmt.Sprintf("Content-Length: %d\r\n\r\n", MaxPluginSize+1))
	require.Contains(t, line, "413")
	require.Empty(t, i.uploads)
	line = raw(t, s, "GET /v1/status HTTP/1.1\r\nHost: localhost\r\nX: "+strings.Repeat("x", 80<<10)+"\r\n\r\n")
	require.Contains(t, line, "431")
}

// A body that breaks off is no plugin.
func TestABodyThatEndsEarly(t *testing.T) {
	t.Parallel()
	i, s := installing(t)
	conn, err := net.Dial("tcp", strings.TrimPrefix(s.URL(), "http://"))
	require.NoError(t, err)
	_, err = io.WriteString(conn, head+"Content-Length: 100\r\n\r\nhalf")
	require.NoError(t, err)
	require.NoError(t, conn.(*net.TCPConn).CloseWrite())
	line, err := bufio.NewReader(conn).ReadString('\n')
	require.NoError(t, err)
	require.Contains(t, line, "400")
	require.Len(t, i.uploads, 1)
	require.NoError(t, conn.Close())
}

// A client that sends nothing more is not waited for: neither with the head of a request nor with its body.
func TestSlowBodiesEnd(t *testing.T) {
	t.Parallel()
	ours, theirs := net.Pipe()
	t.Cleanup(func() { _ = theirs.Close() })
	control := &deadlines{Conn: ours, patience: 50 * time.Millisecond}
	p := &patient{body: ours, control: http.NewResponseController(control), end: time.Now().Add(time.Hour)}
	_, err := p.Read(make([]byte, 10))
	var refusal *Refusal
	require.ErrorAs(t, err, &refusal)
	require.Equal(t, http.StatusBadRequest, refusal.Status)
	require.ErrorContains(t, err, "did not arrive whole")

	p.end = time.Now().Add(-time.Second)
	_, err = p.Read(make([]byte, 10))
	require.ErrorAs(t, err, &refusal)
	require.Equal(t, http.StatusRequestTimeout, refusal.Status)

	_, s := installing(t)
	require.NotZero(t, s.server.ReadHeaderTimeout)
	require.NotZero(t, s.server.ReadTimeout)
	require.NotZero(t, s.server.WriteTimeout)
}

// The plugin is tried after its body has come, and that may take longer than a body may stall.
func TestAnInstallMayTakeItsTimeOnceTheBodyIsThere(t *testing.T) {
	t.Parallel()
	control := &deadlines{}
	p := &patient{body: strings.NewReader("binary"), control: http.NewResponseController(control), end: time.Now().Add(time.Hour)}
	n, err := p.Read(make([]byte, 6))
	require.NoError(t, err)
	require.Equal(t, 6, n)
	require.False(t, control.last.IsZero())
	_, err = p.Read(make([]byte, 6))
	require.ErrorIs(t, err, io.EOF)
	require.True(t, control.last.IsZero())
}

// deadlines is a ResponseWriter whose patience is shorter than what it is told.
type deadlines struct {
	net.Conn
	patience time.Duration
	last     time.Time
}

func (d *deadlines) Header() http.Header { return http.Header{} }
func (d *deadlines) WriteHeader(int)     {}
func (d *deadlines) SetReadDeadline(at time.Time) error {
	if d.Conn == nil {
		d.last = at
		return nil
	}
	if time.Until(at) > bodyStall {
		return errors.New("too patient")
	}
	return d.Conn.SetReadDeadline(time.Now().Add(d.patience))
}
