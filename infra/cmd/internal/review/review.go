// Package review tells people what a preview or a refresh of Pulumi would change: from
// its JSON, as text for a terminal or as Markdown for a pull request.
package review

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// Review is what would change.
type Review struct {
	Changes   []Change // in the order of their names
	Unchanged int
	Unnamed   int      // changes that Pulumi counts and does not name, as where it prints no events
	Errors    []string // what stopped it, each once; empty when nothing did
	Away      bool     // the provider, or what it asks, could not be reached
	Warnings  []string
}

// Change is what would become of one resource.
type Change struct {
	Op         string     // create, update, replace, delete, import; of a refresh update and delete
	Type       string     // such as aws:iam/role:Role
	Name       string     // in the program
	Properties []Property // that change, in the order of their paths; of what is deleted none
}

// Property is a value that changes; one that is not there is empty.
type Property struct {
	Path          string
	Before, After string
}

// LosesData tells whether the change takes along what the program cannot make again:
// users, identities, logs, or what a key encrypted.
func (c Change) LosesData() bool {
	return (c.Op == Delete || c.Op == Replace) && slices.Contains(holdsData, c.Type)
}

// holdsData are the types of resources whose deletion is a loss.
var holdsData = []string{
	"aws:cognito/user:User", "aws:cognito/userPool:UserPool", "aws:cognito/identityPool:IdentityPool",
	"aws:cloudwatch/logGroup:LogGroup", "aws:kms/key:Key",
}

// The operations of changes.
const (
	Create  = "create"
	Update  = "update"
	Replace = "replace"
	Delete  = "delete"
	Import  = "import"
)

// ops are the engine's operations, by the change that they are part of. Others, such as
// same, read and refresh, change nothing.
//
// https://pkg.go.dev/github.com/pulumi/pulumi/sdk/v3/go/common/apitype#OpType
var ops = map[string]string{
	"create": Create, "update": Update, "delete": Delete, "import": Import,
	"replace": Replace, "create-replacement": Replace, "delete-replaced": Replace, "import-replacement": Replace,
	"discard": Delete, "discard-replaced": Replace,
}

// Preview reads what pulumi preview --json printed: inputs are compared, as they are what
// the program asks for.
func Preview(text []byte) (Review, error) {
	t, err := listen(text)
	if err != nil {
		return Review{}, fmt.Errorf("reading what the preview printed: %w", err)
	}
	out, err := t.review(append(t.digest, t.before...), func(s *state) map[string]any { return s.Inputs }, "(known afterwards)")
	if err != nil {
		return Review{}, fmt.Errorf("reading what the preview printed: %w", err)
	}
	return out, nil
}

// Refresh reads what pulumi refresh --preview-only --json printed: outputs are compared,
// as they are what stands. With Events in its environment, Pulumi names every resource
// that differs; else it leaves out those whose provider tells no details, and they are
// counted. What ends before its end is an error.
func Refresh(text []byte) (Review, error) {
	t, err := listen(text)
	if err != nil {
		return Review{}, fmt.Errorf("reading what the refresh printed: %w", err)
	}
	out, err := t.review(append(t.digest, t.after...), func(s *state) map[string]any { return s.Outputs }, "something else")
	switch {
	case err != nil:
		return Review{}, fmt.Errorf("reading what the refresh printed: %w", err)
	case t.counts == nil && len(out.Errors) == 0:
		return Review{}, errors.New("reading what the refresh printed: it ends without telling how many resources there are; Pulumi was stopped, or is too old (make toolchain builds one into bin/)")
	}
	return out, nil
}

// review takes together what was told of each resource. Of what differs without a value
// that can be told, otherwise says what it is now.
func (t told) review(steps []step, of func(*state) map[string]any, otherwise string) (Review, error) {
	out := Review{Unchanged: t.counts["same"]}
	found := map[resource.URN]Change{}
	for _, s := range steps {
		op, changes := ops[s.Op]
		if !changes {
			continue
		}
		if !s.URN.IsValid() {
			return Review{}, fmt.Errorf("%q is no URN of a resource", s.URN)
		}
		if before, there := found[s.URN]; there && (before.Op == Replace || op != Replace) && len(before.Properties) > 0 {
			continue // a replacement is told in several steps
		}
		c := Change{Op: op, Type: string(s.URN.Type()), Name: s.URN.Name()}
		if s.New != nil { // of what is deleted nothing is left to tell
			var before map[string]any
			if s.Old != nil {
				before = of(s.Old)
			}
			c.Properties = differences(before, of(s.New))
			if op == Update || op == Replace {
				c.Properties = withUntold(c.Properties, before, s.paths(), otherwise)
			}
		}
		found[s.URN] = c
	}
	for _, urn := range slices.Sorted(maps.Keys(found)) {
		out.Changes = append(out.Changes, found[urn])
	}
	slices.SortStableFunc(out.Changes, func(a, b Change) int {
		return cmp.Or(cmp.Compare(a.Type, b.Type), cmp.Compare(a.Name, b.Name))
	})
	for op, n := range t.counts {
		if op != "same" {
			out.Unnamed += n
		}
	}
	out.Unnamed = max(0, out.Unnamed-len(out.Changes))
	out.Errors, out.Away = failures(t.diagnostics)
	for _, d := range t.diagnostics {
		if text := d.text(); d.Severity == "warning" && text != "" && !slices.Contains(out.Warnings, text) {
			out.Warnings = append(out.Warnings, text)
		}
	}
	return out, nil
}

// Count tells how many changes there are, such as "1 to create, 2 to update".
func (r Review) Count() string {
	counts := map[string]int{}
	for _, c := range r.Changes {
		counts[c.Op]++
	}
	var parts []string
	for _, op := range []string{Create, Import, Update, Replace, Delete} {
		if counts[op] > 0 {
			parts = append(parts, fmt.Sprintf("%d to %s", counts[op], op))
		}
	}
	if len(parts) == 0 {
		return "nothing to change"
	}
	return strings.Join(parts, ", ")
}
