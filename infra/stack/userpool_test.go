package stack_test

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	"github.com/pulumi/pulumi/sdk/v3/go/common/tokens"

	"auth-api/infra/localaws/awstest"
	"auth-api/infra/localaws/provider"
	"auth-api/infra/settings"
)

// people runs the program with these fields of identity, after a run with these outputs.
func people(t *testing.T, identity string, previous map[string]any) (*recorder, error) {
	t.Helper()
	secrets := ""
	if strings.Contains(identity, provided[:10]) {
		secrets = "\n  auth-api:providerSecrets: {Shop: s3cret}"
	}
	if strings.Contains(identity, "demoUser") {
		secrets += "\n  auth-api:demoPassword: Placeholder-secret-1"
	}
	return run(t, "people", least+"  auth-api:identity: {"+identity+"}"+secrets, func(e *environment) {
		e.previous = previous
		e.env["PULUMI_CONFIG_SECRET_KEYS"] = `["auth-api:demoPassword", "auth-api:providerSecrets"]`
	})
}

// kept are the outputs as the next run finds them: the engine leaves secrets out.
func kept(t *testing.T, r *recorder) map[string]any {
	t.Helper()
	data, err := json.Marshal(r.exports)
	if err != nil {
		t.Fatal(err)
	}
	var out map[string]any
	if err := json.Unmarshal(data, &out); err != nil {
		t.Fatal(err)
	}
	maps.DeleteFunc(out, func(_ string, v any) bool {
		marked, isMapping := v.(map[string]any)
		return isMapping && marked["secret"] != nil
	})
	return out
}

// Every setting of identity is changed, one at a time: the user pool is untouched, takes
// the change, or is not touched because the program refuses. Where the settings name it
// to be replaced, the provider replaces it.
func TestNoSettingLosesTheUsers(t *testing.T) {
	for _, e := range settings.Reference() {
		name, ofIdentity := strings.CutPrefix(e.Key, "identity.")
		has := slices.ContainsFunc(changes, func(c change) bool { return c.setting == name || strings.HasPrefix(c.setting, name+".") })
		if ofIdentity && !has {
			t.Errorf("nobody knows what becomes of the users when %s changes", e.Key)
		}
	}
	local := provider.New(awstest.Start(t))
	var table strings.Builder
	for _, c := range changes {
		t.Run(strings.Trim(c.setting+" "+c.after, " "), func(t *testing.T) {
			off := func(fields string) string {
				if strings.Contains(fields, "deletionProtection") {
					return fields
				}
				return strings.Trim("deletionProtection: false, "+fields, ", ")
			}
			before, err := people(t, strings.TrimSuffix(c.before, ", "), nil)
			if err != nil {
				t.Fatal(err)
			}
			after, err := people(t, strings.TrimSuffix(c.after, ", "), kept(t, before))
			pool := newPool(t, local, before)
			if c.pool == refused {
				if err == nil || !strings.Contains(err.Error(), "would be replaced, and all its users lost") || !strings.Contains(err.Error(), "Nothing was done") {
					t.Fatalf("the change is not refused: %v", err)
				}
				if declared := after.aws(); len(declared) > 0 {
					t.Fatalf("declared were %v", names(declared))
				}
				// Named, the pool is replaced, once it is no longer protected.
				named := strings.Trim(strings.TrimSuffix(c.after, ", ")+", replaceUserPool: us-west-2_abcdefghi", ", ")
				if _, err := people(t, named, kept(t, before)); err == nil || !strings.Contains(err.Error(), "is protected") {
					t.Errorf("a protected pool that is named: %v", err)
				}
				before, err = people(t, off(c.before), nil)
				if err == nil {
					after, err = people(t, off(named), kept(t, before))
				}
				if err != nil {
					t.Fatalf("named, the pool is not replaced: %v", err)
				}
				diff, replaced := pool.diff(after), after.of("UserPool")[0].replaceOnChanges
				if len(diff.ReplaceKeys) == 0 && !(slices.Equal(replaced, []string{"schemas"}) && slices.Contains(diff.ChangedKeys, "schemas")) {
					t.Errorf("named, the pool is not replaced by the provider: %v, nor by the program: %v", diff, replaced)
				}
				// Another pool's name opens nothing.
				if _, err := people(t, strings.Replace(off(named), "abcdefghi", "zyxwvutsr", 1), kept(t, before)); err == nil {
					t.Error("another pool's id let the change through")
				}
			} else {
				if err != nil {
					t.Fatal(err)
				}
				diff := pool.diff(after)
				got := untouched
				switch {
				case len(diff.ReplaceKeys) > 0:
					got = fmt.Sprintf("replaced for %v", diff.ReplaceKeys)
				case diff.Changes == plugin.DiffSome:
					got = inPlace
					pool.update(after)
				}
				if got != c.pool {
					t.Errorf("the user pool is %s (%v), want it %s", got, diff.ChangedKeys, c.pool)
				}
				if strings.Contains(c.after+c.before, "attributes") && c.pool == inPlace && len(diff.ChangedKeys) != 1 {
					t.Errorf("a further attribute changes %v", diff.ChangedKeys)
				}
			}
			fmt.Fprintf(&table, "| `identity.%s` | %s | %s | %s |\n", c.setting, shown(c), c.pool, besides(c, before, after))
		})
	}
	keepTable(t, "../identity/README.md", table.String())
}

