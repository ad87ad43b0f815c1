package provider_test

import (
	"maps"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/archive"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
)

const (
	alias      = "aws:lambda/alias:Alias"
	permission = "aws:lambda/permission:Permission"
)

// change updates a resource in place, and returns it and what its preview had shown.
func (e engine) change(r one, m map[string]any) (one, resource.PropertyMap) {
	e.t.Helper()
	d := e.diff(r, m)
	if d.Changes != plugin.DiffSome || len(d.ReplaceKeys) > 0 {
		e.t.Fatalf("changing %s in place: the diff says %+v", r.urn.Name(), d)
	}
	next, says := e.check(string(r.urn.Type()), r.urn.Name(), r.inputs, props(m))
	if says != "" {
		e.t.Fatal(says)
	}
	request := plugin.UpdateRequest{URN: r.urn, ID: r.id, OldInputs: r.inputs, OldOutputs: r.outputs, NewInputs: next, Preview: true}
	preview, err := e.p.Update(e.t.Context(), request)
	if err != nil {
		e.t.Fatal(err)
	}
	request.Preview = false
	updated, err := e.p.Update(e.t.Context(), request)
	if err != nil {
		e.t.Fatal(err)
	}
	return one{r.urn, r.id, next, updated.Properties}, preview.Properties
}

// with returns properties with some of them changed.
func with(m map[string]any, more map[string]any) map[string]any {
	m = maps.Clone(m)
	maps.Copy(m, more)
	return m
}

func (e engine) functionCode(content string) *archive.Archive {
	e.t.Helper()
	a, err := archive.FromPath(zipped(e.t, content))
	if err != nil {
		e.t.Fatal(err)
	}
	return a
}

// says compares outputs of a resource; "?" stands for what is not known yet.
func (e engine) says(r resource.PropertyMap, want map[string]string) {
	e.t.Helper()
	for key, value := range want {
		got := r[resource.PropertyKey(key)]
		if value == "?" && !got.IsComputed() || value != "?" && (!got.IsString() || got.StringValue() != value) {
			e.t.Errorf("%s is %v, want %s", key, got, value)
		}
	}
}

