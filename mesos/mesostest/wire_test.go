package mesostest_test

import (
	"bufio"
	"encoding/json"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/alluxio-mesos/alluxio-mesos/mesos"
	"github.com/alluxio-mesos/alluxio-mesos/mesos/mesostest"
)

type object = map[string]any

// post sends JSON, or what it is given, and returns status, body and headers.
func post(t *testing.T, url, contentType string, headers map[string]string, body any) (int, string) {
	t.Helper()
	text, ok := body.(string)
	if !ok {
		encoded, err := json.Marshal(body)
		require.NoError(t, err)
		text = string(encoded)
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, strings.NewReader(text))
	require.NoError(t, err)
	req.Header.Set("Content-Type", contentType)
	req.Header.Set("Accept", "application/json")
	for name, value := range headers {
		req.Header.Set(name, value)
	}
	req.Close = true
	resp, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	return resp.StatusCode, strings.TrimSpace(string(answer))
}

// TestWrongCalls: both answer alike to what is not a right call.
func TestWrongCalls(t *testing.T) {
	t.Parallel()
	mesostest.Each(t, mesostest.Options{}, func(t *testing.T, c *mesostest.Cluster) {
		const jsonType = "application/json"
		f := connect(t, c)
		g := connect(t, c)
		require.NoError(t, g.Close())
		eventually(t, "the master notices", func() bool {
			known, ok := c.State(t).Framework(g.id)
			return ok && !known.Connected
		})
		url := "http://" + c.Address() + "/api/v1/scheduler"
		id := func(id mesos.FrameworkID) object { return object{"value": string(id)} }
		revive := object{"type": "REVIVE", "framework_id": id(f.id)}
		for _, one := range []struct {
			name    string
			path    string
			kind    string
			headers map[string]string
			body    any
			code    int
			text    string
		}{
			{"no content type known", url, "text/plain", nil, revive, 415, ""},
			{"not JSON", url, jsonType, nil, "{", 400, ""},
			{"not protobuf", url, "application/x-protobuf", nil, "x", 400, ""},
			{"no framework", url, jsonType, nil, object{"type": "REVIVE"}, 400, "Expecting 'framework_id' to be present"},
			{"unknown framework", url, jsonType, nil, object{"type": "REVIVE", "framework_id": id("none")}, 400, "Framework cannot be found"},
			{"disconnected framework", url, jsonType, nil, object{"type": "REVIVE", "framework_id": id(g.id)}, 403, "Framework is not subscribed"},
			{"no stream id", url, jsonType, nil, revive, 400, "All non-subscribe calls should include the 'Mesos-Stream-Id' header"},
			{"another stream id", url, jsonType, map[string]string{"Mesos-Stream-Id": "6f4a0c8e-0000-4000-8000-000000000000"}, revive, 400, "didn't match the stream ID currently associated with framework ID"},
			{"with the prefix", strings.Replace(url, "/api", "/master/api", 1), jsonType, nil, revive, 400, "All non-subscribe calls"},
			{"call without its part", url, jsonType, nil, object{"type": "KILL", "framework_id": id(f.id)}, 400, ""},
			{"framework ids that differ", url, jsonType, nil, object{
				"type": "SUBSCRIBE", "framework_id": id(f.id), "subscribe": object{"framework_info": object{"user": "root", "name": "n"}},
			}, 400, ""},
		} {
			code, text := post(t, one.path, one.kind, one.headers, one.body)
			require.Equal(t, one.code, code, "%s: %s", one.name, text)
			require.Contains(t, text, one.text, one.name)
		}
	})
}

