package provider_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
)

const (
	resourceServer   = "aws:cognito/resourceServer:ResourceServer"
	identityProvider = "aws:cognito/identityProvider:IdentityProvider"
	identityPool     = "aws:cognito/identityPool:IdentityPool"
	principalTags    = "aws:cognito/identityPoolProviderPrincipalTag:IdentityPoolProviderPrincipalTag"
)

// update brings a resource to other inputs, or returns why not.
func (e engine) update(r one, m map[string]any) (resource.PropertyMap, error) {
	e.t.Helper()
	news, failures := e.check(string(r.urn.Type()), r.urn.Name(), r.inputs, props(m))
	if failures != "" {
		e.t.Fatal(failures)
	}
	got, err := e.p.Update(e.t.Context(), plugin.UpdateRequest{URN: r.urn, ID: r.id, OldInputs: r.inputs, OldOutputs: r.outputs, NewInputs: news})
	return got.Properties, err
}

// What a change of a user pool does to it: as with terraform-provider-aws, on which
// pulumi-aws stands, few changes make it anew, and with it lose its users.
func TestWhatAChangeDoesToAUserPool(t *testing.T) {
	e, _ := start(t, t.TempDir(), 0)
	begin := func(more map[string]any) map[string]any {
		m := map[string]any{"name": "users", "aliasAttributes": []any{"email"}, "usernameConfiguration": map[string]any{"caseSensitive": false}}
		for k, v := range more {
			if m[k] = v; v == nil {
				delete(m, k)
			}
		}
		return m
	}
	pool := e.create(userPool, "pool", begin(nil))
	for _, c := range []struct {
		change   map[string]any
		replaces bool
	}{
		{map[string]any{"name": "others"}, true},
		{map[string]any{"aliasAttributes": []any{"email", "phone_number"}}, true},
		{map[string]any{"aliasAttributes": nil}, true},
		{map[string]any{"aliasAttributes": nil, "usernameAttributes": []any{"email"}}, true},
		{map[string]any{"usernameConfiguration": map[string]any{"caseSensitive": true}}, true},
		{map[string]any{"usernameConfiguration": nil}, true},
		{map[string]any{"passwordPolicy": map[string]any{"minimumLength": 12, "passwordHistorySize": 5}}, false},
		{map[string]any{"mfaConfiguration": "ON", "softwareTokenMfaConfiguration": map[string]any{"enabled": true}}, false},
		{map[string]any{"userPoolTier": "PLUS", "userPoolAddOns": map[string]any{"advancedSecurityMode": "ENFORCED"}}, false},
		{map[string]any{"autoVerifiedAttributes": []any{"email"}}, false},
		{map[string]any{"adminCreateUserConfig": map[string]any{"allowAdminCreateUserOnly": true}}, false},
		{map[string]any{"accountRecoverySetting": map[string]any{"recoveryMechanisms": []any{map[string]any{"name": "verified_email", "priority": 1}}}}, false},
		{map[string]any{"emailConfiguration": map[string]any{"emailSendingAccount": "COGNITO_DEFAULT"}}, false},
		{map[string]any{"deletionProtection": "ACTIVE"}, false},
		{map[string]any{"tags": map[string]any{"a": "b"}}, false},
		{map[string]any{"schemas": []any{map[string]any{"name": "team", "attributeDataType": "String", "mutable": true}}}, false}, // the last: it cannot be taken back
	} {
		d := e.diff(pool, begin(c.change))
		if len(d.ChangedKeys) == 0 || (len(d.ReplaceKeys) > 0) != c.replaces {
			t.Errorf("%v: changes %v, replaces %v; want a replacement: %v", c.change, d.ChangedKeys, d.ReplaceKeys, c.replaces)
		}
		if c.replaces {
			continue
		}
		if _, err := e.update(pool, begin(c.change)); err != nil {
			t.Errorf("%v: %v", c.change, err)
			continue
		}
		_, err := e.update(pool, begin(nil))
		if (err != nil) != (c.change["schemas"] != nil) || err != nil && !strings.Contains(err.Error(), "schemas.team: cannot modify or remove schema items") {
			t.Errorf("back from %v: %v", c.change, err)
		}
	}
}

