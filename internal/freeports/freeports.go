// Package freeports finds ports of this machine that nobody listens on, for an
// embedded agent to offer. A port that is free now may be taken by the time it is
// used; they are looked for below the range from which the kernel takes ports of
// outgoing connections, so that only another server can do that.
package freeports

import (
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"slices"
	"strconv"
)

const (
	lowest = 20000
	// Where /proc does not say: the kernel's own default (ip-sysctl, ip_local_port_range).
	outgoing = 32768
)

// Find gives n free ports in ascending order: those of wish that are free, and then
// any others, none of them in taken.
func Find(n int, wish []int, taken []int) ([]int, error) {
	var found []int
	try := func(port int) {
		if len(found) < n && !slices.Contains(taken, port) && !slices.Contains(found, port) && free(port) {
			found = append(found, port)
		}
	}
	for _, port := range wish {
		try(port)
	}
	span := max(firstOutgoing()-lowest, n)
	// A random start keeps two programs that look at the same time apart.
	start := rand.IntN(span)
	for i := range span {
		try(lowest + (start+i)%span)
	}
	if len(found) < n {
		return nil, fmt.Errorf("cannot find %d free ports between %d and %d: only %d are", n, lowest, lowest+span, len(found))
	}
	slices.Sort(found)
	return found, nil
}

func free(port int) bool {
	l, err := net.Listen("tcp", ":"+strconv.Itoa(port))
	if err != nil {
		return false
	}
	return l.Close() == nil
}

func firstOutgoing() int {
	text, err := os.ReadFile("/proc/sys/net/ipv4/ip_local_port_range")
	if err != nil {
		return outgoing
	}
	var first, last int
	if _, err := fmt.Sscan(string(text), &first, &last); err != nil || first <= lowest {
		return outgoing
	}
	return first
}
