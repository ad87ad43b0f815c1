//go:build e2e

package e2e

import (
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
)

// long leaves a story of minutes to make e2e: make ci, which is to end within ten, tells
// the short ones.
func long(t *testing.T) {
	t.Helper()
	if testing.Short() {
		t.Skip("it takes minutes: make e2e")
	}
}

// block is a block of code on a page: its language, what follows that on the same line,
// and its text.
var block = regexp.MustCompile("(?ms)^```([a-z]+)(?: ([^\n]*))?\n(.*?)^```$")

// TestWritingAFunction follows functions/README.md as somebody would who types what
// stands there.
func TestWritingAFunction(t *testing.T) {
	checkout(t).follow("functions/README.md")
}

// follow does what a page says, block by block: commands are run, files are written, lines
// are put into lists of stack files, and what a command printed has the lines that follow it
// under output.
func (c *copied) follow(page string) {
	c.t.Helper()
	said, done := "", 0
	for _, b := range block.FindAllStringSubmatch(read(c.t, filepath.Join(c.root, page)), -1) {
		language, about, text := b[1], b[2], b[3]
		switch {
		case language == "sh":
			start := time.Now()
			cmd := c.command("bash", "-euo", "pipefail", "-c", text)
			cmd.Env = append(cmd.Env, "MAKEFLAGS=LOCAL_PORT="+strconv.Itoa(c.port))
			out, err := cmd.CombinedOutput()
			said = string(out)
			if (err != nil) != (about == "fails") {
				c.t.Fatalf("%s: %v\n%s\n%s", page, err, text, said)
			}
			c.t.Logf("%s: %.1f s: %s", page, time.Since(start).Seconds(), strings.TrimSpace(text))
			done++
		case language == "output":
			for line := range strings.Lines(text) {
				if line = strings.TrimSpace(line); !strings.Contains(said, line) {
					c.t.Errorf("%s: the last commands did not print %q, but\n%s", page, line, said)
				}
			}
		case about == "":
			c.t.Errorf("%s: a block of %s says neither a file nor a command", page, language)
		default:
			file, list, into := strings.Cut(about, " ")
			path := filepath.Join(c.root, file)
			if into {
				before, after, found := strings.Cut(read(c.t, path), list+":\n")
				if !found {
					c.t.Fatalf("%s: %s has no %s", page, file, list)
				}
				text = before + list + ":\n" + text + after
			} else if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
				c.t.Fatal(err)
			}
			write(c.t, path, text)
		}
	}
	if done == 0 {
		c.t.Errorf("%s tells to type nothing", page)
	}
}
