// Package pages holds the project's pages of documentation to the project: what they link
// to is there, and the targets, tools and settings that they name exist. What they tell
// people to type is typed by infra/cmd/e2e.
package pages

import (
	"encoding/json"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"

	"auth-api/infra/settings"
)

const root = "../../.."

// pages are the project's own, by their paths from the root. What was built or installed is
// below bin and folders whose names begin with a dot. Git is not asked: pulumi new makes a
// project that it does not know yet.
func pages(t *testing.T) map[string]string {
	t.Helper()
	found := map[string]string{}
	err := fs.WalkDir(os.DirFS(root), ".", func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && (name == "bin" || entry.Name() == "testdata" || entry.Name() == "node_modules" || strings.HasPrefix(entry.Name(), ".") && name != "." && name != ".github"):
			return fs.SkipDir
		case entry.IsDir() || path.Ext(name) != ".md":
			return nil
		}
		data, err := os.ReadFile(filepath.Join(root, name))
		found[name] = string(data)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(found) < 8 {
		t.Fatalf("there are %d pages only", len(found))
	}
	return found
}

var (
	link    = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	target  = regexp.MustCompile("(?:^|[`(\\s])make ([a-z0-9-]+)")
	rule    = regexp.MustCompile(`(?m)^([a-z0-9-]+(?: [a-z0-9-]+)*):(?:\s|$)`)
	setting = regexp.MustCompile(`auth-api:([a-zA-Z]+)`)
	tool    = regexp.MustCompile("`bin/([a-z0-9-]+)")
	code    = regexp.MustCompile("(?s)```.*?```|`[^`]*`")
)

func TestLinksLeadSomewhere(t *testing.T) {
	for name, text := range pages(t) {
		for _, found := range link.FindAllStringSubmatch(text, -1) {
			to, _, _ := strings.Cut(found[1], "#")
			if to == "" || strings.Contains(to, "://") {
				continue
			}
			if _, err := os.Stat(filepath.Join(root, filepath.Dir(name), to)); err != nil {
				t.Errorf("%s links to %s, which is not there", name, found[1])
			}
		}
	}
}

// Whoever begins at the README finds every page, by links; and every setting in its table.
func TestTheREADMELeadsToEverything(t *testing.T) {
	all := pages(t)
	found, next := map[string]bool{"README.md": true}, []string{"README.md"}
	for len(next) > 0 {
		name := next[0]
		next = next[1:]
		for _, to := range link.FindAllStringSubmatch(all[name], -1) {
			path, _, _ := strings.Cut(to[1], "#")
			if info, err := os.Stat(filepath.Join(root, filepath.Dir(name), path)); err == nil && info.IsDir() {
				path = filepath.Join(path, "README.md") // as GitHub shows it
			}
			page := filepath.ToSlash(filepath.Join(filepath.Dir(name), path))
			if _, is := all[page]; is && !found[page] {
				found[page] = true
				next = append(next, page)
			}
		}
	}
	for name := range all {
		if !found[name] {
			t.Errorf("no link leads from README.md to %s", name)
		}
	}
	for _, e := range settings.Reference() {
		if !strings.ContainsAny(e.Key, ".[") && !regexp.MustCompile("(?m)^\\| [^|]*`(auth-api:)?"+e.Key+"`").MatchString(all["README.md"]) {
			t.Errorf("README.md's table of settings lacks %s", e.Key)
		}
	}
}

func TestWhatPagesTellToTypeExists(t *testing.T) {
	makefile, err := os.ReadFile(filepath.Join(root, "Makefile"))
	if err != nil {
		t.Fatal(err)
	}
	targets := map[string]bool{}
	for _, found := range rule.FindAllStringSubmatch(string(makefile), -1) {
		for _, name := range strings.Fields(found[1]) {
			targets[name] = true
		}
	}
	known := map[string]bool{}
	for _, e := range settings.Reference() {
		known[e.Key] = true
	}
	for name, text := range pages(t) {
		for _, block := range code.FindAllString(text, -1) {
			for _, found := range target.FindAllStringSubmatch(block, -1) {
				if !targets[found[1]] {
					t.Errorf("%s says make %s, and the Makefile has no such target", name, found[1])
				}
			}
			for _, found := range setting.FindAllStringSubmatch(block, -1) {
				if !known[found[1]] {
					t.Errorf("%s names the setting auth-api:%s, which there is not", name, found[1])
				}
			}
			for _, found := range tool.FindAllStringSubmatch(block, -1) {
				if _, err := os.Stat(filepath.Join(root, "infra/cmd", found[1])); err != nil && found[1] != "pulumi" {
					t.Errorf("%s names bin/%s, and there is no infra/cmd/%s", name, found[1], found[1])
				}
			}
		}
	}
}

var routes = regexp.MustCompile("(?ms)^ *```yaml\n( *- \\{.*?)^ *```")

// The routes that pages show are ones that a stack file may have.
func TestRoutesOnPagesAreLegal(t *testing.T) {
	var seen []string
	for name, text := range pages(t) {
		for _, block := range routes.FindAllStringSubmatch(text, -1) {
			var list []any
			if err := yaml.Unmarshal([]byte(block[1]), &list); err != nil {
				t.Errorf("%s shows routes that are no YAML: %v\n%s", name, err, block[1])
				continue
			}
			encoded, err := json.Marshal(list)
			if err != nil {
				t.Fatal(err)
			}
			config := map[string]string{
				"auth-api:routes":      string(encoded),
				"auth-api:authorizers": `{"partners": {"function": "partner-authorizer"}}`,
			}
			if !strings.Contains(block[1], "CUSTOM") {
				delete(config, "auth-api:authorizers")
			}
			if _, err := settings.Parse("auth-api", "dev", config, nil, filepath.Join(root, "functions")); err != nil {
				t.Errorf("%s shows routes that are refused: %v\n%s", name, err, block[1])
			}
			seen = append(seen, name)
		}
	}
	if !slices.Contains(seen, "infra/api/README.md") {
		t.Errorf("routes were found in %v only", seen)
	}
}
