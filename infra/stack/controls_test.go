package stack_test

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// control is a rule that security reviews hold stacks against. No scanner reads Pulumi
// programs in Go, so each is a test over the resources that the program registers.
type control struct {
	ids  string // as the sources name it
	what string

	// finds says what of a stack breaks the rule; looked counts what it looked at, so
	// that a rule which looks at nothing is noticed.
	finds func(r *recorder, looked *int) (broken []string)

	// but says, by stack, why the rule is broken there. A reason without a breach fails.
	but map[string]string
}

// reviewed are the stacks that the rules are tried on: the repository's own, and one
// with everything on, in which no rule may have nothing to look at.
var reviewed = []string{"dev", "prod", "all"}

func TestTheStacksMeetTheControls(t *testing.T) {
	stacks := map[string]*recorder{}
	for name, file := range map[string]string{
		"dev":  read(t, "../../Pulumi.dev.yaml"),
		"prod": read(t, "../../Pulumi.prod.yaml"),
		"all":  read(t, "testdata/all.yaml"),
	} {
		r, err := run(t, name, file, secretPassword)
		if err != nil {
			t.Fatal(err)
		}
		stacks[name] = r
	}
	var table strings.Builder
	for _, c := range controls {
		cells := []string{}
		for _, name := range reviewed {
			looked := 0
			broken := c.finds(stacks[name], &looked)
			reason, excused := c.but[name]
			switch {
			case len(broken) > 0 && !excused:
				t.Errorf("%s (%s) does not hold for %s: %s", c.ids, c.what, name, strings.Join(broken, "; "))
			case len(broken) == 0 && excused:
				t.Errorf("%s holds for %s, so that the reason why it does not is out of date", c.ids, name)
			case name == "all" && looked == 0:
				t.Errorf("%s looked at nothing, even in the stack with everything on", c.ids)
			}
			switch {
			case excused:
				cells = append(cells, "no: "+reason)
			case looked == 0:
				cells = append(cells, "nothing to hold")
			default:
				cells = append(cells, "holds")
			}
		}
		fmt.Fprintf(&table, "| %s | %s | %s | %s |\n", c.ids, c.what, cells[0], cells[1])
	}
	keepPage(t, "CONTROLS.md", controlsPage+table.String())
}

const controlsPage = `# Security controls

Each row is a test over the resources that the program registers
(` + "`infra/stack/controls_test.go`" + `; ` + "`go test ./infra/stack -update`" + ` writes this page). The ids are those of
AWS Foundational Security Best Practices, Checkov (CKV), Trivy (AWS-), KICS, and ` + "`own`" + ` for what no scanner looks for.
Every rule is also tried on a stack with everything on (` + "`testdata/all.yaml`" + `), where none may have nothing to look at,
and each is broken by changing a single value of that stack.

| control | what it asks | dev | prod |
|---|---|---|---|
`

func keepPage(t *testing.T, file, want string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff(want, read(t, file)); diff != "" {
		t.Errorf("%s is not what the tests say (go test ./infra/stack -update writes it): -want +got %s", file, diff)
	}
}

// each looks at every resource of a type, said without its module; fault says what is
// wrong with one, or nothing.
func each(typ string, fault func(in map[string]any) string) func(*recorder, *int) []string {
	return func(r *recorder, looked *int) (broken []string) {
		for _, x := range r.of(typ) {
			if !strings.HasPrefix(x.Type, "aws:") { // a component
				continue
			}
			*looked++
			if f := fault(x.Inputs); f != "" {
				broken = append(broken, x.Name+" "+f)
			}
		}
		return broken
	}
}

// there must be one resource of a type at least.
func there(typ string) func(*recorder, *int) []string {
	return func(r *recorder, looked *int) []string {
		*looked++
		if len(r.of(typ)) == 0 {
			return []string{"there is no " + typ}
		}
		return nil
	}
}

func both(rules ...func(*recorder, *int) []string) func(*recorder, *int) []string {
	return func(r *recorder, looked *int) (broken []string) {
		for _, rule := range rules {
			broken = append(broken, rule(r, looked)...)
		}
		return broken
	}
}

// equal wants one value at a path of fields.
func equal(path string, want any) func(map[string]any) string {
	return func(in map[string]any) string {
		if got := at(in, path); fmt.Sprint(got) != fmt.Sprint(want) {
			return fmt.Sprintf("has %s %v, not %v", path, got, want)
		}
		return ""
	}
}

// set wants something at a path of fields.
func set(path string) func(map[string]any) string {
	return func(in map[string]any) string {
		if v := at(in, path); v == nil || v == "" {
			return "has no " + path
		}
		return ""
	}
}

func atLeast(path string, want float64) func(map[string]any) string {
	return func(in map[string]any) string {
		if n, _ := at(in, path).(float64); n < want {
			return fmt.Sprintf("has %s %v, less than %v", path, at(in, path), want)
		}
		return ""
	}
}

func at(in map[string]any, path string) any {
	var v any = in
	for _, name := range strings.Split(path, ".") {
		m, ok := v.(map[string]any)
		if !ok {
			return nil
		}
		v = m[name]
	}
	return v
}

func list(v any) []any {
	if l, ok := v.([]any); ok {
		return l
	}
	if v == nil {
		return nil
	}
	return []any{v}
}

