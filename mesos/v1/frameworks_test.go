package v1

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/alluxio-mesos/alluxio-mesos/mesos"
)

func TestNamesakes(t *testing.T) {
	t.Parallel()
	answer := http.StatusOK
	mux := http.NewServeMux()
	master := httptest.NewServer(mux)
	defer master.Close()
	mux.HandleFunc("GET /version", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, `{"version":"1.11.0"}`) })
	mux.HandleFunc("GET /redirect", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Location", "//"+master.Listener.Addr().String())
		w.WriteHeader(http.StatusTemporaryRedirect)
	})
	mux.HandleFunc("GET /state", func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != basicHeader("p", "s") {
			answer = http.StatusUnauthorized
		}
		w.WriteHeader(answer)
		fmt.Fprint(w, `{"completed_frameworks":[{"id":"0","name":"a"}],"frameworks":[
			{"id":"1","name":"a","user":"u","principal":"p","connected":true,"hostname":"h","tasks":[],"executors":[]},
			{"id":"2","name":"a","user":"u","active":false,"executors":[{}]},
			{"id":"3","name":"a","user":"v"},
			{"id":"4","name":"b","user":"u"}]}`)
	})
	config := SchedulerConfig{Masters: master.URL, Principal: "p", Secret: "s", Framework: mesos.FrameworkInfo{Name: "a", User: "u"}}
	found, err := Namesakes(t.Context(), config)
	require.NoError(t, err)
	require.Equal(t, []Namesake{
		{ID: "1", Host: "h", Same: true, Connected: true},
		{ID: "2", Same: true, Busy: true},
		{ID: "3"},
	}, found)

	config.Principal = ""
	_, err = Namesakes(t.Context(), config)
	require.ErrorContains(t, err, "answers 401")
}
