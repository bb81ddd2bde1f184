package source

import (
	"errors"
	"fmt"
	"net/url"
	"path"
	"strconv"
	"strings"
	"unicode"

	getter "github.com/hashicorp/go-getter/v2"

	"github.com/alluxio-mesos/alluxio-mesos/fetchers/redact"
)

// Parse reads a source.
func Parse(s string) (Source, error) {
	src, err := parse(s)
	if err != nil {
		return Source{}, fmt.Errorf("cannot read source %q: %w", redact.URL(s), err)
	}
	return src, nil
}

func parse(s string) (Source, error) {
	if s == "" {
		return Source{}, errors.New("it is empty; write LOCAL, an absolute path or a URL")
	}
	if strings.ContainsFunc(s, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }) {
		return Source{}, errors.New("it holds spaces or control characters; in a URL write them as %20 and the like")
	}
	forced, rest, err := cutForced(s)
	if err != nil {
		return Source{}, err
	}
	src := Source{Raw: s, Forced: forced}
	if err := src.read(rest); err != nil {
		return Source{}, err
	}
	if forced != "" {
		src.Scheme = forced
	}
	return src, src.readChecksumFile()
}

// readChecksumFile makes of the name in "?checksum=file:NAME" a source of its own.
func (s *Source) readChecksumFile() error {
	if s.ChecksumFile == "" {
		return nil
	}
	file, err := s.relative(s.ChecksumFile)
	switch {
	case err != nil:
		return fmt.Errorf("its checksum file: %w", err)
	case file.Checksum != "" || file.ChecksumFile != "":
		return errors.New("its checksum file has a checksum itself")
	case s.Checksum != "":
		return errors.New("it holds a checksum and a checksum file; keep one of the two")
	}
	s.ChecksumFile = file.Raw
	return nil
}

// cutForced takes "NAME::" off, as go-getter understands it.
func cutForced(s string) (forced, rest string, err error) {
	req := &getter.Request{Src: s}
	if _, err := getter.Detect(req, nothing{}); err != nil {
		return "", "", err
	}
	if req.Forced == "" {
		head, _, found := strings.Cut(s, "::")
		if found && !strings.ContainsAny(head, "/?") {
			return "", "", fmt.Errorf("%q before :: is no name of a fetcher (letters and digits)", head)
		}
		return "", s, nil
	}
	rest = s[len(req.Forced)+len("::"):]
	if strings.Contains(strings.SplitN(rest, "/", 2)[0], "::") {
		return "", "", errors.New("it names two fetchers with ::")
	}
	return strings.ToLower(req.Forced), rest, nil
}

// read fills in Scheme, URL and what stands in the query.
func (s *Source) read(rest string) error {
	switch {
	case rest == Local:
		s.Scheme, s.URL = "local", Local
		return nil
	case strings.EqualFold(rest, Local):
		return errors.New("write LOCAL in capitals")
	case strings.HasPrefix(rest, "/"), strings.HasPrefix(rest, "./"), strings.HasPrefix(rest, "../"):
		return s.readPath(rest)
	}
	u, err := parseURL(rest)
	if err != nil {
		return err
	}
	if u.Scheme == "" {
		return errors.New("it is neither LOCAL, nor an absolute path, nor a URL with a scheme (https://...)")
	}
	return s.readURL(u, rest)
}

func (s *Source) readPath(rest string) error {
	name, query, _ := strings.Cut(rest, "?")
	left, err := s.takeQuery(query)
	if err != nil {
		return err
	}
	if left != "" {
		return errors.New("after a path only ?checksum=, ?filename= and ?archive= are understood")
	}
	s.Scheme, s.URL = "file", path.Clean(name)
	if !strings.HasPrefix(name, "/") && !strings.HasPrefix(s.URL, "../") {
		s.URL = "./" + s.URL
	}
	return nil
}

func (s *Source) readURL(u *url.URL, rest string) error {
	s.Scheme = u.Scheme
	if strings.EqualFold(u.Scheme, "file") {
		return s.readFileURL(u)
	}
	if u.Opaque != "" || (u.Host == "" && u.Path == "") {
		return errors.New("a URL goes on with // after its scheme, and then something (https://HOST/PATH)")
	}
	if isHTTP(rest) && u.Hostname() == "" {
		return errors.New("it names no host")
	}
	if err := s.noKeys(u); err != nil {
		return err
	}
	left, err := s.takeQuery(u.RawQuery)
	if err != nil {
		return err
	}
	// Cut from the text, not printed from u: a signed URL must stay as it was written.
	bare, fragment, hasFragment := strings.Cut(rest, "#")
	s.URL, _, _ = strings.Cut(bare, "?")
	if left != "" {
		s.URL += "?" + left
	}
	if hasFragment && fragment != "" {
		s.URL += "#" + fragment
	}
	if _, folder := getter.SourceDirSubdir(s.URL); folder != "" {
		return errors.New("a folder inside an archive (after //) is not understood here: for the JDK set " +
			"alluxio.integration.mesos.jdk.path; a path that really holds // is written with %2F")
	}
	return nil
}

