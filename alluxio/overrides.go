package alluxio

import (
	"errors"
	"fmt"
	"strings"
)

// ParseOverrides reads properties given on a command line, each "-Dkey=value" or "key=value". The last of a key counts.
// All problems are reported together; none of them quotes a value.
func ParseOverrides(args []string) (Properties, error) {
	var p Properties
	var problems []error
	for i, arg := range args {
		key, value, found := strings.Cut(strings.TrimPrefix(arg, "-D"), "=")
		switch key = strings.TrimSpace(key); {
		case !found:
			problems = append(problems, fmt.Errorf(`override %d is not "key=value": give -Dkey=value`, i+1))
		case key == "":
			problems = append(problems, fmt.Errorf(`override %d has no key before "=": give -Dkey=value`, i+1))
		case strings.ContainsAny(key, " \t\r\n"):
			problems = append(problems, fmt.Errorf("override %d has blanks in its key: give -Dkey=value", i+1))
		default:
			p.put(key, value)
		}
	}
	return p, errors.Join(problems...)
}
