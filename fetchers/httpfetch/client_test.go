package httpfetch

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestHTTPSIsNeverLeft(t *testing.T) {
	t.Parallel()
	get := func(url string) *http.Request {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
		require.NoError(t, err)
		r.Header.Set("Authorization", "secret")
		return r
	}
	check := checkRedirect(10)
	require.ErrorContains(t, check(get("http://b/?t=secret"), []*http.Request{get("https://a/")}), "from https to http://b/?t=xxxxx")
	require.NoError(t, check(get("https://b/"), []*http.Request{get("http://a/")}))

	// Another port or scheme is another server; a subdomain is one, too.
	for _, to := range []string{"http://a:81/", "https://a/", "http://sub.a/"} {
		next := get(to)
		require.NoError(t, check(next, []*http.Request{get("http://a/")}))
		require.Empty(t, next.Header.Get("Authorization"), to)
	}
	next := get("http://a/x")
	require.NoError(t, check(next, []*http.Request{get("http://a/")}))
	require.NotEmpty(t, next.Header.Get("Authorization"))
}

func TestValidator(t *testing.T) {
	t.Parallel()
	now := time.Date(2020, 2, 3, 4, 5, 6, 0, time.UTC)
	date := func(d time.Duration) string { return now.Add(d).Format(http.TimeFormat) }
	tests := []struct {
		etag, modified, date string
		want                 string
	}{
		{`"a"`, date(-time.Hour), date(0), `"a"`},
		{`W/"a"`, date(-time.Hour), date(0), date(-time.Hour) + "/7"},
		{`a`, "", date(0), ""},
		{`"`, "", date(0), ""},
		{"", date(-time.Second), date(0), date(-time.Second) + "/7"},
		{"", date(0), date(0), ""},
		{"", date(-time.Hour), "", ""},
		{"", "yesterday", date(0), ""},
	}
	for _, tt := range tests {
		h := http.Header{"Etag": {tt.etag}, "Last-Modified": {tt.modified}, "Date": {tt.date}}
		require.Equal(t, tt.want, validatorOf(h, 7), tt)
	}
	require.Equal(t, `"a"`, ifRange(`"a"`))
	require.Equal(t, date(0), ifRange(date(0)+"/7"))
	for _, foreign := range []string{"", "abc", date(0), "abc/7"} {
		require.Empty(t, ifRange(foreign), foreign)
	}
}

func TestNetrc(t *testing.T) {
	t.Parallel()
	const text = `# of the team
machine one.example login ann password "a b\"c" # no comment here
machine two.example
	login bob
	password #5
	account x
macdef init
machine three.example login no password no

machine three.example password p login carl
machine three.example login second password second
default login any password any
machine ONE.example login late password late
machine empty.example
`
	tests := map[string]string{"one.example": `ann a b"c`, "two.example": "bob #5", "three.example": "carl p", "four.example": " ", "empty.example": " "}
	for host, want := range tests {
		user, password, found := netrc(text, host)
		require.Equal(t, want, user+" "+password, host)
		require.Equal(t, want != " ", found, host)
	}
}
