package main

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestOutsideMesosItSaysWhatItIs(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		args []string
		env  map[string]string
		code int
		want string
	}{
		"by hand":             {nil, nil, 2, "It is started by Mesos"},
		"asked for help":      {[]string{"--help"}, nil, 0, "alluxio-mesos --help"},
		"half an environment": {nil, map[string]string{"MESOS_SANDBOX": "/s", "MESOS_EXECUTOR_ID": "e"}, 1, "MESOS_"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var out bytes.Buffer
			require.Equal(t, c.code, run(t.Context(), c.args, func(key string) string { return c.env[key] }, &out, &out))
			require.Contains(t, out.String(), c.want)
		})
	}
}
