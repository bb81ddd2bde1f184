package api

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"
)

// MaxPluginSize is how large a plugin may be that is installed: what executors download at most.
const MaxPluginSize = 512 << 20

const (
	// bodyStall is how long a body may bring no byte, uploadLimit how long a plugin may take to arrive, and checkLimit how
	// long it may take to be tried after that.
	bodyStall   = 30 * time.Second
	uploadLimit = 10 * time.Minute
	checkLimit  = 3 * time.Minute
)

// Installer changes the plugins of a deployment. Its methods may be called at once. A *Refusal says that nothing was
// changed, and why.
type Installer interface {
	// Plugins lists what is shipped and used.
	Plugins(ctx context.Context) Plugins
	// Install tries a plugin, keeps it, ships it from now on, and returns when the executors are about to be told.
	Install(ctx context.Context, upload Upload) (Installed, error)
	// Remove goes back to the plugin of plugin.dir.
	Remove(ctx context.Context, kind, name string) (Installed, error)
}

// Upload is a plugin that is to be installed.
type Upload struct {
	Kind, Name string
	// SHA256 that the body must have; empty: any.
	SHA256 string
	// Unchecked leaves it to the executors to try the plugin: it cannot run on the scheduler's host.
	Unchecked bool
	Body      io.Reader
}

// Refusal is an error that has a status of HTTP.
type Refusal struct {
	Status int
	Err    error
}

func (r *Refusal) Error() string { return r.Err.Error() }
func (r *Refusal) Unwrap() error { return r.Err }

func pluginRoutes(c Config, mux *http.ServeMux) {
	mux.HandleFunc("GET /v1/plugins", func(w http.ResponseWriter, r *http.Request) {
		answer(w, http.StatusOK, c.Installer.Plugins(r.Context()))
	})
	mux.HandleFunc("POST /v1/plugins", c.owner(func(w http.ResponseWriter, r *http.Request) {
		if r.ContentLength > MaxPluginSize {
			refuse(w, tooLarge())
			return
		}
		control := http.NewResponseController(w)
		_ = control.SetWriteDeadline(time.Now().Add(uploadLimit + checkLimit + time.Minute))
		query := r.URL.Query()
		installed, err := c.Installer.Install(r.Context(), Upload{
			Kind: query.Get("kind"), Name: query.Get("name"), SHA256: query.Get("sha256"), Unchecked: query.Get("unchecked") == "true",
			Body: &patient{body: http.MaxBytesReader(w, r.Body, MaxPluginSize), control: control, end: time.Now().Add(uploadLimit)},
		})
		reply(w, installed, err)
	}))
	mux.HandleFunc("DELETE /v1/plugins/{kind}/{name}", c.owner(func(w http.ResponseWriter, r *http.Request) {
		installed, err := c.Installer.Remove(r.Context(), r.PathValue("kind"), r.PathValue("name"))
		reply(w, installed, err)
	}))
}

func reply(w http.ResponseWriter, installed Installed, err error) {
	if err != nil {
		refuse(w, err)
		return
	}
	answer(w, http.StatusAccepted, installed)
}

func refuse(w http.ResponseWriter, err error) {
	status := http.StatusInternalServerError
	var refusal *Refusal
	if errors.As(err, &refusal) {
		status = refusal.Status
	}
	w.Header().Set("Connection", "close") // the rest of a body that nobody wants must not be read
	answer(w, status, map[string]string{"error": err.Error()})
}

func tooLarge() error {
	return &Refusal{http.StatusRequestEntityTooLarge, fmt.Errorf("it is larger than %d MB, which is more than executors download", MaxPluginSize>>20)}
}

// patient reads a body that may take its time as long as it goes on.
type patient struct {
	body    io.Reader
	control *http.ResponseController
	end     time.Time
}

func (p *patient) Read(into []byte) (int, error) {
	now := time.Now()
	if now.After(p.end) {
		return 0, &Refusal{http.StatusRequestTimeout, fmt.Errorf("the plugin did not arrive within %s", uploadLimit)}
	}
	if err := p.control.SetReadDeadline(now.Add(bodyStall)); err != nil {
		return 0, err
	}
	n, err := p.body.Read(into)
	var large *http.MaxBytesError
	switch {
	case errors.Is(err, io.EOF):
		// The server goes on reading, to notice a client that goes away; it would take the end of our patience for that.
		_ = p.control.SetReadDeadline(time.Time{})
	case errors.As(err, &large):
		err = tooLarge()
	case err != nil:
		err = &Refusal{http.StatusBadRequest, fmt.Errorf("the plugin did not arrive whole: %w", err)}
	}
	return n, err
}
