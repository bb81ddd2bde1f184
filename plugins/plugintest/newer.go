package plugintest

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/hashicorp/go-plugin"

	"github.com/alluxio-mesos/alluxio-mesos/plugins"
	"github.com/alluxio-mesos/alluxio-mesos/plugins/host"
)

// Faults of fakes that take the place of others.
const (
	WrongName    = "wrong-name"    // says that it is another plugin
	OtherScheme  = "other-scheme"  // serves something else
	MoreSchemes  = "more-schemes"  // serves something else, too
	WrongKind    = "wrong-kind"    // is a ramdisk
	TwoContracts = "two-contracts" // serves this contract and the next
	Vanish       = "vanish"        // removes its file in the end
	Link         = "link"          // puts a link to a file without end in its place in the end
	Stray        = "stray"         // writes a file to the path that it is asked for, whose folder may be a pattern, and answers with it
)

// A fake is marked at its end by what it plays, if that is not in its name.
const (
	marker  = "\nplays:"
	markEnd = 64 // bytes at most
)

// Newer is p by another executable, of version 2.0.0, that plays that fault. It needs no
// fault of its own to differ: note does that, too.
func Newer(t *testing.T, p host.Plugin, fault, note string) host.Plugin {
	t.Helper()
	data, err := os.ReadFile(p.URL)
	if err != nil {
		t.Fatal(err)
	}
	if at := markAt(data); at >= 0 {
		data = data[:at]
	}
	p.URL = filepath.Join(t.TempDir(), "alluxio-mesos-"+p.Kind+"-"+p.Name)
	if err := os.WriteFile(p.URL, append(append(data, note...), marker+fault...), 0o755); err != nil {
		t.Fatal(err)
	}
	if p.SHA256, p.Size, err = host.DigestFile(p.URL); err != nil {
		t.Fatal(err)
	}
	return p
}

func markAt(data []byte) int {
	from := max(0, len(data)-markEnd)
	if at := bytes.LastIndex(data[from:], []byte(marker)); at >= 0 {
		return from + at
	}
	return -1
}

// played is what this process plays: what its executable is marked by, or else its name.
func played(name string) (fault, version string) {
	file, err := os.Open("/proc/self/exe")
	if err != nil {
		return name, "1.0.0"
	}
	defer file.Close()
	tail := make([]byte, markEnd)
	if _, err := file.Seek(-markEnd, io.SeekEnd); err == nil {
		n, _ := io.ReadFull(file, tail)
		tail = tail[:n]
	}
	if at := markAt(tail); at >= 0 {
		return string(tail[at+len(marker):]), "2.0.0"
	}
	return name, "1.0.0"
}

func serveTwoContracts(f *fake) {
	set := plugin.PluginSet{plugins.KindFetcher: &plugins.FetcherPlugin{Impl: f}}
	plugin.Serve(&plugin.ServeConfig{
		HandshakeConfig:  plugins.Handshake(),
		VersionedPlugins: map[int]plugin.PluginSet{plugins.Contract: set, plugins.Contract + 1: set},
		GRPCServer:       plugin.DefaultGRPCServer,
	})
	os.Exit(0)
}
