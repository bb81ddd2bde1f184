package httpfetch

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"syscall"
)

// login is what a server wants to see. It does not print.
type login struct{ header string }

func (l login) sign(r *http.Request) {
	if l.header != "" {
		r.Header.Set("Authorization", l.header)
	}
}

// String keeps it out of texts.
func (l login) String() string { return "xxxxx" }

// GoString does so for %#v.
func (l login) GoString() string { return l.String() }

func basic(user, password string) login {
	r := http.Request{Header: http.Header{}}
	r.SetBasicAuth(user, password)
	return login{r.Header.Get("Authorization")}
}

// loginFor finds the credentials for a source: those in its URL, else those of the files,
// which are read each time, so that they can be changed while everything runs.
func (c config) loginFor(u *url.URL) (login, error) {
	switch {
	case u.User != nil:
		password, _ := u.User.Password()
		return basic(u.User.Username(), password), nil
	case c.basicFile != "" && c.trusts(u):
		return readBasic(c.basicFile)
	case c.bearerFile != "" && c.trusts(u):
		return readBearer(c.bearerFile)
	case c.netrcFile != "":
		return readNetrc(c.netrcFile, u.Hostname())
	}
	return login{}, nil
}

// trusts says whether the credentials are for this server.
func (c config) trusts(u *url.URL) bool {
	for _, host := range c.hosts {
		if strings.EqualFold(host, u.Hostname()) || strings.EqualFold(host, u.Host) {
			return true
		}
	}
	return false
}

func readBasic(name string) (login, error) {
	text, err := readLine(name)
	if err != nil {
		return login{}, err
	}
	user, password, found := strings.Cut(text, ":")
	if !found || user == "" {
		return login{}, fmt.Errorf("%s does not hold one line USER:PASSWORD", name)
	}
	return basic(user, password), nil
}

func readBearer(name string) (login, error) {
	text, err := readLine(name)
	if err != nil {
		return login{}, err
	}
	if strings.ContainsAny(text, " \t") {
		return login{}, fmt.Errorf("%s does not hold just a token (the word Bearer is added)", name)
	}
	return login{"Bearer " + text}, nil
}

func readNetrc(name, host string) (login, error) {
	text, err := readSecret(name)
	if err != nil {
		return login{}, err
	}
	user, password, found := netrc(text, host)
	if !found {
		return login{}, nil
	}
	return basic(user, password), nil
}

func readLine(name string) (string, error) {
	text, err := readSecret(name)
	if err != nil {
		return "", err
	}
	text = strings.TrimSpace(text)
	if text == "" || strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r == 0x7f }) {
		return "", fmt.Errorf("%s does not hold one line", name)
	}
	return text, nil
}

const maxSecret = 64 << 10

// readSecret reads a file that nobody but its owner may read.
func readSecret(name string) (string, error) {
	f, err := os.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return "", advise(err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return "", err
	}
	if !info.Mode().IsRegular() {
		return "", fmt.Errorf("%s is no file", name)
	}
	if open := info.Mode().Perm() & 0o077; open != 0 {
		return "", fmt.Errorf("%s holds credentials, and its mode %04o lets others at them; run: chmod 600 %s", name, info.Mode().Perm(), name)
	}
	data, err := io.ReadAll(io.LimitReader(f, maxSecret+1))
	if err != nil {
		return "", err
	}
	if len(data) > maxSecret {
		return "", fmt.Errorf("%s has more than %d bytes, too many for credentials", name, maxSecret)
	}
	return string(data), nil
}

// advise says what to do about a file that cannot be opened.
func advise(err error) error {
	switch {
	case errors.Is(err, os.ErrNotExist):
		return fmt.Errorf("%w (it has to lie on each agent)", err)
	case errors.Is(err, os.ErrPermission):
		return fmt.Errorf("%w (it has to belong to the user that the executor runs as, uid %d)", err, os.Getuid())
	}
	return err
}
