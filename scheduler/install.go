package scheduler

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/alluxio-mesos/alluxio-mesos/plugins"
	"github.com/alluxio-mesos/alluxio-mesos/plugins/host"
	"github.com/alluxio-mesos/alluxio-mesos/scheduler/api"
	"github.com/alluxio-mesos/alluxio-mesos/scheduler/plan"
	"github.com/alluxio-mesos/alluxio-mesos/scheduler/state"
)

// installer changes the plugins of a deployment while it runs. A plugin is tried here, kept in the state folder, handed
// out, and given to the plan, in this order: a scheduler that dies on the way has changed nothing, or the next one goes on.
type installer struct {
	log      *slog.Logger
	shipment *shipment
	fetchers map[string]string
	wanted   []string // "kind-name" of plugins that must be shipped
	view     func() plan.View
	// step gives the plan an event and returns when what came of it is saved.
	step func(plan.Event) error

	one sync.Mutex // held by who changes what is shipped

	mu       sync.Mutex
	versions map[string]string // by digest
}

func (r *runner) newInstaller(ctx context.Context, s *shipment) *installer {
	return &installer{
		log: r.log, shipment: s, fetchers: r.config.Deployment.Fetchers, wanted: r.wantedPlugins(), view: r.View,
		step: func(e plan.Event) error { return r.ask(ctx, e) }, versions: map[string]string{},
	}
}

