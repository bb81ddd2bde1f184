package api

import (
	"crypto/subtle"
	"encoding/json"
	"net"
	"net/http"
	"os"
	"slices"
	"strings"
)

// Handler answers
//
//	GET  /           leads to the status: people follow the bare URL
//	GET  /v1/status  the Status
//	GET  /health     200 while the scheduler works, also while Mesos is away
//	POST /v1/stop    with "Authorization: Bearer TOKEN": ends the deployment; 202
//
// and, where there is an Installer,
//
//	GET    /v1/plugins              the Plugins
//	POST   /v1/plugins?kind=&name=  with the token: installs the executable in the body; 202, an Installed
//	DELETE /v1/plugins/KIND/NAME    with the token: goes back to that of plugin.dir; 202, an Installed
//
// What is refused has a body {"error": TEXT}.
func Handler(c Config) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /{$}", http.RedirectHandler("/v1/status", http.StatusFound))
	mux.HandleFunc("GET /v1/status", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, http.StatusOK, StatusOf(c.Source.View()))
	})
	mux.HandleFunc("GET /health", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, http.StatusOK, map[string]string{"state": c.Source.View().State})
	})
	mux.HandleFunc("POST /v1/stop", c.owner(func(w http.ResponseWriter, _ *http.Request) {
		c.Source.RequestStop()
		answer(w, http.StatusAccepted, map[string]string{"state": "stopping"})
	}))
	if c.Installer != nil {
		pluginRoutes(c, mux)
	}
	return guard(c, mux)
}

// owner lets only those in who have the token.
func (c Config) owner(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if !authorized(r, c.Token) {
			w.Header().Set("WWW-Authenticate", "Bearer")
			w.Header().Set("Connection", "close")
			answer(w, http.StatusUnauthorized, map[string]string{"error": "the token of the state folder is wanted"})
			return
		}
		next(w, r)
	}
}

func authorized(r *http.Request, token string) bool {
	got, bearer := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	return bearer && token != "" && subtle.ConstantTimeCompare([]byte(got), []byte(token)) == 1
}

// guard refuses requests for other hosts: a web page that rebinds its name to this address would come with its name.
func guard(c Config, next http.Handler) http.Handler {
	hostname, _ := os.Hostname()
	own := []string{"localhost", hostname, c.Bind, c.Host}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host := r.Host
		if h, _, err := net.SplitHostPort(host); err == nil {
			host = h
		}
		isOwn := func(name string) bool { return name != "" && strings.EqualFold(name, host) }
		if net.ParseIP(strings.Trim(host, "[]")) == nil && !slices.ContainsFunc(own, isOwn) {
			answer(w, http.StatusForbidden, map[string]string{"error": "the API is not reached by the name " + host})
			return
		}
		w.Header().Set("X-Content-Type-Options", "nosniff")
		w.Header().Set("Cache-Control", "no-store")
		next.ServeHTTP(w, r)
	})
}

func answer(w http.ResponseWriter, code int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	_ = encoder.Encode(body) // the client went away
}
