package executor

import (
	"context"
	"errors"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"

	"github.com/alluxio-mesos/alluxio-mesos/mesos"
	"github.com/alluxio-mesos/alluxio-mesos/plugins/host"
	launchv1 "github.com/alluxio-mesos/alluxio-mesos/proto/launch/v1"
)

// order sends an order to swap the http fetcher.
func (k *kit) order(id, digest string) {
	k.t.Helper()
	data, err := proto.Marshal(&launchv1.Order{Contract: 1, Id: id, Swap: &launchv1.Swap{Plugins: []*launchv1.Plugin{
		{Kind: "fetcher", Name: "http", Sha256: digest, Url: "http://scheduler/http", Size: 7, Config: map[string]string{"key": "value"}},
	}}})
	require.NoError(k.t, err)
	k.tell(mesos.ExecutorMessage{Data: data})
}

// answer is the next message to the scheduler.
func (k *kit) answer() *launchv1.Answer {
	k.t.Helper()
	select {
	case data := <-k.agent.messages:
		answer := &launchv1.Answer{}
		require.NoError(k.t, proto.Unmarshal(data, answer))
		require.Equal(k.t, uint32(1), answer.GetContract())
		return answer
	case <-time.After(30 * time.Second):
		k.t.Fatal("no answer")
		return nil
	}
}

func TestSwapsAreDoneOnceInOrderAndAnsweredEachTime(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	asked, goOn := make(chan host.Plugin, 8), make(chan error)
	k.host.SwapFunc = func(_ context.Context, p []host.Plugin) []host.Swapped {
		asked <- p[0]
		one := host.Swapped{Kind: "fetcher", Name: "http", From: "old", To: p[0].SHA256, Version: "v2"}
		if one.Err = <-goOn; one.Err != nil {
			one.To = "old"
		}
		return []host.Swapped{one}
	}
	k.launch("t1", k.master(nil))
	_, r := k.agent.state(t, "t1", mesos.TaskRunning)

	k.order("o1", "new")
	want := host.Plugin{Kind: "fetcher", Name: "http", SHA256: "new", URL: "http://scheduler/http", Size: 7, Config: map[string]string{"key": "value"}}
	require.Equal(t, want, <-asked)
	k.order("o1", "new") // sent again, since no answer came yet
	k.order("o2", "broken")
	k.order("o2", "broken")
	goOn <- nil
	answer := k.answer()
	require.Equal(t, "o1", answer.GetId())
	require.Equal(t, map[string]string{"fetcher-local": "abc"}, answer.GetPlugins())
	require.Len(t, answer.GetSwapped(), 1)
	require.True(t, proto.Equal(&launchv1.Swapped{Kind: "fetcher", Name: "http", From: "old", To: "new", Version: "v2"}, answer.GetSwapped()[0]))

	require.Equal(t, "broken", (<-asked).SHA256)
	goOn <- errors.New("it ended without a word: " + strings.Repeat("x", 4000))
	answer = k.answer()
	require.Equal(t, "o2", answer.GetId())
	require.Contains(t, answer.GetSwapped()[0].GetError(), "it ended without a word")
	require.Less(t, len(answer.GetSwapped()[0].GetError()), 2000, "a message must not carry a whole log")
	require.Equal(t, "old", answer.GetSwapped()[0].GetTo())

	// The answer to the first was lost.
	k.order("o1", "new")
	require.Equal(t, "o1", k.answer().GetId())
	require.Empty(t, asked, "nothing was done twice")

	k.tell(mesos.ExecutorMessage{Data: []byte("what a newer scheduler may say")})
	later, err := proto.Marshal(&launchv1.Order{Contract: 2, Id: "o3", Swap: &launchv1.Swap{}})
	require.NoError(t, err)
	k.tell(mesos.ExecutorMessage{Data: later})
	require.NoError(t, syscall.Kill(int(r.GetPid()), 0), "the process ran on through all of it")
	require.Equal(t, []mesos.TaskState{mesos.TaskStarting, mesos.TaskRunning}, k.agent.states("t1"))
}

// An executor that only waits for its first task has nothing to swap, and says so.
func TestSwapBeforeTheFirstTask(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	k.order("o1", "new")
	require.Contains(t, k.answer().GetSwapped()[0].GetError(), "no task was accepted here yet")
}

// A swap that hangs holds up no end.
func TestShutdownInTheMiddleOfASwap(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	begun := make(chan struct{})
	k.host.SwapFunc = func(ctx context.Context, _ []host.Plugin) []host.Swapped {
		close(begun)
		<-ctx.Done()
		return nil
	}
	k.launch("t1", k.master(nil))
	k.agent.state(t, "t1", mesos.TaskRunning)
	k.order("o1", "new")
	<-begun
	k.tell(mesos.ExecutorShutdown{Grace: 30 * time.Second})
	require.NoError(t, k.end())
}

// What the plugin host notices by itself, such as a plugin that gave way to the older one, becomes known.
func TestNoticesOfThePluginHost(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	k.launch("t1", k.master(nil))
	k.agent.state(t, "t1", mesos.TaskRunning)
	k.made[0].Notice("fetcher-http: back to the older one")
	answer := k.answer()
	require.Empty(t, answer.GetId())
	require.Equal(t, map[string]string{"fetcher-local": "abc"}, answer.GetPlugins())
}