func TestTheLifeOfVersionsAndAliases(t *testing.T) {
	e, _ := start(t, t.TempDir(), 0)
	const arn = "arn:aws:lambda:us-west-2:000000000000:function:hello"
	invoke := func(arn string) string {
		return "arn:aws:apigateway:us-west-2:lambda:path/2015-03-31/functions/" + arn + "/invocations"
	}
	r := e.create(role, "handler", map[string]any{"assumeRolePolicy": trust})
	declare := map[string]any{"name": "hello", "role": r.outputs["arn"].StringValue(), "runtime": "provided.al2023", "handler": "bootstrap", "code": e.functionCode("one"), "publish": true}
	f := e.create(function, "hello", declare)
	e.says(f.outputs, map[string]string{"arn": arn, "version": "1", "qualifiedArn": arn + ":1", "invokeArn": invoke(arn), "qualifiedInvokeArn": invoke(arn + ":1")})

	live := map[string]any{"name": "live", "functionName": "hello", "functionVersion": "1"}
	a := e.create(alias, "live", live)
	e.says(a.outputs, map[string]string{"arn": arn + ":live", "invokeArn": invoke(arn + ":live")})
	if string(a.id) != arn+":live" {
		t.Errorf("the alias's id is %s", a.id)
	}
	may := map[string]any{"statementId": "api", "action": "lambda:InvokeFunction", "function": "hello", "principal": "apigateway.amazonaws.com"}
	onFunction, onAlias := e.create(permission, "function", may), e.create(permission, "alias", with(may, map[string]any{"qualifier": "live"}))
	if string(onFunction.id) != "hello/api" || string(onAlias.id) != "hello:live/api" {
		t.Errorf("the permissions' ids are %s and %s", onFunction.id, onAlias.id)
	}

	// A second deployment, and a refresh, find all as it is.
	for _, stands := range []struct {
		r one
		m map[string]any
	}{{f, declare}, {a, live}, {onFunction, may}, {onAlias, with(may, map[string]any{"qualifier": "live"})}} {
		if d := e.diff(stands.r, stands.m); d.Changes != plugin.DiffNone {
			t.Errorf("%s: nothing changed, and the diff says %+v", stands.r.urn.Name(), d)
		}
		read, err := e.p.Read(t.Context(), plugin.ReadRequest{URN: stands.r.urn, ID: stands.r.id, Inputs: stands.r.inputs, State: stands.r.outputs})
		if err != nil || read.ID != stands.r.id || !read.Outputs.DeepEquals(stands.r.outputs) {
			t.Errorf("%s is read as %v, want %v: %v", stands.r.urn.Name(), read.Outputs, stands.r.outputs, err)
		}
	}

	// What belongs to the function as a whole makes no version; the rest does, which a
	// preview cannot know the number of.
	f, shown := e.change(f, with(declare, map[string]any{"tags": map[string]any{"team": "blue"}, "reservedConcurrentExecutions": 5}))
	e.says(shown, map[string]string{"version": "1", "qualifiedArn": arn + ":1"})
	e.says(f.outputs, map[string]string{"version": "1"})
	second := with(declare, map[string]any{"code": e.functionCode("two")})
	f, shown = e.change(f, second)
	e.says(shown, map[string]string{"version": "?", "qualifiedArn": "?", "qualifiedInvokeArn": "?", "arn": arn, "invokeArn": invoke(arn)})
	e.says(f.outputs, map[string]string{"version": "2", "qualifiedArn": arn + ":2", "qualifiedInvokeArn": invoke(arn + ":2")})
	f, shown = e.change(f, with(second, map[string]any{"publish": false, "timeout": 9}))
	e.says(shown, map[string]string{"version": "2"})
	e.says(f.outputs, map[string]string{"version": "2"})

	// An alias is led elsewhere in place, and renamed by another.
	if d := e.diff(a, with(live, map[string]any{"name": "next"})); len(d.ReplaceKeys) != 1 {
		t.Errorf("another name is a replacement, and the diff says %+v", d)
	}
	if d := e.diff(a, with(live, map[string]any{"functionName": "bye"})); len(d.ReplaceKeys) != 1 {
		t.Errorf("another function is a replacement, and the diff says %+v", d)
	}
	weighted := with(live, map[string]any{"description": "a tenth is new", "routingConfig": map[string]any{"additionalVersionWeights": map[string]any{"2": 0.1}}})
	a, _ = e.change(a, weighted)
	if d := e.diff(a, weighted); d.Changes != plugin.DiffNone {
		t.Errorf("nothing changed, and the diff says %+v", d)
	}
	a, _ = e.change(a, with(live, map[string]any{"functionVersion": "2"}))
	if d := e.diff(onAlias, may); len(d.ReplaceKeys) != 1 {
		t.Errorf("a permission for another qualifier is a replacement, and the diff says %+v", d)
	}

	// With an alias go its permissions, with a function all that is its own.
	if err := e.delete(a); err != nil || e.stands(a) || e.stands(onAlias) || !e.stands(onFunction) {
		t.Errorf("after the alias: %v; the alias stands: %v, its permission: %v, the function's: %v", err, e.stands(a), e.stands(onAlias), e.stands(onFunction))
	}
	a = e.create(alias, "again", live)
	if err := e.delete(f); err != nil || e.stands(f) || e.stands(a) || e.stands(onFunction) {
		t.Errorf("after the function: %v; the alias stands: %v, the permission: %v", err, e.stands(a), e.stands(onFunction))
	}
	for _, rest := range []one{a, onFunction, onAlias} {
		if err := e.delete(rest); err != nil {
			t.Errorf("a teardown goes on: %v", err)
		}
	}
	f = e.create(function, "anew", declare)
	e.says(f.outputs, map[string]string{"version": "3"})
}

func TestAliasesAreChecked(t *testing.T) {
	e, _ := start(t, t.TempDir(), 0)
	r := e.create(role, "handler", map[string]any{"assumeRolePolicy": trust})
	e.create(function, "hello", map[string]any{"name": "hello", "role": r.outputs["arn"].StringValue(), "runtime": "provided.al2023", "handler": "bootstrap", "code": e.functionCode("one")})
	live := map[string]any{"name": "live", "functionName": "hello", "functionVersion": "$LATEST"}
	e.create(alias, "live", live)
	if named := e.create(alias, "unnamed", map[string]any{"functionName": "hello", "functionVersion": "$LATEST"}); !strings.HasPrefix(named.outputs["name"].StringValue(), "unnamed-") {
		t.Errorf("it is named %v", named.outputs["name"])
	}
	if _, err := e.try(alias, "twin", live); err == nil || !strings.Contains(err.Error(), "arn:aws:lambda:us-west-2:000000000000:function:hello:live exists already") {
		t.Errorf("two aliases of one name: %v", err)
	}
	if _, err := e.try(alias, "early", with(live, map[string]any{"name": "early", "functionVersion": "1"})); err == nil || !strings.Contains(err.Error(), "Function not found: arn:aws:lambda:us-west-2:000000000000:function:hello:1") {
		t.Errorf("an alias of a version that is not published: %v", err)
	}
	if _, err := e.try(permission, "early", map[string]any{"action": "lambda:InvokeFunction", "function": "hello", "principal": "apigateway.amazonaws.com", "qualifier": "early"}); err == nil || !strings.Contains(err.Error(), "Cannot find alias arn: ") {
		t.Errorf("a permission on an alias that is not there: %v", err)
	}
	for says, more := range map[string]map[string]any{
		`name "7" of the alias is not legal`:              {"name": "7"},
		"functionVersion: it is required":                 {"functionVersion": nil},
		"provisioned: the local AWS does not know this":   {"provisioned": 1},
		"$LATEST is not supported for an alias pointing":  {"routingConfig": map[string]any{"additionalVersionWeights": map[string]any{"1": 0.5}}},
		"additionalVersionWeights.1: it must be a number": {"routingConfig": map[string]any{"additionalVersionWeights": map[string]any{"1": "half"}}},
	} {
		if _, got := e.check(alias, "it", nil, props(with(live, more))); !strings.Contains(got, says) {
			t.Errorf("%v: it says %q, not %q", more, got, says)
		}
	}
}

