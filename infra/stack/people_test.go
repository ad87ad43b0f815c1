package stack_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// crowd is a stack with everything that identity can be told.
const crowd = `
config:
  auth-api:routes:
    - {method: GET, path: /no-auth, function: no-auth, apiKeyRequired: true}
    - {method: GET, path: /all, function: require-auth, authorization: AWS_IAM}
    - {method: GET, path: /team, function: require-auth, authorization: AWS_IAM, callerTags: {team: shop}}
    - {method: GET, path: /admins, function: require-auth, authorization: AWS_IAM, callers: [admins]}
    - {method: GET, path: "/{any}", function: require-auth, authorization: AWS_IAM, callers: [editors]}
    - {method: GET, path: /orders, function: require-auth, authorization: COGNITO_USER_POOLS, scopes: [orders/read]}
  auth-api:identity:
    userPoolName: people
    demoUser: ann
    demoGroups: [admins]
    groups: {admins: {precedence: 1, description: Who looks after it}, editors: {precedence: 2}, plain: {}}
    ambiguousRole: deny
    attributes: {team: {}, level: {type: Number, max: 9}, since: {type: DateTime}, vip: {type: Boolean, mutable: false}, motto: {writable: true}}
    principalTags: {team: "custom:team", user: sub}
    resourceServers: {orders: {name: Orders, scopes: {read: Reads orders, write: Changes orders}}}
    webScopes: [orders/read]
    machineClients: {batch: {scopes: [orders/read, orders/write]}}
    providers:
      Google: {type: Google, clientId: abc.apps.googleusercontent.com}
      Corporate: {type: OIDC, clientId: pool, issuer: "https://id.example.com", attributeMapping: {name: name, "custom:motto": motto}}
      Partner: {type: SAML, metadataUrl: "https://partner.example.com/metadata.xml"}
    tier: PLUS
    mfa: OPTIONAL
    threatProtection: ENFORCED
    tokens: {rotation: true, rotationGraceSeconds: 10, accessMinutes: 15, idMinutes: 15, refreshDays: 7, sessionMinutes: 5}
    email: {from: "Shop <shop@example.com>", sourceArn: "arn:aws:ses:us-west-2:111122223333:identity/example.com"}
    passwordPolicy: {historySize: 5, minimumLength: 14}
    triggers: {preSignUp: no-auth, preAuthentication: no-auth, preTokenGeneration: no-auth, tokenVersion: V2_0}
  auth-api:demoPassword: Placeholder-secret-1
  auth-api:providerSecrets: {Google: Placeholder-secret-2, Corporate: Placeholder-secret-3}
`

