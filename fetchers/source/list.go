package source

import (
	"errors"
	"fmt"
	"strings"

	"github.com/alluxio-mesos/alluxio-mesos/fetchers/redact"
)

// maxMirrors bounds a list: more are a mistake.
const maxMirrors = 16

// ParseList reads one source, or several of the same software, separated by spaces or by a
// comma and a space: mirrors, to be tried in that order.
func ParseList(s string) ([]Source, error) {
	parts := split(s)
	if len(parts) <= 1 {
		one, err := Parse(strings.Join(parts, ""))
		if err != nil {
			return nil, err
		}
		return []Source{one}, nil
	}
	if len(parts) > maxMirrors {
		return nil, fmt.Errorf("cannot read sources: these are %d, and no more than %d are tried", len(parts), maxMirrors)
	}
	var list []Source
	for _, part := range parts {
		one, err := Parse(part)
		if err == nil && one.Scheme == "local" {
			err = errors.New("cannot read sources: LOCAL stands alone; software on the node has no mirrors")
		}
		if err != nil {
			return nil, err
		}
		list = append(list, one)
	}
	return list, nil
}

func split(s string) []string {
	var parts []string
	fields := strings.Fields(s)
	for i, part := range fields {
		if i < len(fields)-1 {
			part = strings.TrimSuffix(part, ",")
		}
		if part != "" {
			parts = append(parts, part)
		}
	}
	return parts
}

// Show is a list of sources, as it was written, without credentials. It takes what is no
// source, too.
func Show(s string) string {
	parts := split(s)
	if len(parts) <= 1 {
		return redact.URL(s)
	}
	for i, part := range parts {
		parts[i] = redact.URL(part)
	}
	return strings.Join(parts, ", ")
}