// noKeys refuses secret keys in an S3 source, where go-getter takes them: fetcher s3 gets credentials by reference.
func (s *Source) noKeys(u *url.URL) error {
	if s.Forced != "s3" && !strings.EqualFold(u.Scheme, "s3") {
		return nil
	}
	secret := u.User != nil
	for pair := range strings.SplitSeq(u.RawQuery, "&") {
		key, value, _ := strings.Cut(pair, "=")
		switch strings.ToLower(key) {
		case "aws_access_key_id", "aws_access_key_secret", "aws_secret_access_key", "aws_access_token", "aws_session_token":
			secret = true
		case "endpoint":
			endpoint, err := url.QueryUnescape(value)
			secret = secret || err != nil || strings.Contains(endpoint, "@")
		}
	}
	if secret {
		return errors.New("it holds credentials, which would be seen in logs and in the status; take them out, and put them into a " +
			"shared credentials file on the agents, whose path goes into alluxio.integration.mesos.fetcher.s3.credentials.file")
	}
	return nil
}

func (s *Source) readFileURL(u *url.URL) error {
	if u.Host != "" && u.Host != "localhost" {
		return fmt.Errorf("a file: source names no host, this one names %q; write file:///PATH", u.Host)
	}
	if !strings.HasPrefix(u.Path, "/") {
		return errors.New("a file: source takes an absolute path: file:///PATH")
	}
	if strings.ContainsAny(u.Path, "?\x00") {
		return errors.New("its path holds a character that no source can name")
	}
	return s.readPath(u.Path + "?" + u.RawQuery)
}

// takeQuery reads go-getter's own query keys and returns the rest as it was.
func (s *Source) takeQuery(query string) (left string, err error) {
	var kept []string
	for pair := range strings.SplitSeq(query, "&") {
		key, value, _ := strings.Cut(pair, "=")
		switch key {
		case "checksum", "filename", "archive":
			if value, err = url.QueryUnescape(value); err != nil {
				return "", fmt.Errorf("its %s cannot be read", key)
			}
			err = s.take(key, value)
		default:
			if pair != "" {
				kept = append(kept, pair)
			}
		}
		if err != nil {
			return "", err
		}
	}
	return strings.Join(kept, "&"), nil
}

func (s *Source) take(key, value string) error {
	switch key {
	case "checksum":
		if name, isFile := strings.CutPrefix(value, "file:"); isFile {
			if name == "" || s.ChecksumFile != "" && s.ChecksumFile != name {
				return errors.New("checksum=file: takes the name of one file")
			}
			s.ChecksumFile = name
			return nil
		}
		digest, err := ParseDigest(value)
		if err != nil {
			return err
		}
		if s.Checksum != "" && s.Checksum != string(digest) {
			return errors.New("it holds two checksums")
		}
		s.Checksum = string(digest)
	case "filename":
		if value == "" || value == "." || value == ".." || strings.ContainsAny(value, "/\x00") {
			return fmt.Errorf("filename=%q is not a file name", value)
		}
		s.filename = value
	case "archive":
		// The type itself is told from the first bytes (fetchers/unpack).
		if yes, err := strconv.ParseBool(value); err == nil && !yes {
			return errors.New("archive=false makes no sense here: what is fetched is always unpacked")
		}
	}
	return nil
}

// parseURL is url.Parse with an error that does not repeat the URL.
func parseURL(s string) (*url.URL, error) {
	u, err := url.Parse(s)
	var urlErr *url.Error
	switch {
	case errors.As(err, &urlErr):
		return nil, plain(urlErr.Err)
	case err != nil:
		return nil, err
	}
	return u, nil
}

// plain says what is wrong without the piece of the URL that url.Parse quotes: that
// piece may be the password.
func plain(err error) error {
	var escape url.EscapeError
	var host url.InvalidHostError
	switch {
	case errors.As(err, &escape):
		return errors.New("it holds a percent sign that begins no escape; write %25 for a percent sign")
	case errors.As(err, &host):
		return errors.New("its host name holds a character that none may hold")
	}
	text, _, _ := strings.Cut(err.Error(), `"`)
	return errors.New("it is no URL: " + strings.TrimSpace(text))
}

// isHTTP asks go-getter whether its HTTP getter would take the source.
func isHTTP(s string) bool {
	ok, err := new(getter.HttpGetter).Detect(&getter.Request{Src: s})
	return ok && err == nil
}

// nothing is a getter that takes no source: all that getter.Detect then does is to tell
// the forced name.
type nothing struct{ getter.Getter }

func (nothing) Detect(*getter.Request) (bool, error) { return false, nil }
