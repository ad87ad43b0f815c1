package provider_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"auth-api/infra/localaws/store"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// A secret goes through the provider into the store, and stands nowhere in it.
func TestAParametersLife(t *testing.T) {
	const parameter = "aws:ssm/parameter:Parameter"
	dir := t.TempDir()
	e, aws := start(t, dir, 0)
	secret := func(value string) map[string]any {
		return map[string]any{"name": "/app/secret", "type": "SecureString", "value": resource.MakeSecret(resource.NewStringProperty(value))}
	}
	p := e.create(parameter, "secret", secret("the first of them"))
	for key, want := range map[string]string{"arn": "arn:aws:ssm:us-west-2:000000000000:parameter/app/secret", "keyId": "alias/aws/ssm", "tier": "Standard", "dataType": "text"} {
		if got := p.outputs[resource.PropertyKey(key)]; !got.IsString() || got.StringValue() != want {
			t.Errorf("%s is %v, want %s", key, got, want)
		}
	}
	if d := e.diff(p, secret("the first of them")); len(d.ChangedKeys) > 0 {
		t.Errorf("nothing changed, and the plan shows %v", d.ChangedKeys)
	}
	if d := e.diff(p, secret("the second of them")); len(d.ChangedKeys) != 1 || len(d.ReplaceKeys) > 0 {
		t.Errorf("a value is changed in place, and the plan shows %v", d)
	}
	data, err := os.ReadFile(filepath.Join(dir, "local-aws.db"))
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(data, []byte("the first of them")) {
		t.Error("the store holds the value")
	}
	if !e.stands(p) {
		t.Error("it does not stand")
	}
	if err := aws.Store.Update(func(tx *store.Tx) error { return aws.SSM.ParameterDeleted(tx, "/app/secret") }); err != nil {
		t.Fatal(err)
	}
	if e.stands(p) {
		t.Error("it stands without its value")
	}
	if err := e.delete(p); err != nil {
		t.Error(err)
	}
	for key, value := range map[string]string{"insecureValue": "x", "arn": "arn:aws:ssm:us-west-2:000000000000:parameter/x"} {
		if _, says := e.check(parameter, "it", nil, props(map[string]any{"type": "String", "value": "v", key: value})); !strings.Contains(says, key+": the local AWS does not know this property") {
			t.Errorf("%s: it says %q", key, says)
		}
	}
}
