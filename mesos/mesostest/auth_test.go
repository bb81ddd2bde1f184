package mesostest_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/alluxio-mesos/alluxio-mesos/mesos"
	"github.com/alluxio-mesos/alluxio-mesos/mesos/mesostest"
	v1 "github.com/alluxio-mesos/alluxio-mesos/mesos/v1"
)

// What the embedded Mesos does not have is tested on a real one alone.

func withSecret(principal, secret string) clientOption {
	return func(c *v1.SchedulerConfig) { c.Principal, c.Secret = principal, secret }
}

func TestAuthentication(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	key, operators := filepath.Join(dir, "key"), filepath.Join(dir, "operators")
	require.NoError(t, os.WriteFile(key, []byte("a key for executors' tokens"), 0o600))
	// Without anyone for its own pages an agent that wants tokens does not start.
	require.NoError(t, os.WriteFile(operators, []byte(`{"credentials":[{"principal":"probe","secret":"secret"}]}`), 0o600))
	c := mesostest.Real(t, mesostest.Options{Auth: true, Env: []string{
		"MESOS_AUTHENTICATE_HTTP_EXECUTORS=true", "MESOS_JWT_SECRET_KEY=" + key, "MESOS_HTTP_CREDENTIALS=" + operators,
	}})
	nobody := dial(t, c)
	require.Contains(t, await(nobody, func(mesos.Failed) bool { return true }).Message, "401")
	wrong := dial(t, c, withSecret("probe", "wrong"))
	require.Contains(t, await(wrong, func(mesos.Failed) bool { return true }).Message, "401")

	f := connect(t, c, withSecret("probe", "secret"))
	task, s := f.run("env")
	require.Contains(t, string(s.Data), "MESOS_EXECUTOR_AUTHENTICATION_TOKEN", "so the executor had to show it")
	f.do(mesos.Kill{Task: task.ID, Agent: task.Agent})
	f.status(task.ID, mesos.TaskKilled)
}
