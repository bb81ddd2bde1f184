package alluxio

import (
	"maps"
	"slices"
)

// Properties is an ordered set of key=value pairs, as a site file holds them. The zero value is empty and usable. It is
// a value: a change to a copy does not show in the original.
type Properties struct {
	keys   []string
	values map[string]string
}

// FromMap returns the pairs of m, sorted by key.
func FromMap(m map[string]string) Properties {
	var p Properties
	for _, key := range slices.Sorted(maps.Keys(m)) {
		p.put(key, m[key])
	}
	return p
}

// Set gives key a value. A new key goes last, a known one keeps its place.
func (p *Properties) Set(key, value string) {
	*p = p.Clone()
	p.put(key, value)
}

// put is Set where nobody else can hold a copy yet.
func (p *Properties) put(key, value string) {
	if p.values == nil {
		p.values = map[string]string{}
	}
	if _, known := p.values[key]; !known {
		p.keys = append(p.keys, key)
	}
	p.values[key] = value
}

// Get returns the value of key as it was written, with ${...} in it, and whether there is one.
func (p Properties) Get(key string) (string, bool) {
	value, ok := p.values[key]
	return value, ok
}

// Delete removes key, if it is there.
func (p *Properties) Delete(key string) {
	if _, known := p.values[key]; !known {
		return
	}
	*p = p.Clone()
	delete(p.values, key)
	p.keys = slices.DeleteFunc(p.keys, func(k string) bool { return k == key })
}

// Keys returns the keys in their order.
func (p Properties) Keys() []string { return slices.Clone(p.keys) }

// Map returns the pairs as a new map.
func (p Properties) Map() map[string]string {
	m := make(map[string]string, len(p.keys))
	maps.Copy(m, p.values)
	return m
}

// Clone returns a copy that shares nothing with p.
func (p Properties) Clone() Properties {
	return Properties{keys: slices.Clone(p.keys), values: maps.Clone(p.values)}
}

// Len returns the number of keys.
func (p Properties) Len() int { return len(p.keys) }

// Merge returns base with the pairs of over set on it.
func Merge(base, over Properties) Properties {
	merged := base.Clone()
	for _, key := range over.keys {
		merged.put(key, over.values[key])
	}
	return merged
}
