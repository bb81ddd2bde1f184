package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/alluxio-mesos/alluxio-mesos/alluxio"
	"github.com/alluxio-mesos/alluxio-mesos/fetchers/redact"
	"github.com/alluxio-mesos/alluxio-mesos/internal/sitefile"
	"github.com/alluxio-mesos/alluxio-mesos/scheduler/spec"
)

const (
	nameKey     = spec.Prefix + "framework.name"
	stateKey    = spec.Prefix + "state"
	defaultName = "alluxio"
	homeKey     = "alluxio.home"
	defaultHome = "/opt/alluxio"
)

// siteFlags say where the properties of a deployment come from.
type siteFlags struct {
	conf    fileName
	defines []string
	name    string
}

func (f *siteFlags) add(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.Var(&f.conf, "conf", "site properties `FILE`, instead of looking for one")
	flags.StringArrayVarP(&f.defines, "define", "D", nil, "`key=value` that overrides the site file; may be repeated")
	flags.StringVar(&f.name, "name", "", "framework `NAME`, short for -D"+nameKey+"=NAME")
}

// fileName is a flag's value that names a file. An empty one is a script's unset variable.
type fileName string

func (n *fileName) String() string { return string(*n) }
func (*fileName) Type() string     { return "string" }

func (n *fileName) Set(s string) error {
	if s == "" {
		return errors.New("it is empty: name a file, or leave the flag out")
	}
	*n = fileName(s)
	return nil
}

// overrides are the properties of the command line. Secrets are refused there: any
// user of the machine can read a command line.
func (f *siteFlags) overrides() (alluxio.Properties, error) {
	over, err := alluxio.ParseOverrides(f.defines)
	if err != nil {
		return over, problems("-D", err)
	}
	var errs []error
	for _, key := range over.Keys() {
		value, _ := over.Get(key)
		switch {
		case redact.Reveals(value):
			errs = append(errs, fmt.Errorf("%s has a URL with what may be credentials, and everybody on this machine can read a command line: "+
				"put it into the site file, readable by you alone (chmod 600)", key))
		case alluxio.IsSecret(key) && !isReference(key):
			errs = append(errs, fmt.Errorf("%s is a secret, and everybody on this machine can read a command line: "+
				"put it into the site file, readable by you alone (chmod 600)", key))
		}
	}
	if f.name != "" {
		over.Set(nameKey, f.name)
	}
	if err := errors.Join(errs...); err != nil {
		return over, problems("-D", err)
	}
	return over, nil
}

// isReference tells where a plugin finds credentials, such as fetcher.s3.credentials.file, from credentials.
func isReference(key string) bool {
	return strings.HasPrefix(key, spec.Prefix) && (strings.HasSuffix(key, ".file") || strings.HasSuffix(key, ".hosts"))
}

// read finds and reads the site properties.
func (f *siteFlags) read(a *app) (sitefile.Site, error) {
	over, err := f.overrides()
	if err != nil {
		return sitefile.Site{}, err
	}
	home, ok := over.Get(homeKey)
	if !ok {
		home = a.getenv("ALLUXIO_HOME")
	}
	if home == "" {
		home = defaultHome
	}
	userHome, _ := os.UserHomeDir()
	site, err := sitefile.Read(sitefile.Search{
		File:     string(f.conf),
		ConfDir:  a.getenv("ALLUXIO_CONF_DIR"),
		Home:     home,
		UserHome: userHome,
		System:   "/etc/alluxio",
	}, over)
	if err != nil {
		return site, problems("the site properties", err)
	}
	if _, set := site.Properties.Get(homeKey); !set && isDistribution(a.getenv("ALLUXIO_HOME")) {
		// As Alluxio's own scripts do with -Dalluxio.home.
		site.Properties.Set(homeKey, a.getenv("ALLUXIO_HOME"))
	}
	return site, nil
}

// isDistribution tells an Alluxio home from the folder that happens to hold our own
// scripts, which set ALLUXIO_HOME to it.
func isDistribution(home string) bool {
	if home == "" {
		return false
	}
	info, err := os.Stat(filepath.Join(home, "assembly"))
	return err == nil && info.IsDir()
}

// say tells which file was read.
func saySite(a *app, site sitefile.Site) {
	if site.File != "" {
		fmt.Fprintf(a.err, "site properties: %s\n", site.File)
		return
	}
	fmt.Fprintf(a.err, "site properties: none found (looked for %s)\n", strings.Join(site.Looked, ", "))
}

// deployment reads the site properties and checks all of them.
func (f *siteFlags) deployment(a *app, masterHost string) (spec.Deployment, sitefile.Site, error) {
	site, err := f.read(a)
	if err != nil {
		return spec.Deployment{}, site, err
	}
	d, err := spec.Read(site.Properties, spec.Options{
		MasterHost: masterHost,
		ConfDir:    confDir(site),
		ReadFile:   sitefile.ReadFile,
	})
	if err != nil {
		what := "the properties given with -D"
		if site.File != "" {
			what = site.File
		}
		return d, site, problems(what, err)
	}
	return d, site, nil
}

// place is all that the verbs need that look at a deployment: its name, and the folder of
// its scheduler's state.
type place struct{ name, dir string }

// flag is what a command needs that is about the same deployment.
func (p place) flag() string {
	if p.name == "" || p.name == defaultName {
		return ""
	}
	return " --name " + p.name
}

// place is found with a site file of which other things are wrong, too.
func (f *siteFlags) place(a *app) (place, error) {
	site, err := f.read(a)
	if err != nil {
		return place{}, err
	}
	name, _, err := site.Properties.Resolve(nameKey)
	if err != nil {
		return place{}, problems("the site properties", err)
	}
	if name = strings.TrimSpace(name); name == "" {
		name = defaultName
	}
	if name != filepath.Base(name) || name == ".." || name == "." {
		return place{}, withCode(exitUsage, fmt.Errorf("%s=%q is no name of a deployment: it may hold no slash", nameKey, name))
	}
	state, _, err := site.Properties.Resolve(stateKey)
	if err != nil {
		return place{}, problems("the site properties", err)
	}
	dir, err := stateDir(name, strings.TrimSpace(state))
	return place{name, dir}, err
}

// stateDir is where the scheduler of a deployment keeps its state on this host: where the
// operator says, or below the user's home.
func stateDir(name, chosen string) (string, error) {
	if chosen != "" {
		if !filepath.IsAbs(chosen) {
			return "", withCode(exitUsage, fmt.Errorf("%s=%q is no absolute path", stateKey, chosen))
		}
		return filepath.Clean(chosen), nil
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "", fmt.Errorf("cannot find the folder for the state of %s: %w", name, err)
	}
	return filepath.Join(home, ".alluxio-mesos", name), nil
}

// confDir is where further files of the configuration are looked for.
func confDir(site sitefile.Site) string {
	if site.File == "" {
		return ""
	}
	return filepath.Dir(site.File)
}