func runCrowd(t *testing.T) *recorder {
	t.Helper()
	r, err := run(t, "crowd", crowd, func(e *environment) {
		e.env["PULUMI_CONFIG_SECRET_KEYS"] = `["auth-api:demoPassword", "auth-api:providerSecrets"]`
	})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// What identity declares of it; what the rest of the program does is in other documents.
func TestWhatIdentityDeclares(t *testing.T) {
	r := runCrowd(t)
	resources := slices.DeleteFunc(r.resources, func(x registered) bool {
		return x.Parent != "identity" && !strings.HasSuffix(x.Name, "-routes")
	})
	got, golden := pretty(t, resources), filepath.Join("testdata", "identity.json")
	if *update {
		if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff(read(t, golden), got); diff != "" {
		t.Error("-want +got", diff)
	}
}

// A group's role is for who has signed in to this stack, may do what every signed-in user
// may, and what is denied to it is nothing of that.
func TestAGroupsRoleIsForItsMembersAlone(t *testing.T) {
	r := runCrowd(t)
	policy := func(of string) (allow, deny []string) {
		for _, x := range r.of("RolePolicy") {
			if x.Name != of+"-routes" {
				continue
			}
			for _, statement := range dig[[]any](t, x.Inputs, "policy", "document", "Statement") {
				s := statement.(map[string]any)
				arns := texts(s["Resource"])
				if s["Effect"] == "Allow" {
					allow = append(allow, arns...)
				} else {
					deny = append(deny, arns...)
				}
			}
		}
		return allow, deny
	}
	everybody, _ := policy("authenticated")
	if len(everybody) != 2 {
		t.Fatalf("who has signed in may call %v", everybody)
	}
	for group, want := range map[string]int{"admins": 3, "editors": 3, "plain": 2} {
		allow, deny := policy(group)
		if len(allow) != want || !slices.Contains(allow, everybody[0]) || slices.Contains(deny, everybody[0]) {
			t.Errorf("%s may call %v, and may not %v", group, allow, deny)
		}
		if admins := slices.ContainsFunc(deny, func(arn string) bool { return strings.HasSuffix(arn, "GET/admins") }); admins != (group == "editors") {
			t.Errorf("of %s are denied %v", group, deny)
		}
	}
	for _, role := range r.of("Role") {
		if role.Parent != "identity" {
			continue
		}
		statements := dig[[]any](t, role.Inputs, "assumeRolePolicy", "document", "Statement")
		if len(statements) != 1 {
			t.Fatalf("%s trusts %v", role.Name, statements)
		}
		s := statements[0].(map[string]any)
		if got := fmt.Sprint(s["Condition"]); got != "map[ForAnyValue:StringLike:map[cognito-identity.amazonaws.com:amr:authenticated] StringEquals:map[cognito-identity.amazonaws.com:aud:us-west-2:11111111-2222-3333-4444-555555555555]]" {
			t.Errorf("%s is given on the condition %s", role.Name, got)
		}
		if got := texts(s["Action"]); !slices.Equal(got, []string{"sts:AssumeRoleWithWebIdentity", "sts:TagSession"}) {
			t.Errorf("%s is given by %v", role.Name, got)
		}
	}
}

// No secret of anybody is declared, or told, in the open.
func TestNoSecretOfIdentityIsInTheOpen(t *testing.T) {
	r := runCrowd(t)
	for _, x := range append(slices.Clone(r.resources), registered{Name: "the outputs", Inputs: r.exports}) {
		open := walk(x.Inputs)
		for _, secret := range []string{"Placeholder-secret-1", "Placeholder-secret-2", "Placeholder-secret-3"} {
			if slices.ContainsFunc(open, func(text string) bool { return strings.Contains(text, secret) }) {
				t.Errorf("%s %s shows %s", x.Type, x.Name, secret)
			}
		}
	}
	if _, secret := r.exports["machineClients"].(map[string]any)["secret"]; !secret {
		t.Errorf("the clients of programs are told in the open: %v", r.exports["machineClients"])
	}
}

// A SAML provider's metadata may be a file of the repository; one that is not there is
// told before the user pool is declared.
func TestAProvidersMetadataIsAFile(t *testing.T) {
	saml := func(file string) (*recorder, error) {
		return people(t, "providers: {Saml: {type: SAML, metadataFile: "+file+"}}", nil)
	}
	r, err := saml("go.mod")
	if err != nil {
		t.Fatal(err)
	}
	if got := dig[string](t, r.of("IdentityProvider")[0].Inputs, "providerDetails", "MetadataFile"); got != read(t, "../../go.mod") {
		t.Errorf("the provider is told %q", got)
	}
	r, err = saml("nowhere.xml")
	if err == nil || !strings.Contains(err.Error(), "reading identity.providers.Saml.metadataFile: open ") {
		t.Error(err)
	}
	if declared := r.aws(); len(declared) > 0 {
		t.Errorf("declared were %v", names(declared))
	}
}

// walk are the texts in v that are not marked as secrets.
func walk(v any) []string {
	var out []string
	switch v := v.(type) {
	case string:
		return []string{v}
	case []any:
		for _, element := range v {
			out = append(out, walk(element)...)
		}
	case map[string]any:
		if _, marked := v["secret"]; marked {
			return nil
		}
		for _, element := range v {
			out = append(out, walk(element)...)
		}
	}
	return out
}

// dig is the value below v at these keys.
func dig[T any](t *testing.T, v any, keys ...string) T {
	t.Helper()
	for _, key := range keys {
		mapping, ok := v.(map[string]any)
		if !ok {
			t.Fatalf("there is no %s in %v", key, v)
		}
		v = mapping[key]
	}
	found, ok := v.(T)
	if !ok {
		t.Fatalf("%v is at %v", v, keys)
	}
	return found
}

// texts is one text or a list of them.
func texts(v any) []string {
	list, ok := v.([]any)
	if !ok {
		return []string{fmt.Sprint(v)}
	}
	var out []string
	for _, element := range list {
		out = append(out, fmt.Sprint(element))
	}
	return out
}
