package settings_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"auth-api/infra/settings"
)

func TestWrongSettingsOfIdentityAreToldWhatIsWrong(t *testing.T) {
	const (
		provider = "providerSecrets: {Shop: s3cret-of-shop, Google: s3cret-of-google}"
		oidc     = "type: OIDC, clientId: a, issuer: 'https://id.example.com'"
		servers  = "resourceServers: {orders: {scopes: {read: Reads orders}}}, "
		standard = "address, birthdate, email, family_name, gender, given_name, locale, middle_name, name, nickname, phone_number, picture, preferred_username, profile, updated_at, website, zoneinfo"
		claims   = "sub, aud, email, cognito:username, custom:NAME of attributes that are not writable and, with the trigger preTokenGeneration, claims that it adds"
		ses      = "is the ARN of an identity of SES, such as arn:aws:ses:us-west-2:111122223333:identity/example.com"
	)
	key := func(rest string) string { return "auth-api:identity." + rest }
	for _, c := range []struct {
		name, identity, rest string
		want                 []string
	}{
		// What is fixed.
		{"a pool's name", "userPoolName: 'a/b'", "", []string{key(`userPoolName is "a/b": legal are 1 to 128 letters, digits, spaces and + = , . @ - _`)}},
		{"a pool's id", "replaceUserPool: true", "", []string{key(`replaceUserPool is true: legal is a user pool's id, such as us-west-2_abcdefghi`)}},
		{"what is no pool's id", "replaceUserPool: users", "", []string{key(`replaceUserPool is "users": legal is a user pool's id, such as us-west-2_abcdefghi`)}},
		{"an attribute's name", "attributes: {cost-centre: {}}", "", []string{key(`attributes.cost-centre is no attribute's name: legal are 1 to 20 letters, digits and underscores, a letter first, without custom:`)}},
		{"a standard attribute's name", "attributes: {email: {}, sub: {}}", "", []string{
			key(`attributes.email has the name of an attribute that every user pool has: legal is another`), key(`attributes.sub has the name of an attribute that every user pool has: legal is another`)}},
		{"an attribute's type", "attributes: {a: {type: Text}}", "", []string{key(`attributes.a.type is "Text": legal are String, Number, DateTime, Boolean`)}},
		{"an attribute's bounds", "attributes: {a: {min: 3, max: 2}}", "", []string{key(`attributes.a.min is 3, which is more than max, 2`)}},
		{"an attribute that is too long", "attributes: {a: {max: 2049}}", "", []string{key(`attributes.a.max is 2049: legal is a whole number from 0 to 2048`)}},
		{"bounds of what has none", "attributes: {a: {type: Boolean, max: 1}}", "", []string{key(`attributes.a has min or max, and its type is Boolean: they are for String and Number`)}},

		// Groups.
		{"a group's name", "groups: {'the boss': {}}", "", []string{key(`groups.the boss is no group's name: legal are 1 to 64 letters, digits, hyphens and underscores, no hyphen or underscore first`)}},
		{"a group called as callers are", "groups: {guest: {}}", "", []string{key(`groups.guest is no group's name: authenticated, guest are callers already`)}},
		{"a group's precedence", "groups: {a: {precedence: -1}}", "", []string{key(`groups.a.precedence is -1: legal is a whole number of at least 0`)}},
		{"groups are a list", "groups: [a]", "", []string{key(`groups is ["a"]: legal is a mapping of NAME`)}},
		{"a group is text", "groups: {a: b}", "", []string{key(`groups.a is "b": legal is a mapping of description, precedence`)}},
		{"ambiguous role", "groups: {a: {}}, ambiguousRole: guest", "", []string{key(`ambiguousRole is "guest": legal are authenticated, deny`)}},
		{"ambiguous role without groups", "ambiguousRole: deny", "", []string{key(`ambiguousRole is for stacks with groups, and there are none`)}},
		{"a group that is not there", "groups: {a: {}}, demoUser: ann, demoGroups: [b]", "", []string{key(`demoGroups[0] is "b": legal are a`)}},
		{"groups of nobody", "groups: {a: {}}, demoGroups: [a]", "", []string{key(`demoGroups is set, but auth-api:identity.demoUser names no user`)}},
		{"groups where there are none", "demoUser: ann, demoGroups: [a]", "", []string{key(`demoGroups[0] is "a": legal are none, as there are no groups`)}},
		{"a long name of a role", "groups: {" + strings.Repeat("a", 64) + ": {}}", "",
			[]string{`the name auth-api-dev-group-` + strings.Repeat("a", 64) + ` has 83 characters: AWS allows 64; shorten the stack's name or the function's`}},

		// Tags.
		{"a tag of a claim that users set", "principalTags: {team: name}", "", []string{key(`principalTags.team is "name": users may set it themselves, and so any right that follows from the tag`)}},
		{"a tag of an attribute that users set", "attributes: {team: {writable: true}}, principalTags: {team: 'custom:team'}", "",
			[]string{key(`principalTags.team is "custom:team": users may set it themselves (identity.attributes.team.writable), and so any right that follows from the tag`)}},
		{"a tag of an attribute that is not there", "principalTags: {team: 'custom:team'}", "", []string{key(`principalTags.team is "custom:team": there is no identity.attributes.team`)}},
		{"a tag of an unknown claim", "principalTags: {team: squad}", "", []string{key(`principalTags.team is "squad": legal are ` + claims)}},
		{"a tag of AWS's own", "principalTags: {'aws:team': sub}", "", []string{key(`principalTags.aws:team is no tag's name: legal are 1 to 128 letters, digits, spaces and _ . : / = + - @, without aws: in front`)}},

		// Scopes and machines.
		{"a resource server without scopes", "resourceServers: {orders: {}}", "", []string{key(`resourceServers.orders.scopes is missing: a resource server here has at least one scope`)}},
		{"an identifier", "resourceServers: {'the orders': {scopes: {a: b}}}", "", []string{key(`resourceServers.the orders is no identifier: legal are 1 to 256 printable characters of ASCII without spaces, quotation marks and backslashes`)}},
		{"a scope's name", "resourceServers: {orders: {scopes: {a/b: c}}}", "", []string{key(`resourceServers.orders.scopes.a/b is no scope's name: legal are 1 to 256 printable characters of ASCII without spaces, quotation marks, slashes and backslashes`)}},
		{"a scope for nothing", "resourceServers: {orders: {scopes: {a: ''}}}", "", []string{key(`resourceServers.orders.scopes.a has 0 characters: legal are 1 to 256, which say what the scope is for`)}},
		{"the web client's scope", servers + "webScopes: [orders/write]", "", []string{key(`webScopes[0] is "orders/write": legal are orders/read`)}},
		{"a machine's scope", servers + "machineClients: {batch: {scopes: [openid]}}", "", []string{key(`machineClients.batch.scopes[0] is "openid": legal are orders/read`)}},
		{"a machine without scopes", servers + "machineClients: {batch: {}}", "", []string{key(`machineClients.batch.scopes is missing: such a client gets tokens for scopes alone; legal are orders/read`)}},
		{"a machine's name", servers + "machineClients: {'a b': {scopes: [orders/read]}}", "", []string{key(`machineClients.a b is no client's name: legal are 1 to 64 letters, digits, hyphens and underscores, no hyphen or underscore first`)}},

		// Providers.
		{"a provider without type", "providers: {Shop: {}}", "", []string{key(`providers.Shop.type is missing: legal are Google, OIDC, SAML`)}},
		{"a provider's type", "providers: {Shop: {type: oidc}}", "", []string{key(`providers.Shop.type is "oidc": legal are Google, OIDC, SAML`)}},
		{"a provider's name", "providers: {cognito: {" + oidc + "}}", "providerSecrets: {cognito: x}",
			[]string{key(`providers.cognito is no provider's name: legal are 3 to 32 letters, digits, hyphens and dots, neither of them first or last, and not COGNITO, Facebook, SignInWithApple, LoginWithAmazon`)}},
		{"Google by another name", "providers: {Shop: {type: Google, clientId: a}}", "providerSecrets: {Shop: x}", []string{key(`providers.Shop has type Google: the provider of type Google, and no other, is called Google`)}},
		{"another called Google", "providers: {Google: {" + oidc + "}}", "providerSecrets: {Google: x}", []string{key(`providers.Google has type OIDC: the provider of type Google, and no other, is called Google`)}},
		{"no issuer", "providers: {Shop: {type: OIDC, clientId: a}}", "providerSecrets: {Shop: x}", []string{key(`providers.Shop.issuer is missing: legal is an https URL`)}},
		{"an issuer without https", "providers: {Shop: {type: OIDC, clientId: a, issuer: 'http://localhost/'}}", "providerSecrets: {Shop: x}",
			[]string{key(`providers.Shop.issuer is "http://localhost/": legal is an https URL, since what comes from there is believed`)}},
		{"no client", "providers: {Shop: {type: OIDC, issuer: 'https://id.example.com'}}", "providerSecrets: {Shop: x}",
			[]string{key(`providers.Shop.clientId has 0 characters: legal are 1 to 256, what the user pool is called at the provider`)}},
		{"scopes without openid", "providers: {Shop: {" + oidc + ", scopes: [email]}}", "providerSecrets: {Shop: x}",
			[]string{key(`providers.Shop.scopes lacks openid, without which the provider tells nothing of who signs in`)}},
		{"a field of another type", "providers: {Shop: {type: SAML, metadataUrl: 'https://id.example.com/', clientId: a}}", "",
			[]string{key(`providers.Shop.clientId is not for type SAML, which has metadataUrl, metadataFile`)}},
		{"no metadata", "providers: {Shop: {type: SAML}}", "", []string{key(`providers.Shop needs one of metadataUrl and metadataFile`)}},
		{"metadata twice", "providers: {Shop: {type: SAML, metadataUrl: 'https://id.example.com/', metadataFile: a.xml}}", "", []string{key(`providers.Shop needs one of metadataUrl and metadataFile`)}},
		{"metadata from elsewhere", "providers: {Shop: {type: SAML, metadataFile: ../../etc/passwd}}", "",
			[]string{key(`providers.Shop.metadataFile is "../../etc/passwd": legal is a path below the repository's folder`)}},
		{"an attribute that is not there", "providers: {Shop: {" + oidc + ", attributeMapping: {team: team}}}", "providerSecrets: {Shop: x}",
			[]string{key(`providers.Shop.attributeMapping.team is no attribute of the user pool: legal are ` + standard + `, custom:NAME of identity.attributes`)}},
		{"an attribute that Cognito cannot set", "attributes: {team: {}}, providers: {Shop: {" + oidc + ", attributeMapping: {'custom:team': team}}}", "providerSecrets: {Shop: x}",
			[]string{key(`providers.Shop.attributeMapping.custom:team is an attribute that Cognito could not set at each sign-in: identity.attributes.team must be mutable and writable`)}},
		{"the user name mapped", "providers: {Shop: {" + oidc + ", attributeMapping: {username: email}}}", "providerSecrets: {Shop: x}",
			[]string{key(`providers.Shop.attributeMapping.username is not for settings: the user name is the provider's sub, or NameID`)}},

		// Their secrets, which no error shows.
		{"no secret", "providers: {Shop: {" + oidc + "}}", "", []string{"auth-api:providerSecrets.Shop is missing: set it with `pulumi config set --secret --path 'auth-api:providerSecrets.Shop'`"}},
		{"secrets of nobody", "", provider, []string{
			`auth-api:providerSecrets.Google is the secret of no provider of type Google or OIDC: identity.providers has none, as there are no providers`,
			`auth-api:providerSecrets.Shop is the secret of no provider of type Google or OIDC: identity.providers has none, as there are no providers`,
		}},
		{"a secret that is a number", "providers: {Shop: {" + oidc + "}}", "providerSecrets: {Shop: 42}", []string{`auth-api:providerSecrets.Shop is no text`}},
		{"secrets that are text", "", "providerSecrets: s3cret", []string{`auth-api:providerSecrets is no mapping of providers' names to secrets`}},

		// Protection.
		{"mfa as YAML reads it", "mfa: false", "", []string{key(`mfa is false: legal are OFF, OPTIONAL, REQUIRED (YAML reads OFF as false: write "OFF")`)}},
		{"tier", "tier: FREE", "", []string{key(`tier is "FREE": legal are LITE, ESSENTIALS, PLUS`)}},
		{"threat protection of a tier without", "threatProtection: AUDIT", "", []string{key(`threatProtection is "AUDIT", which needs auth-api:identity.tier PLUS (0.02 USD a month and active user), and it is LITE`)}},
		{"what LITE lacks", "passwordPolicy: {historySize: 3}, tokens: {rotation: true}, triggers: {preTokenGeneration: no-auth, tokenVersion: V2_0}", "", []string{
			key(`passwordPolicy.historySize needs auth-api:identity.tier ESSENTIALS or PLUS, and it is LITE`),
			key(`tokens.rotation needs auth-api:identity.tier ESSENTIALS or PLUS, and it is LITE`),
			key(`triggers.tokenVersion needs auth-api:identity.tier ESSENTIALS or PLUS, and it is LITE`),
		}},
		{"password history", "tier: PLUS, passwordPolicy: {historySize: 25}", "", []string{key(`passwordPolicy.historySize is 25: legal is a whole number from 0 to 24`)}},
		{"short tokens", "tokens: {accessMinutes: 4, idMinutes: 1441, refreshDays: 0, sessionMinutes: 16}", "", []string{
			key(`tokens.accessMinutes is 4: legal is a whole number from 5 to 1440`), key(`tokens.idMinutes is 1441: legal is a whole number from 5 to 1440`),
			key(`tokens.refreshDays is 0: legal is a whole number from 1 to 3650`), key(`tokens.sessionMinutes is 16: legal is a whole number from 3 to 15`),
		}},
		{"grace without rotation", "tokens: {rotationGraceSeconds: 9}", "", []string{key(`tokens.rotationGraceSeconds is 9, but rotation is false`)}},
		{"a sender without SES", "email: {from: a@example.com}", "", []string{key(`email has one of from and sourceArn: Cognito needs both to send by SES`)}},
		{"a sender that is none", "email: {from: nobody, sourceArn: 'arn:aws:ses:us-west-2:111122223333:identity/example.com'}", "", []string{key(`email.from is "nobody": legal is an address, or NAME <ADDRESS>`)}},
		{"an identity that is none", "email: {from: a@example.com, sourceArn: example.com}", "", []string{key(`email.sourceArn is "example.com": legal ` + ses)}},

		// Triggers.
		{"a trigger that is no function", "triggers: {preSignUp: greet}", "", []string{key(`triggers.preSignUp is "greet": there is no functions/greet/main.go; legal are no-auth, require-auth`)}},
		{"a trigger that is not known", "triggers: {preSignup: no-auth}", "",
			[]string{key(`triggers.preSignup is not a setting (did you mean preSignUp?): legal are preSignUp, postConfirmation, preAuthentication, postAuthentication, preTokenGeneration, tokenVersion`)}},
		{"a version of no trigger", "triggers: {tokenVersion: V1_0}", "", []string{key(`triggers.tokenVersion is set, but preTokenGeneration names no function`)}},
	} {
		t.Run(c.name, func(t *testing.T) {
			file := open + "\nidentity: {" + c.identity + "}\n" + c.rest
			_, err := parse(t, file, "auth-api:providerSecrets")
			if err == nil {
				t.Fatal("it was taken")
			}
			want := make([]string, len(c.want))
			for i, line := range c.want {
				want[i] = "Pulumi.dev.yaml: " + line
			}
			if diff := cmp.Diff(want, strings.Split(err.Error(), "\n")); diff != "" {
				t.Error("-want +got", diff)
			}
			if strings.Contains(err.Error(), "s3cret") {
				t.Errorf("the error shows a secret: %v", err)
			}
		})
	}
}

