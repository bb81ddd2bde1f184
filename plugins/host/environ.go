package host

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/alluxio-mesos/alluxio-mesos/plugins"
)

const (
	tempPrefix = "amp-"
	// maxSocketDir leaves room for the names of the private folder and of the socket in
	// the 108 bytes that a Unix socket's path may have (unix(7)).
	maxSocketDir = 108 - 1 - len(tempPrefix) - 10 - 1 - len("plugin") - 10 - 10

	// What a login shell has, where the host itself has no PATH (Mesos passes none on).
	defaultPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

	// envKey of a plugin's config names variables that the plugin is to see.
	envKey = "env"
)

// socketDir is the first folder of wish and the usual ones that is there and short
// enough for the plugins' sockets.
func socketDir(wish string) (string, error) {
	for _, dir := range []string{wish, os.TempDir(), "/tmp", "/var/tmp", "/dev/shm"} {
		absolute, err := filepath.Abs(dir)
		if err != nil || len(absolute) > maxSocketDir {
			continue
		}
		if info, err := os.Stat(absolute); err == nil && info.IsDir() {
			return absolute, nil
		}
	}
	return "", fmt.Errorf("cannot run plugins: neither %s nor /tmp is a folder with a path short enough for a socket "+
		"(%d characters)", wish, maxSocketDir)
}

// environ is all that a plugin sees of the host's environment, besides what go-plugin
// adds for the handshake. Config names variables and never holds their values, since an
// environment can be read in /proc.
func environ(tempDir, certificate string, config map[string]string) []string {
	path := os.Getenv("PATH")
	if path == "" {
		path = defaultPath
	}
	env := []string{
		"PATH=" + path, "TMPDIR=" + tempDir, "PLUGIN_CLIENT_CERT=" + certificate,
		plugins.CertificateEnv + "=" + certificateFile(tempDir),
	}
	for name := range strings.SplitSeq(config[envKey], ",") {
		name = strings.TrimSpace(name)
		if value, found := os.LookupEnv(name); found && name != "PATH" && name != "TMPDIR" {
			env = append(env, name+"="+value)
		}
	}
	return env
}
