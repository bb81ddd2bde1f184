package alluxio

import (
	_ "embed" // the table of removed keys
	"fmt"
	"strings"
)

// alias pairs a name of Alluxio 1.8 with the one it has since 2.0. Alluxio 2.9 itself still takes these names, and more
// of them; here are those that the framework has to understand.
type alias struct{ old, new string }

func aliases() []alias {
	return []alias{
		{"alluxio.master.port", "alluxio.master.rpc.port"},
		{"alluxio.worker.port", "alluxio.worker.rpc.port"},
		{"alluxio.underfs.address", "alluxio.master.mount.table.root.ufs"},
		{"alluxio.worker.memory.size", "alluxio.worker.ramdisk.size"},
	}
}

// otherName returns the other name of a property that has two.
func otherName(key string) string {
	for _, a := range aliases() {
		switch key {
		case a.old:
			return a.new
		case a.new:
			return a.old
		}
	}
	return ""
}

// removedKeys lists the properties that Alluxio 2.9.6 calls removed (its RemovedKey class): name, version, successor.
//
//go:embed removed_keys.txt
var removedKeys string

// Canonical gives every property the name that version v uses, takes out what v no longer knows (Alluxio would keep it
// in silence, without effect), and returns notes on both for the operator. Properties of 1.x stay as they are.
func Canonical(p Properties, v Version) (Properties, []string) {
	named := p.Clone()
	if !v.AtLeast(2, 0) {
		return named, nil
	}
	notes := rename(&named)
	for _, row := range strings.Split(strings.TrimSpace(removedKeys), "\n") {
		fields := append(strings.Fields(row), "")
		key, successor := fields[0], fields[2]
		since, err := ParseVersion(fields[1])
		if _, set := named.Get(key); !set || err != nil || !v.AtLeast(since.Major, since.Minor) {
			continue
		}
		named.Delete(key)
		note := fmt.Sprintf("%s has no effect since Alluxio %s and is left out", key, since)
		if successor != "" {
			note += ": use " + successor
		}
		notes = append(notes, note)
	}
	return named, notes
}

func rename(p *Properties) (notes []string) {
	for _, a := range aliases() {
		value, set := p.Get(a.old)
		if !set {
			continue
		}
		if _, both := p.Get(a.new); both {
			notes = append(notes, fmt.Sprintf("%s is not used: it is the old name of %s, which is set too", a.old, a.new))
			p.Delete(a.old)
			continue
		}
		p.rename(a.old, a.new, value)
		notes = append(notes, fmt.Sprintf("%s is called %s since Alluxio 2.0", a.old, a.new))
	}
	return notes
}

// rename gives the pair of the key old a new key, in its place.
func (p *Properties) rename(old, key, value string) {
	delete(p.values, old)
	p.values[key] = value
	for i := range p.keys {
		if p.keys[i] == old {
			p.keys[i] = key
		}
	}
}