func TestASecretInPlainTextIsRefusedOnAWSAlone(t *testing.T) {
	const file = open + "\nidentity: {providers: {Shop: {type: OIDC, clientId: a, issuer: 'https://id.example.com'}}}\nproviderSecrets: {Shop: s3cret}"
	if _, err := parse(t, file); err == nil || err.Error() != "Pulumi.dev.yaml: auth-api:providerSecrets is in plain text: set each with `pulumi config set --secret --path 'auth-api:providerSecrets.NAME'`" {
		t.Errorf("on AWS: %v", err)
	}
	if _, err := parse(t, file+"\ntarget: local"); err != nil {
		t.Errorf("on the local AWS: %v", err)
	}
	s, err := parse(t, file, "auth-api:providerSecrets")
	if err != nil {
		t.Fatal(err)
	}
	want := settings.IdentityProvider{Type: "OIDC", ClientID: "a", ClientSecret: "s3cret", Issuer: "https://id.example.com",
		Scopes: []string{"openid", "email", "profile"}, AttributeMapping: map[string]string{"email": "email", "username": "sub"}}
	if diff := cmp.Diff(want, s.Identity.Providers["Shop"]); diff != "" {
		t.Error("-want +got", diff)
	}
}

// The routes name groups and scopes that the stack has.
func TestRoutesNameGroupsAndScopesThatThereAre(t *testing.T) {
	const identity = "\nidentity: {guests: true, principalTags: {team: sub}, groups: {admins: {precedence: 1}, editors: {}}, resourceServers: {orders: {scopes: {read: Reads orders}}}}"
	route := func(fields string) string {
		return "routes: [{method: GET, path: /a, function: no-auth, " + fields + "}]"
	}
	for file, want := range map[string]string{
		route("authorization: AWS_IAM, callers: [admins, editors]"):                "",
		route("authorization: COGNITO_USER_POOLS, scopes: [orders/read, email]"):   "",
		route("authorization: AWS_IAM, callers: [admin]"):                          `auth-api:routes[0].callers[0] is "admin": legal are authenticated, guest, admins, editors`,
		route("authorization: COGNITO_USER_POOLS, scopes: [orders/write, openid]"): `auth-api:routes[0].scopes[0] is "orders/write": legal are openid, email, profile, phone, aws.cognito.signin.user.admin, orders/read`,
		route("authorization: AWS_IAM, callerTags: {team: shop}"):                  "",
		route("authorization: AWS_IAM, callerTags: {squad: shop}"):                 `auth-api:routes[0].callerTags.squad is no tag of callers: identity.principalTags has team`,
		route("authorization: AWS_IAM, callerTags: {team: '${aws:username}'}"):     `auth-api:routes[0].callerTags.team is "${aws:username}": legal are 1 to 256 letters, digits, spaces and _ . : / = + - @`,
		route("authorization: AWS_IAM, callerTags: {}"):                            `auth-api:routes[0].callerTags names no tags`,
		route("authorization: AWS_IAM, callers: [guest], callerTags: {team: a}"):   `auth-api:routes[0].callerTags is for callers that have signed in: guests' credentials carry no tags`,
		route("authorization: COGNITO_USER_POOLS, callerTags: {team: a}"):          `auth-api:routes[0].callerTags is for authorization AWS_IAM alone, and the route's is COGNITO_USER_POOLS`,
		`routes:
  - {method: GET, path: "/users/{id}", function: no-auth, authorization: AWS_IAM, callerTags: {team: a}}
  - {method: GET, path: "/users/me", function: no-auth, authorization: AWS_IAM}`: `auth-api:routes[0] (GET /users/{id}) asks for callerTags, and IAM cannot tell it from auth-api:routes[1] (GET /users/me), which does not ask for them: give both the same callerTags, or one of them another path`,
		`routes:
  - {method: GET, path: "/users/{id}", function: no-auth, authorization: AWS_IAM}
  - {method: GET, path: "/users/me", function: no-auth, authorization: AWS_IAM, callerTags: {team: a}}`: "",
		`routes:
  - {method: GET, path: "/users/{id}", function: no-auth, authorization: AWS_IAM}
  - {method: GET, path: "/{rest+}", function: no-auth, authorization: AWS_IAM, callers: [admins]}`: `auth-api:routes[1] (GET /{rest+}) is not for authenticated, and IAM cannot tell it from auth-api:routes[0] (GET /users/{id}), which is: give both the same callers, or one of them another path`,
	} {
		_, err := parse(t, file+identity)
		if want == "" && err != nil || want != "" && (err == nil || err.Error() != "Pulumi.dev.yaml: "+want) {
			t.Errorf("%s: %v, want %s", file, err, want)
		}
	}
}

