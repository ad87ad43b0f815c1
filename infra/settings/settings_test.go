package settings_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"gopkg.in/yaml.v3"

	"auth-api/infra/settings"
)

// functions makes a folder with two functions, and with what is none.
func functions(t testing.TB) string {
	t.Helper()
	dir := t.TempDir()
	for _, file := range []string{"no-auth/main.go", "require-auth/main.go", "internal/caller/caller.go", "doc.go"} {
		path := filepath.Join(dir, file)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte("package main\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// parse reads a stack file dev as the engine hands it over: texts as they are, all else
// as JSON.
func parse(t testing.TB, file string, secrets ...string) (*settings.Settings, error) {
	t.Helper()
	var doc map[string]any
	if err := yaml.Unmarshal([]byte(file), &doc); err != nil {
		t.Fatal(err)
	}
	config := map[string]string{}
	for key, value := range doc {
		if !strings.Contains(key, ":") {
			key = "auth-api:" + key
		}
		if text, ok := value.(string); ok {
			config[key] = text
			continue
		}
		b, err := json.Marshal(value)
		if err != nil {
			t.Fatal(err)
		}
		config[key] = string(b)
	}
	return settings.Parse("auth-api", "dev", config, secrets, functions(t))
}

const open = `routes: [{method: GET, path: /no-auth, function: no-auth, apiKeyRequired: true}]`

func TestWhatIsNotSaidGetsItsDefault(t *testing.T) {
	got, err := parse(t, open)
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "defaults", got)
}

func TestWhatIsSaidCounts(t *testing.T) {
	got, err := parse(t, `
target: local
stageName: v1
routes:
  - {method: ANY, path: "/files/{rest+}", function: no-auth, authorization: COGNITO_USER_POOLS, scopes: [openid, email]}
  - {method: POST, path: /require-auth, function: require-auth, authorization: AWS_IAM, callers: [guest, authenticated]}
  - {method: OPTIONS, path: /require-auth, function: require-auth, public: true}
usagePlan: {rateLimit: 0.5, burstLimit: 1, quotaLimit: 7, quotaPeriod: MONTH}
identity:
  aliasAttributes: []
  selfSignUp: false
  guests: true
  callbackUrls: ["https://app.example.com/", "shop://signed-in", "http://localhost/"]
  signOutUrls: ["https://app.example.com/"]
  domainPrefix: shop-1
  passwordPolicy: {minimumLength: 14, requireSymbols: true, temporaryPasswordValidityDays: 1}
  userPasswordAuth: true
  deletionProtection: true
  demoUser: ann
functions: {no-auth: {memory: 1024, timeout: 29, logRetentionDays: 1}}
logging: {access: true, execution: INFO, retentionDays: 365}
demoPassword: "Long-enough-1-for-all"
aws:region: eu-central-1
`)
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "said", got)
}

// sections are the settings at the top of a stack file.
func sections() []string {
	var names []string
	for _, e := range settings.Reference() {
		if !strings.ContainsAny(e.Key, ".[") {
			names = append(names, e.Key)
		}
	}
	return names
}

// golden compares settings with testdata/NAME.json.
func golden(t *testing.T, name string, got *settings.Settings) {
	t.Helper()
	b, err := json.MarshalIndent(got, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	keep(t, filepath.Join("testdata", name+".json"), func(string) string { return string(b) + "\n" })
}

func TestAWrongStackFileIsToldWhatIsWrong(t *testing.T) {
	const secret = "auth-api:demoPassword"
	route := func(fields string) string { return "routes: [{" + fields + "}]" }
	identity := func(fields string) string { return open + "\nidentity: {" + fields + "}" }
	for _, c := range []struct {
		name, file string
		want       []string // every error, without the file's name
	}{
		// The top.
		{"unknown key", open + "\nrotues: []", []string{`auth-api:rotues is not a setting (did you mean routes?): legal are ` + strings.Join(sections(), ", ")}},
		{"unknown key, nothing like it", open + "\ncolour: red", []string{`auth-api:colour is not a setting: legal are ` + strings.Join(sections(), ", ")}},
		{"target", open + "\ntarget: LOCAL", []string{`auth-api:target is "LOCAL": legal are aws, local`}},
		{"empty target", open + "\ntarget: ''", []string{`auth-api:target is "": legal are aws, local`}},
		{"stage", open + "\nstageName: dev-1", []string{`auth-api:stageName is "dev-1": legal are 1 to 128 letters, digits and underscores`}},

		// Routes.
		{"no routes", "target: aws", []string{`auth-api:routes is missing: legal is a list of routes`}},
		{"routes are text", "routes: all", []string{`auth-api:routes is "all": legal is a list of routes`}},
		{"routes are a mapping", "routes: {a: 1}", []string{`auth-api:routes is {"a":1}: legal is a list of routes`}},
		{"empty routes", "routes: []", []string{`auth-api:routes is empty: an API has at least one route`}},
		{"route is text", "routes: [GET /]", []string{`auth-api:routes[0] is "GET /": legal is a mapping of method, path, function, authorization, authorizer, apiKeyRequired, callers, callerTags, scopes, requiredParameters, bodySchema, timeoutMillis, throttle, public`}},
		{"route is nothing", "routes: [null]", []string{`auth-api:routes[0] is empty: legal is a mapping of method, path, function, authorization, authorizer, apiKeyRequired, callers, callerTags, scopes, requiredParameters, bodySchema, timeoutMillis, throttle, public`}},
		{"route lacks all", "routes: [{public: true}]", []string{`auth-api:routes[0].method is missing`, `auth-api:routes[0].path is missing`, `auth-api:routes[0].function is missing`}},
		{"unknown key of a route", route(`method: GET, path: /a, function: no-auth, authorisation: AWS_IAM, public: true`),
			[]string{`auth-api:routes[0].authorisation is not a setting (did you mean authorization?): legal are method, path, function, authorization, authorizer, apiKeyRequired, callers, callerTags, scopes, requiredParameters, bodySchema, timeoutMillis, throttle, public`}},
		{"method", route(`method: get, path: /a, function: no-auth, public: true`), []string{`auth-api:routes[0].method is "get": legal are GET, POST, PUT, PATCH, DELETE, HEAD, OPTIONS, ANY`}},
		{"method is a number", route(`method: 5, path: /a, function: no-auth, public: true`), []string{`auth-api:routes[0].method is 5: legal are GET, POST, PUT, PATCH, DELETE, HEAD, OPTIONS, ANY`}},
		{"path is a number", route(`method: GET, path: 5, function: no-auth, public: true`), []string{`auth-api:routes[0].path is 5: legal is a path such as /users/{id}`}},
		{"path without slash", route(`method: GET, path: a, function: no-auth, public: true`), []string{`auth-api:routes[0].path is "a": a path begins with /`}},
		{"path ends with a slash", route(`method: GET, path: /a/, function: no-auth, public: true`), []string{`auth-api:routes[0].path is "/a/": a path does not end with /, which API Gateway would route elsewhere`}},
		{"path with a space", route(`method: GET, path: /a b, function: no-auth, public: true`), []string{`auth-api:routes[0].path is "/a b": its part "a b" is not of letters, digits and . _ : - alone, nor {name} or {name+}`}},
		{"path with two slashes", route(`method: GET, path: /a//b, function: no-auth, public: true`), []string{`auth-api:routes[0].path is "/a//b": its part "" is not of letters, digits and . _ : - alone, nor {name} or {name+}`}},
		{"half a parameter", route(`method: GET, path: "/x{id}", function: no-auth, public: true`), []string{`auth-api:routes[0].path is "/x{id}": its part "x{id}" is not of letters, digits and . _ : - alone, nor {name} or {name+}`}},
		{"greedy in the middle", route(`method: GET, path: "/{all+}/x", function: no-auth, public: true`), []string{`auth-api:routes[0].path is "/{all+}/x": {all+} takes all that follows, so it must be the last part`}},
		{"parameter twice", route(`method: GET, path: "/{id}/{id}", function: no-auth, public: true`), []string{`auth-api:routes[0].path is "/{id}/{id}": it has two parameters called id`}},
		{"function", route(`method: GET, path: /a, function: noauth, public: true`), []string{`auth-api:routes[0].function is "noauth": there is no functions/noauth/main.go; legal are no-auth, require-auth`}},
		{"a folder that is no function", route(`method: GET, path: /a, function: internal, public: true`), []string{`auth-api:routes[0].function is "internal": there is no functions/internal/main.go; legal are no-auth, require-auth`}},
		{"function outside", route(`method: GET, path: /a, function: ../x, public: true`), []string{`auth-api:routes[0].function is "../x": there is no functions/../x/main.go; legal are no-auth, require-auth`}},
		{"authorization", "routes: [{method: GET, path: /a, function: no-auth, apiKeyRequired: true}, {method: GET, path: /b, function: no-auth, authorization: IAM}]",
			[]string{`auth-api:routes[1].authorization is "IAM": legal are NONE, AWS_IAM, COGNITO_USER_POOLS, CUSTOM`}},
		{"key required is text", route(`method: GET, path: /a, function: no-auth, apiKeyRequired: "yes", public: true`), []string{`auth-api:routes[0].apiKeyRequired is "yes": legal are true, false`}},
		{"open by oversight", route(`method: GET, path: /a, function: no-auth`), []string{`auth-api:routes[0] asks for neither authorization nor a key: set authorization or apiKeyRequired, or public: true if everybody may call it`}},
		{"public and closed", route(`method: GET, path: /a, function: no-auth, apiKeyRequired: true, public: true`), []string{`auth-api:routes[0].public is true, but the route asks for authorization or a key`}},
		{"signed preflight", route(`method: OPTIONS, path: /a, function: no-auth, authorization: AWS_IAM`), []string{`auth-api:routes[0] is OPTIONS and asks for authorization or a key: browsers send neither with a preflight request`}},
		{"callers of an open route", route(`method: GET, path: /a, function: no-auth, public: true, callers: [authenticated]`), []string{`auth-api:routes[0].callers is for authorization AWS_IAM alone, and the route's is NONE`}},
		{"caller", route(`method: GET, path: /a, function: no-auth, authorization: AWS_IAM, callers: [admin]`), []string{`auth-api:routes[0].callers[0] is "admin": legal are authenticated, guest`}},
		{"caller is a number", route(`method: GET, path: /a, function: no-auth, authorization: AWS_IAM, callers: [authenticated, 1]`), []string{`auth-api:routes[0].callers[1] is 1: legal are authenticated, guest, names of groups`}},
		{"caller twice", route(`method: GET, path: /a, function: no-auth, authorization: AWS_IAM, callers: [authenticated, authenticated]`), []string{`auth-api:routes[0].callers[1] is "authenticated", which stands in the list already`}},
		{"callers are text", route(`method: GET, path: /a, function: no-auth, authorization: AWS_IAM, callers: guest`),
			[]string{`auth-api:routes[0].callers is "guest": legal is a list of authenticated, guest, names of groups`}},
		{"no callers", route(`method: GET, path: /a, function: no-auth, authorization: AWS_IAM, callers: []`), []string{`auth-api:routes[0].callers names nobody: legal are authenticated, guest, names of groups`}},
		{"guest where there are none", route(`method: GET, path: /a, function: no-auth, authorization: AWS_IAM, callers: [guest]`), []string{`auth-api:routes[0].callers[0] is "guest", but identity.guests is false: there are none`}},
		{"scopes of a signed route", route(`method: GET, path: /a, function: no-auth, authorization: AWS_IAM, scopes: [openid]`), []string{`auth-api:routes[0].scopes is for authorization COGNITO_USER_POOLS alone, and the route's is AWS_IAM`}},
		{"scope that no token has", route(`method: GET, path: /a, function: no-auth, authorization: COGNITO_USER_POOLS, scopes: [write]`), []string{`auth-api:routes[0].scopes[0] is "write": legal are openid, email, profile, phone, aws.cognito.signin.user.admin`}},
		{"the same route twice", "routes: [{method: GET, path: /a, function: no-auth, public: true}, {method: GET, path: /a, function: require-auth, public: true}]",
			[]string{`auth-api:routes[1] is GET /a, as is auth-api:routes[0]: a method and a path stand together once`}},
		{"two names for one part", `routes: [{method: GET, path: "/users/{id}", function: no-auth, public: true}, {method: GET, path: "/users/{name}/pets", function: no-auth, public: true}]`,
			[]string{`auth-api:routes[1].path is "/users/{name}/pets": auth-api:routes[0].path calls the same part {id}, and API Gateway allows it one name`}},
		{"a parameter beside a greedy one", `routes: [{method: GET, path: "/users/{id}", function: no-auth, public: true}, {method: GET, path: "/users/{rest+}", function: no-auth, public: true}]`,
			[]string{`auth-api:routes[1].path is "/users/{rest+}": auth-api:routes[0].path calls the same part {id}, and API Gateway allows it one name`}},
		{"callers that IAM cannot tell apart", `
routes:
  - {method: GET, path: "/users/{id}", function: no-auth, authorization: AWS_IAM, callers: [guest]}
  - {method: GET, path: "/{rest+}", function: no-auth, authorization: AWS_IAM}
identity: {guests: true}`,
			[]string{`auth-api:routes[1] (GET /{rest+}) is not for guest, and IAM cannot tell it from auth-api:routes[0] (GET /users/{id}), which is: give both the same callers, or one of them another path`}},

		// Usage plan.
		{"plan is text", open + "\nusagePlan: none", []string{`auth-api:usagePlan is "none": legal is a mapping of rateLimit, burstLimit, quotaLimit, quotaPeriod`}},
		{"burst below 1", open + "\nusagePlan: {burstLimit: 0}", []string{`auth-api:usagePlan.burstLimit is 0: legal is a whole number of at least 1`}},
		{"burst is a fraction", open + "\nusagePlan: {burstLimit: 1.5}", []string{`auth-api:usagePlan.burstLimit is 1.5: legal is a whole number of at least 1`}},
		{"burst is text", open + "\nusagePlan: {burstLimit: '10'}", []string{`auth-api:usagePlan.burstLimit is "10": legal is a whole number of at least 1`}},
		{"rate", open + "\nusagePlan: {rateLimit: 0}", []string{`auth-api:usagePlan.rateLimit is 0: legal is a number above 0`}},
		{"quota", open + "\nusagePlan: {quotaLimit: -1}", []string{`auth-api:usagePlan.quotaLimit is -1: legal is a whole number of at least 1`}},
		{"period", open + "\nusagePlan: {quotaPeriod: YEAR}", []string{`auth-api:usagePlan.quotaPeriod is "YEAR": legal are DAY, WEEK, MONTH`}},
		{"unknown key of the plan", open + "\nusagePlan: {burst: 5}", []string{`auth-api:usagePlan.burst is not a setting: legal are rateLimit, burstLimit, quotaLimit, quotaPeriod`}},
		{"a key without a value", open + "\nusagePlan: {rateLimit: }", []string{`auth-api:usagePlan.rateLimit is empty: legal is a number above 0`}},

		// Identity.
		{"unknown key of identity", identity("selfSignup: false"),
			[]string{`auth-api:identity.selfSignup is not a setting (did you mean selfSignUp?): legal are userPoolName, replaceUserPool, aliasAttributes, attributes, selfSignUp, guests, callbackUrls, signOutUrls, domainPrefix, userPasswordAuth, demoUser, deletionProtection, passwordPolicy, groups, ambiguousRole, demoGroups, resourceServers, webScopes, machineClients, providers, tier, mfa, threatProtection, tokens, email, triggers, principalTags`}},
		{"guests is text", identity("guests: 'on'"), []string{`auth-api:identity.guests is "on": legal are true, false`}},
		{"alias", identity("aliasAttributes: [mail]"), []string{`auth-api:identity.aliasAttributes[0] is "mail": legal are email, phone_number, preferred_username`}},
		{"http callback", identity(`callbackUrls: ["http://example.com/"], signOutUrls: ["http://example.com/"]`),
			[]string{`auth-api:identity.callbackUrls[0] is "http://example.com/": http is for localhost alone: use https`, `auth-api:identity.signOutUrls[0] is "http://example.com/": http is for localhost alone: use https`}},
		{"callback with a fragment", identity(`callbackUrls: ["http://localhost:3000/", "https://a.example/#x"]`), []string{`auth-api:identity.callbackUrls[1] is "https://a.example/#x": it has a fragment, which Cognito refuses`}},
		{"callback with a wildcard", identity(`callbackUrls: ["http://localhost:3000/", "https://*.example/"]`), []string{`auth-api:identity.callbackUrls[1] is "https://*.example/": Cognito matches URLs exactly and knows no wildcards`}},
		{"callback without scheme", identity(`callbackUrls: ["http://localhost:3000/", "a.example/"]`), []string{`auth-api:identity.callbackUrls[1] is "a.example/": it has no scheme: legal are https, http for localhost, or an app's own`}},
		{"callback without host", identity(`callbackUrls: ["http://localhost:3000/", "https:///x"]`), []string{`auth-api:identity.callbackUrls[1] is "https:///x": it names no host`}},
		{"no callbacks", identity(`callbackUrls: []`), []string{`auth-api:identity.callbackUrls is empty: the hosted sign-in needs at least one URL`}},
		{"web client cannot sign out", identity(`callbackUrls: ["https://a.example/"]`),
			[]string{`auth-api:identity.signOutUrls lacks https://a.example/, the first of callbackUrls: that is the web client's address, which people come back to when they sign out`}},
		{"domain", identity("domainPrefix: Shop"), []string{`auth-api:identity.domainPrefix is "Shop": legal are 1 to 63 lower-case letters, digits and hyphens, no hyphen first or last`}},
		{"reserved domain", identity("domainPrefix: my-aws-shop"), []string{`auth-api:identity.domainPrefix is "my-aws-shop": it must not contain aws, amazon, cognito, which Cognito reserves`}},
		{"password policy", identity("passwordPolicy: {minimumLength: 5}"), []string{`auth-api:identity.passwordPolicy.minimumLength is 5: legal is a whole number from 6 to 99`}},
		{"unknown key of the password policy", identity("passwordPolicy: {requireNumber: true}"),
			[]string{`auth-api:identity.passwordPolicy.requireNumber is not a setting (did you mean requireNumbers?): legal are minimumLength, requireLowercase, requireUppercase, requireNumbers, requireSymbols, temporaryPasswordValidityDays, historySize`}},
		{"demo user like an address", identity("demoUser: a@example.com"), []string{`auth-api:identity.demoUser is "a@example.com": where email is an alias a user name cannot look like one`}},
		{"demo user with a space", identity("demoUser: ann lee"), []string{`auth-api:identity.demoUser is "ann lee": it has a space or a control character`}},

		// The demo user's password: never shown.
		{"password without a user", open + "\ndemoPassword: demoPASS123", []string{`auth-api:demoPassword is set, but auth-api:identity.demoUser names no user`}},
		{"weak password", identity("demoUser: ann") + "\ndemoPassword: demopass", []string{`auth-api:demoPassword lacks an upper-case letter, a digit, a symbol, which auth-api:identity.passwordPolicy asks for`}},
		{"short password", identity("demoUser: ann") + "\ndemoPassword: aA1!", []string{`auth-api:demoPassword lacks a length of 8, which auth-api:identity.passwordPolicy asks for`}},
		{"local password against the policy", identity("demoUser: ann") + "\ntarget: local",
			[]string{`auth-api:demoPassword is not set, and the one that is used on the local AWS then (demoPASS123) lacks a symbol, which auth-api:identity.passwordPolicy asks for`}},

		// Functions and logging.
		{"unknown function", open + "\nfunctions: {noauth: {}}", []string{`auth-api:functions.noauth is not a function (did you mean no-auth?): legal are no-auth, require-auth`}},
		{"function without a route", open + "\nfunctions: {require-auth: {memory: 256}}", []string{`auth-api:functions.require-auth is for a function that nothing names: a route, an authorizer, the web client or a grant to invoke it does`}},
		{"memory", open + "\nfunctions: {no-auth: {memory: 64}}", []string{`auth-api:functions.no-auth.memory is 64: legal is a whole number from 128 to 10240`}},
		{"memory with a unit", open + "\nfunctions: {no-auth: {memory: 128MB}}", []string{`auth-api:functions.no-auth.memory is "128MB": legal is a whole number from 128 to 10240`}},
		{"timeout", open + "\nfunctions: {no-auth: {timeout: 30}}", []string{`auth-api:functions.no-auth.timeout is 30: legal is a whole number from 1 to 29`}},
		{"retention", open + "\nfunctions: {no-auth: {logRetentionDays: 10}}",
			[]string{`auth-api:functions.no-auth.logRetentionDays is 10: legal are 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653 days`}},
		{"logging off as YAML reads it", open + "\nlogging: {execution: false}", []string{`auth-api:logging.execution is false: legal are OFF, ERROR, INFO (YAML reads OFF as false: write "OFF")`}},
		{"access log", open + "\nlogging: {access: 1}", []string{`auth-api:logging.access is 1: legal are true, false`}},

		{"everything at once", "target: moon\nroutes: [{method: FETCH, path: a, function: x}]\nusagePlan: {burstLimit: 0}", []string{
			`auth-api:target is "moon": legal are aws, local`,
			`auth-api:routes[0].method is "FETCH": legal are GET, POST, PUT, PATCH, DELETE, HEAD, OPTIONS, ANY`,
			`auth-api:routes[0].path is "a": a path begins with /`,
			`auth-api:routes[0].function is "x": there is no functions/x/main.go; legal are no-auth, require-auth`,
			`auth-api:routes[0] asks for neither authorization nor a key: set authorization or apiKeyRequired, or public: true if everybody may call it`,
			`auth-api:usagePlan.burstLimit is 0: legal is a whole number of at least 1`,
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := parse(t, c.file, secret)
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
		})
	}
}

func TestADemoPasswordOnAWSIsASecret(t *testing.T) {
	const file = open + "\nidentity: {demoUser: ann}\ndemoPassword: Passw0rd-of-ann"
	if s, err := parse(t, file, "auth-api:demoPassword"); err != nil || s.DemoPassword != "Passw0rd-of-ann" {
		t.Errorf("the secret was not taken: %v", err)
	}
	_, err := parse(t, file)
	if want := "Pulumi.dev.yaml: auth-api:demoPassword is in plain text: set it with `pulumi config set --secret demoPassword`"; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

func TestTheDemoUserHasAPasswordOrIsNotMade(t *testing.T) {
	for _, c := range []struct{ name, file, want string }{
		{"on AWS without a password", "identity: {demoUser: ann}", ""},
		{"on the local AWS without a password", "target: local\nidentity: {demoUser: ann, passwordPolicy: {requireSymbols: false}}", "demoPASS123"},
		{"on the local AWS, of one's own, in plain text", "target: local\nidentity: {demoUser: ann}\ndemoPassword: My-own-1", "My-own-1"},
		{"nobody asked for one", "target: local", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, err := parse(t, open+"\n"+c.file)
			if err != nil {
				t.Fatal(err)
			}
			if s.DemoPassword != c.want {
				t.Errorf("password is %q, want %q", s.DemoPassword, c.want)
			}
		})
	}
}

func TestNoErrorShowsThePassword(t *testing.T) {
	for _, file := range []string{
		"demoPassword: hunter2hunter2",
		"identity: {demoUser: ann}\ndemoPassword: hunter2hunter2",
		"target: moon\nidentity: {demoUser: ann}\ndemoPassword: hunter2hunter2",
	} {
		if _, err := parse(t, open+"\n"+file); err == nil || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: %v", file, err)
		}
	}
}

func TestNamesFitAWS(t *testing.T) {
	config := map[string]string{"shop.web:routes": `[{"method":"GET","path":"/","function":"no-auth","public":true}]`}
	s, err := settings.Parse("shop.web", "ann.dev-1", config, nil, functions(t))
	if err != nil {
		t.Fatal(err)
	}
	if got := s.Name("no-auth"); got != "shop-web-ann-dev-1-no-auth" {
		t.Errorf("name is %s", got)
	}
	if s.StageName != "ann_dev_1" {
		t.Errorf("stage is %s", s.StageName)
	}
	long := strings.Repeat("x", 50)
	config[`auth-api:routes`] = config["shop.web:routes"]
	_, err = settings.Parse("auth-api", long, config, nil, functions(t))
	want := "the name auth-api-" + long + "-no-auth-role has 72 characters: AWS allows 64; shorten the stack's name or the function's"
	if err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("got %v, want %s", err, want)
	}
}