// shown is a change for people.
func shown(c change) string {
	text := func(fields string) string {
		if fields = strings.TrimSuffix(fields, ", "); fields == "" {
			return "default"
		}
		return "`" + fields + "`"
	}
	return text(c.before) + " → " + text(c.after)
}

// besides are the resources other than the user pool that are made, changed and removed.
func besides(c change, before, after *recorder) string {
	if c.pool == refused {
		return "none is touched"
	}
	index := func(r *recorder) map[string]string {
		out := map[string]string{}
		for _, x := range r.aws() {
			if !strings.HasSuffix(x.Type, ":UserPool") {
				out[x.Type[strings.LastIndex(x.Type, ":")+1:]+" "+x.Name] = fmt.Sprint(x.Inputs)
			}
		}
		return out
	}
	old, now := index(before), index(after)
	var out []string
	for name, inputs := range now {
		if was, there := old[name]; !there {
			out = append(out, name+" made")
		} else if was != inputs {
			out = append(out, name+" changed")
		}
	}
	for name := range old {
		if _, there := now[name]; !there {
			out = append(out, name+" removed")
		}
	}
	if len(out) == 0 {
		return "none"
	}
	slices.Sort(out)
	return strings.Join(out, ", ")
}

// standing is a user pool in a local AWS.
type standing struct {
	t      *testing.T
	p      *provider.Provider
	urn    resource.URN
	id     resource.ID
	inputs resource.PropertyMap
	state  resource.PropertyMap
}

// newPool makes the user pool that the program declares.
func newPool(t *testing.T, p *provider.Provider, r *recorder) *standing {
	t.Helper()
	s := &standing{t: t, p: p, urn: resource.NewURN("people", "auth-api", "", tokens.Type("aws:cognito/userPool:UserPool"), "users")}
	s.inputs = s.check(r, nil)
	made, err := s.p.Create(context.Background(), plugin.CreateRequest{URN: s.urn, Properties: s.inputs})
	if err != nil {
		t.Fatal(err)
	}
	s.id, s.state = made.ID, made.Properties
	return s
}

func (s *standing) check(r *recorder, olds resource.PropertyMap) resource.PropertyMap {
	s.t.Helper()
	checked, err := s.p.Check(context.Background(), plugin.CheckRequest{URN: s.urn, Olds: olds, News: r.of("UserPool")[0].raw})
	if err != nil || len(checked.Failures) > 0 {
		s.t.Fatal(err, checked.Failures)
	}
	return checked.Properties
}

// diff is what the provider says of the change to what another run declares.
func (s *standing) diff(r *recorder) plugin.DiffResponse {
	s.t.Helper()
	diff, err := s.p.Diff(context.Background(), plugin.DiffRequest{URN: s.urn, ID: s.id, OldInputs: s.inputs, OldOutputs: s.state, NewInputs: s.check(r, s.inputs)})
	if err != nil {
		s.t.Fatal(err)
	}
	return diff
}

// update changes the pool to what another run declares.
func (s *standing) update(r *recorder) {
	s.t.Helper()
	if _, err := s.p.Update(context.Background(), plugin.UpdateRequest{URN: s.urn, ID: s.id, OldInputs: s.inputs, OldOutputs: s.state, NewInputs: s.check(r, s.inputs)}); err != nil {
		s.t.Error(err)
	}
}