// TestWrongExecutorCalls does the same for agents.
func TestWrongExecutorCalls(t *testing.T) {
	t.Parallel()
	mesostest.Each(t, mesostest.Options{}, func(t *testing.T, c *mesostest.Cluster) {
		f := connect(t, c)
		task, s := f.run("env")
		var env []string
		require.NoError(t, json.Unmarshal(s.Data, &env))
		var endpoint string
		for _, v := range env {
			if value, ok := strings.CutPrefix(v, "MESOS_AGENT_ENDPOINT="); ok {
				endpoint = value
			}
		}
		call := func(kind string, more object) object {
			out := object{"type": kind, "framework_id": object{"value": string(f.id)}, "executor_id": object{"value": string(task.Executor.ID)}}
			for k, v := range more {
				out[k] = v
			}
			return out
		}
		update := func(change object) object {
			status := object{
				"task_id": object{"value": string(task.ID)}, "executor_id": object{"value": string(task.Executor.ID)},
				"state": "TASK_RUNNING", "source": "SOURCE_EXECUTOR", "uuid": "AAAAAAAAQACAAAAAAAAAAA==",
			}
			for k, v := range change {
				status[k] = v
			}
			return call("UPDATE", object{"update": object{"status": status}})
		}
		for _, one := range []struct {
			name string
			body object
			code int
		}{
			{"unknown framework", call("MESSAGE", object{"framework_id": object{"value": "none"}, "message": object{"data": ""}}), 400},
			{"unknown executor", call("MESSAGE", object{"executor_id": object{"value": "none"}, "message": object{"data": ""}}), 400},
			{"subscription of an unknown executor", call("SUBSCRIBE", object{"executor_id": object{"value": "none"}, "subscribe": object{}}), 400},
			{"uuid", update(object{"uuid": "AAAA"}), 400},
			{"uuid that is not RFC 4122", update(object{"uuid": "AAAAAAAAAAAAAAAAAAAAAA=="}), 400},
			{"source", update(object{"source": "SOURCE_MASTER"}), 400},
			{"another executor", update(object{"executor_id": object{"value": "other"}}), 400},
			{"state", update(object{"state": "TASK_STAGING"}), 400},
			{"right", update(nil), 202},
		} {
			for _, prefix := range []string{"", "/slave(1)"} {
				code, text := post(t, "http://"+endpoint+prefix+"/api/v1/executor", "application/json", nil, one.body)
				require.Equal(t, one.code, code, "%s: %s", one.name, text)
			}
		}
	})
}

// TestJSON subscribes in the other encoding.
func TestJSON(t *testing.T) {
	t.Parallel()
	mesostest.Each(t, mesostest.Options{}, func(t *testing.T, c *mesostest.Cluster) {
		body := `{"type":"SUBSCRIBE","subscribe":{"framework_info":{"user":"nobody","name":"json","roles":["*"],"capabilities":[{"type":"MULTI_ROLE"}]}}}`
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+c.Address()+"/api/v1/scheduler", strings.NewReader(body))
		require.NoError(t, err)
		req.Header.Set("Content-Type", "application/json")
		req.Header.Set("Accept", "application/json")
		req.Close = true
		resp, err := http.DefaultClient.Do(req)
		require.NoError(t, err)
		defer resp.Body.Close()
		require.Equal(t, http.StatusOK, resp.StatusCode)
		require.NotEmpty(t, resp.Header.Get("Mesos-Stream-Id"))
		in := bufio.NewReader(resp.Body)
		subscribed := readJSON(t, in, "SUBSCRIBED")["subscribed"].(object)
		require.InDelta(t, 15, subscribed["heartbeat_interval_seconds"], 0)
		require.NotEmpty(t, subscribed["framework_id"].(object)["value"])
		require.Equal(t, "1.11.0", subscribed["master_info"].(object)["version"])
		offer := readJSON(t, in, "OFFERS")["offers"].(object)["offers"].([]any)[0].(object)
		require.Equal(t, "127.0.0.11", offer["hostname"])
		require.Equal(t, "*", offer["allocation_info"].(object)["role"])
		// Without RESERVATION_REFINEMENT each resource names its role.
		for _, r := range offer["resources"].([]any) {
			require.Equal(t, "*", r.(object)["role"])
		}
	})
}

// readJSON reads events until one is of the type.
func readJSON(t *testing.T, in *bufio.Reader, kind string) object {
	t.Helper()
	for {
		head, err := in.ReadString('\n')
		require.NoError(t, err)
		n, err := strconv.Atoi(strings.TrimSpace(head))
		require.NoError(t, err)
		frame := make([]byte, n)
		_, err = io.ReadFull(in, frame)
		require.NoError(t, err)
		event := object{}
		require.NoError(t, json.Unmarshal(frame, &event), string(frame))
		if event["type"] == kind {
			return event
		}
	}
}
