package source

import (
	"errors"
	"net/url"
	"path"
	"strings"
)

// ChecksumBeside is what an operator writes in place of a digest: it stands in a file
// beside the source, of the source's name and ".sha256".
const ChecksumBeside = "file"

// Beside is the file of the source's name and ".sha256", with the query that the source
// has (a region, a token).
func (s Source) Beside() (Source, error) {
	name := path.Base(s.path())
	if s.Scheme == "local" || name == "." || name == "/" {
		return Source{}, errors.New("no file lies beside " + s.String())
	}
	return s.relative(name + ".sha256")
}

// path is the part of URL that names the file, as it is written there.
func (s Source) path() string {
	if !strings.Contains(s.URL, "://") {
		return s.URL
	}
	text, _, _ := strings.Cut(s.URL, "#")
	text, _, _ = strings.Cut(text, "?")
	_, text, _ = strings.Cut(text, "://")
	if slash := strings.Index(text, "/"); slash >= 0 {
		return text[slash:]
	}
	return "/"
}

// relative is another file, named from the folder of this one: NAME, ../NAME, /PATH, or a
// source by itself.
func (s Source) relative(name string) (Source, error) {
	if strings.Contains(name, "://") || strings.Contains(name, "::") {
		return Parse(name)
	}
	if name == "" || s.Scheme == "local" {
		return Source{}, errors.New("checksum=file: takes the name of a file beside the source, or a URL")
	}
	at, query, _ := strings.Cut(name, "?")
	old := s.path()
	if !strings.HasPrefix(at, "/") {
		at = path.Join(path.Dir(old), at)
	}
	if !strings.Contains(s.URL, "://") {
		if !strings.HasPrefix(at, "/") && !strings.HasPrefix(at, "../") {
			at = "./" + at
		}
		return Parse(s.prefix() + at)
	}
	before, after, _ := strings.Cut(s.URL, "://")
	host, _, _ := strings.Cut(after, "/")
	host, _, _ = strings.Cut(host, "?")
	if query == "" {
		query = s.queryWithoutVersion()
	}
	if query != "" {
		query = "?" + query
	}
	return Parse(s.prefix() + before + "://" + host + at + query)
}

func (s Source) prefix() string {
	if s.Forced == "" {
		return ""
	}
	return s.Forced + "::"
}

// queryWithoutVersion leaves out which version of the source's own file is meant.
func (s Source) queryWithoutVersion() string {
	u, err := parseURL(s.URL)
	if err != nil {
		return ""
	}
	var kept []string
	for pair := range strings.SplitSeq(u.RawQuery, "&") {
		key, _, _ := strings.Cut(pair, "=")
		if key, err := url.QueryUnescape(key); pair != "" && err == nil && !strings.EqualFold(key, "versionId") {
			kept = append(kept, pair)
		}
	}
	return strings.Join(kept, "&")
}
