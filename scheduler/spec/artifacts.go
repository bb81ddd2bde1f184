package spec

import (
	"regexp"
	"slices"
	"strings"

	"github.com/alluxio-mesos/alluxio-mesos/fetchers/source"
)

// builtIn are the schemes that the fetchers of this project serve.
func builtIn() []string { return []string{"local", "file", "http", "https", "s3"} }

func (r *reader) artifacts() {
	r.plugins()
	d := &r.d
	version := d.Version.String()
	d.Alluxio = r.artifact("alluxio.jar", "https://downloads.alluxio.io/downloads/files/"+version+"/alluxio-"+version+"-bin.tar.gz")
	if isLocal(d.Alluxio.Source) {
		d.Alluxio.Path = r.folder("alluxio.home", "/opt/alluxio")
	}
	d.JDK = r.artifact("jdk", "")
	d.JDK.Path = r.text(Prefix+"jdk.path", "")
	if isLocal(d.JDK.Source) && d.JDK.Path != "" && !strings.HasPrefix(d.JDK.Path, "/") {
		r.refuse(Prefix+"jdk.path", "with jdk.url=LOCAL it is the folder of the JDK on the agents", "write an absolute path, or leave it out")
	}
	d.JDKFallbacks = r.fallbacks()
}

func isLocal(s string) bool { return s == "LOCAL" }

// plugins reads who serves a scheme (fetcher.SCHEME), and what is for the plugins themselves (KIND.NAME.KEY).
func (r *reader) plugins() {
	r.d.Fetchers, r.d.PluginConfig = map[string]string{}, map[string]map[string]string{}
	for _, key := range r.site.Keys() {
		name := strings.TrimPrefix(key, integration)
		if found := fetcherKey.FindStringSubmatch(name); found != nil {
			r.d.Fetchers[found[1]] = r.plugin(key, "")
		}
		if found := pluginKey.FindStringSubmatch(name); found != nil {
			plugin := found[1] + "-" + found[2]
			if r.d.PluginConfig[plugin] == nil {
				r.d.PluginConfig[plugin] = map[string]string{}
			}
			r.d.PluginConfig[plugin][found[3]] = r.text(key, "")
		}
	}
}

// pluginName is what plugins/host takes: it is a part of the name of an executable.
var pluginName = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,63}$`)

func (r *reader) plugin(key, missing string) string {
	name := r.text(key, missing)
	if name != "" && !pluginName.MatchString(name) {
		r.refuse(key, "this is no name of a plugin", "write what follows alluxio-mesos-fetcher- or alluxio-mesos-ramdisk- in its file name: lower-case letters, digits and -")
	}
	return name
}

// artifact reads NAME.url and NAME.checksum.
func (r *reader) artifact(name, missing string) Artifact {
	key := Prefix + name + ".url"
	a := Artifact{Source: r.text(key, missing)}
	a.Checksum = r.checksum(Prefix + name + ".checksum")
	if a.Source == "" {
		return a
	}
	mirrors, err := source.ParseList(a.Source)
	if err != nil {
		r.refuse(key, err.Error(), "write LOCAL, an absolute path, or a URL; or several of these, with spaces between them")
		return a
	}
	for _, mirror := range mirrors {
		r.scheme(key, mirror.Scheme)
		r.oneChecksum(name, &a, mirror)
	}
	return a
}

func (r *reader) scheme(key, scheme string) {
	if slices.Contains(builtIn(), scheme) || r.d.Fetchers[scheme] != "" {
		return
	}
	r.refuse(key, "no fetcher serves the scheme "+scheme,
		"use one of "+strings.Join(builtIn(), ", ")+", or name the plugin that does with "+Prefix+"fetcher."+scheme)
}

// oneChecksum joins the checksum in a source with the one of the property. A folder in place has no digest.
func (r *reader) oneChecksum(name string, a *Artifact, parsed source.Source) {
	key := Prefix + name + ".checksum"
	twice := a.Checksum == source.ChecksumBeside || parsed.Checksum != a.Checksum
	if parsed.Checksum != "" && a.Checksum != "" && twice || parsed.ChecksumFile != "" && a.Checksum != "" {
		r.refuse(key, "the URL asks for another checksum", "keep one of the two")
	}
	if a.Checksum == "" {
		a.Checksum = parsed.Checksum
	}
	if parsed.Scheme == "local" && a.Checksum != "" {
		r.refuse(key, "software that lies on the agent already (LOCAL) is not digested", "leave the checksum out")
	} else if _, err := parsed.Beside(); err != nil && a.Checksum == source.ChecksumBeside {
		r.refuse(key, err.Error(), "write sha256: and 64 hex digits")
	}
}

// checksum is a digest, or the word that says that it stands in a file beside the source.
func (r *reader) checksum(key string) string {
	text := r.text(key, "")
	if text == "" || text == source.ChecksumBeside {
		return text
	}
	digest, err := source.ParseDigest(text)
	if err != nil {
		r.refuse(key, err.Error(), "write sha256: and 64 hex digits, as sha256sum prints them; or file, "+
			"which takes them from the file of the source's name and .sha256")
	}
	return string(digest)
}