// keepTable compares the table in a document with what it should be; -update writes it.
func keepTable(t *testing.T, file, rows string) {
	t.Helper()
	const begin, end = "<!-- written by go test ./infra/stack -update -->\n", "<!-- end -->"
	document := read(t, file)
	head, rest, found := strings.Cut(document, begin)
	_, tail, closed := strings.Cut(rest, end)
	if !found || !closed {
		t.Fatalf("%s has no place for the table", file)
	}
	want := head + begin + "| Setting | Change | User pool | Besides |\n|---|---|---|---|\n" + rows + end + tail
	if *update {
		if err := os.WriteFile(file, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(want, document); diff != "" {
		t.Errorf("%s is not what the program does (go test ./infra/stack -update writes it): -want +got %s", file, diff)
	}
}

// What else would take the users away, or leave something that nobody asked for.
func TestWhatTheNextRunIsRefused(t *testing.T) {
	const triggers = "triggers: {preSignUp: no-auth, preTokenGeneration: no-auth}"
	first, err := people(t, triggers, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, identity string
		change         func(map[string]any)
		want           string // empty: it goes on
	}{
		{"nothing changes", triggers, nil, ""},
		{"another region", triggers, func(o map[string]any) { o["userPoolId"] = "eu-central-1_abcdefghi" },
			"Pulumi.people.yaml: the user pool eu-central-1_abcdefghi would be replaced, and all its users lost: the region was eu-central-1 and would be us-west-2. These are fixed when a user pool is made. Nothing was done. Undo the change; or, if the users may be lost, set auth-api:identity.replaceUserPool: eu-central-1_abcdefghi"},
		{"another name of the stack", triggers, func(o map[string]any) { o["userPoolFixed"].(map[string]any)["name"] = "auth-api-folk" },
			`the name of the user pool (identity.userPoolName, or the stack's name) was "auth-api-folk" and would be "auth-api-people"`},
		{"the name it had", triggers + ", userPoolName: auth-api-folk", func(o map[string]any) { o["userPoolFixed"].(map[string]any)["name"] = "auth-api-folk" }, ""},
		{"several at once", triggers + ", aliasAttributes: [], userPoolName: folk", nil,
			`would be "folk"; identity.aliasAttributes was ["email", "preferred_username"] and would be []. These`},
		{"a stack that told nothing", triggers + ", aliasAttributes: []", func(o map[string]any) { delete(o, "userPoolFixed") }, ""},
		{"a stack that was never up", triggers + ", aliasAttributes: []", func(o map[string]any) { clear(o) }, ""},
		{"what cannot be read", triggers, func(o map[string]any) { o["userPoolFixed"] = "users" }, "reading what is fixed of the user pool"},
		{"the trigger of tokens goes and another stays", "triggers: {preSignUp: no-auth}", nil,
			"Pulumi.people.yaml: auth-api:identity.triggers.preTokenGeneration was no-auth and is gone, and AWS's provider would keep it as long as the user pool has another trigger. Nothing was done. Bring the stack up without any of identity.triggers first, and then with those that stay"},
		{"all triggers go", "", nil, ""},
		{"the other trigger goes", "triggers: {preTokenGeneration: no-auth}", nil, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			previous := kept(t, first)
			if c.change != nil {
				c.change(previous)
			}
			r, err := people(t, c.identity, previous)
			if c.want == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %s", err, c.want)
			}
			if declared := r.aws(); len(declared) > 0 {
				t.Errorf("declared were %v", names(declared))
			}
		})
	}
}

// The secret of a provider is declared as one, and shown by no output.
func TestAProvidersSecretIsDeclaredAsOne(t *testing.T) {
	r, err := people(t, "providers: {Shop: {"+provided+"}}", nil)
	if err != nil {
		t.Fatal(err)
	}
	details, _ := r.of("IdentityProvider")[0].Inputs["providerDetails"].(map[string]any)
	if fmt.Sprint(details["client_secret"]) != "map[secret:s3cret]" {
		t.Errorf("the details are %v", details)
	}
	if text := pretty(t, r.exports); strings.Contains(text, "s3cret") {
		t.Errorf("the outputs show it: %s", text)
	}
	if got, want := r.exports["identityProviderUrl"], fmt.Sprint(r.exports["hostedUiUrl"])+"/oauth2/idpresponse"; got != want {
		t.Errorf("providers are told %v, want %s", got, want)
	}
}
