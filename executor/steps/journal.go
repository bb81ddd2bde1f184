package steps

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/alluxio-mesos/alluxio-mesos/alluxio"
	"github.com/alluxio-mesos/alluxio-mesos/executor/supervise"
)

const (
	workDirKey    = "alluxio.work.dir"
	journalKey    = "alluxio.master.journal.folder"
	journalType   = "alluxio.master.journal.type"
	embedded      = "EMBEDDED"
	formatTimeout = 3 * time.Minute
)

// formatOnce makes the journal of a new master, and never touches one that exists. What
// it decides from is the folder itself, the marker that an earlier executor left beside
// it, and the scheduler's word that there was one:
//
//	folder      marker        expected   then
//	journal     any but begun any        keep it (and write the marker)
//	no journal  formatted     any        a loss: refuse
//	no journal  any           yes        a loss: refuse
//	any         begun         no         format (again): no master ever ran on it
//	no journal  none          no         format
//
// The two types differ. The formatter of a UFS journal leaves files by which it is known.
// That of an embedded one (RaftJournalSystem.format) makes an empty folder and no more;
// its content comes with the first start. So there a journal is what a master has run on,
// the marker stays "begun" until one serves (Served), and content is kept in any case.
func formatOnce(ctx context.Context, j *Job) error {
	if !j.Order.Journal.Needed {
		return nil
	}
	place, err := journalPlace(j.site)
	if err != nil {
		return permanent(err)
	}
	if place.remote() {
		j.Instance.setJournal()
		j.Watch.Notice(fmt.Sprintf("the journal %s is not on this node and is not formatted by us: "+
			"before the first start run `alluxio formatJournal` once by hand", place.folder))
		return nil
	}
	found, err := readMarker(j.paths().Marker)
	if err != nil {
		return permanent(err)
	}
	there, err := place.holdsJournal()
	if err != nil {
		return fmt.Errorf("cannot look into the journal folder: %w", err)
	}
	begun := found.State == markBegun && found.Folder == place.folder
	switch {
	case there && (!begun || place.kind == embedded || j.Order.Journal.Expected):
		return place.mark(j)
	case found.State == markFormatted, j.Order.Journal.Expected:
		return permanent(lost(place, found, j.Order))
	}
	return format(ctx, j, place, begun)
}

// Served is told once the process serves: now an embedded journal has content too.
func Served(j *Job) error {
	if !j.Order.Journal.Needed {
		return nil
	}
	place, err := journalPlace(j.site)
	if err != nil || place.remote() {
		return err
	}
	there, err := place.holdsJournal()
	if err != nil || !there {
		return err
	}
	return place.mark(j)
}

// mark remembers that the journal exists, for good.
func (p place) mark(j *Job) error {
	if err := writeMarker(j.paths().Marker, marker{State: markFormatted, Folder: p.folder, Type: p.kind}); err != nil {
		return err
	}
	j.Instance.setJournal()
	return nil
}

func lost(place place, found marker, o Order) error {
	text := fmt.Sprintf("the journal of %s is missing: %s holds none, but ", o.Instance, place.folder)
	switch {
	case found.Folder != "" && found.Folder != place.folder:
		text += fmt.Sprintf("this master had its journal in %s: move it, or set %s back", found.Folder, journalKey)
	case found.State == markFormatted:
		text += fmt.Sprintf("one was made there on %s: restore the folder from a copy, or start from a backup with "+
			"alluxio.master.journal.init.from.backup", found.Time.Format(time.RFC3339))
	default:
		text += "the deployment had one: is the node folder of this agent still the same disk? Restore it"
	}
	var forget []string // whoever remembers the journal
	if o.Journal.Expected {
		forget = append(forget, "stop the deployment and remove its state.json on the scheduler's host")
	}
	if found.State == markFormatted {
		forget = append(forget, "remove "+PathsOf(o.Node, o.Framework, o.Instance).Marker+" on this agent")
	}
	return errors.New(text + "; to begin with an empty namespace for good, " + strings.Join(forget, " and "))
}