func TestTheEnvironmentIsReadWhole(t *testing.T) {
	env := map[string]string{"PULUMI_CONFIG": `{"auth-api:target":"local"}`, "PULUMI_CONFIG_SECRET_KEYS": `["auth-api:demoPassword"]`}
	config, secrets, err := settings.FromEnv(func(key string) string { return env[key] })
	if err != nil || config["auth-api:target"] != "local" || len(secrets) != 1 {
		t.Errorf("got %v %v %v", config, secrets, err)
	}
	env["PULUMI_CONFIG"] = "target=local"
	if _, _, err := settings.FromEnv(func(key string) string { return env[key] }); err == nil || !strings.Contains(err.Error(), "reading PULUMI_CONFIG") {
		t.Errorf("got %v", err)
	}
	if config, _, err := settings.FromEnv(func(string) string { return "" }); err != nil || len(config) != 0 {
		t.Errorf("an empty environment gave %v, %v", config, err)
	}
}

func TestAFolderOfFunctionsThatIsNotThere(t *testing.T) {
	_, err := settings.Parse("auth-api", "dev", nil, nil, filepath.Join(t.TempDir(), "functions"))
	if err == nil || !strings.HasPrefix(err.Error(), "listing the functions:") {
		t.Errorf("got %v", err)
	}
}

