package scheduler

import (
	"log/slog"
	"slices"

	"github.com/alluxio-mesos/alluxio-mesos/plugins/host"
	launchv1 "github.com/alluxio-mesos/alluxio-mesos/proto/launch/v1"
	"github.com/alluxio-mesos/alluxio-mesos/scheduler/artifacts"
	"github.com/alluxio-mesos/alluxio-mesos/scheduler/state"
)

// dropDamaged takes installed plugins out whose files are not what was installed: those of plugin.dir are used again.
func (s *shipment) dropDamaged(log *slog.Logger) {
	for _, p := range s.store.Installed() {
		sum, _, err := host.DigestFile(s.store.Path(p))
		if err == nil && sum == p.SHA256 {
			continue
		}
		log.Error("an installed plugin is damaged and not used any more: install it again", "plugin", p.Kind+"-"+p.Name,
			"path", s.store.Path(p), "want", p.SHA256, "got", sum, "error", err)
		if err := s.store.Remove(p); err != nil {
			log.Error("cannot take the damaged plugin out", "error", err)
		}
	}
}

// kept is an installed plugin, or one that was, as the host names plugins.
func (s *shipment) kept(p state.Plugin) host.Plugin {
	return host.Plugin{Kind: p.Kind, Name: p.Name, SHA256: p.SHA256, Size: p.Size, URL: s.store.Path(p)}
}

func file(p host.Plugin) artifacts.File {
	return artifacts.File{Path: p.URL, SHA256: p.SHA256, Size: p.Size}
}

// files are all that is handed out but the executor. An older one whose file is gone is not worth an end of the scheduler.
func (s *shipment) files() []artifacts.File {
	var all []artifacts.File
	for _, p := range s.base {
		all = append(all, file(p))
	}
	for _, p := range s.store.Installed() {
		all = append(all, file(s.kept(p)))
	}
	for _, p := range s.store.Older() {
		if sum, _, err := host.DigestFile(s.store.Path(p)); err == nil && sum == p.SHA256 {
			all = append(all, file(s.kept(p)))
		}
	}
	return all
}

func same(a, b host.Plugin) bool { return a.Kind == b.Kind && a.Name == b.Name }

// split gives what is shipped, and what could be instead.
func (s *shipment) split() (shipped, older []host.Plugin) {
	for _, p := range s.store.Installed() {
		shipped = append(shipped, s.kept(p))
	}
	for _, p := range s.base {
		if slices.ContainsFunc(shipped, func(o host.Plugin) bool { return same(o, p) }) {
			older = append(older, p)
		} else {
			shipped = append(shipped, p)
		}
	}
	for _, p := range s.store.Older() {
		older = append(older, s.kept(p))
	}
	return shipped, older
}

// plugins are those that go with launches.
func (s *shipment) plugins() []*launchv1.Plugin {
	shipped, _ := s.split()
	return s.messages(shipped)
}

// older are those that executors may go on with.
func (s *shipment) older() []*launchv1.Plugin {
	_, older := s.split()
	return s.messages(older)
}

func (s *shipment) messages(list []host.Plugin) []*launchv1.Plugin {
	var all []*launchv1.Plugin
	for _, p := range list {
		all = append(all, s.message(p))
	}
	return all
}

func (s *shipment) message(p host.Plugin) *launchv1.Plugin {
	return &launchv1.Plugin{
		Kind: p.Kind, Name: p.Name, Sha256: p.SHA256, Url: s.server.URL(file(p)), Size: p.Size, Config: s.config[p.Kind+"-"+p.Name],
	}
}

// find a shipped plugin; nil: none of the kind and name.
func find(list []*launchv1.Plugin, kind, name string) *launchv1.Plugin {
	for _, p := range list {
		if p.GetKind() == kind && p.GetName() == name {
			return p
		}
	}
	return nil
}