// format runs Alluxio's formatter between two marks, so that a crash in between is seen.
func format(ctx context.Context, j *Job, place place, again bool) error {
	if !again {
		if err := place.wantEmpty(); err != nil {
			return permanent(err)
		}
	}
	if err := writeMarker(j.paths().Marker, marker{State: markBegun, Folder: place.folder, Type: place.kind}); err != nil {
		return err
	}
	run, err := j.run()
	if err != nil {
		return err
	}
	argv, err := alluxio.FormatCommand(j.Order.Process, run)
	if err != nil {
		return permanent(err)
	}
	ctx, cancel := context.WithTimeout(ctx, formatTimeout)
	defer cancel()
	out, err := j.Tools.Run(ctx, supervise.Config{
		Name: "format", Argv: argv, Dir: j.Tools.Logs, Env: j.env(), Logger: j.Tools.Logger,
		Log: filepath.Join(j.Tools.Logs, "format.out"), Redact: Redactor(j.site),
	})
	if err != nil {
		return fmt.Errorf("cannot format the journal %s: %w", place.folder, err)
	}
	if err := errors.Join(place.formatted(), notOK(out.Exit)); err != nil {
		return fmt.Errorf("cannot format the journal %s: %w: %s", place.folder, err, strings.Join(lastLines(out.Lines, 3), " / "))
	}
	if place.kind == embedded {
		return nil
	}
	return place.mark(j)
}

func notOK(exit supervise.Exit) error {
	if exit.OK() {
		return nil
	}
	return fmt.Errorf("the formatter %s", exit)
}

// formatted is an error unless the folder looks as the formatter leaves it.
func (p place) formatted() error {
	if p.kind == embedded {
		_, err := os.Stat(p.folder)
		return err
	}
	there, err := p.holdsJournal()
	if err == nil && !there {
		err = errors.New("the formatter made no journal")
	}
	return err
}

func lastLines(lines []string, n int) []string { return lines[max(0, len(lines)-n):] }

// workDir is where Alluxio keeps journal and metastore: in the instance's folder, unless
// the site says otherwise, or the home on this node has a journal of before.
func workDir(j *Job) string {
	paths := j.paths()
	if dir, ok := j.Order.Properties.Get(workDirKey); ok && dir != paths.Work {
		return dir
	}
	_, placed := j.Order.Properties.Get(journalKey)
	if !j.Order.Journal.Needed || !j.alluxio.InPlace || placed || hasContent(filepath.Join(paths.Work, "journal")) {
		return paths.Work
	}
	if hasContent(filepath.Join(j.Home.Dir, "journal")) {
		return j.Home.Dir
	}
	return paths.Work
}

func hasContent(dir string) bool {
	entries, err := os.ReadDir(dir)
	return err == nil && len(entries) > 0
}

// place is where a journal lies, and of which type it is.
type place struct{ folder, kind string }

func journalPlace(site alluxio.Properties) (place, error) {
	folder, _, err := site.Resolve(journalKey)
	if err != nil {
		return place{}, err
	}
	if folder == "" {
		work, _ := site.Get(workDirKey)
		folder = filepath.Join(work, "journal")
	}
	kind, set := site.Get(journalType)
	if !set {
		kind = embedded // the default of 2.9; 1.8 had no other than UFS, and is told so by the scheduler
	}
	return place{folder: strings.TrimPrefix(folder, "file://"), kind: strings.ToUpper(kind)}, nil
}

func (p place) remote() bool { return !filepath.IsAbs(p.folder) }

// holdsJournal says whether the folder holds a journal: a _format_ file in a MASTER/v1
// folder (UFS), or the folder of the Raft log (embedded).
func (p place) holdsJournal() (bool, error) {
	pattern := "*/v1/_format_*"
	if p.kind == embedded {
		pattern = "raft"
	}
	if _, err := os.ReadDir(p.folder); err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return false, nil
		}
		return false, err
	}
	found, err := fs.Glob(os.DirFS(p.folder), pattern)
	return len(found) > 0, err
}

// wantEmpty keeps the formatter, which deletes, away from anything not known to be ours.
func (p place) wantEmpty() error {
	if hasContent(p.folder) {
		return fmt.Errorf("the journal folder %s holds no %s journal, but it is not empty and will not be formatted: "+
			"empty it, or set %s (or %s, if the journal there is of the other type)", p.folder, p.kind, journalKey, journalType)
	}
	return nil
}
