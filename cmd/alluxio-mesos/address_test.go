package main

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// A password in the address is in no argument of the scheduler, and arrives all the same.
func TestAddressIsPassedOn(t *testing.T) {
	t.Parallel()
	for _, address := range []string{"10.0.0.1:5050", "zk://a:2181,b:2181/mesos", "zk://me:hunter2@a:2181/mesos"} {
		argument, input := passedOn(address)
		require.NotContains(t, argument, "hunter2")
		got, err := mesosAddress(strings.NewReader(input), argument)
		require.NoError(t, err)
		require.Equal(t, address, got)
	}
	_, err := mesosAddress(strings.NewReader("\n"), fromStdin)
	require.ErrorContains(t, err, "cannot read the address of Mesos from standard input: it is empty")
}
