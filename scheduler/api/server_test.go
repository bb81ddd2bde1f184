package api

import (
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/alluxio-mesos/alluxio-mesos/scheduler/plan"
)

type source struct{}

func (source) View() plan.View { return plan.View{Name: "alluxio", State: plan.Registered} }
func (source) RequestStop()    {}

func listen(t *testing.T, bind, host string) *Server {
	t.Helper()
	s, err := Listen(Config{Bind: bind, Host: host, Token: "token", Source: source{}, Logger: slog.New(slog.DiscardHandler)})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	return s
}

// It is the one that Mesos' own pages link to.
func TestPublicURL(t *testing.T) {
	t.Parallel()
	require.Empty(t, listen(t, "127.0.0.1", "here.example.org").PublicURL(), "it would lead people to their own machine")
	s := listen(t, "0.0.0.0", "here.example.org")
	port := s.URL()[strings.LastIndex(s.URL(), ":"):]
	require.Equal(t, "http://127.0.0.1"+port, s.URL())
	require.Equal(t, "http://here.example.org"+port, s.PublicURL())

	request, err := http.NewRequest(http.MethodGet, s.URL()+"/health", nil)
	require.NoError(t, err)
	request.Host = "HERE.example.org" + port
	response, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	require.Equal(t, http.StatusOK, response.StatusCode, "it answers by the name that it gives out")
}

func TestTheBareURLLeadsToTheStatus(t *testing.T) {
	t.Parallel()
	s := listen(t, "127.0.0.1", "")
	for path, want := range map[string]string{"/": "/v1/status", "": "/v1/status"} {
		response, err := http.Get(s.URL() + path)
		require.NoError(t, err)
		require.NoError(t, response.Body.Close())
		require.Equal(t, http.StatusOK, response.StatusCode)
		require.Equal(t, want, response.Request.URL.Path)
	}
	response, err := http.Get(s.URL() + "/nothing")
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	require.Equal(t, http.StatusNotFound, response.StatusCode)
}
