package httpfetch

import "strings"

// netrc finds the login for a host in the text of a netrc file; found says that there is
// one. An entry "default" is not used: it would send the password to any host that a
// source names.
func netrc(text, host string) (user, password string, found bool) {
	user, password = netrcEntry(netrcWords(text), host)
	if user == "" {
		return "", "", false
	}
	return user, password, true
}

// netrcEntry reads the first entry of the host.
func netrcEntry(words []string, host string) (user, password string) {
	ours := false
	for len(words) > 0 {
		word, value := words[0], ""
		if len(words) > 1 {
			value = words[1]
		}
		switch {
		case ours && (word == "machine" || word == "default"):
			return user, password
		case word == "default":
			words = words[1:]
			continue
		case word == "machine":
			ours = strings.EqualFold(value, host)
		case word == "login" && ours:
			user = value
		case word == "password" && ours:
			password = value
		}
		words = words[min(2, len(words)):]
	}
	return user, password
}

// netrcWords splits the text, less comments and macros (lines that begin with # or macdef; these go on up to an empty line).
// A word may stand in double quotes, with backslashes in it, as curl has it.
func netrcWords(text string) []string {
	var words []string
	macro := false
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if macro {
			macro = line != ""
			continue
		}
		if macro = strings.HasPrefix(line, "macdef"); macro || strings.HasPrefix(line, "#") {
			continue
		}
		for line != "" {
			var word string
			word, line = netrcWord(line)
			words = append(words, word)
		}
	}
	return words
}

func netrcWord(line string) (word, rest string) {
	if line[0] != '"' {
		end := strings.IndexAny(line, " \t")
		if end < 0 {
			return line, ""
		}
		return line[:end], strings.TrimLeft(line[end:], " \t")
	}
	var b strings.Builder
	for i := 1; i < len(line); i++ {
		switch line[i] {
		case '\\':
			if i++; i < len(line) {
				b.WriteByte(line[i])
			}
		case '"':
			return b.String(), strings.TrimLeft(line[i+1:], " \t")
		default:
			b.WriteByte(line[i])
		}
	}
	return b.String(), ""
}
