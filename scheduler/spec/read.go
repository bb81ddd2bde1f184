package spec

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/alluxio-mesos/alluxio-mesos/alluxio"
	"github.com/alluxio-mesos/alluxio-mesos/fetchers/redact"
)

// Options are what is known beside the site properties.
type Options struct {
	// MasterHost is the HOST argument of start; empty: any agent.
	MasterHost string
	// ConfDir is the folder in which files named by conf.files are looked for; normally the site file's.
	ConfDir string
	// ReadFile reads such a file; nil: conf.files is refused.
	ReadFile func(path string) ([]byte, error)
}

// Read checks the site properties (overrides merged in) and returns the deployment they describe, or every problem at
// once, joined, each naming the key, the value and the way out.
func Read(site alluxio.Properties, o Options) (Deployment, error) {
	r := &reader{site: site, options: o, d: Deployment{MasterHost: strings.TrimSpace(o.MasterHost)}}
	r.version()
	r.canonical()
	r.keys()
	r.framework()
	r.artifacts()
	r.journal()
	r.masters()
	r.workers()
	r.ramdisk()
	r.rootUFS()
	r.confFiles()
	r.properties()
	if err := errors.Join(r.problems...); err != nil {
		return Deployment{}, err
	}
	return r.d, nil
}

// reader collects what it reads and every problem that it meets.
type reader struct {
	site     alluxio.Properties // as written, with the names of the version
	options  Options
	d        Deployment
	problems []error
}

// problem adds an error, or each of those that are joined in it, so that they count as many.
func (r *reader) problem(err error) {
	var joined interface{ Unwrap() []error }
	switch {
	case err == nil:
	case errors.As(err, &joined):
		r.problems = append(r.problems, joined.Unwrap()...)
	default:
		r.problems = append(r.problems, err)
	}
}

// refuse names the key and the value of a problem, and the way out.
func (r *reader) refuse(key, why, wayOut string) {
	value, set := r.site.Get(key)
	subject := key + "=" + shown(key, value)
	if !set {
		subject = key + " (not set)"
	}
	r.problem(fmt.Errorf("%s: %s: %s", subject, why, wayOut))
}

// shown is a value as a problem quotes it: in one line, not too long, and without what could be a credential.
func shown(key, value string) string {
	switch {
	case alluxio.IsSecret(key):
		return "(hidden)"
	case strings.HasSuffix(key, ".java.opts"):
		value = hideOptions(value)
	case strings.HasSuffix(key, ".url"):
		value = redact.URL(value)
	}
	value = redact.Text(value)
	if strings.ContainsFunc(value, unicode.IsControl) {
		value = strconv.Quote(value)
	}
	if runes := []rune(value); len(runes) > maxShown {
		value = string(runes[:maxShown]) + fmt.Sprintf("... (%d characters)", len(runes))
	}
	return value
}

const maxShown = 300

func (r *reader) note(format string, args ...any) {
	if text := fmt.Sprintf(format, args...); !slices.Contains(r.d.Notes, text) {
		r.d.Notes = append(r.d.Notes, text)
	}
}

// version comes first: names and ports depend on it.
func (r *reader) version() {
	key := Prefix + "alluxio.version"
	text := r.text(key, DefaultVersion)
	version, err := alluxio.ParseVersion(text)
	if err != nil {
		r.refuse(key, err.Error(), "give a version such as "+DefaultVersion)
		version, _ = alluxio.ParseVersion(DefaultVersion)
	}
	if !version.AtLeast(2, 0) {
		r.refuse(key, "releases before 2.0 are not supported", "give a version such as "+DefaultVersion)
	}
	r.d.Version = version
}

// canonical gives every property the name of the version, and says what has been renamed.
func (r *reader) canonical() {
	r.problem(alluxio.CheckSite(r.site, r.d.Version))
	site, notes := alluxio.Canonical(r.site.Clone(), r.d.Version)
	r.site = site
	for _, note := range notes {
		r.note("%s", note)
	}
}

// properties is what is left for Alluxio when all that speaks to the framework is taken out.
func (r *reader) properties() {
	rest := r.site.Clone()
	for _, key := range rest.Keys() {
		if strings.HasPrefix(key, integration) {
			rest.Delete(key)
		}
	}
	r.d.Properties = rest
	if size := len(rest.Bytes()); size > maxShipped {
		r.problem(fmt.Errorf("the site properties have %d bytes, and travel with every task: keep them below %s",
			size, alluxio.FormatSize(maxShipped)))
	}
}
