package plugintest

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/alluxio-mesos/alluxio-mesos/plugins"
	"github.com/alluxio-mesos/alluxio-mesos/plugins/plugintest/suite"
)

// fakeFile is the test binary under the name of a fake.
func fakeFile(t *testing.T, prefix, fault string) string {
	t.Helper()
	self, err := os.Executable()
	require.NoError(t, err)
	path := filepath.Join(t.TempDir(), prefix+fault)
	require.NoError(t, os.Symlink(self, path))
	return path
}

func TestAGoodFetcherIsVerified(t *testing.T) {
	t.Parallel()
	VerifyTest(t, suite.Options{Path: fakeFile(t, fakePrefix, Good), Config: map[string]string{"env": raceEnv}})
}

// TestBadPluginsFailVerify holds each fault against the check that finds it, and what it
// says. Nothing of a bad plugin may stay, either.
func TestBadPluginsFailVerify(t *testing.T) {
	t.Parallel()
	cases := []struct{ fault, check, why string }{
		{HangAtStart, "starts in time", "it did not say within 1s how to reach it"},
		{Garbage, "handshake", `its first line on stdout is "Welcome to my plugin!"`},
		{ExitAtStart, "starts in time", "cannot find my licence"},
		{OldContract, "contract version", "made for contract 0, and this host speaks contract 1"},
		{NewContract, "contract version", "made for contract 2, and this host speaks contract 1"},
		{WrongInfo, "info", "names contract 7"},
		{BadConfig, "init", "colour: no such key"},
		{HangAtEnd, "shutdown", "did not return within 3s"},
		{DieOnce, "whole", "signal: killed"},
		{DieAlways, "whole", "I never was much good"},
		{StallOnce, "whole", "no progress came for"},
		{FreezeOnce, "whole", "no progress came for"},
		{ChangedOnce, "another goes on", "the source is another now"},
		{Flood, "stderr", "slows fetches down"},
		{Overclaim, "whole", "when the file had"},
		{Truncate, "whole", "bytes, not"},
		{Corrupt, "whole", "other bytes than the source"},
		{Orphan, "whole", "signal: killed"},
		{InPlace, "whole", "bytes, not"},
	}
	for _, c := range cases {
		t.Run(c.fault, func(t *testing.T) {
			t.Parallel()
			o := suite.Options{Path: fakeFile(t, fakePrefix, c.fault), Config: map[string]string{"env": raceEnv}, StartTimeout: 20 * time.Second, StallTimeout: 2 * time.Second}
			if c.fault == HangAtStart {
				o.StartTimeout = time.Second
			}
			result, err := suite.Verify(t.Context(), o)
			require.NoError(t, err)
			failed := failures(result)
			require.Contains(t, strings.Join(failed, "\n"), c.check+": ", "%s", failed)
			require.Contains(t, strings.Join(failed, "\n"), c.why)
			t.Logf("%.200s", failed[0])
		})
	}
}

func failures(r suite.Result) []string {
	var all []string
	for _, v := range r.Verdicts {
		if v.Outcome == suite.Failed {
			all = append(all, fmt.Sprintf("%s: %s", v.Check, v.Why))
		}
	}
	return all
}

func TestBadRamdisksFailVerify(t *testing.T) {
	t.Parallel()
	for fault, check := range map[string]string{HangInCall: "mount: ", DieOnce: "mount: "} {
		t.Run(fault, func(t *testing.T) {
			t.Parallel()
			result, err := suite.Verify(t.Context(), suite.Options{
				Path: fakeFile(t, fakeRamdiskPrefix, fault), Config: map[string]string{"env": raceEnv},
			})
			require.NoError(t, err)
			require.Contains(t, strings.Join(failures(result), "\n"), check)
		})
	}
}

func TestVerifyNeedsANameAndAFile(t *testing.T) {
	t.Parallel()
	_, err := suite.Verify(t.Context(), suite.Options{Path: filepath.Join(t.TempDir(), "none")})
	require.ErrorContains(t, err, "cannot find the plugin")
	path := filepath.Join(t.TempDir(), "Shelf.py")
	require.NoError(t, os.WriteFile(path, []byte("#!/bin/sh\n"), 0o600))
	_, err = suite.Verify(t.Context(), suite.Options{Path: path})
	require.ErrorContains(t, err, "or say --kind and --name")
	result, err := suite.Verify(t.Context(), suite.Options{Path: path, Kind: plugins.KindFetcher, Name: "shelf"})
	require.NoError(t, err)
	require.Contains(t, strings.Join(failures(result), "\n"), "executable: it may not be executed; chmod +x")
}
