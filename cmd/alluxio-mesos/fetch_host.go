package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/alluxio-mesos/alluxio-mesos/fetchers/source"
	"github.com/alluxio-mesos/alluxio-mesos/plugins"
	"github.com/alluxio-mesos/alluxio-mesos/plugins/host"
	"github.com/alluxio-mesos/alluxio-mesos/scheduler/spec"
)

const fetcherFile = "alluxio-mesos-" + plugins.KindFetcher + "-"

// host is what a plugin host for the sources needs: the fetchers of a deployment with
// their configuration, as the site properties say.
func (f *fetchFlags) host(a *app, list []source.Source) (host.Config, error) {
	for _, define := range f.defines {
		if key, _, _ := strings.Cut(define, "="); !strings.HasPrefix(strings.TrimSpace(key), "alluxio.") {
			return host.Config{}, withCode(exitUsage, fmt.Errorf("cannot use -D %s: it is no property of Alluxio; a fetcher is configured with %sfetcher.NAME.KEY=VALUE",
				key, spec.Prefix))
		}
	}
	site, err := f.read(a)
	if err != nil {
		return host.Config{}, err
	}
	settings, err := spec.ReadPlugins(site.Properties)
	if err != nil {
		what := "the properties given with -D"
		if site.File != "" {
			what = site.File
		}
		return host.Config{}, problems(what, err)
	}
	if site.File != "" && f.verbose {
		saySite(a, site)
	}
	cfg := host.Config{Fetchers: settings.Fetchers}
	if cfg.Plugins, err = f.fetchers(settings.Dir); err != nil {
		return host.Config{}, withCode(exitUsage, err)
	}
	if f.plugin != "" {
		name, err := f.choose(&cfg)
		if err != nil {
			return host.Config{}, withCode(exitUsage, fmt.Errorf("cannot use --plugin %s: %w", f.plugin, err))
		}
		for _, s := range list {
			cfg.Fetchers[s.Scheme] = name
		}
	}
	for i, p := range cfg.Plugins {
		cfg.Plugins[i].Config = settings.Config[p.Kind+"-"+p.Name]
	}
	return cfg, nil
}

// fetchers are those in the folder of the plugins.
func (f *fetchFlags) fetchers(configured string) ([]host.Plugin, error) {
	dir := f.pluginDir
	if dir == "" {
		dir = configured
	}
	if dir == "" {
		var err error
		if dir, err = binDir(); err != nil {
			return nil, err
		}
	}
	all, err := host.ListDir(dir)
	if err != nil {
		return nil, err
	}
	var list []host.Plugin
	for _, p := range all {
		if p.Kind == plugins.KindFetcher {
			list = append(list, p)
		}
	}
	return list, nil
}

// choose is the name of the fetcher that --plugin means; one that was named by its file
// comes into cfg.
func (f *fetchFlags) choose(cfg *host.Config) (string, error) {
	if !strings.ContainsRune(f.plugin, os.PathSeparator) {
		for _, p := range cfg.Plugins {
			if p.Name == f.plugin {
				return p.Name, nil
			}
		}
		return "", fmt.Errorf("there is no %s%s among the plugins (--plugin-dir); a file is named by a path with a slash", fetcherFile, f.plugin)
	}
	path, err := filepath.Abs(f.plugin)
	if err != nil {
		return "", err
	}
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return "", err
	case !info.Mode().IsRegular() || info.Mode()&0o111 == 0:
		return "", errors.New("it is no executable file")
	}
	name, is := strings.CutPrefix(filepath.Base(path), fetcherFile)
	if !is {
		return "", fmt.Errorf("the file of a fetcher is called %sNAME; rename it", fetcherFile)
	}
	sum, size, err := host.DigestFile(path)
	if err != nil {
		return "", err
	}
	cfg.Plugins = append(cfg.Plugins, host.Plugin{Kind: plugins.KindFetcher, Name: name, SHA256: sum, Size: size, URL: path})
	return name, nil
}