// methods looks at each method of the API's document but those that answer preflights.
func methods(fault func(path, verb string, op, document map[string]any) string) func(*recorder, *int) []string {
	return each("RestApi", func(in map[string]any) string {
		document, _ := at(in, "body.document").(map[string]any)
		paths, _ := document["paths"].(map[string]any)
		if len(paths) == 0 {
			return "has no paths"
		}
		for _, path := range slices.Sorted(maps.Keys(paths)) {
			verbs, _ := paths[path].(map[string]any)
			for _, verb := range slices.Sorted(maps.Keys(verbs)) {
				op, _ := verbs[verb].(map[string]any)
				if f := fault(path, verb, op, document); f != "" {
					return strings.ToUpper(verb) + " " + path + " " + f
				}
			}
		}
		return ""
	})
}

// statements looks at each statement of the policies that say what roles may do.
func statements(fault func(s map[string]any) string) func(*recorder, *int) []string {
	return func(r *recorder, looked *int) (broken []string) {
		for _, x := range slices.Concat(r.of("RolePolicy"), r.of("Policy")) {
			for _, s := range list(at(x.Inputs, "policy.document.Statement")) {
				*looked++
				statement, _ := s.(map[string]any)
				if f := fault(statement); f != "" {
					broken = append(broken, fmt.Sprintf("%s: statement %v %s", x.Name, statement["Sid"], f))
				}
			}
		}
		return broken
	}
}

func noWildcardAction(s map[string]any) string {
	for _, action := range list(s["Action"]) {
		if strings.Contains(fmt.Sprint(action), "*") {
			return fmt.Sprintf("has the action %v", action)
		}
	}
	return ""
}

// Actions that know no resources: a policy can only give them for all.
var withoutResources = []string{"xray:PutTelemetryRecords", "xray:PutTraceSegments",
	"ec2:CreateNetworkInterface", "ec2:DescribeNetworkInterfaces", "ec2:DeleteNetworkInterface", "ec2:DescribeSubnets",
	"ec2:AssignPrivateIpAddresses", "ec2:UnassignPrivateIpAddresses", "ec2:DescribeSecurityGroups", "ec2:DescribeVpcs", "ec2:GetSecurityGroupsForVpc"}

func noWildcardResource(s map[string]any) string {
	if s["Effect"] == "Deny" {
		return ""
	}
	for _, resource := range list(s["Resource"]) {
		if resource != "*" {
			continue
		}
		for _, action := range list(s["Action"]) {
			if !slices.Contains(withoutResources, fmt.Sprint(action)) {
				return fmt.Sprintf("gives %v on every resource", action)
			}
		}
	}
	return ""
}

// A rule that nothing could break would hold always: each is broken by some change of a
// single value that the stack with everything on declares.
func TestEachControlCanBeBroken(t *testing.T) {
	r, err := run(t, "all", read(t, "testdata/all.yaml"), secretPassword)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range controls {
		looked := 0
		before := len(c.finds(r, &looked))
		if _, excused := c.but["all"]; excused != (before > 0) {
			continue // which the other test tells of
		}
		broken := func() bool { return len(c.finds(r, &looked)) != before }
		seen := func() int { n := 0; c.finds(r, &n); return n }
		if !spoil(r, broken, seen) {
			t.Errorf("%s (%s): no change of a single value is found by it", c.ids, c.what)
		}
	}
}

// spoil changes one thing after another, until noticed says so; each is put back. seen
// counts what the rule looks at: what it does not is left alone.
func spoil(r *recorder, noticed func() bool, seen func() int) bool {
	whole := seen()
next:
	for i := range r.resources {
		x := &r.resources[i]
		old := *x
		for _, change := range []func(){
			func() { x.DeleteBeforeReplace = !x.DeleteBeforeReplace },
			func() { x.Protect = !x.Protect },
			func() { x.RetainOnDelete = !x.RetainOnDelete },
			func() { x.Type = "aws:nothing:Nothing" },
		} {
			change()
			found := noticed()
			unseen := x.Type != old.Type && seen() == whole
			*x = old
			if found {
				return true
			}
			if unseen {
				continue next
			}
		}
		if spoilFields(x.Inputs, noticed) {
			return true
		}
	}
	return false
}

func spoilFields(m map[string]any, noticed func() bool) bool {
	for _, key := range slices.Concat(slices.Sorted(maps.Keys(m)), []string{"cacheClusterEnabled", "cachingEnabled", "environment"}) {
		old, there := m[key]
		if !there {
			m[key] = true
			if key == "environment" {
				m[key] = map[string]any{"variables": map[string]any{"DB_PASSWORD": "x"}}
			}
			found := noticed()
			delete(m, key)
			if found {
				return true
			}
			continue
		}
		for _, other := range []any{nil, "*", "'*'", "arn:aws:execute-api:us-west-2:111122223333:abcdefghij/*", "http://x", "header", "arn:x:x/*/*", float64(0), float64(1e6), true, false, []any{}, []any{"*"}} {
			m[key] = other
			found := noticed()
			m[key] = old
			if found {
				return true
			}
		}
		if spoilValue(old, noticed) {
			return true
		}
	}
	return false
}

func spoilValue(v any, noticed func() bool) bool {
	switch v := v.(type) {
	case map[string]any:
		return spoilFields(v, noticed)
	case []any:
		return slices.ContainsFunc(v, func(element any) bool { return spoilValue(element, noticed) })
	}
	return false
}
