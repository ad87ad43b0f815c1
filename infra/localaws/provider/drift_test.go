package provider_test

import (
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
)

// refresh tells what a refresh sees: the engine asks for the way back, from what stands to
// what it has.
func (e engine) refresh(r one) (plugin.ReadResult, plugin.DiffResult) {
	e.t.Helper()
	read, err := e.p.Read(e.t.Context(), plugin.ReadRequest{URN: r.urn, ID: r.id, Inputs: r.inputs, State: r.outputs})
	if err != nil {
		e.t.Fatal(err)
	}
	d, err := e.p.Diff(e.t.Context(), plugin.DiffRequest{URN: r.urn, ID: r.id, OldInputs: read.Inputs, OldOutputs: read.Outputs, NewInputs: r.inputs})
	if err != nil {
		e.t.Fatal(err)
	}
	return read.ReadResult, d
}

// What somebody else changed, added or took away is found by a refresh; what nobody
// changed is not.
func TestARefreshSeesWhatAnotherChanged(t *testing.T) {
	for name, test := range map[string]struct {
		token    string
		declared map[string]any
		changed  map[string]any
		key      resource.PropertyKey
	}{
		"a policy": {
			rolePolicy,
			map[string]any{"role": "mine", "name": "p", "policy": `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"execute-api:Invoke","Resource":"arn:aws:execute-api:us-west-2:000000000000:a/s/GET/a"}]}`},
			map[string]any{"role": "mine", "name": "p", "policy": `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"execute-api:Invoke","Resource":"*"}]}`},
			"policy",
		},
		"something taken away": {logGroup, map[string]any{"name": "/a", "retentionInDays": 30}, map[string]any{"name": "/a"}, "retentionInDays"},
		"something added":      {logGroup, map[string]any{"name": "/a"}, map[string]any{"name": "/a", "retentionInDays": 7}, "retentionInDays"},
	} {
		t.Run(name, func(t *testing.T) {
			e, _ := start(t, t.TempDir(), 0)
			e.create(role, "mine", map[string]any{"name": "mine", "assumeRolePolicy": trust})
			r := e.create(test.token, "it", test.declared)
			if _, d := e.refresh(r); d.Changes != plugin.DiffNone {
				t.Fatalf("before anybody changed it: %+v", d)
			}
			news, failures := e.check(test.token, "it", r.inputs, props(test.changed))
			if failures != "" {
				t.Fatal(failures)
			}
			if _, err := e.p.Update(t.Context(), plugin.UpdateRequest{URN: r.urn, ID: r.id, OldInputs: r.inputs, OldOutputs: r.outputs, NewInputs: news}); err != nil {
				t.Fatal(err)
			}
			read, d := e.refresh(r)
			if d.Changes != plugin.DiffSome || len(d.ChangedKeys) != 1 || d.ChangedKeys[0] != test.key {
				t.Errorf("the refresh sees %+v", d)
			}
			if !read.Inputs[test.key].DeepEquals(news[test.key]) {
				t.Errorf("it reads %s %v, and not %v", test.key, read.Inputs[test.key], news[test.key])
			}
			if !read.Outputs[test.key].DeepEquals(news[test.key]) {
				t.Errorf("it answers %s %v, and not %v", test.key, read.Outputs[test.key], news[test.key])
			}
		})
	}
}

// What was secret is secret when it is read back changed, and what is kept sealed is not
// taken for gone.
func TestARefreshKeepsSecrets(t *testing.T) {
	const parameter = "aws:ssm/parameter:Parameter"
	e, _ := start(t, t.TempDir(), 0)
	with := func(description string) resource.PropertyMap {
		return resource.PropertyMap{
			"name": resource.NewStringProperty("/p"), "type": resource.NewStringProperty("SecureString"), "value": resource.MakeSecret(resource.NewStringProperty("one")),
			"description": resource.MakeSecret(resource.NewStringProperty(description)),
		}
	}
	inputs, failures := e.check(parameter, "p", nil, with("mine"))
	if failures != "" {
		t.Fatal(failures)
	}
	made, err := e.p.Create(t.Context(), plugin.CreateRequest{URN: urn(parameter, "p"), Properties: inputs})
	if err != nil {
		t.Fatal(err)
	}
	r := one{urn(parameter, "p"), made.ID, inputs, made.Properties}
	if _, d := e.refresh(r); d.Changes != plugin.DiffNone {
		t.Errorf("before anybody changed it: %+v", d)
	}
	news, _ := e.check(parameter, "p", inputs, with("theirs"))
	if _, err := e.p.Update(t.Context(), plugin.UpdateRequest{URN: r.urn, ID: r.id, OldInputs: r.inputs, OldOutputs: r.outputs, NewInputs: news}); err != nil {
		t.Fatal(err)
	}
	read, d := e.refresh(r)
	if d.Changes != plugin.DiffSome || !read.Inputs["description"].IsSecret() || !read.Inputs["value"].IsSecret() {
		t.Errorf("it reads %v: %+v", read.Inputs, d)
	}
}
