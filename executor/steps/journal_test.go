package steps

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/alluxio-mesos/alluxio-mesos/executor/internal/standin"
	"github.com/alluxio-mesos/alluxio-mesos/plugins"
)

// formats counts the folders that a format of the stand-in makes anew.
func formatMarks(t *testing.T, journal string) []string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(journal, "*", "v1", "_format_*"))
	require.NoError(t, err)
	return found
}

func TestAJournalIsFormattedOnce(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	require.NoError(t, k.prepare())
	journal := filepath.Join(k.paths().Work, "journal")
	first := formatMarks(t, journal)
	require.Len(t, first, 2)
	for _, expected := range []bool{false, true} {
		next := k.again()
		next.Order.Journal.Expected = expected
		require.NoError(t, next.prepare())
		require.Equal(t, first, formatMarks(t, journal))
		k = next
	}
}

func TestAFormatCutShortIsRepeated(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	for _, behaviour := range []string{standin.FormatFail, standin.FormatCut} {
		k.Order.Properties.Set(standin.Behaviour, behaviour)
		err := k.prepare()
		require.ErrorContains(t, err, "cannot format the journal")
		require.NotEqual(t, plugins.Permanent, plugins.KindOf(err))
		require.False(t, k.Instance.JournalFormatted())
		k = k.again()
	}
	k.Order.Properties.Delete(standin.Behaviour)
	require.NoError(t, k.prepare())
	require.True(t, k.Instance.JournalFormatted())
}

func TestALostJournalIsNeverReplacedByAnEmptyOne(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		spoil func(t *testing.T, k *kit)
		want  string
	}{
		"emptied": {func(t *testing.T, k *kit) {
			require.NoError(t, os.RemoveAll(filepath.Join(k.paths().Work, "journal")))
		}, "one was made there on "},
		"the whole node folder is gone, the scheduler knows better": {func(t *testing.T, k *kit) {
			require.NoError(t, os.RemoveAll(k.paths().Instance))
			k.Order.Journal.Expected = true
		}, "the deployment had one"},
		"the site names another folder": {func(t *testing.T, k *kit) {
			k.Order.Properties.Set(journalKey, filepath.Join(t.TempDir(), "other"))
		}, "this master had its journal in "},
		"unreadable marker": {func(t *testing.T, k *kit) {
			require.NoError(t, os.WriteFile(k.paths().Marker, []byte("{"), 0o644))
		}, "cannot read the journal's marker"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			k := newKit(t)
			require.NoError(t, k.prepare())
			next := k.again()
			c.spoil(t, next)
			err := next.prepare()
			require.ErrorContains(t, err, c.want)
			require.Equal(t, plugins.Permanent, plugins.KindOf(err))
			require.False(t, next.Instance.JournalFormatted())
		})
	}
}

func TestAFolderThatIsNotOursIsNotFormatted(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	journal := filepath.Join(k.paths().Work, "journal")
	require.NoError(t, os.MkdirAll(journal, 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(journal, "precious"), nil, 0o644))
	require.ErrorContains(t, k.prepare(), "it is not empty and will not be formatted")
	require.FileExists(t, filepath.Join(journal, "precious"))
}

func TestAJournalMadeByHandIsKept(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	v1 := filepath.Join(k.paths().Work, "journal", "BlockMaster", "v1")
	require.NoError(t, os.MkdirAll(v1, 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(v1, "_format_1"), nil, 0o644))
	require.NoError(t, k.prepare())
	require.Len(t, formatMarks(t, filepath.Join(k.paths().Work, "journal")), 1)
	require.FileExists(t, k.paths().Marker)
}

func TestALocalHomeKeepsItsJournal(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	v1 := filepath.Join(k.host.AlluxioDir, "journal", "BlockMaster", "v1")
	require.NoError(t, os.MkdirAll(v1, 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(v1, "_format_1"), nil, 0o644))
	require.NoError(t, k.prepare())
	work, _ := k.Job.site.Get(workDirKey)
	require.Equal(t, k.host.AlluxioDir, work)
	require.Len(t, formatMarks(t, filepath.Join(k.host.AlluxioDir, "journal")), 1)

	own := k.again()
	dir := t.TempDir()
	own.Order.Properties.Set(workDirKey, dir)
	require.Equal(t, dir, workDir(own.Job), "what the site says wins")
}

func TestARemoteJournalIsLeftAlone(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	k.Order.Properties.Set(journalKey, "hdfs://namenode/journal")
	require.NoError(t, k.prepare())
	require.NoFileExists(t, k.paths().Marker)
	require.Contains(t, k.watched.notices[0], "hdfs://namenode/journal is not on this node")
}

func TestAnEmbeddedJournalIsMadeByItsFirstMaster(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	k.Order.Properties.Set(journalType, "EMBEDDED")
	k.Order.Properties.Set("alluxio.master.embedded.journal.port", standin.Ports(t, 1)[0])
	journal := filepath.Join(k.paths().Work, "journal")
	for range 2 { // the second after a crash before the first start
		require.NoError(t, k.prepare())
		require.DirExists(t, journal)
		require.False(t, k.Instance.JournalFormatted(), "there is nothing in it yet")
		k = k.again()
	}
	require.NoError(t, os.Mkdir(filepath.Join(journal, "raft"), 0o755)) // it started, and crashed before it served
	require.NoError(t, k.prepare())
	require.True(t, k.Instance.JournalFormatted())
	require.DirExists(t, filepath.Join(journal, "raft"))

	k = k.again()
	require.NoError(t, os.Remove(filepath.Join(journal, "raft")))
	require.ErrorContains(t, k.prepare(), "the journal of master-0 is missing")
	require.ErrorContains(t, place{folder: k.paths().Work, kind: "UFS"}.wantEmpty(), "holds no UFS journal")
}

func TestALostJournalIsForgottenByHandOnly(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	require.NoError(t, k.prepare())
	require.NoError(t, os.RemoveAll(k.paths().Work))
	k = k.again()
	marker, state := "remove "+k.paths().Marker+" on this agent", "remove its state.json on the scheduler's host"
	err := k.prepare()
	require.ErrorContains(t, err, marker)
	require.NotContains(t, err.Error(), state)

	k = k.again()
	k.Order.Journal.Expected = true
	require.ErrorContains(t, k.prepare(), state+" and "+marker)
	require.NoError(t, os.Remove(k.paths().Marker))
	k = k.again()
	err = k.prepare()
	require.ErrorContains(t, err, state)
	require.NotContains(t, err.Error(), k.paths().Marker)
	require.NoDirExists(t, filepath.Join(k.paths().Work, "journal"))
}

func TestWorkersHaveNoJournal(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	k.Order.Journal.Needed = false
	require.NoError(t, k.prepare())
	require.NoFileExists(t, k.paths().Marker)
	require.False(t, k.Instance.JournalFormatted())
}
