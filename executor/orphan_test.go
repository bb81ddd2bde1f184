package executor

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"github.com/alluxio-mesos/alluxio-mesos/executor/internal/standin"
	"github.com/alluxio-mesos/alluxio-mesos/mesos"
	"github.com/alluxio-mesos/alluxio-mesos/plugins/host"
	launchv1 "github.com/alluxio-mesos/alluxio-mesos/proto/launch/v1"
)

// orphanVariable makes the test binary an executor in a process of its own, to be killed.
// It holds the launch message; the other folders come in further variables.
const orphanVariable = "EXECUTOR_TEST_LAUNCH"

func marshal(t testing.TB, m *launchv1.Launch) []byte {
	t.Helper()
	data, err := proto.Marshal(m)
	require.NoError(t, err)
	return data
}

// playExecutor runs one task and prints the pid of its process once it serves.
func playExecutor() {
	var m launchv1.Launch
	fail := func(err error) {
		if err != nil {
			fmt.Println(err)
			os.Exit(3)
		}
	}
	fail(protojson.Unmarshal([]byte(os.Getenv(orphanVariable)), &m))
	data, err := proto.Marshal(&m)
	fail(err)
	a := newAgent()
	go func() {
		a.events <- mesos.ExecutorSubscribed{}
		a.events <- mesos.LaunchTask{Task: mesos.TaskInfo{ID: "t1", Data: data}}
		for {
			all, news := a.all()
			if last := len(all) - 1; last >= 0 && all[last].State == mesos.TaskRunning {
				var r launchv1.Report
				fail(proto.Unmarshal(all[last].Data, &r))
				fmt.Println("pid", r.GetPid())
			} else if last >= 0 && all[last].State.Terminal() {
				fmt.Println(all[last].Message)
			}
			<-news
		}
	}()
	h := &standin.Host{AlluxioDir: os.Getenv("HOME_DIR"), JavaDir: os.Getenv("JAVA_DIR"), Disk: &standin.Ramdisk{}}
	fail(Run(context.Background(), Config{
		Mesos: a, NewHost: func(host.Config) (Host, error) { return h, nil },
		Sandbox: os.Getenv("SANDBOX"), Env: MinimalEnv(os.Getenv),
	}))
}

func TestKillingTheExecutorLeavesNoProcessAndTheNextOneTakesOver(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	m, err := protojson.Marshal(k.master(nil))
	require.NoError(t, err)
	self, err := os.Executable()
	require.NoError(t, err)
	other := exec.Command(self)
	other.Env = append(os.Environ(), orphanVariable+"="+string(m), "SANDBOX="+t.TempDir(),
		"HOME_DIR="+k.host.AlluxioDir, "JAVA_DIR="+k.host.JavaDir)
	out, err := other.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, other.Start())
	t.Cleanup(func() { _ = other.Process.Kill(); _ = other.Wait() })
	line, err := bufio.NewReader(out).ReadString('\n')
	require.NoError(t, err)
	pid, err := strconv.Atoi(strings.TrimPrefix(strings.TrimSpace(line), "pid "))
	require.NoError(t, err, line)

	require.NoError(t, other.Process.Kill())
	require.Eventually(t, func() bool {
		stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		return err != nil || strings.Contains(string(stat), ") Z ")
	}, 10*time.Second, 5*time.Millisecond)

	k.launch("t1", k.master(func(m *launchv1.Launch) { m.Journal.Expected = true }))
	_, r := k.agent.state(t, "t1", mesos.TaskRunning)
	require.NotEqual(t, int64(pid), r.GetPid())
	require.NoError(t, syscall.Kill(int(r.GetPid()), 0))
}
