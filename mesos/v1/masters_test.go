package v1

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAddressesThatCannotBe(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]string{
		"":                               "it is empty",
		"a:5050,":                        "it is empty",
		"ftp://a:5050":                   `unknown scheme "ftp"`,
		"http://":                        "it names no host",
		"a:99999":                        "99999 is no port",
		"a:0":                            "0 is no port",
		"a:port":                         "invalid port",
		"http://bob:hush@a:5050":         "it holds a user name",
		"b:5050,http://bob:hush@a:5050":  "it holds a user name",
		"http://bob:hush@a:port":         "invalid port",
		"bob:hush@a:5050":                "it holds a user name",
		"zk://bob:hush@a:2181":           "it names no path",
		"http://bob:hu%zzsh@a:5050/path": "invalid",
	} {
		_, err := Ping(t.Context(), address)
		var wrong *AddressError
		require.ErrorAs(t, err, &wrong, address)
		require.ErrorContains(t, err, want, address)
		require.ErrorContains(t, err, "cannot use Mesos address", address)
		require.NotContains(t, err.Error(), "hush", address)
	}
}
