package plugintest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/hashicorp/go-plugin"

	"github.com/alluxio-mesos/alluxio-mesos/plugins"
	"github.com/alluxio-mesos/alluxio-mesos/plugins/host"
)

// A fake is a fetcher plugin that is the test binary itself, started under another name.
// Its fault is in its name; all of them serve the scheme "fake", by HTTP: fake://HOST/PATH.
const fakePrefix = "alluxio-mesos-fetcher-fake-"

// Faults of fakes. Those called once befall only a fetch that begins at zero, so that
// going on from there works.
const (
	Good        = "good"
	HangAtStart = "hang-at-start" // never says how to reach it
	Garbage     = "garbage"       // writes something else to stdout first
	ExitAtStart = "exit-at-start" // says why on stderr, and ends
	OldContract = "old-contract"  // speaks contract 0
	NewContract = "new-contract"  // speaks contract 2
	WrongInfo   = "wrong-info"    // negotiates contract 1, and then names another
	BadConfig   = "bad-config"    // refuses Init
	HangAtEnd   = "hang-at-end"   // never returns from Shutdown
	DieOnce     = "die-once"      // kill -9 in the middle
	DieAlways   = "die-always"    // panics in the middle of each fetch, before any byte
	StallOnce   = "stall-once"    // stands still in the middle, but listens
	FreezeOnce  = "freeze-once"   // SIGSTOP in the middle
	ChangedOnce = "changed-once"  // says in the middle that the source changed
	Flood       = "flood"         // writes to stderr without end
	Overclaim   = "overclaim"     // reports bytes that are not there
	Truncate    = "truncate"      // takes half for all
	Corrupt     = "corrupt"       // flips a bit
	CorruptOnce = "corrupt-once"  // flips a bit of the host's first file, and dies in its middle
	Orphan      = "orphan"        // leaves a child that holds its stderr, and dies
	InPlace     = "in-place"      // answers with the path that was asked for
)

// RunFake is for TestMain: it plays the fake and never returns if the test binary was
// started as one. Otherwise it prepares the environment for fakes.
func RunFake() {
	name := filepath.Base(os.Args[0])
	if named, is := strings.CutPrefix(name, fakePrefix); is {
		f := newFake(named)
		f.fault, f.version = played(named)
		playAtStart(f)
		plugins.ServeFetcher(f)
		os.Exit(0)
	}
	if fault, is := strings.CutPrefix(name, fakeRamdiskPrefix); is {
		plugins.ServeRamdisk(&fakeRamdisk{fault: fault})
		os.Exit(0)
	}
	// A fake that is built with the race detector would take a second to end
	// (https://go.dev/doc/articles/race_detector#Options).
	if os.Getenv(raceEnv) == "" {
		_ = os.Setenv(raceEnv, "atexit_sleep_ms=0")
	}
}

const raceEnv = "GORACE"

// Fake is the shipped plugin with that fault, by the name "fake-FAULT".
func Fake(t *testing.T, fault string) host.Plugin {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	sum, size, err := host.DigestFile(self)
	if err != nil {
		t.Fatal(err)
	}
	return host.Plugin{
		Kind: plugins.KindFetcher, Name: "fake-" + fault, SHA256: sum, Size: size, URL: self,
		Config: map[string]string{"env": raceEnv},
	}
}

func playAtStart(f *fake) {
	switch f.fault {
	case HangAtStart:
		time.Sleep(time.Hour)
	case Garbage:
		fmt.Println("Welcome to my plugin!")
		time.Sleep(time.Hour)
	case ExitAtStart:
		fmt.Fprintln(os.Stderr, "cannot find my licence")
		os.Exit(3)
	case OldContract:
		serveContract(0)
	case NewContract:
		serveContract(plugins.Contract + 1)
	case TwoContracts:
		serveTwoContracts(f)
	case WrongKind:
		plugins.ServeRamdisk(&fakeRamdisk{})
		os.Exit(0)
	}
}

