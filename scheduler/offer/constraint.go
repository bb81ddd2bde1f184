package offer

import (
	"fmt"
	"slices"
	"strings"

	"github.com/alluxio-mesos/alluxio-mesos/mesos"
)

// Constraint is a condition on an agent: an attribute (or "hostname") must, or must not, have a value.
type Constraint struct {
	Attribute, Value string
	Not              bool
}

// String is the constraint as it is written.
func (c Constraint) String() string {
	if c.Not {
		return c.Attribute + "!=" + c.Value
	}
	return c.Attribute + "==" + c.Value
}

// ParseConstraints reads "attr==value,attr!=value": all of them must hold.
func ParseConstraints(text string) ([]Constraint, error) {
	var constraints []Constraint
	for _, part := range strings.Split(text, ",") {
		part = strings.TrimSpace(part)
		if part == "" {
			continue
		}
		c, err := parseConstraint(part)
		if err != nil {
			return nil, err
		}
		constraints = append(constraints, c)
	}
	return constraints, nil
}

func parseConstraint(text string) (Constraint, error) {
	for _, operator := range []string{"==", "!="} {
		name, value, ok := strings.Cut(text, operator)
		name, value = strings.TrimSpace(name), strings.TrimSpace(value)
		if ok && name != "" && value != "" {
			return Constraint{Attribute: name, Value: value, Not: operator == "!="}, nil
		}
	}
	return Constraint{}, fmt.Errorf("%q is no condition: write attribute==value or attribute!=value, joined by commas", text)
}

// holds says whether the agent of an offer meets the constraint. An attribute that the agent lacks differs from every
// value; one that it has several times must have the value once.
func (c Constraint) holds(host string, attributes []mesos.Attribute) bool {
	if c.Attribute == "hostname" {
		return (host == c.Value) != c.Not
	}
	has := slices.Contains(attributes, mesos.Attribute{Name: c.Attribute, Value: c.Value})
	return has != c.Not
}