// Nobody loses a right by joining a group: its role may do what everybody may who has
// signed in, and what names the group. It may do nothing that is for guests or another
// group alone.
func TestAGroupMayWhatEverybodyMayAndMore(t *testing.T) {
	iam := func(path string, callers ...settings.Caller) settings.Route {
		return settings.Route{Method: "GET", Path: path, Authorization: settings.IAM, Callers: callers}
	}
	routes := []settings.Route{iam("/all", settings.Authenticated), iam("/admins", "admins"), iam("/both", "admins", "editors"), iam("/guests", settings.Guest), iam("/{any}", "editors")}
	for caller, want := range map[settings.Caller]settings.Access{
		settings.Authenticated: {Allow: []string{"GET/all"}},
		settings.Guest:         {Allow: []string{"GET/guests"}},
		"admins":               {Allow: []string{"GET/all", "GET/admins", "GET/both"}},
		"editors":              {Allow: []string{"GET/all", "GET/both", "GET/*"}, Deny: []string{"GET/admins", "GET/guests"}},
		"nobody":               {Allow: []string{"GET/all"}},
	} {
		access, conflicts := settings.AccessOf(routes, caller)
		if diff := cmp.Diff(want, access); diff != "" || len(conflicts) > 0 {
			t.Errorf("%s: conflicts %v, -want +got %s", caller, conflicts, diff)
		}
	}
}

