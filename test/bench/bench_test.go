// Package bench measures what a deployment adds to Alluxio itself: the time from LAUNCH
// to serving on the embedded Mesos with everything cached, against the same JVMs started
// by hand with everything in place; and what fetching costs: ours against a shell's
// pipeline and against go-getter. What is compared is measured in turns in one run, so that
// the ratio holds where the times do not. Run it with "make bench".
package bench

import (
	"bytes"
	"context"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/alluxio-mesos/alluxio-mesos/mesos/mesostest"
	"github.com/alluxio-mesos/alluxio-mesos/scheduler/client"
	"github.com/alluxio-mesos/alluxio-mesos/test/deploy"
)

const (
	limit = 2 * time.Minute
	poll  = 10 * time.Millisecond
)

func TestMain(m *testing.M) {
	if order := os.Getenv(orderVariable); order != "" {
		os.Exit(obey(order))
	}
	os.Exit(deploy.Main(m))
}

// BenchmarkLaunchToServing reports, for one master and one worker: seconds until both
// serve, deployed and by hand, and the ratio of the two.
func BenchmarkLaunchToServing(b *testing.B) {
	c := mesostest.Embedded(b, mesostest.Options{}) // one agent, with ports of its own
	d := deploy.New(b, c.Address())
	launchToServing(b, d) // unpacked, cached and formatted from here on
	d.Stop()

	var deployed, byHand time.Duration
	for b.Loop() {
		deployed += launchToServing(b, d)
		commands := commands(b, d)
		d.Stop()
		byHand += handToServing(b, commands)
		// Started by hand, the worker has its blocks in a plain folder.
		require.NoError(b, os.RemoveAll(d.Site[deploy.Prefix+"ramdisk.dir"]))
	}
	rounds := float64(b.N)
	b.ReportMetric(0, "ns/op") // what a loop takes says nothing
	b.ReportMetric(deployed.Seconds()/rounds, "s-deployed")
	b.ReportMetric(byHand.Seconds()/rounds, "s-by-hand")
	b.ReportMetric(deployed.Seconds()/byHand.Seconds(), "ratio")
}

// launchToServing starts the deployment and returns how long it took from the launch of
// the first task until all serve.
func launchToServing(b *testing.B, d *deploy.Deployment) time.Duration {
	b.Helper()
	d.Start()
	c, err := client.Open(filepath.Join(d.Home, ".alluxio-mesos", d.Name))
	require.NoError(b, err)
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	var launched time.Time
	for {
		s, err := c.Status(ctx)
		if err != nil {
			require.NoError(b, err, "%s\n%s", d.Run("status"), d.Log())
		}
		now := time.Now()
		if launched.IsZero() && len(s.Instances) > 0 && len(s.Instances[0].Tasks) > 0 {
			launched = now
		}
		if len(deploy.Serving(s)) == 2 {
			return now.Sub(launched)
		}
		<-time.After(poll)
	}
}

// command starts a JVM as its executor did, and probe tells whether it serves.
type command struct {
	args  []string
	probe string
}

// commands copies the command lines of the running JVMs, with the configuration that goes
// with the deployment.
func commands(b *testing.B, d *deploy.Deployment) []command {
	b.Helper()
	s, _ := d.Status()
	var all []command
	for _, instance := range s.Instances {
		task := instance.Tasks[0]
		jvm := d.Java(task.Process)[0]
		aside := filepath.Join(b.TempDir(), instance.Name)
		moved := []string{}
		for _, flag := range []string{"-Dalluxio.conf.dir=", "-Dalluxio.logs.dir=", "-Djava.io.tmpdir="} {
			from, to := argument(b, jvm.Args, flag), filepath.Join(aside, strings.Trim(flag, "-D="))
			require.NoError(b, os.CopyFS(to, os.DirFS(from)))
			moved = append(moved, from, to)
		}
		args := []string{jvm.Exe}
		for _, arg := range jvm.Args[1:] {
			args = append(args, strings.NewReplacer(moved...).Replace(arg))
		}
		all = append(all, command{args, "http://" + task.Addresses.Web + "/api/v1/" + task.Process + "/info"})
	}
	return all
}

func argument(b *testing.B, args []string, flag string) string {
	b.Helper()
	for _, arg := range args {
		if value, ok := strings.CutPrefix(arg, flag); ok {
			return value
		}
	}
	require.FailNow(b, "no argument", "%s in %v", flag, args)
	return ""
}

// handToServing starts the JVMs, all at once, and returns how long it took until all serve.
func handToServing(b *testing.B, commands []command) time.Duration {
	b.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	began := time.Now()
	var output bytes.Buffer
	for _, c := range commands {
		cmd := exec.CommandContext(ctx, c.args[0], c.args[1:]...)
		cmd.Stderr = &output
		cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
		require.NoError(b, cmd.Start())
		defer func() {
			_ = cmd.Process.Kill()
			_ = cmd.Wait()
		}()
	}
	for _, c := range commands {
		for !serves(ctx, c.probe) {
			require.NoError(b, ctx.Err(), "%s: %s", c.probe, &output)
			<-time.After(poll)
		}
	}
	return time.Since(began)
}

func serves(ctx context.Context, probe string) bool {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, probe, nil)
	if err != nil {
		return false
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return false
	}
	defer answer.Body.Close()
	return answer.StatusCode == http.StatusOK
}
