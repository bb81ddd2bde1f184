package freeports

import (
	"net"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAFreeWishIsGrantedAndATakenOneIsNot(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", ":0")
	require.NoError(t, err)
	defer l.Close()
	busy := l.Addr().(*net.TCPAddr).Port
	wish, err := Find(1, nil, nil)
	require.NoError(t, err)

	got, err := Find(3, []int{busy, wish[0]}, nil)
	require.NoError(t, err)
	require.Len(t, got, 3)
	require.NotContains(t, got, busy)
	require.Contains(t, got, wish[0])
	require.IsIncreasing(t, got)
}

func TestTakenPortsAreNotGivenAgain(t *testing.T) {
	t.Parallel()
	first, err := Find(4, nil, nil)
	require.NoError(t, err)
	second, err := Find(4, first, first)
	require.NoError(t, err)
	for _, port := range second {
		require.NotContains(t, first, port)
	}
}
