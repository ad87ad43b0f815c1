package stack_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"
)

var (
	tableResource = regexp.MustCompile("`(aws:[^`]+)` `([^`]+)`")
	tableSetting  = regexp.MustCompile("`([^`]+)`")
)

// Every resource of ARTICLE.md is declared for Pulumi.dev.yaml, every one that is declared
// stands there, and every setting is in the reference.
func TestTheArticlesSteps(t *testing.T) {
	r, err := run(t, "dev", read(t, "../../Pulumi.dev.yaml")+"\n  auth-api:demoPassword: demoPASS123\n", func(e *environment) {
		e.env["PULUMI_CONFIG_SECRET_KEYS"] = `["auth-api:demoPassword"]`
	})
	if err != nil {
		t.Fatal(err)
	}
	left := map[string]bool{}
	for _, made := range r.resources {
		if strings.HasPrefix(made.Type, "aws:") {
			left[made.Type+" "+made.Name] = true
		}
	}
	declared := len(left)
	reference := read(t, "../settings/REFERENCE.md")
	known := map[string]bool{}
	steps := 0
	for line := range strings.Lines(read(t, "ARTICLE.md")) {
		cells := strings.Split(strings.TrimSpace(line), " | ")
		if !strings.HasPrefix(line, "| ") || len(cells) != 3 || strings.HasPrefix(line, "| in the console") {
			continue
		}
		steps++
		resources, settings := tableResource.FindAllStringSubmatch(cells[1], -1), tableSetting.FindAllStringSubmatch(cells[2], -1)
		if len(resources) == 0 || len(settings) == 0 {
			t.Errorf("no resource or no setting: %s", line)
		}
		for _, m := range resources {
			name := m[1] + " " + m[2]
			if !left[name] && !known[name] {
				t.Errorf("%s is not declared", name)
			}
			delete(left, name)
			known[name] = true
		}
		for _, m := range settings {
			if !strings.Contains(reference, "\n| `"+m[1]+"` |") && !strings.Contains(reference, "\n## "+m[1]+"\n") {
				t.Errorf("%s is not in the reference", m[1])
			}
		}
	}
	if steps < 12 || declared < 25 {
		t.Fatalf("%d steps and %d resources were compared", steps, declared)
	}
	var names []string
	for name := range left {
		names = append(names, name)
	}
	slices.Sort(names)
	if len(names) > 0 {
		t.Errorf("declared, and not in the table: %s", strings.Join(names, ", "))
	}
}
