package suite

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/alluxio-mesos/alluxio-mesos/plugins"
	"github.com/alluxio-mesos/alluxio-mesos/plugins/host"
)

// Options say what is tried, and with what.
type Options struct {
	// Path of the executable.
	Path string
	// Kind and Name of the plugin; empty: as the file's name has them.
	Kind, Name string
	// Config for Init. Its values may have {http}, {ftp} and {dir} in them, as Source.
	Config map[string]string
	// Source is one to try with, or a form of one that the built-in server fills out: {http}
	// and {ftp} stand for HOST:PORT, {dir} for a folder, {file} for the name of a file in it,
	// {sha256} for the digest of a file's content. Empty: the usual form of the scheme.
	Source string
	// RamdiskDir is where a ramdisk may be made: a new folder below os.TempDir().
	RamdiskDir string
	// StartTimeout is how long the plugin may take to be ready: 10 s.
	StartTimeout time.Duration
	// StallTimeout is how long a fetch may go on without a byte: 5 s.
	StallTimeout time.Duration
	// Begin hears of each check before it runs, Report of its verdict. Nil: nobody does.
	Begin  func(check string)
	Report func(Verdict)
}

// Result of Verify.
type Result struct {
	Kind, Name, SHA256 string
	Info               plugins.Info
	Verdicts           []Verdict
}

// Count tells how many verdicts have an outcome.
func (r Result) Count(outcome Outcome) int {
	n := 0
	for _, v := range r.Verdicts {
		if v.Outcome == outcome {
			n++
		}
	}
	return n
}

// Verify tries an executable against all promises. The error says why it could not be
// tried at all; that it is bad is told by the verdicts. Nothing is left running or lying
// about.
func Verify(ctx context.Context, o Options) (Result, error) {
	v, err := newVerifier(o)
	if err != nil {
		return Result{}, err
	}
	defer v.close()
	v.run(ctx)
	if ctx.Err() != nil {
		return v.result, context.Cause(ctx)
	}
	return v.result, nil
}

// verifier is one run of Verify.
type verifier struct {
	Options
	dir     string // all that the run writes lies below
	stage   *stage
	subject *subject
	result  Result
	// broken says of a promise that others rest on why it does not hold.
	broken string
}

// Named completes the options with what the file's name says.
func Named(o Options) (Options, error) {
	path, err := filepath.Abs(o.Path)
	if err != nil {
		return o, fmt.Errorf("cannot find %s: %w", o.Path, err)
	}
	if _, err := os.Stat(path); err != nil {
		return o, fmt.Errorf("cannot find the plugin: %w", err)
	}
	kind, name := kindAndName(filepath.Base(path))
	if o.Kind == "" {
		o.Kind = kind
	}
	if o.Name == "" {
		o.Name = name
	}
	o.Path = path
	if o.Kind != plugins.KindFetcher && o.Kind != plugins.KindRamdisk || !validName.MatchString(o.Name) {
		return o, fmt.Errorf("cannot tell what plugin %s is: it should be called alluxio-mesos-(fetcher|ramdisk)-NAME "+
			"(lower-case letters, digits and -); name it so, or say --kind and --name", filepath.Base(path))
	}
	return o, nil
}

func newVerifier(o Options) (*verifier, error) {
	o, err := Named(o)
	if err != nil {
		return nil, err
	}
	if o.StartTimeout == 0 {
		o.StartTimeout = 10 * time.Second
	}
	if o.StallTimeout == 0 {
		o.StallTimeout = 5 * time.Second
	}
	if o.Begin == nil {
		o.Begin = func(string) {}
	}
	if o.Report == nil {
		o.Report = func(Verdict) {}
	}
	// Short, since sockets lie below it.
	dir, err := os.MkdirTemp("", "amv-")
	if err != nil {
		return nil, fmt.Errorf("cannot make a folder to try the plugin in: %w", err)
	}
	v := &verifier{Options: o, dir: dir, result: Result{Kind: o.Kind, Name: o.Name}}
	if err := v.setStage(); err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	v.subject = &subject{kind: o.Kind, launch: launch{
		path: o.Path, parent: dir, config: v.Config, version: plugins.Contract, limit: o.StartTimeout, stall: o.StallTimeout,
	}}
	return v, nil
}

