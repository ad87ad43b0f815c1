package provider_test

import (
	"archive/zip"
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"auth-api/infra/localaws"
	"auth-api/infra/localaws/provider"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/archive"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	"github.com/pulumi/pulumi/sdk/v3/go/common/tokens"
)

// The types that these stories are told with.
const (
	role       = "aws:iam/role:Role"
	rolePolicy = "aws:iam/rolePolicy:RolePolicy"
	userPool   = "aws:cognito/userPool:UserPool"
	domain     = "aws:cognito/userPoolDomain:UserPoolDomain"
	logGroup   = "aws:cloudwatch/logGroup:LogGroup"
	function   = "aws:lambda/function:Function"
	apiKey     = "aws:apigateway/apiKey:ApiKey"
)

const trust = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}]}`

// engine plays the Pulumi engine towards a provider.
type engine struct {
	t *testing.T
	p *provider.Provider
}

// one is a resource that was made.
type one struct {
	urn             resource.URN
	id              resource.ID
	inputs, outputs resource.PropertyMap
}

func start(t *testing.T, dir string, port int) (engine, *localaws.Server) {
	t.Helper()
	aws, err := localaws.Start(localaws.Config{Dir: dir, Port: port})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = aws.Close(context.Background()) })
	return engine{t, provider.New(aws)}, aws
}

func props(m map[string]any) resource.PropertyMap { return resource.NewPropertyMapFromMap(m) }

func urn(token, name string) resource.URN {
	return resource.NewURN("test", "auth-api", "", tokens.Type(token), name)
}

func (e engine) check(token, name string, olds, news resource.PropertyMap) (resource.PropertyMap, string) {
	e.t.Helper()
	got, err := e.p.Check(e.t.Context(), plugin.CheckRequest{URN: urn(token, name), Olds: olds, News: news, RandomSeed: []byte(name)})
	if err != nil {
		return nil, err.Error()
	}
	var failures []string
	for _, f := range got.Failures {
		failures = append(failures, string(f.Property)+": "+f.Reason)
	}
	return got.Properties, strings.Join(failures, "\n")
}

func (e engine) try(token, name string, m map[string]any) (one, error) {
	e.t.Helper()
	inputs, failures := e.check(token, name, nil, props(m))
	if failures != "" {
		e.t.Fatalf("%s %s: %s", token, name, failures)
	}
	made, err := e.p.Create(e.t.Context(), plugin.CreateRequest{URN: urn(token, name), Properties: inputs})
	return one{urn(token, name), made.ID, inputs, made.Properties}, err
}

func (e engine) create(token, name string, m map[string]any) one {
	e.t.Helper()
	made, err := e.try(token, name, m)
	if err != nil {
		e.t.Fatal(err)
	}
	return made
}

func (e engine) diff(r one, m map[string]any) plugin.DiffResponse {
	e.t.Helper()
	news, failures := e.check(string(r.urn.Type()), r.urn.Name(), r.inputs, props(m))
	if failures != "" {
		e.t.Fatal(failures)
	}
	d, err := e.p.Diff(e.t.Context(), plugin.DiffRequest{URN: r.urn, ID: r.id, OldInputs: r.inputs, OldOutputs: r.outputs, NewInputs: news})
	if err != nil {
		e.t.Fatal(err)
	}
	return d
}

func (e engine) delete(r one) error {
	_, err := e.p.Delete(e.t.Context(), plugin.DeleteRequest{URN: r.urn, ID: r.id, Inputs: r.inputs, Outputs: r.outputs})
	return err
}

func (e engine) stands(r one) bool {
	e.t.Helper()
	got, err := e.p.Read(e.t.Context(), plugin.ReadRequest{URN: r.urn, ID: r.id, Inputs: r.inputs, State: r.outputs})
	if err != nil {
		e.t.Fatal(err)
	}
	return got.ID == r.id
}

func TestWhatIsNotKnownIsRefusedByName(t *testing.T) {
	e, _ := start(t, t.TempDir(), 0)
	for name, test := range map[string]struct {
		token string
		props map[string]any
		says  string
	}{
		"a type":              {"aws:s3/bucket:Bucket", nil, "the local AWS does not know the resource type aws:s3/bucket:Bucket; it knows aws:apigateway/account:Account,"},
		"a property":          {logGroup, map[string]any{"namePrefix": "a"}, "namePrefix: the local AWS does not know this property; it knows kmsKeyId, logGroupClass, name, retentionInDays, skipDestroy, tags"},
		"a property inside":   {userPool, map[string]any{"passwordPolicy": map[string]any{"minimumLenght": 8}}, "passwordPolicy.minimumLenght: the local AWS does not know this property; it knows minimumLength,"},
		"one in a list":       {userPool, map[string]any{"schemas": []any{map[string]any{"name": "a", "kind": "String"}}}, "schemas[0].kind: the local AWS does not know"},
		"a computed property": {role, map[string]any{"assumeRolePolicy": trust, "arn": "arn:aws:iam::1:role/mine"}, "arn: the local AWS does not know this property"},
		"a missing property":  {role, nil, "assumeRolePolicy: it is required"},
		"a string for a list": {userPool, map[string]any{"aliasAttributes": "email"}, "aliasAttributes: it must be a list and is string"},
		"a list for a string": {logGroup, map[string]any{"name": []any{"a"}}, "name: it must be a string and is []"},
		"a string for a number": {logGroup, map[string]any{"retentionInDays": "7"},
			"retentionInDays: it must be a number and is string"},
		"a policy that could not be enforced": {role, map[string]any{"assumeRolePolicy": strings.Replace(trust, `"Action"`, `"Acton"`, 1)}, "Acton"},
	} {
		t.Run(name, func(t *testing.T) {
			e := engine{t, e.p}
			if _, says := e.check(test.token, "it", nil, props(test.props)); !strings.Contains(says, test.says) {
				t.Errorf("it says %q, not %q", says, test.says)
			}
		})
	}
	if _, err := e.p.Invoke(t.Context(), plugin.InvokeRequest{Tok: "aws:ec2/getAmi:getAmi"}); err == nil || !strings.Contains(err.Error(), "aws:ec2/getAmi:getAmi") {
		t.Errorf("an unknown function: %v", err)
	}
}

func TestWhatIsNotKnownYetIsNoFailure(t *testing.T) {
	e, _ := start(t, t.TempDir(), 0)
	unknown := resource.MakeComputed(resource.NewStringProperty(""))
	if _, says := e.check(rolePolicy, "it", nil, resource.PropertyMap{"role": unknown, "policy": resource.MakeSecret(unknown)}); says != "" {
		t.Error(says)
	}
	preview, err := e.p.Create(t.Context(), plugin.CreateRequest{URN: urn(role, "r"), Properties: props(map[string]any{"name": "r", "assumeRolePolicy": trust}), Preview: true})
	if err != nil || !preview.Properties["arn"].IsComputed() || preview.Properties["name"].StringValue() != "r" {
		t.Errorf("a preview of a role answers %v, %v", preview.Properties, err)
	}
}

func TestNames(t *testing.T) {
	e, _ := start(t, t.TempDir(), 0)
	first, says := e.check(logGroup, "log", nil, props(map[string]any{"retentionInDays": 7}))
	name := first["name"].StringValue()
	if says != "" || !strings.HasPrefix(name, "log-") || len(name) != len("log-")+7 {
		t.Errorf("a log group is named %q (%s); pulumi-aws names it log- and seven characters", name, says)
	}
	if again, _ := e.check(logGroup, "log", first, props(map[string]any{"retentionInDays": 14})); again["name"].StringValue() != name {
		t.Errorf("an update names it anew: %q, not %q", again["name"].StringValue(), name)
	}
	if given, _ := e.check(logGroup, "log", first, props(map[string]any{"name": "mine"})); given["name"].StringValue() != "mine" {
		t.Errorf("a given name becomes %q", given["name"].StringValue())
	}
	for _, test := range []struct {
		options plugin.AutonamingOptions
		want    string
	}{
		{plugin.AutonamingOptions{Mode: plugin.AutonamingModeEnforce, ProposedName: "by-pattern"}, "by-pattern"},
		{plugin.AutonamingOptions{Mode: plugin.AutonamingModeDisabled}, ""},
	} {
		got, err := e.p.Check(t.Context(), plugin.CheckRequest{URN: urn(logGroup, "log"), News: props(nil), Autonaming: &test.options})
		if err != nil {
			t.Fatal(err)
		}
		if v := got.Properties["name"]; test.want == "" && v.IsString() || test.want != "" && v.StringValue() != test.want {
			t.Errorf("with %+v it is named %v", test.options, v)
		}
	}
}

func TestALifeFromCreateToDelete(t *testing.T) {
	e, _ := start(t, t.TempDir(), 0)
	r := e.create(role, "handler", map[string]any{"assumeRolePolicy": trust, "tags": map[string]any{"stack": "test"}})
	if arn := r.outputs["arn"].StringValue(); !strings.HasPrefix(arn, "arn:aws:iam::000000000000:role/handler-") {
		t.Errorf("its ARN is %s", arn)
	}
	same := map[string]any{"assumeRolePolicy": trust, "tags": map[string]any{"stack": "test"}}
	if d := e.diff(r, same); d.Changes != plugin.DiffNone {
		t.Errorf("nothing changed, and the diff says %+v", d)
	}
	longer := map[string]any{"assumeRolePolicy": trust, "tags": map[string]any{"stack": "test"}, "maxSessionDuration": 7200}
	if d := e.diff(r, longer); d.Changes != plugin.DiffSome || len(d.ReplaceKeys) > 0 {
		t.Errorf("a longer session is an update, and the diff says %+v", d)
	}
	if d := e.diff(r, map[string]any{"assumeRolePolicy": trust, "path": "/service/"}); len(d.ReplaceKeys) == 0 {
		t.Errorf("another path is a replacement, and the diff says %+v", d)
	}
	next, _ := e.check(role, "handler", r.inputs, props(longer))
	updated, err := e.p.Update(t.Context(), plugin.UpdateRequest{URN: r.urn, ID: r.id, OldInputs: r.inputs, OldOutputs: r.outputs, NewInputs: next})
	if err != nil {
		t.Fatal(err)
	}
	if updated.Properties["uniqueId"].StringValue() != r.outputs["uniqueId"].StringValue() || updated.Properties["maxSessionDuration"].NumberValue() != 7200 {
		t.Errorf("after the update: %v", updated.Properties)
	}
	if err := e.delete(r); err != nil || e.stands(r) {
		t.Errorf("after the deletion it stands: %v", err)
	}
	if err := e.delete(r); err != nil {
		t.Errorf("a teardown that is resumed deletes it again: %v", err)
	}
}

func TestTheStoreOutlivesTheProcessAndThePort(t *testing.T) {
	dir := t.TempDir()
	e, aws := start(t, dir, 0)
	r := e.create(role, "handler", map[string]any{"assumeRolePolicy": trust})
	if err := aws.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	e, _ = start(t, dir, 0)
	if !e.stands(r) {
		t.Error("after a restart the role is gone")
	}
	elsewhere, _ := start(t, t.TempDir(), 0)
	if d := elsewhere.diff(r, map[string]any{"assumeRolePolicy": trust}); d.Changes != plugin.DiffSome || len(d.ReplaceKeys) == 0 {
		t.Errorf("a local AWS that has lost the role must make it anew, and the diff says %+v", d)
	}
}

func TestDeletingKeepsToAWSsOrder(t *testing.T) {
	e, _ := start(t, t.TempDir(), 0)
	pool := e.create(userPool, "pool", map[string]any{"deletionProtection": "INACTIVE"})
	hosted := e.create(domain, "domain", map[string]any{"domain": "the-velvet-rope", "userPoolId": string(pool.id)})
	guarded := e.create(userPool, "guarded", map[string]any{"deletionProtection": "ACTIVE"})
	r := e.create(role, "handler", map[string]any{"assumeRolePolicy": trust})
	policy := e.create(rolePolicy, "may-log", map[string]any{"role": string(r.id), "policy": `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"logs:PutLogEvents","Resource":"*"}]}`})
	for _, test := range []struct {
		r    one
		says string
	}{
		{pool, "It has a domain configured that should be deleted first"},
		{guarded, "deletion protection is activated"},
		{r, "must delete policies first"},
		{hosted, ""}, {pool, ""}, {policy, ""}, {r, ""},
	} {
		err := e.delete(test.r)
		if test.says == "" && (err != nil || e.stands(test.r)) {
			t.Errorf("deleting %s: %v", test.r.urn.Name(), err)
		}
		if test.says != "" && (err == nil || !strings.Contains(err.Error(), test.says) || !e.stands(test.r)) {
			t.Errorf("deleting %s: %v, want %q and that it stands", test.r.urn.Name(), err, test.says)
		}
	}
}

func TestNothingRefersToWhatIsNotThere(t *testing.T) {
	e, _ := start(t, t.TempDir(), 0)
	for token, m := range map[string]map[string]any{
		rolePolicy: {"role": "nobody", "policy": `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"logs:PutLogEvents","Resource":"*"}]}`},
		domain:     {"domain": "velvet", "userPoolId": "us-west-2_000000000"},
		"aws:cognito/userPoolClient:UserPoolClient": {"userPoolId": "us-west-2_000000000"},
		"aws:apigateway/deployment:Deployment":      {"restApi": "nowhere"},
		"aws:apigateway/usagePlanKey:UsagePlanKey":  {"keyId": "k", "keyType": "API_KEY", "usagePlanId": "p"},
		"aws:lambda/permission:Permission":          {"action": "lambda:InvokeFunction", "function": "nothing", "principal": "apigateway.amazonaws.com"},
	} {
		if _, err := e.try(token, "it", m); err == nil || !strings.HasPrefix(err.Error(), "creating it: ") {
			t.Errorf("%s %v: %v", token, m, err)
		}
	}
	e.create(logGroup, "one", map[string]any{"name": "/aws/lambda/one"})
	if _, err := e.try(logGroup, "another", map[string]any{"name": "/aws/lambda/one"}); err == nil || !strings.Contains(err.Error(), "exists already") {
		t.Errorf("two log groups of one name: %v", err)
	}
}

func TestASecretThatAWSMakesIsKept(t *testing.T) {
	e, _ := start(t, t.TempDir(), 0)
	key := e.create(apiKey, "key", nil)
	value := key.outputs["value"].StringValue()
	if len(value) != 40 {
		t.Errorf("the key has %d characters, not 40", len(value))
	}
	next, _ := e.check(apiKey, "key", key.inputs, props(map[string]any{"description": "for the web client"}))
	updated, err := e.p.Update(t.Context(), plugin.UpdateRequest{URN: key.urn, ID: key.id, OldInputs: key.inputs, OldOutputs: key.outputs, NewInputs: next})
	if err != nil || updated.Properties["value"].StringValue() != value {
		t.Errorf("an update changes the key's value (%v)", err)
	}
}

func TestAFunctionsCode(t *testing.T) {
	e, _ := start(t, t.TempDir(), 0)
	r := e.create(role, "handler", map[string]any{"assumeRolePolicy": trust})
	declare := func(file string) map[string]any {
		a, err := archive.FromPath(file)
		if err != nil {
			t.Fatal(err)
		}
		return map[string]any{"name": "hello", "role": r.outputs["arn"].StringValue(), "runtime": "provided.al2023", "handler": "bootstrap", "code": a}
	}
	one, another := zipped(t, "one"), zipped(t, "another")
	f := e.create(function, "hello", declare(one))
	if d := e.diff(f, declare(one)); d.Changes != plugin.DiffNone {
		t.Errorf("the same code is no change, and the diff says %+v", d)
	}
	if d := e.diff(f, declare(another)); d.Changes != plugin.DiffSome || len(d.ReplaceKeys) > 0 {
		t.Errorf("other code is an update, and the diff says %+v", d)
	}
	if _, err := e.try(function, "other", map[string]any{"name": "other", "role": r.outputs["arn"].StringValue(), "runtime": "nodejs22.x", "handler": "index.handler", "code": declare(one)["code"]}); err == nil || !strings.Contains(err.Error(), "nodejs22.x") {
		t.Errorf("a runtime that cannot be run: %v", err)
	}
}

// The local AWS, or the engine, may be killed after a resource was made and before the
// engine has written down its id. It then asks for the same again.
func TestACreationWhoseAnswerGotLostIsAskedForAgain(t *testing.T) {
	e, _ := start(t, t.TempDir(), 0)
	named, unnamed := map[string]any{"name": "/aws/lambda/one"}, map[string]any{"name": "people"}
	group, pool := e.create(logGroup, "log", named), e.create(userPool, "pool", unnamed)
	if again := e.create(logGroup, "log", named); again.id != group.id {
		t.Errorf("the log group is made again as %s, not %s", again.id, group.id)
	}
	if again := e.create(userPool, "pool", unnamed); again.id != pool.id || again.outputs["arn"].StringValue() != pool.outputs["arn"].StringValue() {
		t.Errorf("the pool is made again as %s, not %s", again.id, pool.id)
	}
	if other := e.create(userPool, "pool", map[string]any{"name": "other people"}); other.id == pool.id {
		t.Error("a pool with other inputs is taken for the one that was lost")
	}

	// Once the engine has spoken of the id, creating is creating: a replacement.
	group, pool = e.create(logGroup, "two", map[string]any{"name": "two"}), e.create(userPool, "two", unnamed)
	if !e.stands(group) || !e.stands(pool) {
		t.Fatal("they do not stand")
	}
	if again := e.create(userPool, "two", unnamed); again.id == pool.id {
		t.Error("a replacement is given the resource that it replaces, which is then deleted")
	}
	if _, err := e.try(logGroup, "two", map[string]any{"name": "two"}); err == nil || !strings.Contains(err.Error(), "exists already") {
		t.Errorf("a name that is taken: %v", err)
	}
}

func TestConfigureRefusesAnotherRegion(t *testing.T) {
	e, _ := start(t, t.TempDir(), 0)
	for region, says := range map[string]string{"us-west-2": "", "eu-west-1": `aws:region is "eu-west-1"`} {
		_, err := e.p.Configure(t.Context(), plugin.ConfigureRequest{Inputs: props(map[string]any{"region": region})})
		if says == "" && err != nil || says != "" && (err == nil || !strings.Contains(err.Error(), says)) {
			t.Errorf("region %s: %v", region, err)
		}
	}
}

// zipped writes a zip with one file, bootstrap, of this content.
func zipped(t *testing.T, content string) string {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	header := &zip.FileHeader{Name: "bootstrap"}
	header.SetMode(0o755)
	f, err := w.CreateHeader(header)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Write([]byte(content)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "code.zip")
	if err := os.WriteFile(file, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}
