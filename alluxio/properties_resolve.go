package alluxio

import (
	"fmt"
	"slices"
	"strings"
)

// Resolve returns the value of key with every ${other} in it replaced by the value of that property, and without the
// blanks around it, which Alluxio cuts off too. A property that is not in p has the default that this package knows
// of (see defaults). A reference to a property without a value, or round in a circle, is an error.
func (p Properties) Resolve(key string) (string, bool, error) {
	value, ok := p.orDefault(key)
	if !ok {
		return "", false, nil
	}
	value, err := p.expand(value, []string{key})
	if err != nil {
		return "", false, fmt.Errorf("cannot resolve %s: %w", key, err)
	}
	return strings.TrimSpace(value), true, nil
}

// orDefault looks a property up under both of its names, as Alluxio does.
func (p Properties) orDefault(key string) (string, bool) {
	other := otherName(key)
	if value, ok := p.values[key]; ok {
		return value, true
	}
	if value, ok := p.values[other]; ok {
		return value, true
	}
	if value, ok := defaultValue(key); ok {
		return value, true
	}
	return defaultValue(other)
}

// expand replaces the references in text. path is the chain of keys that led here.
func (p Properties) expand(text string, path []string) (string, error) {
	var b strings.Builder
	for {
		before, key, after, found := cutReference(text)
		b.WriteString(before)
		if !found {
			return b.String(), nil
		}
		if slices.Contains(path, key) {
			return "", fmt.Errorf("it refers to itself: %s", strings.Join(append(path, key), " -> "))
		}
		value, ok := p.orDefault(key)
		if !ok {
			return "", fmt.Errorf("${%s} in %s has no value: set %s, or write the value out", key, path[len(path)-1], key)
		}
		value, err := p.expand(value, append(slices.Clone(path), key))
		if err != nil {
			return "", err
		}
		b.WriteString(strings.TrimSpace(value))
		text = after
	}
}

// cutReference cuts text around its first ${key}.
func cutReference(text string) (before, key, after string, found bool) {
	for from := 0; ; {
		start := strings.Index(text[from:], "${")
		if start < 0 {
			return text, "", "", false
		}
		start += from
		end := strings.IndexAny(text[start+2:], "{}")
		if end >= 0 && text[start+2+end] == '}' {
			return text[:start], text[start+2 : start+2+end], text[start+2+end+1:], true
		}
		from = start + 2
	}
}