// setStage offers what a fetcher can be tried with, unless its author named a source. The
// configuration may tell of it.
func (v *verifier) setStage() error {
	if v.Kind != plugins.KindFetcher || (v.Source != "" && !isForm(v.Source)) {
		return nil
	}
	dir := filepath.Join(v.dir, "files")
	err := os.Mkdir(dir, 0o755)
	if err != nil {
		return fmt.Errorf("cannot make a folder to try the plugin with: %w", err)
	}
	if v.stage, err = newStage(dir); err != nil {
		return err
	}
	config := map[string]string{}
	for key, value := range v.Config {
		config[key] = v.stage.fill(value, "", nil)
	}
	v.Config = config
	return nil
}

func (v *verifier) close() {
	v.subject.close()
	if v.stage != nil {
		v.stage.close()
	}
	_ = os.RemoveAll(v.dir)
}

var validName = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,63}$`)

var fileName = regexp.MustCompile(`^alluxio-mesos-(fetcher|ramdisk)-([a-z0-9][a-z0-9-]{0,63})$`)

func kindAndName(file string) (kind, name string) {
	if m := fileName.FindStringSubmatch(file); m != nil {
		return m[1], m[2]
	}
	return "", ""
}

// judge runs a check, unless one that it rests on failed.
func (v *verifier) judge(ctx context.Context, check Check) Outcome {
	v.Begin(check.Name)
	verdict := Verdict{Check: check.Name, Outcome: Skipped, Why: v.broken}
	if v.broken == "" {
		verdict = Judge(ctx, check)
	}
	if ctx.Err() != nil {
		return Skipped // nothing is known of what was broken off
	}
	v.result.Verdicts = append(v.result.Verdicts, verdict)
	v.Report(verdict)
	return verdict.Outcome
}

// must judges checks that all later ones rest on.
func (v *verifier) must(ctx context.Context, checks ...Check) {
	for _, check := range checks {
		if v.judge(ctx, check) == Failed {
			v.broken = "because of: " + check.Name
		}
	}
}

func (v *verifier) judgeAll(ctx context.Context, checks []Check) {
	for _, check := range checks {
		v.judge(ctx, check)
	}
}

func (v *verifier) run(ctx context.Context) {
	v.must(ctx, v.fileChecks()...)
	v.must(ctx, v.startChecks()...)
	v.judgeAll(ctx, v.configChecks())
	v.must(ctx, Check{"init", v.init})
	started := v.broken == ""
	if v.Kind == plugins.KindFetcher {
		v.runFetcher(ctx)
	} else {
		v.runRamdisk(ctx)
	}
	if started {
		v.broken = "" // how it ends can be tried, whatever it fetches
	}
	v.judgeAll(ctx, v.endChecks())
}

func (v *verifier) fileChecks() []Check {
	return []Check{
		{"file name", func(context.Context) error {
			base := filepath.Base(v.Options.Path)
			kind, _ := kindAndName(base)
			want := "alluxio-mesos-" + v.Kind + "-" + v.Name
			switch {
			case kind == "":
				return Note("%s would be shipped only under a name alluxio-mesos-%s-NAME", base, v.Kind)
			case base != want:
				return fmt.Errorf("the file is called %s, not %s", base, want)
			}
			return nil
		}},
		{"executable", v.executable},
	}
}

func (v *verifier) executable(context.Context) error {
	info, err := os.Stat(v.Path)
	switch {
	case err != nil:
		return err
	case !info.Mode().IsRegular():
		return errors.New("it is no regular file; a plugin is one file")
	case info.Mode()&0o111 == 0:
		return fmt.Errorf("it may not be executed; chmod +x %s", v.Path)
	}
	sum, size, err := host.DigestFile(v.Path)
	if err != nil {
		return err
	}
	v.result.SHA256 = sum
	return Note("%.1f MB, sha256:%s", float64(size)/1e6, sum)
}

// startChecks judge one start, step by step.
func (v *verifier) startChecks() []Check {
	var p *process
	var failed *startError
	stages := []string{stageStart, stageHandshake, stageContract, stageTLS, stageHealth}
	of := func(stage string) error {
		if failed == nil || slices.Index(stages, stage) < slices.Index(stages, failed.stage) {
			return nil
		}
		return failed
	}
	checks := []Check{{stageStart, func(ctx context.Context) error {
		var err error
		p, err = start(ctx, v.subject.launch)
		v.subject.current = p
		if err != nil && !errors.As(err, &failed) {
			return err
		}
		if err := of(stageStart); err != nil {
			return err
		}
		return Note("ready after %d ms", p.took.Milliseconds())
	}}}
	for _, stage := range stages[1:] {
		checks = append(checks, Check{stage, func(context.Context) error { return of(stage) }})
	}
	return append(checks, Check{"info", func(ctx context.Context) error {
		info, err := p.info(ctx, v.Kind)
		if err != nil {
			return fmt.Errorf("it does not answer as a %s: %w", v.Kind, err)
		}
		v.result.Info = info
		return v.checkInfo(info)
	}})
}

func (v *verifier) checkInfo(info plugins.Info) error {
	switch {
	case info.Contract != plugins.Contract:
		return fmt.Errorf("Info names contract %d, not %d", info.Contract, plugins.Contract)
	case info.Name == "" || info.Version == "":
		return fmt.Errorf("Info lacks a name or a version: %+v", info)
	case info.Name != v.Name:
		return fmt.Errorf("Info says that its name is %q, and its file's name says %q", info.Name, v.Name)
	}
	if v.Kind == plugins.KindRamdisk {
		return Note("%s %s", info.Name, info.Version)
	}
	if len(info.Schemes) == 0 {
		return errors.New("Info names no scheme that it serves")
	}
	for _, scheme := range info.Schemes {
		if scheme != strings.ToLower(scheme) {
			return fmt.Errorf("scheme %q is not lower case", scheme)
		}
	}
	does := "does not resume"
	if info.Resumes {
		does = "resumes"
	}
	return Note("%s %s, serves %s, %s", info.Name, info.Version, strings.Join(info.Schemes, ", "), does)
}

// init configures the process that startChecks left.
func (v *verifier) init(ctx context.Context) error {
	if err := v.subject.current.init(ctx, v.Kind, v.Config); err != nil {
		if len(v.Config) == 0 {
			return fmt.Errorf("it refuses an empty configuration: %w (what it needs can be given with -D KEY=VALUE)", err)
		}
		return fmt.Errorf("it refuses the configuration: %w", err)
	}
	return nil
}

// configChecks are about what a start with another environment or configuration brings.
func (v *verifier) configChecks() []Check {
	return []Check{
		{"another contract", v.otherContract},
		{"a stranger is refused", v.stranger},
		{"unknown configuration key", v.unknownKey},
	}
}

// otherContract plays a host of the next contract. The plugin must not pretend.
func (v *verifier) otherContract(ctx context.Context) error {
	l := v.subject.launch
	l.version = plugins.Contract + 1
	p, err := start(ctx, l)
	if p != nil {
		defer p.end()
	}
	if err == nil {
		return fmt.Errorf("to a host of contract %d it says that it speaks that", l.version)
	}
	return nil // by its handshake, or by ending
}

// stranger connects without the host's certificate.
func (v *verifier) stranger(ctx context.Context) error {
	p := v.subject.current
	served, err := p.servesStranger(ctx)
	if err != nil {
		return err
	}
	if served {
		return errors.New("it talks to anybody who can open its socket: it must ask for the certificate in PLUGIN_CLIENT_CERT")
	}
	return nil
}

func (v *verifier) unknownKey(ctx context.Context) error {
	p, err := start(ctx, v.subject.launch)
	if p != nil {
		defer p.end()
	}
	if err != nil {
		return err
	}
	config := map[string]string{"no-such-key-of-yours": "1"}
	for key, value := range v.Config {
		config[key] = value
	}
	err = p.init(ctx, v.Kind, config)
	switch {
	case err == nil:
		return errors.New("Init takes a key that it cannot know; a misspelt property would go unnoticed")
	case errors.Is(err, plugins.ErrDisconnected):
		return fmt.Errorf("it ends instead of refusing an unknown key: %s", p.fate())
	case plugins.KindOf(err) != plugins.Permanent:
		return fmt.Errorf("it refuses an unknown key, but not with a permanent error: %w", err)
	}
	return nil
}
