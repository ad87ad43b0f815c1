package inspect_test

import (
	"strings"
	"testing"

	"auth-api/infra/cmd/internal/inspect"
)

// secret is a value of a state that keeps its secrets.
func secret() map[string]any {
	return map[string]any{"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", "ciphertext": "v1:AAAA"}
}

// What the state says besides doors does not take the table away.
func TestWhatHasNoSayDoesNotKeepTheTable(t *testing.T) {
	for name, added := range map[string][]map[string]any{
		"an alias of a version that is not the first": {
			resourceOf("aws:lambda/alias:Alias", "arn:aws:lambda:us-west-2:123456789012:function:auth-api-dev-no-auth:live", map[string]any{
				"name": "live", "functionName": "auth-api-dev-no-auth", "functionVersion": "7", "routingConfig": map[string]any{"additionalVersionWeights": map[string]any{"6": 0.1}}}),
			resourceOf("aws:lambda/permission:Permission", "alias", map[string]any{
				"action": "lambda:InvokeFunction", "function": "auth-api-dev-no-auth", "principal": "apigateway.amazonaws.com", "statementId": "alias", "qualifier": "live"}),
			resourceOf("aws:lambda/permission:Permission", "version", map[string]any{
				"action": "lambda:InvokeFunction", "function": "auth-api-dev-no-auth", "principal": "apigateway.amazonaws.com", "statementId": "version", "qualifier": "7"}),
		},
		"a function with a secret environment": {resourceOf("aws:lambda/function:Function", "other", map[string]any{
			"name": "other", "role": "arn:aws:iam::123456789012:role/auth-api-dev-no-auth-role", "runtime": "provided.al2023", "handler": "bootstrap",
			"environment": map[string]any{"variables": secret()}, "code": map[string]any{"4dabf18193072939515e22adb298388d": "0def7320c3a5731c473e5ecbe6d01bc7"}})},
	} {
		t.Run(name, func(t *testing.T) {
			tables, err := inspect.Deployed(state(t, func(r []map[string]any) []map[string]any { return append(r, added...) }), "")
			if err != nil {
				t.Fatal(err)
			}
			if got := words(t, tables, "GET /require-auth"); !strings.HasPrefix(got, "refused refused refused allowed") {
				t.Errorf("it is %s", got)
			}
		})
	}
}

// A secret that has a say in who may call is told of, and not passed over.
func TestSecretsThatHaveASay(t *testing.T) {
	const trust = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}]}`
	for name, test := range map[string]struct {
		added map[string]any
		note  string
	}{
		"a list":             {resourceOf("aws:iam/role:Role", "other", map[string]any{"name": "other", "managedPolicyArns": secret(), "assumeRolePolicy": trust}), "not considered: what the secret managedPolicyArns of added says"},
		"a text":             {resourceOf("aws:iam/role:Role", "other", map[string]any{"name": "other", "path": "/", "description": secret(), "assumeRolePolicy": trust}), "not considered: what the secret description of added says"},
		"inside":             {resourceOf("aws:iam/role:Role", "other", map[string]any{"name": "other", "tags": map[string]any{"a": secret()}, "assumeRolePolicy": trust}), "not considered: what the secret tags of added says"},
		"an API key's value": {resourceOf("aws:apigateway/apiKey:ApiKey", "k", map[string]any{"name": "k", "value": secret()}), ""},
	} {
		t.Run(name, func(t *testing.T) {
			tables, err := inspect.Deployed(state(t, func(r []map[string]any) []map[string]any { return append(r, test.added) }), "")
			if err != nil {
				t.Fatal(err)
			}
			if notes := strings.Join(tables[0].Notes, "; "); notes != test.note {
				t.Errorf("the notes are %q, want %q", notes, test.note)
			}
		})
	}
}
