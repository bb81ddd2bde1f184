package alluxio

import (
	"fmt"
	"io/fs"
	"path"
	"strings"
)

// Home is an unpacked Alluxio distribution.
type Home struct {
	Dir                  string
	Version              Version
	ServerJar, ClientJar string // paths that begin with Dir; no ClientJar in a distribution without one
	WebUI                bool   // whether it has web pages; where not, alluxio.web.ui.enabled has to be false
	Log4j                string // the path of its log4j.properties, if it has one
}

// InspectHome looks at the distribution in dir, whose content is files. The version is the one in the name of its
// server jar.
func InspectHome(files fs.FS, dir string) (Home, error) {
	server, version, err := findJar(files, dir, "server")
	if err != nil {
		return Home{}, err
	}
	h := Home{Dir: dir, Version: version, ServerJar: path.Join(dir, server), WebUI: exists(files, "webui") || exists(files, "assembly/webapp.war")}
	// Both jars have the version of the distribution; without a client jar the server's does.
	if client := strings.Replace(server, "alluxio-server-", "alluxio-client-", 1); exists(files, client) {
		h.ClientJar = path.Join(dir, client)
	}
	if exists(files, "conf/log4j.properties") {
		h.Log4j = path.Join(dir, "conf/log4j.properties")
	}
	return h, nil
}

// findJar finds assembly/alluxio-KIND-VERSION.jar.
func findJar(files fs.FS, dir, kind string) (string, Version, error) {
	prefix := "assembly/alluxio-" + kind + "-"
	jars, err := fs.Glob(files, prefix+"*.jar")
	if err != nil {
		return "", Version{}, fmt.Errorf("cannot look into %s: %w", dir, err)
	}
	switch len(jars) {
	case 0:
		return "", Version{}, fmt.Errorf("no %s*.jar in %s: not an Alluxio distribution", prefix, dir)
	case 1:
	default:
		return "", Version{}, fmt.Errorf("%d jars match %s*.jar in %s: leave the one of its version", len(jars), prefix, dir)
	}
	text := strings.TrimSuffix(strings.TrimPrefix(jars[0], prefix), ".jar")
	version, err := ParseVersion(text)
	if err != nil {
		return "", Version{}, fmt.Errorf("cannot tell the version of Alluxio in %s from %s: %w", dir, jars[0], err)
	}
	return jars[0], version, nil
}

func exists(files fs.FS, name string) bool {
	_, err := fs.Stat(files, name)
	return err == nil
}