// What is left out at an update goes back to its default, or stays as it was where the
// provider takes it from AWS then: a password policy is not weakened by forgetting it.
func TestWhatIsLeftOutOfAUserPool(t *testing.T) {
	e, aws := start(t, t.TempDir(), 0)
	all := map[string]any{
		"name": "users", "passwordPolicy": map[string]any{"minimumLength": 14}, "adminCreateUserConfig": map[string]any{"allowAdminCreateUserOnly": true},
		"userPoolTier": "PLUS", "userPoolAddOns": map[string]any{"advancedSecurityMode": "ENFORCED"}, "mfaConfiguration": "ON",
		"softwareTokenMfaConfiguration": map[string]any{"enabled": true}, "deletionProtection": "ACTIVE",
		"accountRecoverySetting": map[string]any{"recoveryMechanisms": []any{map[string]any{"name": "admin_only", "priority": 1}}},
	}
	pool := e.create(userPool, "pool", all)
	if _, err := e.update(pool, map[string]any{"name": "users"}); err != nil {
		t.Fatal(err)
	}
	d, err := administrator(t, aws, string(pool.id)).Describe()
	if err != nil {
		t.Fatal(err)
	}
	if d.Password.MinimumLength != 14 || !d.AdminCreateUserConfig.AllowAdminCreateUserOnly || d.Tier != "PLUS" || d.AccountRecoverySetting.RecoveryMechanisms[0].Name != "admin_only" {
		t.Errorf("what stays has changed: %+v", d)
	}
	if d.MFAConfiguration != "OFF" || d.DeletionProtection != "INACTIVE" || d.UserPoolAddOns != nil {
		t.Errorf("what goes back to its default has not: %+v", d)
	}
}

// The further types from their making to their end.
func TestResourceServersProvidersAndTags(t *testing.T) {
	e, _ := start(t, t.TempDir(), 0)
	pool := e.create(userPool, "pool", nil)
	scopes := func(names ...string) []any {
		var out []any
		for _, name := range names {
			out = append(out, map[string]any{"scopeName": name, "scopeDescription": name})
		}
		return out
	}
	server := func(names ...string) map[string]any {
		return map[string]any{"userPoolId": string(pool.id), "identifier": "orders", "name": "orders", "scopes": scopes(names...)}
	}
	provider := map[string]any{
		"userPoolId": string(pool.id), "providerName": "Corporate", "providerType": "OIDC", "providerDetails": resource.MakeSecret(resource.NewObjectProperty(props(map[string]any{
			"client_id": "id", "client_secret": "hidden", "authorize_scopes": "openid", "attributes_request_method": "GET", "oidc_issuer": "https://idp.example.com"}))),
	}
	identities := e.create(identityPool, "identities", map[string]any{"identityPoolName": "app", "cognitoIdentityProviders": []any{
		map[string]any{"clientId": "client", "providerName": "cognito-idp.us-west-2.amazonaws.com/" + string(pool.id)}}})
	tags := map[string]any{"identityPoolId": string(identities.id), "identityProviderName": "cognito-idp.us-west-2.amazonaws.com/" + string(pool.id), "useDefaults": true}
	orders, corporate, tagged := e.create(resourceServer, "orders", server("read", "write")), e.create(identityProvider, "corporate", provider), e.create(principalTags, "tags", tags)
	for want, got := range map[string]one{string(pool.id) + "|orders": orders, string(pool.id) + ":Corporate": corporate, string(identities.id) + ":cognito-idp.us-west-2.amazonaws.com/" + string(pool.id): tagged} {
		if string(got.id) != want || !e.stands(got) {
			t.Errorf("the id is %s, want %s", got.id, want)
		}
	}
	identifiers, _ := json.Marshal(orders.outputs["scopeIdentifiers"].Mappable())
	if string(identifiers) != `["orders/read","orders/write"]` || !corporate.outputs["providerDetails"].IsSecret() || corporate.outputs["attributeMapping"].ObjectValue()["username"].StringValue() != "sub" {
		t.Errorf("%s %v", identifiers, corporate.outputs)
	}
	if d := e.diff(corporate, provider); len(d.ChangedKeys) > 0 {
		t.Errorf("nothing changed, and the plan shows %v", d.ChangedKeys)
	}
	after, err := e.update(orders, server("read"))
	if identifiers, _ := json.Marshal(after["scopeIdentifiers"].Mappable()); err != nil || string(identifiers) != `["orders/read"]` {
		t.Errorf("%s %v", identifiers, err)
	}
	renamed := server("read")
	renamed["identifier"] = "sales"
	for _, c := range []struct {
		r        one
		m        map[string]any
		replaced resource.PropertyKey
	}{
		{orders, renamed, "identifier"},
		{corporate, with(provider, map[string]any{"providerName": "Others"}), "providerName"},
		{tagged, with(tags, map[string]any{"useDefaults": false}), ""},
		{corporate, with(provider, map[string]any{"idpIdentifiers": []any{"example.com"}}), ""},
	} {
		d := e.diff(c.r, c.m)
		if len(d.ChangedKeys) == 0 || (c.replaced != "") != slices.Contains(d.ReplaceKeys, c.replaced) {
			t.Errorf("%v: changes %v, replaces %v", c.m, d.ChangedKeys, d.ReplaceKeys)
		}
	}
	for _, r := range []one{tagged, identities, corporate, orders, pool} {
		if err := e.delete(r); err != nil || e.stands(r) {
			t.Errorf("deleting %s: %v", r.urn.Name(), err)
		}
	}
}
