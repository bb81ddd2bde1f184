package standin

import (
	"strconv"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/alluxio-mesos/alluxio-mesos/internal/freeports"
)

// given are the ports that tests of this process got: the next one gets others, even
// while nobody listens on them yet.
var given struct {
	sync.Mutex
	ports []int
}

// Ports gives n free ports to a test, for itself.
func Ports(t testing.TB, n int) []string {
	t.Helper()
	given.Lock()
	defer given.Unlock()
	found, err := freeports.Find(n, nil, given.ports)
	require.NoError(t, err)
	given.ports = append(given.ports, found...)
	var text []string
	for _, port := range found {
		text = append(text, strconv.Itoa(port))
	}
	return text
}
