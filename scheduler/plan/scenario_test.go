package plan

import (
	"bufio"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// rewrite replaces the expected output of the scenarios by what came out: go test ./scheduler/plan -rewrite, then read the diff.
var rewrite = flag.Bool("rewrite", false, "rewrite the scenarios' expected output")

// TestScenarios plays the stories of testdata. A story is made of blocks, separated by empty lines: commands, a line
// "----", and what comes out of them. Lines that begin with # are for the reader. The commands are those of env.run.
func TestScenarios(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			t.Parallel()
			data, err := os.ReadFile(file)
			require.NoError(t, err)
			got := play(string(data))
			if *rewrite {
				require.NoError(t, os.WriteFile(file, []byte(got), 0o644))
				return
			}
			require.Equal(t, string(data), got)
		})
	}
}

// play runs a story and returns it with the output that came out.
func play(story string) string {
	e := newEnv()
	var out strings.Builder
	for n, block := range strings.Split(strings.TrimRight(story, "\n"), "\n\n") {
		if n > 0 {
			out.WriteString("\n")
		}
		commands, _, _ := strings.Cut(block, "\n----")
		fmt.Fprintln(&out, commands)
		output, ran := e.block(commands)
		if ran {
			fmt.Fprintf(&out, "----\n%s", output)
		}
	}
	return out.String()
}

// block runs the commands of a block; ran is false where it holds none.
func (e *env) block(commands string) (output string, ran bool) {
	e.out.Reset()
	lines := bufio.NewScanner(strings.NewReader(commands))
	for lines.Scan() {
		line := strings.TrimSpace(lines.Text())
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		ran = true
		if err := e.run(strings.Fields(line)); err != nil {
			fmt.Fprintf(&e.out, "error: %v\n", err)
		}
	}
	if ran && e.out.Len() == 0 {
		e.out.WriteString("nothing\n")
	}
	return e.out.String(), ran
}