// A function gets into a network once its role may make interfaces there, as on AWS.
func TestAFunctionInANetwork(t *testing.T) {
	e, _ := start(t, t.TempDir(), 0)
	r := e.create(role, "handler", map[string]any{"assumeRolePolicy": trust})
	outside := map[string]any{"name": "hello", "role": r.outputs["arn"].StringValue(), "runtime": "provided.al2023", "handler": "bootstrap", "code": e.functionCode("one")}
	inside := with(outside, map[string]any{
		"vpcConfig": map[string]any{"subnetIds": []any{"subnet-0abc12de"}, "securityGroupIds": []any{"sg-0abc12de"}}, "tracingConfig": map[string]any{"mode": "Active"},
		"kmsKeyArn": "arn:aws:kms:us-west-2:000000000000:key/1234abcd-12ab-34cd-56ef-1234567890ab", "environment": map[string]any{"variables": map[string]any{"STAGE": "prod"}},
	})
	const refused = "InvalidParameterValueException: The provided execution role does not have permissions to call CreateNetworkInterface on EC2"
	if _, err := e.try(function, "hello", inside); err == nil || !strings.Contains(err.Error(), refused) {
		t.Errorf("a role without the right: %v", err)
	}
	f := e.create(function, "hello", outside)
	if mode := f.outputs["tracingConfig"]; !mode.IsObject() || mode.ObjectValue()["mode"].StringValue() != "PassThrough" {
		t.Errorf("tracing is %v", mode)
	}
	news, _ := e.check(function, "hello", f.inputs, props(inside))
	if _, err := e.p.Update(t.Context(), plugin.UpdateRequest{URN: f.urn, ID: f.id, OldInputs: f.inputs, OldOutputs: f.outputs, NewInputs: news}); err == nil || !strings.Contains(err.Error(), refused) {
		t.Errorf("a function that moves in without the right: %v", err)
	}
	e.create(rolePolicy, "network", map[string]any{"role": string(r.id), "policy": `{"Version":"2012-10-17","Statement":[
		{"Effect":"Allow","Action":["ec2:CreateNetworkInterface","ec2:DeleteNetworkInterface"],"Resource":["arn:aws:ec2:*:*:network-interface/*","arn:aws:ec2:*:*:subnet/subnet-0abc12de","arn:aws:ec2:*:*:security-group/sg-0abc12de"]},
		{"Effect":"Allow","Action":"ec2:DescribeNetworkInterfaces","Resource":"*"}]}`})
	f, _ = e.change(f, inside)
	if d := e.diff(f, inside); d.Changes != plugin.DiffNone || !e.stands(f) {
		t.Errorf("nothing changed, and the diff says %+v", d)
	}
	news, _ = e.check(function, "hello", f.inputs, props(with(inside, map[string]any{"vpcConfig": map[string]any{"subnetIds": []any{"subnet-0ff"}, "securityGroupIds": []any{"sg-0abc12de"}}})))
	if _, err := e.p.Update(t.Context(), plugin.UpdateRequest{URN: f.urn, ID: f.id, OldInputs: f.inputs, OldOutputs: f.outputs, NewInputs: news}); err == nil || !strings.Contains(err.Error(), refused) || !strings.Contains(err.Error(), "subnet/subnet-0ff") {
		t.Errorf("a subnet that the role may not use: %v", err)
	}

	managed := e.create(role, "managed", map[string]any{"assumeRolePolicy": trust, "managedPolicyArns": []any{"arn:aws:iam::aws:policy/service-role/AWSLambdaVPCAccessExecutionRole"}})
	e.create(function, "other", with(inside, map[string]any{"name": "other", "role": managed.outputs["arn"].StringValue()}))
}