func serveContract(version int) {
	plugin.Serve(&plugin.ServeConfig{
		HandshakeConfig: plugins.Handshake(),
		VersionedPlugins: map[int]plugin.PluginSet{
			version: {plugins.KindFetcher: &plugins.FetcherPlugin{Impl: &fake{}}},
		},
		GRPCServer: plugin.DefaultGRPCServer,
	})
	os.Exit(0)
}

// fake fetches over HTTP, simple and right, and then spoils it.
type fake struct {
	name    string
	version string
	fault   string
	changed atomic.Bool
}

// newFake plays a fault under its own name.
func newFake(fault string) *fake {
	return &fake{name: "fake-" + fault, version: "1.0.0", fault: fault}
}

func (f *fake) Info(context.Context) (plugins.Info, error) {
	info := plugins.Info{
		Name: f.name, Version: f.version, Contract: plugins.Contract, Schemes: []string{"fake"}, Resumes: true,
	}
	switch f.fault {
	case WrongInfo:
		info.Contract = 7
	case WrongName:
		info.Name = "another"
	case OtherScheme:
		info.Schemes = []string{"gopher"}
	case MoreSchemes:
		info.Schemes = append(info.Schemes, "gopher")
	}
	return info, nil
}

func (f *fake) Init(_ context.Context, config map[string]string) error {
	if f.fault == BadConfig {
		return plugins.AsPermanent(errors.New("colour: no such key"))
	}
	for key := range config {
		if key != "tell" && key != "env" {
			return plugins.AsPermanent(fmt.Errorf("%s: no such key", key))
		}
	}
	// Lets tests see which environment and folder a plugin has.
	if path := config["tell"]; path != "" {
		dir, _ := os.Getwd()
		return os.WriteFile(path, []byte(dir+"\n"+strings.Join(os.Environ(), "\n")), 0o600)
	}
	return nil
}

func (f *fake) Shutdown(context.Context) error {
	if f.fault == HangAtEnd {
		time.Sleep(time.Hour)
	}
	return nil
}

func (f *fake) Fetch(ctx context.Context, request plugins.FetchRequest, progress func(plugins.Progress)) (plugins.FetchResult, error) {
	if f.fault == DieAlways {
		go panic("I never was much good")
		time.Sleep(time.Hour)
	}
	if f.fault == InPlace {
		return plugins.FetchResult{InPlace: []string{request.Path}}, nil
	}
	if f.fault == Stray {
		return plugins.FetchResult{InPlace: []string{request.Path}}, stray(request.Path)
	}
	d := &download{fault: f.fault, fresh: request.Offset == 0, progress: progress}
	if f.fault == CorruptOnce && filepath.Base(request.File) != "file-1" {
		d.fault = Good
	}
	if f.fault == ChangedOnce && !f.changed.Swap(true) {
		d.tellChanged = true
	}
	result, err := d.run(ctx, request)
	if f.fault == Vanish || f.fault == Link {
		err = errors.Join(err, os.Remove(request.File))
	}
	if f.fault == Link {
		err = errors.Join(err, os.Symlink("/dev/zero", request.File))
	}
	return result, err
}

// stray writes a file into each folder that the path's folder, a pattern, matches.
func stray(path string) error {
	dirs, err := filepath.Glob(filepath.Dir(path))
	if err == nil && len(dirs) == 0 {
		err = fmt.Errorf("there is no folder for %s", path)
	}
	for _, dir := range dirs {
		err = errors.Join(err, os.WriteFile(filepath.Join(dir, filepath.Base(path)), []byte("stray"), 0o600))
	}
	return err
}

// download is one transfer of a fake.
type download struct {
	fault       string
	fresh       bool
	tellChanged bool
	progress    func(plugins.Progress)
	at          plugins.Progress
	file        *os.File
}