// A group's role and a function's never have one name.
func TestAGroupIsRefusedWhoseRoleIsAFunctions(t *testing.T) {
	dir := t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, "group-x"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "group-x", "main.go"), []byte("package main\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := settings.Parse("auth-api", "dev", map[string]string{
		"auth-api:routes":   `[{"method":"GET","path":"/a","function":"group-x","public":true}]`,
		"auth-api:identity": `{"groups":{"x-role":{}}}`,
	}, nil, dir)
	if err == nil || err.Error() != "Pulumi.dev.yaml: auth-api:identity.groups.x-role would have a role of the same name as the function group-x: give the group another name" {
		t.Error(err)
	}
}

// Who asks for a route with tags is denied it without them, whatever else is allowed.
func TestARouteWithTagsIsDeniedWithoutThem(t *testing.T) {
	iam := func(path string, tags map[string]string) settings.Route {
		return settings.Route{Method: "GET", Path: path, Authorization: settings.IAM, Callers: []settings.Caller{settings.Authenticated}, CallerTags: tags}
	}
	shop := map[string]string{"team": "shop"}
	for _, c := range []struct {
		name      string
		routes    []settings.Route
		want      []settings.Unless
		conflicts []settings.Conflict
	}{
		{"beside a wider route", []settings.Route{iam("/{any}", nil), iam("/shop", shop), iam("/till", shop)}, []settings.Unless{{Tag: "team", Value: "shop", Deny: []string{"GET/shop", "GET/till"}}}, nil},
		{"two values, two tags", []settings.Route{iam("/a", shop), iam("/b", map[string]string{"team": "bank", "level": "1"})},
			[]settings.Unless{{Tag: "level", Value: "1", Deny: []string{"GET/b"}}, {Tag: "team", Value: "bank", Deny: []string{"GET/b"}}, {Tag: "team", Value: "shop", Deny: []string{"GET/a"}}}, nil},
		{"one that asks for more", []settings.Route{iam("/users/{id}", shop), iam("/users/{id}/key", map[string]string{"team": "shop", "level": "1"})},
			[]settings.Unless{{Tag: "level", Value: "1", Deny: []string{"GET/users/*/key"}}, {Tag: "team", Value: "shop", Deny: []string{"GET/users/*", "GET/users/*/key"}}}, nil},
		{"one that asks for none", []settings.Route{iam("/users/{id}", shop), iam("/users/{id}/name", nil)},
			[]settings.Unless{{Tag: "team", Value: "shop", Deny: []string{"GET/users/*"}}}, []settings.Conflict{{Granted: 1, Refused: 0}}},
		{"one that asks for another value", []settings.Route{iam("/users/{id}", shop), iam("/users/me", map[string]string{"team": "bank"})},
			[]settings.Unless{{Tag: "team", Value: "bank", Deny: []string{"GET/users/me"}}, {Tag: "team", Value: "shop", Deny: []string{"GET/users/*"}}}, []settings.Conflict{{Granted: 1, Refused: 0}}},
	} {
		access, conflicts := settings.AccessOf(c.routes, settings.Authenticated)
		if diff := cmp.Diff(c.want, access.Unless); diff != "" {
			t.Errorf("%s: -want +got %s", c.name, diff)
		}
		if diff := cmp.Diff(c.conflicts, conflicts); diff != "" {
			t.Errorf("%s: conflicts: -want +got %s", c.name, diff)
		}
		if len(access.Allow) != len(c.routes) {
			t.Errorf("%s: allowed are %v", c.name, access.Allow)
		}
	}
}

// Users set what is said to be theirs, and nothing else of the stack's own.
func TestUsersWriteNoAttributeThatIsNotTheirs(t *testing.T) {
	s, err := parse(t, open+"\nidentity: {attributes: {team: {}, motto: {writable: true}}}")
	if err != nil {
		t.Fatal(err)
	}
	writable := strings.Join(s.Identity.WritableAttributes(), " ")
	if !strings.Contains(writable, "custom:motto") || strings.Contains(writable, "custom:team") || !strings.Contains(writable, "email") {
		t.Errorf("writable are %s", writable)
	}
}
