package s3server

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// WriteCredentials writes a shared credentials file: access key and secret key by profile.
func WriteCredentials(t testing.TB, file string, profiles map[string][2]string) {
	t.Helper()
	var text strings.Builder
	for _, name := range slices.Sorted(maps.Keys(profiles)) {
		fmt.Fprintf(&text, "[%s]\naws_access_key_id = %s\naws_secret_access_key = %s\n", name, profiles[name][0], profiles[name][1])
	}
	require.NoError(t, os.WriteFile(file, []byte(text.String()), 0o600))
}
