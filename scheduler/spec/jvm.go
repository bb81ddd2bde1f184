package spec

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/alluxio-mesos/alluxio-mesos/alluxio"
	"github.com/alluxio-mesos/alluxio-mesos/fetchers/redact"
)

// jvmOptions are the operator's own options, with what they say of memory.
type jvmOptions struct {
	words        []string
	heap, direct int64
}

func optionsKey(p alluxio.Process) string { return Prefix + string(p) + ".java.opts" }

func (o jvmOptions) lower(kind alluxio.Process) string {
	if o.heap == 0 && o.direct == 0 {
		return ""
	}
	return ", or lower what " + optionsKey(kind) + " asks for"
}

// with puts the plan for the memory before the operator's own options.
func (o jvmOptions) with(m Memory) []string {
	var all []string
	if o.heap == 0 {
		all = append(all, fmt.Sprintf("-Xmx%dm", m.Heap/MB))
	}
	if o.direct == 0 {
		all = append(all, fmt.Sprintf("-XX:MaxDirectMemorySize=%dm", m.Direct/MB))
	}
	return append(all, o.words...)
}

var (
	heapOption   = regexp.MustCompile(`^(?:-Xmx|-XX:MaxHeapSize=)`)
	directOption = regexp.MustCompile(`^-XX:MaxDirectMemorySize=`)
	jvmNumber    = regexp.MustCompile(`(?:-Xmx|=)(\d+[kKmMgGtT]?)$`)
	shareOption  = regexp.MustCompile(`^-XX:(Max|Min|Initial)RAM(Percentage|Fraction)=`)
	property     = regexp.MustCompile(`^-D([^=]+)=`)
	anyProperty  = regexp.MustCompile(`-D[^=\s"']+=("[^"]*"?|'[^']*'?|\S*)`)
)

// jvm reads PROCESS.java.opts.
func (r *reader) jvm(kind alluxio.Process) jvmOptions {
	key := optionsKey(kind)
	words, err := splitWords(r.text(key, ""))
	if err != nil {
		r.refuse(key, err.Error(), "close the quote")
	}
	o := jvmOptions{words: words}
	for _, word := range words {
		switch {
		case heapOption.MatchString(word):
			o.heap = r.jvmSize(key, word)
		case directOption.MatchString(word):
			o.direct = r.jvmSize(key, word)
		case shareOption.MatchString(word):
			r.refuse(key, word+" takes a share of the machine's memory, not of the task's", "use -Xmx, or leave it out")
		default:
			r.openOption(key, word)
		}
	}
	return o
}

// jvmSize reads a size as the JVM does: k, m, g and t are powers of 1024.
func (r *reader) jvmSize(key, word string) int64 {
	if number := jvmNumber.FindStringSubmatch(word); number != nil {
		if size, err := alluxio.ParseSize(strings.ToLower(number[1])); err == nil && size > 0 && size <= maxSize {
			return size
		}
	}
	r.refuse(key, word+" is no size that fits", "write a whole number and k, m or g, such as -Xmx512m, or leave it out")
	return 0
}

// openOption refuses an option that would show a secret: everybody can read a command line.
func (r *reader) openOption(key, word string) {
	option := property.FindStringSubmatch(word)
	switch {
	case option != nil && alluxio.IsSecret(option[1]):
		r.problem(fmt.Errorf("%s: -D%s would show a secret in the process list: set it in the site file", key, option[1]))
	case redact.Reveals(word):
		r.problem(fmt.Errorf("%s: %s would show what may be credentials in the process list: leave them out", key, redact.Text(word)))
	}
}

// hideOptions takes the values of secrets out of JVM options.
func hideOptions(options string) string {
	return anyProperty.ReplaceAllStringFunc(options, func(option string) string {
		if name, _, _ := strings.Cut(strings.TrimPrefix(option, "-D"), "="); alluxio.IsSecret(name) {
			return "-D" + name + "=" + alluxio.Hidden
		}
		return option
	})
}

// splitWords splits at blanks that are not in quotes.
func splitWords(text string) ([]string, error) {
	var words []string
	var word strings.Builder
	var quote rune
	started := false
	for _, c := range text + " " {
		switch {
		case quote != 0 && c == quote:
			quote = 0
		case quote != 0:
			word.WriteRune(c)
		case c == '\'' || c == '"':
			quote, started = c, true
		case strings.ContainsRune(" \t\n", c):
			if started {
				words = append(words, word.String())
			}
			word.Reset()
			started = false
		default:
			word.WriteRune(c)
			started = true
		}
	}
	if quote != 0 {
		return nil, fmt.Errorf("the quote %c is not closed", quote)
	}
	return words, nil
}