// What Pulumi.yaml promises is what happens: Pulumi.yaml declares each setting and no
// other, and its defaults change nothing.
func TestPulumiYAMLDeclaresTheSettings(t *testing.T) {
	data, err := os.ReadFile("../../Pulumi.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var project struct {
		Config map[string]struct {
			Type, Description string
			Default           any
		}
	}
	if err := yaml.Unmarshal(data, &project); err != nil {
		t.Fatal(err)
	}
	file := open
	delete(project.Config, "pulumi:tags") // Pulumi's own, in a project that pulumi new made
	for key, declared := range project.Config {
		if len(declared.Description) < 20 {
			t.Errorf("%s is not described", key)
		}
		if key == "routes" {
			continue
		}
		line, err := yaml.Marshal(map[string]any{key: declared.Default})
		if err != nil {
			t.Fatal(err)
		}
		file += "\n" + string(line)
	}
	got, err := parse(t, file)
	if err != nil {
		t.Fatal("a declared key is no setting, or a default is not legal: ", err)
	}
	want, err := parse(t, open)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error("the defaults of Pulumi.yaml are not the program's: -program +Pulumi.yaml", diff)
	}
	// An unknown key is told what the legal ones are: those that are declared.
	_, err = parse(t, open+"\nnothing: 1")
	_, legal, _ := strings.Cut(err.Error(), "legal are ")
	for _, key := range strings.Split(legal, ", ") {
		if _, ok := project.Config[key]; !ok {
			t.Errorf("Pulumi.yaml does not declare %s", key)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add(`[{"method":"GET","path":"/users/{id}","function":"no-auth","authorization":"AWS_IAM","callers":["guest"]}]`, `{"guests":true,"callbackUrls":["https://a.example/"]}`)
	f.Add(`[null, {"path":"/{a+}"}, {"path":"//"}]`, `{"passwordPolicy":null}`)
	dir := functions(f)
	f.Fuzz(func(t *testing.T, routes, identity string) {
		s, err := settings.Parse("auth-api", "dev", map[string]string{"auth-api:routes": routes, "auth-api:identity": identity}, nil, dir)
		if (s == nil) == (err == nil) {
			t.Fatalf("settings %v with error %v", s, err)
		}
		if s == nil {
			return
		}
		for _, r := range s.Routes {
			if r.Authorization == settings.None && !r.APIKeyRequired && !r.Public {
				t.Errorf("%s is open by oversight", r)
			}
			if r.Method == "" || r.Path == "" || r.Function == "" {
				t.Errorf("%+v was taken", r)
			}
		}
	})
}
