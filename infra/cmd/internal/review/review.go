// Package review tells people what a preview or a refresh of Pulumi would change: from
// its JSON, as text for a terminal or as Markdown for a pull request.
package review

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/sig"
)

// Review is what would change.
type Review struct {
	Changes   []Change // in the order of their names
	Unchanged int
	Unnamed   int      // changes that Pulumi counts and does not tell apart, as a refresh's JSON has updates
	Errors    []string // what stopped it; empty when nothing did
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

// digest is what pulumi preview --json, or refresh --json, prints.
//
// https://pkg.go.dev/github.com/pulumi/pulumi/sdk/v3/go/auto#PreviewStep has the same form.
type digest struct {
	Steps []struct {
		Op  string       `json:"op"`
		URN resource.URN `json:"urn"`
		Old *state       `json:"oldState"`
		New *state       `json:"newState"`
	} `json:"steps"`
	Summary     map[string]int `json:"changeSummary"`
	Diagnostics []struct {
		Message  string `json:"message"`
		Severity string `json:"severity"`
	} `json:"diagnostics"`
}

type state struct {
	Type    string         `json:"type"`
	Inputs  map[string]any `json:"inputs"`
	Outputs map[string]any `json:"outputs"`
}

// Preview reads what pulumi preview --json printed: inputs are compared, as they are what
// the program asks for.
func Preview(text []byte) (Review, error) {
	return read(text, "preview", func(s *state) map[string]any { return s.Inputs })
}

// Refresh reads what pulumi refresh --preview-only --json printed: outputs are compared,
// as they are what stands.
func Refresh(text []byte) (Review, error) {
	return read(text, "refresh", func(s *state) map[string]any { return s.Outputs })
}

func read(text []byte, what string, of func(*state) map[string]any) (Review, error) {
	var d digest
	if err := json.Unmarshal(text, &d); err != nil {
		return Review{}, fmt.Errorf("reading what the %s printed: %w", what, err)
	}
	out := Review{Unchanged: d.Summary["same"]}
	found := map[resource.URN]Change{}
	for _, s := range d.Steps {
		op, changes := ops[s.Op]
		if !changes {
			continue
		}
		if !s.URN.IsValid() {
			return Review{}, fmt.Errorf("reading what the %s printed: %q is no URN of a resource", what, s.URN)
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
		}
		found[s.URN] = c
	}
	for _, urn := range slices.Sorted(maps.Keys(found)) {
		out.Changes = append(out.Changes, found[urn])
	}
	slices.SortStableFunc(out.Changes, func(a, b Change) int {
		return cmp.Or(cmp.Compare(a.Type, b.Type), cmp.Compare(a.Name, b.Name))
	})
	for op, n := range d.Summary {
		if op != "same" {
			out.Unnamed += n
		}
	}
	out.Unnamed = max(0, out.Unnamed-len(out.Changes))
	for _, m := range d.Diagnostics {
		switch text := strings.TrimSpace(m.Message); {
		case text == "":
		case m.Severity == "error":
			out.Errors = append(out.Errors, text)
		case m.Severity == "warning":
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

// differences are the values in which two states differ. Documents in texts, such as
// policies, are looked into.
func differences(before, after map[string]any) []Property {
	b, a := map[string]string{}, map[string]string{}
	flatten(b, "", before)
	flatten(a, "", after)
	all := maps.Clone(b)
	maps.Copy(all, a)
	var out []Property
	for _, path := range slices.Sorted(maps.Keys(all)) {
		if b[path] != a[path] {
			out = append(out, Property{path, b[path], a[path]})
		}
	}
	return out
}

// unknown is how Pulumi writes a value that is known only once the change is made.
const unknown = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"

func flatten(into map[string]string, path string, v any) {
	switch v := v.(type) {
	case nil:
	case map[string]any:
		if len(v) == 0 && path != "" {
			into[path] = "{}"
			return
		}
		if text, special := signed(v); special {
			into[path] = text
			return
		}
		for key, element := range v {
			if key != "__defaults" { // Pulumi's own note
				flatten(into, join(path, key), element)
			}
		}
	case []any:
		if len(v) == 0 {
			into[path] = "[]"
		}
		for i, element := range v {
			flatten(into, fmt.Sprintf("%s[%d]", path, i), element)
		}
	case string:
		var inside any
		if trimmed := strings.TrimSpace(v); len(trimmed) > 1 && (trimmed[0] == '{' || trimmed[0] == '[') && json.Unmarshal([]byte(trimmed), &inside) == nil {
			flatten(into, path, inside)
			return
		}
		into[path] = strings.ReplaceAll(v, unknown, "(known afterwards)")
	default:
		text, err := json.Marshal(v)
		if err != nil { // cannot be: it was read from JSON
			text = fmt.Append(nil, v)
		}
		into[path] = string(text)
	}
}

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}

// signed is the text of a value that JSON does not have. Of a secret nothing is told.
func signed(v map[string]any) (string, bool) {
	switch v[sig.Key] {
	case sig.Secret:
		return "[secret]", true
	case sig.ArchiveSig, sig.AssetSig:
		hash, _ := v["hash"].(string)
		return "content " + hash[:min(len(hash), 12)], true
	}
	return "", false
}