func (d *download) run(ctx context.Context, request plugins.FetchRequest) (plugins.FetchResult, error) {
	response, err := d.get(ctx, request)
	if err != nil {
		return plugins.FetchResult{}, err
	}
	defer response.Body.Close()
	d.at.Validator = response.Header.Get("ETag")
	if response.StatusCode == http.StatusRequestedRangeNotSatisfiable {
		return plugins.FetchResult{Bytes: request.Offset, Validator: request.Validator}, nil
	}
	if response.StatusCode == http.StatusPartialContent {
		d.at.Bytes = request.Offset
	}
	d.at.Total = d.at.Bytes + max(0, response.ContentLength)
	if d.file, err = os.OpenFile(request.File, os.O_WRONLY, 0); err != nil {
		return plugins.FetchResult{}, err
	}
	defer d.file.Close()
	d.progress(d.at)
	if err := d.copy(ctx, response.Body); err != nil {
		return plugins.FetchResult{}, err
	}
	return plugins.FetchResult{Bytes: d.at.Bytes, Validator: d.at.Validator, Name: "fake"}, nil
}

func (d *download) get(ctx context.Context, request plugins.FetchRequest) (*http.Response, error) {
	url := "http" + strings.TrimPrefix(request.Source, "fake")
	get, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, plugins.AsPermanent(err)
	}
	if request.Offset > 0 {
		get.Header.Set("Range", fmt.Sprintf("bytes=%d-", request.Offset))
		get.Header.Set("If-Range", request.Validator)
	}
	response, err := http.DefaultClient.Do(get)
	if err != nil {
		return nil, err
	}
	switch response.StatusCode {
	case http.StatusOK, http.StatusPartialContent, http.StatusRequestedRangeNotSatisfiable:
		return response, nil
	case http.StatusServiceUnavailable:
		seconds, _ := strconv.ParseFloat(response.Header.Get("Retry-After"), 64)
		err = &plugins.Error{Err: errors.New(response.Status), RetryAfter: time.Duration(seconds * float64(time.Second))}
	default:
		err = plugins.AsPermanent(errors.New(response.Status))
	}
	return nil, errors.Join(err, response.Body.Close())
}

func (d *download) copy(ctx context.Context, body io.Reader) error {
	buffer := make([]byte, 16<<10)
	for {
		n, err := body.Read(buffer)
		d.spoil(buffer[:n])
		if _, err := d.file.WriteAt(buffer[:n], d.at.Bytes); err != nil {
			return err
		}
		d.at.Bytes += int64(n)
		d.progress(d.at)
		if d.at.Total > 0 && d.at.Bytes >= d.at.Total/2 {
			if ended, err := d.middle(ctx); ended || err != nil {
				return err
			}
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

func (d *download) spoil(p []byte) {
	if len(p) == 0 {
		return
	}
	switch d.fault {
	case Flood:
		fmt.Fprintln(os.Stderr, strings.Repeat("so much to say ", 4000))
	case Corrupt:
		p[len(p)-1] ^= 1
	case CorruptOnce:
		if d.fresh {
			p[len(p)-1] ^= 1
		}
	}
}

// middle is what befalls a transfer from its middle on.
func (d *download) middle(ctx context.Context) (ended bool, err error) {
	switch d.fault {
	case DieOnce, CorruptOnce:
		if d.fresh {
			fmt.Fprintln(os.Stderr, "I am dying")
			return true, syscall.Kill(os.Getpid(), syscall.SIGKILL)
		}
	case StallOnce:
		if d.fresh {
			<-ctx.Done()
			return true, ctx.Err()
		}
	case FreezeOnce:
		if d.fresh {
			return false, syscall.Kill(os.Getpid(), syscall.SIGSTOP)
		}
	case Overclaim:
		d.at.Bytes += 1000
		d.progress(d.at)
		return true, nil
	case Truncate:
		return true, nil
	case Orphan:
		return true, orphan()
	}
	if d.tellChanged {
		return true, plugins.AsChanged(errors.New("the source is another now"))
	}
	return false, nil
}

// orphan leaves a child behind that holds on to everything, and dies.
func orphan() error {
	child, err := os.StartProcess("/bin/sleep", []string{"sleep", "3600"}, &os.ProcAttr{
		Files: []*os.File{nil, os.NewFile(1, "stdout"), os.NewFile(2, "stderr")},
	})
	if err != nil {
		return err
	}
	_ = child.Release()
	return syscall.Kill(os.Getpid(), syscall.SIGKILL)
}
