package plugintest

import (
	"testing"

	"github.com/alluxio-mesos/alluxio-mesos/plugins/plugintest/suite"
)

// VerifyTest runs all that "alluxio-mesos plugins verify" runs, each check as a subtest.
func VerifyTest(t *testing.T, o suite.Options) {
	t.Helper()
	result, err := suite.Verify(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range result.Verdicts {
		t.Run(v.Check, func(t *testing.T) {
			switch v.Outcome {
			case suite.Failed:
				t.Error(v.Why)
			case suite.Skipped:
				t.Skip(v.Why)
			case suite.Passed:
				if v.Why != "" {
					t.Log(v.Why)
				}
			}
		})
	}
}
