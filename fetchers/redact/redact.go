// Package redact makes URLs fit to be shown: what could be a credential is taken out,
// the rest stays so that the reader still knows which URL is meant. It changes texts
// only; what is fetched keeps its URL.
package redact

import (
	"net/url"
	"regexp"
	"strings"
)

const hidden = "xxxxx"

// shown are the query keys whose values help a reader and are never secret: those of
// go-getter and of the S3 sources. Every other value may be a signature or a token.
func shown(key, value string) bool {
	switch strings.ToLower(key) {
	case "endpoint":
		unescaped, err := url.QueryUnescape(value)
		return err == nil && !strings.Contains(unescaped, "@")
	case "anonymous", "archive", "checksum", "filename", "profile", "ref", "region", "version", "versionid":
		return true
	}
	return false
}

// URL is s without user name, password, fragment and unknown query values. It also
// takes what is no URL, and then errs towards hiding.
//
// Several URLs with spaces between them, as mirrors are written, are each shown so.
func URL(s string) string {
	if parts := several().FindAllStringIndex(s, -1); len(parts) > 1 {
		text := s[:parts[0][0]]
		for i, part := range parts {
			end := len(s)
			if i+1 < len(parts) {
				end = parts[i+1][0]
			}
			one := s[part[0]:end]
			bare := strings.TrimRight(one, ", \t\r\n")
			text += single(bare) + one[len(bare):]
		}
		return text
	}
	return single(s)
}

// several finds where URLs of a list begin. What has a space and then no scheme is one URL, in which somebody wrote a
// space.
func several() *regexp.Regexp {
	return regexp.MustCompile(`(?:^|\s)\s*(?:[A-Za-z0-9]+::)?[A-Za-z][A-Za-z0-9+.-]*://`)
}

func single(s string) string {
	forced := ""
	if i := strings.Index(s, "::"); i >= 0 && !strings.ContainsAny(s[:i], "/?@") {
		forced, s = s[:i+2], s[i+2:]
	}
	u, err := url.Parse(s)
	if err != nil {
		return forced + unparsed(s)
	}
	if u.Opaque != "" { // "scheme:user:secret@host": url.Parse finds no user in it
		return forced + unparsed(s)
	}
	user := ""
	if u.User != nil {
		u.User, user = nil, hidden+"@"
	}
	u.Fragment, u.RawFragment = "", ""
	u.RawQuery = query(u.RawQuery)
	text := u.String()
	if user != "" {
		text = strings.Replace(text, "//", "//"+user, 1)
	}
	return forced + text
}

func query(raw string) string {
	if raw == "" {
		return ""
	}
	pairs := strings.Split(raw, "&")
	for i, pair := range pairs {
		key, value, valued := strings.Cut(pair, "=")
		switch {
		case valued && !shown(key, value):
			pairs[i] = key + "=" + hidden
		case !valued: // a bare word may itself be the token
			pairs[i] = hidden
		}
	}
	return strings.Join(pairs, "&")
}

func unparsed(s string) string {
	if i := strings.IndexAny(s, "?#"); i >= 0 {
		s = s[:i] + "?" + hidden
	}
	if at := strings.LastIndex(s, "@"); at >= 0 {
		start := 0
		if i := strings.Index(s[:at], "//"); i >= 0 {
			start = i + 2
		} else if i := strings.Index(s[:at], ":"); i >= 0 {
			start = i + 1
		}
		s = s[:start] + hidden + s[at:]
	}
	return s
}

// Text is s with every URL in it redacted: for messages of libraries that name URLs.
func Text(s string) string {
	return urls().ReplaceAllStringFunc(s, func(found string) string {
		// A sentence goes on after a URL; what ends it is no part of the URL.
		end := len(strings.TrimRight(found, ".,:;!)"))
		return URL(found[:end]) + found[end:]
	})
}

// Reveals says whether s has a URL with what could be a credential: a password, a lone user name of HTTP (which is where
// tokens go), or a query value that URL would hide.
func Reveals(s string) bool {
	for _, found := range urls().FindAllString(s, -1) {
		u, err := url.Parse(found)
		if err != nil {
			if unparsed(found) != found {
				return true
			}
			continue
		}
		_, password := u.User.Password()
		token := u.User != nil && strings.HasPrefix(u.Scheme, "http")
		if password || token || query(u.RawQuery) != u.RawQuery {
			return true
		}
	}
	return false
}

func urls() *regexp.Regexp { return regexp.MustCompile(`[A-Za-z][A-Za-z0-9+.-]*://[^\s"'<>]+`) }