// Install is called by the API.
func (i *installer) Install(ctx context.Context, u api.Upload) (api.Installed, error) {
	fail := func(err error) (api.Installed, error) {
		return api.Installed{}, fmt.Errorf("cannot install %s-%s: %w; nothing was changed", u.Kind, u.Name, err)
	}
	if err := i.mayChange(u.Kind, u.Name); err != nil {
		return fail(err)
	}
	dir, err := i.shipment.store.WorkDir()
	if err != nil {
		return fail(err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	p, err := receive(u, dir)
	if err != nil {
		return fail(err)
	}
	version := ""
	if !u.Unchecked {
		if version, err = i.try(ctx, p, dir); err != nil {
			return fail(refusal(http.StatusUnprocessableEntity, err))
		}
	}
	installed, err := i.install(state.Plugin{Kind: p.Kind, Name: p.Name, SHA256: p.SHA256, Size: p.Size, Version: version, Since: time.Now().UTC()}, p.URL)
	if err != nil {
		return api.Installed{}, err
	}
	return installed, nil
}

var nameOfPlugin = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,63}$`)

func (i *installer) mayChange(kind, name string) error {
	switch {
	case kind != plugins.KindFetcher && kind != plugins.KindRamdisk:
		return refusal(http.StatusBadRequest, fmt.Errorf("%q is no kind of plugin: it is %s or %s", kind, plugins.KindFetcher, plugins.KindRamdisk))
	case !nameOfPlugin.MatchString(name):
		return refusal(http.StatusBadRequest, fmt.Errorf("%q is no name of a plugin: it takes lower-case letters, digits and -", name))
	}
	switch i.view().State {
	case plan.Stopping, plan.Stopped, plan.Failed:
		return refusal(http.StatusConflict, errors.New("the deployment is ending"))
	}
	return nil
}

func refusal(status int, err error) error { return &api.Refusal{Status: status, Err: err} }

// receive writes the upload into a file of the folder. The file is private: it is executed before anybody else trusts it.
func receive(u api.Upload, dir string) (host.Plugin, error) {
	path := filepath.Join(dir, "alluxio-mesos-"+u.Kind+"-"+u.Name)
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o700)
	if err != nil {
		return host.Plugin{}, fmt.Errorf("cannot keep what arrives: %w", err)
	}
	hash := sha256.New()
	size, err := io.Copy(io.MultiWriter(file, hash), u.Body)
	if err = errors.Join(err, file.Close()); err != nil {
		return host.Plugin{}, err
	}
	sum := hex.EncodeToString(hash.Sum(nil))
	switch {
	case size == 0:
		return host.Plugin{}, refusal(http.StatusUnprocessableEntity, errors.New("the file is empty"))
	case u.SHA256 != "" && !strings.EqualFold(u.SHA256, sum):
		return host.Plugin{}, refusal(http.StatusBadRequest, fmt.Errorf("it did not arrive whole: its sha256 is %s and was to be %s", sum, u.SHA256))
	}
	return host.Plugin{Kind: u.Kind, Name: u.Name, SHA256: sum, Size: size, URL: path}, nil
}

// try starts the plugin as an executor would, with the deployment's configuration, and returns its version.
func (i *installer) try(ctx context.Context, p host.Plugin, dir string) (version string, err error) {
	p.Config = i.shipment.config[p.Kind+"-"+p.Name]
	said, err := i.tryAll(ctx, []host.Plugin{p}, dir)
	if err != nil {
		return "", err
	}
	if said[0].Err != nil {
		err := fmt.Errorf("it does not work on this host: %w", said[0].Err)
		if cannotExecute(err) {
			err = fmt.Errorf("%w (for one that can only run on the agents there is --unchecked)", err)
		}
		return "", err
	}
	return said[0].Version, nil
}

// cannotExecute: the kernel does not start the file, which is for another machine or wants an interpreter that is not here.
func cannotExecute(err error) bool {
	var start *fs.PathError
	return errors.As(err, &start) && start.Op == "fork/exec" && (errors.Is(err, syscall.ENOEXEC) || errors.Is(err, syscall.ENOENT))
}

// tryAll runs plugins in a host of their own, in a private folder.
func (i *installer) tryAll(ctx context.Context, list []host.Plugin, dir string) (said []host.Swapped, err error) {
	temp := filepath.Join(dir, "tmp")
	if err := os.Mkdir(temp, 0o700); err != nil {
		return nil, err
	}
	h, err := host.New(host.Config{Fetchers: i.fetchers, CacheDir: filepath.Join(dir, "cache"), TempDir: temp, Logger: i.log})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, h.Close()) }()
	return h.Swap(ctx, list), nil
}

// install makes a plugin that was tried the one that is shipped. Once it is kept, nothing takes that back: a scheduler that
// ends in here leaves the rest to the next one.
func (i *installer) install(p state.Plugin, path string) (api.Installed, error) {
	i.one.Lock()
	defer i.one.Unlock()
	before := find(i.shipment.plugins(), p.Kind, p.Name).GetSha256()
	if err := i.shipment.store.Put(p, path); err != nil {
		return api.Installed{}, fmt.Errorf("%w; nothing was changed", err)
	}
	if err := i.shipment.server.Add(file(i.shipment.kept(p))); err != nil {
		return api.Installed{}, err
	}
	i.log.Info("a plugin was installed", "plugin", p.Kind+"-"+p.Name, "sha256", p.SHA256, "version", p.Version, "before", before)
	return i.tell(p.Kind, p.Name, before, false)
}

// Remove is called by the API.
func (i *installer) Remove(_ context.Context, kind, name string) (api.Installed, error) {
	fail := func(status int, err error) (api.Installed, error) {
		return api.Installed{}, fmt.Errorf("cannot remove %s-%s: %w; nothing was changed", kind, name, refusal(status, err))
	}
	if err := i.mayChange(kind, name); err != nil {
		return api.Installed{}, fmt.Errorf("cannot remove %s-%s: %w", kind, name, err)
	}
	i.one.Lock()
	defer i.one.Unlock()
	installed := i.shipment.store.Installed()
	at := slices.IndexFunc(installed, func(p state.Plugin) bool { return p.Kind == kind && p.Name == name })
	if at < 0 {
		return fail(http.StatusNotFound, errors.New("it was not installed (those of plugin.dir go with their files, at the next start of the scheduler)"))
	}
	inDir := slices.ContainsFunc(i.shipment.base, func(p host.Plugin) bool { return p.Kind == kind && p.Name == name })
	if !inDir && slices.Contains(i.wanted, kind+"-"+name) {
		return fail(http.StatusConflict, errors.New("the deployment names it, and plugin.dir has none: install another one instead"))
	}
	if err := i.shipment.store.Remove(installed[at]); err != nil {
		return api.Installed{}, fmt.Errorf("%w; nothing was changed", err)
	}
	i.log.Info("an installed plugin was removed", "plugin", kind+"-"+name, "sha256", installed[at].SHA256)
	return i.tell(kind, name, installed[at].SHA256, true)
}

// tell gives the plan what is shipped now under a kind and name, and lets go of what nobody needs any more.
func (i *installer) tell(kind, name, before string, back bool) (api.Installed, error) {
	answer := api.Installed{Before: before}
	if err := i.step(i.change(kind, name, back, &answer.ID)); err != nil {
		return api.Installed{}, fmt.Errorf("the plugins are changed, and the executors are not told yet: %w; the next scheduler tells them", err)
	}
	for _, p := range i.list() {
		if p.Kind == kind && p.Name == name {
			answer.Plugin = p
		}
	}
	gone, err := i.shipment.store.Prune(i.view().Needed)
	if err != nil {
		i.log.Warn("cannot clear away older plugins", "error", err)
	}
	for _, p := range gone {
		i.shipment.server.Remove(file(i.shipment.kept(p)))
	}
	return answer, nil
}

// change is the event that says what is shipped now. Its id is filled in where executors are to swap.
func (i *installer) change(kind, name string, back bool, id *string) plan.Event {
	plugin := find(i.shipment.plugins(), kind, name)
	if plugin == nil {
		return plan.Unship{Kind: kind, Name: name, Older: i.shipment.older()}
	}
	*id = newID()
	return plan.Ship{ID: *id, Plugin: plugin, Back: back, Older: i.shipment.older()}
}

// resume gives the plan what changed without its knowledge: the last scheduler died between keeping a plugin, or removing
// it, and telling.
func (i *installer) resume(saved plan.Saved, step func(plan.Event) error) error {
	known := map[string]string{}
	for _, s := range saved.Swaps {
		known[s.Kind+"-"+s.Name] = s.SHA256
		now := find(i.shipment.plugins(), s.Kind, s.Name)
		if now.GetSha256() == s.SHA256 || now != nil && s.Back && s.Done() {
			continue
		}
		if err := step(i.change(s.Kind, s.Name, true, new(string))); err != nil {
			return err
		}
	}
	for _, p := range i.shipment.store.Installed() {
		if _, told := known[p.Kind+"-"+p.Name]; told {
			continue
		}
		if err := step(i.change(p.Kind, p.Name, false, new(string))); err != nil {
			return err
		}
	}
	return nil
}
