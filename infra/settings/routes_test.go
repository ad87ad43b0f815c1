package settings_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"auth-api/infra/settings"
)

// withFiles makes a folder of functions with these files, and the functions gate and orders.
func withFiles(t testing.TB, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	all := map[string]string{"gate/main.go": "package main\n", "orders/main.go": "package main\n", "new-order/main.go": "package main\n"}
	for name, text := range files {
		all[name] = text
	}
	for name, text := range all {
		if err := os.MkdirAll(filepath.Join(dir, filepath.Dir(name)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// parseIn reads a stack file in JSON, whose keys are the settings.
func parseIn(t testing.TB, dir string, file map[string]any) (*settings.Settings, error) {
	t.Helper()
	config := map[string]string{}
	for key, value := range file {
		b, err := json.Marshal(value)
		if err != nil {
			t.Fatal(err)
		}
		config["auth-api:"+key] = strings.Trim(string(b), `"`)
	}
	return settings.Parse("auth-api", "dev", config, nil, dir)
}

type (
	m = map[string]any
	l = []any
)

func TestWhatRoutesSay(t *testing.T) {
	dir := withFiles(t, map[string]string{"orders/body.schema.json": `{"$schema": "http://json-schema.org/draft-04/schema#", "type": "object", "properties": {"n": {"type": "integer", "minimum": 1}}}`})
	got, err := parseIn(t, dir, m{
		"routes": l{
			m{"method": "POST", "path": "/orders", "function": "orders", "authorization": "CUSTOM", "authorizer": "tokens", "bodySchema": "body.schema.json",
				"requiredParameters": m{"query": l{"q"}, "headers": l{"X-Client"}}, "timeoutMillis": 500, "throttle": m{"rateLimit": 0.5, "burstLimit": 3}},
			m{"method": "GET", "path": "/orders", "function": "orders", "authorization": "CUSTOM", "authorizer": "requests", "timeoutMillis": 29000},
		},
		"authorizers": m{
			"tokens":   m{"function": "gate", "ttl": 3600, "identitySource": l{"header.X-Token"}, "validationExpression": "^[a-z]+$"},
			"requests": m{"function": "gate", "type": "REQUEST", "identitySource": l{}},
		},
		"cors":           m{"origins": l{"https://app.example.com", "http://localhost:5173"}},
		"resourcePolicy": m{"allowedIps": l{"203.0.113.0/24", "2001:db8::/32"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	want := &settings.Settings{
		Routes: []settings.Route{
			{Method: "POST", Path: "/orders", Function: "orders", Authorization: settings.Custom, Authorizer: "tokens", TimeoutMillis: 500, Throttle: &settings.Throttle{RateLimit: 0.5, BurstLimit: 3},
				Validation: settings.Validation{Query: []string{"q"}, Headers: []string{"X-Client"}, BodySchema: "body.schema.json", Model: "OrdersBodySchema", Schema: `{"properties":{"n":{"minimum":1,"type":"integer"}},"type":"object"}`}},
			{Method: "GET", Path: "/orders", Function: "orders", Authorization: settings.Custom, Authorizer: "requests"},
		},
		Authorizers: map[string]settings.Authorizer{
			"tokens":   {Function: "gate", Type: settings.TokenAuthorizer, TTL: 3600, IdentitySource: []settings.IdentitySource{{In: "header", Name: "X-Token"}}, ValidationRegexp: "^[a-z]+$"},
			"requests": {Function: "gate", Type: settings.RequestAuthorizer},
		},
		CORS: &settings.CORS{
			Origins: []string{"https://app.example.com", "http://localhost:5173"}, MaxAge: 600, ExposedHeaders: []string{"x-amzn-errortype", "x-amzn-requestid"},
			Headers: []string{"authorization", "content-type", "x-amz-content-sha256", "x-amz-date", "x-amz-security-token", "x-api-key"},
		},
		ResourcePolicy: settings.ResourcePolicy{AllowedIPs: []string{"203.0.113.0/24", "2001:db8::/32"}},
	}
	for what, pair := range map[string][2]any{
		"routes": {want.Routes, got.Routes}, "authorizers": {want.Authorizers, got.Authorizers}, "cors": {want.CORS, got.CORS}, "policy": {want.ResourcePolicy, got.ResourcePolicy},
		"functions": {[]string{"gate", "orders"}, got.FunctionNames()},
	} {
		if diff := cmp.Diff(pair[0], pair[1]); diff != "" {
			t.Errorf("%s: -want +got %s", what, diff)
		}
	}
}

func TestAWrongRouteIsToldWhatIsWrong(t *testing.T) {
	dir := withFiles(t, map[string]string{
		"orders/a.b.json": `{}`, "orders/a-b.json": `{}`,
		"orders/text.json": `all`, "orders/two.json": `{} {}`, "orders/list.json": `[]`, "orders/draft.json": `{"$schema": "https://json-schema.org/draft/2020-12/schema"}`,
		"orders/ref.json": `{"properties": {"a": {"$ref": "https://example.com/x.json"}}}`, "orders/definitions.json": `{"definitions": {}}`,
		"orders/items.json": `{"type": "array", "items": {"type": "string"}, "maxItems": 3}`, "orders/exclusive.json": `{"anyOf": [{"minimum": 1, "exclusiveMinimum": true}]}`,
		"orders/typo.json": `{"propertys": {}}`, "orders/types.json": `{"type": ["string", "null"]}`, "orders/array.json": `{"type": "array"}`, "orders/tuple.json": `{"type": "array", "items": [{}]}`,
		"orders/pattern.json": `{"type": "string", "pattern": "("}`, "orders/required.json": `{"required": "name"}`, "orders/child.json": `{"properties": {"a": 1}}`,
		"orders/large.json": `{"description": "` + strings.Repeat("x", 400<<10) + `"}`,
	})
	route := func(more m) m {
		all := m{"method": "POST", "path": "/orders", "function": "orders", "apiKeyRequired": true}
		for k, v := range more {
			all[k] = v
		}
		return m{"routes": l{all}}
	}
	schema := func(file string) m { return route(m{"bodySchema": file}) }
	custom := m{"method": "GET", "path": "/x", "function": "orders", "authorization": "CUSTOM", "authorizer": "a"}
	authorizer := func(more m) m {
		all := m{"function": "gate"}
		for k, v := range more {
			all[k] = v
		}
		return m{"routes": l{custom}, "authorizers": m{"a": all}}
	}
	with := func(key string, value any) m { return m{"routes": route(nil)["routes"], key: value} }
	cors := func(origins ...any) m { return with("cors", m{"origins": origins}) }
	var wide, tall l
	for i := range 101 {
		wide = append(wide, m{"method": "GET", "path": fmt.Sprintf("/a%d/b/{id}", i), "function": "orders", "apiKeyRequired": true})
	}
	for i := range 290 {
		for _, method := range []string{"GET", "PUT", "POST", "DELETE"} {
			tall = append(tall, m{"method": method, "path": fmt.Sprintf("/%d-%s", i, strings.Repeat("a", 60)), "function": "orders", "authorization": "AWS_IAM"})
		}
	}
	many, addresses := m{}, l{}
	var manyRoutes l
	for i := range 11 {
		many[fmt.Sprintf("a%d", i)] = m{"function": "gate"}
		manyRoutes = append(manyRoutes, m{"method": "GET", "path": fmt.Sprintf("/%d", i), "function": "orders", "authorization": "CUSTOM", "authorizer": fmt.Sprintf("a%d", i)})
	}
	for i := range 101 {
		addresses = append(addresses, fmt.Sprintf("203.0.113.%d/32", i))
	}
	for _, c := range []struct {
		name string
		file m
		want []string
	}{
		// Authorizers.
		{"CUSTOM without an authorizer", route(m{"authorization": "CUSTOM"}), []string{`auth-api:routes[0].authorizer is missing: authorization CUSTOM needs one of authorizers`}},
		{"an authorizer of another kind of route", route(m{"authorizer": "a"}), []string{`auth-api:routes[0].authorizer is for authorization CUSTOM alone, and the route's is NONE`}},
		{"callers of CUSTOM", m{"routes": l{m{"method": "GET", "path": "/x", "function": "orders", "authorization": "CUSTOM", "authorizer": "a", "callers": l{"guest"}}}, "authorizers": m{"a": m{"function": "gate"}}},
			[]string{`auth-api:routes[0].callers is for authorization AWS_IAM alone, and the route's is CUSTOM`}},
		{"no authorizers", m{"routes": l{custom}}, []string{`auth-api:routes[0].authorizer is "a": there are no authorizers`}},
		{"an unknown authorizer", m{"routes": l{custom}, "authorizers": m{"b": m{"function": "gate"}}}, []string{`auth-api:routes[0].authorizer is "a": legal are b`, `auth-api:authorizers.b is an authorizer that no route names`}},
		{"an authorizer without a function", m{"routes": l{custom}, "authorizers": m{"a": m{}}}, []string{`auth-api:authorizers.a.function is missing`}},
		{"a function that is not there", authorizer(m{"function": "gone"}), []string{`auth-api:authorizers.a.function is "gone": there is no functions/gone/main.go; legal are gate, new-order, orders`}},
		{"a function that answers and decides", authorizer(m{"function": "orders"}), []string{`auth-api:authorizers.a.function is "orders", which answers auth-api:routes[0] (GET /x) as well: what decides and what answers are two functions`}},
		{"a name that is taken", m{"routes": l{m{"method": "GET", "path": "/x", "function": "orders", "authorization": "CUSTOM", "authorizer": "users"}}, "authorizers": m{"users": m{"function": "gate"}}},
			[]string{`auth-api:authorizers.users is no name for an authorizer: legal are a letter and up to 63 letters, digits, _ and -, but none of sigv4, users, api_key`}},
		{"a name with a space", m{"routes": l{m{"method": "GET", "path": "/x", "function": "orders", "authorization": "CUSTOM", "authorizer": "a b"}}, "authorizers": m{"a b": m{"function": "gate"}}},
			[]string{`auth-api:authorizers.a b is no name for an authorizer: legal are a letter and up to 63 letters, digits, _ and -, but none of sigv4, users, api_key`}},
		{"a type of HTTP APIs", authorizer(m{"type": "JWT"}), []string{`auth-api:authorizers.a.type is "JWT": legal are TOKEN, REQUEST`}},
		{"a long memory", authorizer(m{"ttl": 3601}), []string{`auth-api:authorizers.a.ttl is 3601: legal is a whole number from 0 to 3600`}},
		{"a token in the query", authorizer(m{"identitySource": l{"query.token"}}), []string{`auth-api:authorizers.a.identitySource[0] is "query.token": legal for TOKEN is header.NAME`}},
		{"API Gateway's own expression", authorizer(m{"type": "REQUEST", "identitySource": l{"method.request.header.Authorization"}}), []string{`auth-api:authorizers.a.identitySource[0] is "method.request.header.Authorization": legal are header.NAME, query.NAME`}},
		{"two tokens", authorizer(m{"identitySource": l{"header.A", "header.B"}}), []string{`auth-api:authorizers.a.identitySource names 2 parts of a request: a TOKEN authorizer has one`}},
		{"one policy for all callers", authorizer(m{"type": "REQUEST", "identitySource": l{}, "ttl": 60}), []string{`auth-api:authorizers.a.identitySource is empty and ttl is 60: every caller would get the policy of the first; name what tells callers apart, or set ttl: 0`}},
		{"an expression for REQUEST", authorizer(m{"type": "REQUEST", "validationExpression": "x"}), []string{`auth-api:authorizers.a.validationExpression is for type TOKEN alone, and the authorizer's is REQUEST`}},
		{"half an expression", authorizer(m{"validationExpression": "("}), []string{"auth-api:authorizers.a.validationExpression is \"(\": error parsing regexp: missing closing ): `(`"}},
		{"authorizers are a list", with("authorizers", l{"a"}), []string{`auth-api:authorizers is ["a"]: legal is a mapping of NAME`}},
		{"too many authorizers", m{"routes": append(manyRoutes, m{"method": "GET", "path": "/t", "function": "orders", "authorization": "COGNITO_USER_POOLS"}), "authorizers": many}, []string{`auth-api:authorizers are 12 with the user pool's: AWS allows an API 10`}},

		// Validation.
		{"required parameters are a list", route(m{"requiredParameters": l{"q"}}), []string{`auth-api:routes[0].requiredParameters is ["q"]: legal is a mapping of query, headers`}},
		{"a parameter with a space", route(m{"requiredParameters": m{"query": l{"a b"}}}), []string{`auth-api:routes[0].requiredParameters.query[0] is "a b": legal are letters, digits and . _ $ -`}},
		{"a header with a colon", route(m{"requiredParameters": m{"headers": l{"X:"}}}), []string{`auth-api:routes[0].requiredParameters.headers[0] is "X:": legal are names of headers: letters, digits, - and _`}},
		{"a header that OpenAPI passes over", route(m{"requiredParameters": m{"headers": l{"Content-Type"}}}), []string{`auth-api:routes[0].requiredParameters.headers[0] is "Content-Type": OpenAPI passes over accept, authorization, content-type here, so that nothing would be required`}},
		{"a schema for GET", route(m{"method": "GET", "bodySchema": "a.b.json"}), []string{`auth-api:routes[0].bodySchema is for methods with a body, POST, PUT, PATCH, and the route's is GET`}},
		{"a schema elsewhere", schema("../gate/x.json"), []string{`auth-api:routes[0].bodySchema is "../gate/x.json": legal is the name of a file beside the function, such as order.schema.json`}},
		{"a schema that is not there", schema("gone.json"), []string{`auth-api:routes[0].bodySchema is "gone.json": functions/orders/gone.json is not there`}},
		{"no JSON", schema("text.json"), []string{`auth-api:routes[0].bodySchema is "text.json": functions/orders/text.json is no JSON object: invalid character 'a' looking for beginning of value`}},
		{"two objects", schema("two.json"), []string{`auth-api:routes[0].bodySchema is "two.json": functions/orders/two.json has something after its JSON object`}},
		{"a list", schema("list.json"), []string{`auth-api:routes[0].bodySchema is "list.json": functions/orders/list.json is no JSON object: json: cannot unmarshal array into Go value of type map[string]interface {}`}},
		{"another draft", schema("draft.json"), []string{`auth-api:routes[0].bodySchema is "draft.json": functions/orders/draft.json has $schema "https://json-schema.org/draft/2020-12/schema": API Gateway's models are of draft 4, http://json-schema.org/draft-04/schema#`}},
		{"a reference", schema("ref.json"), []string{`auth-api:routes[0].bodySchema is "ref.json": functions/orders/ref.json has $ref at /properties/a: write the schema in place: what it refers to would not be part of the API`}},
		{"definitions", schema("definitions.json"), []string{`auth-api:routes[0].bodySchema is "definitions.json": functions/orders/definitions.json has definitions at the top: write the schemas in place`}},
		{"what API Gateway drops", schema("items.json"), []string{`auth-api:routes[0].bodySchema is "items.json": functions/orders/items.json has maxItems at the top: API Gateway drops it when it takes a document in; the function checks it`}},
		{"what API Gateway does not know", schema("exclusive.json"), []string{`auth-api:routes[0].bodySchema is "exclusive.json": functions/orders/exclusive.json has exclusiveMinimum at /anyOf/0: API Gateway does not know it; the function checks it`}},
		{"a keyword that is none", schema("typo.json"), []string{`auth-api:routes[0].bodySchema is "typo.json": functions/orders/typo.json has propertys at the top, which is no keyword that API Gateway checks: legal are title, description, type, enum, default, format, properties, required, additionalProperties, minProperties, maxProperties, items, uniqueItems, minLength, maxLength, pattern, minimum, maximum, multipleOf, allOf, anyOf, oneOf, not`}},
		{"several types", schema("types.json"), []string{`auth-api:routes[0].bodySchema is "types.json": functions/orders/types.json has the type ["string","null"] at the top: legal are object, array, string, number, integer, boolean`}},
		{"an array of what", schema("array.json"), []string{`auth-api:routes[0].bodySchema is "array.json": functions/orders/array.json has an array without items at the top: OpenAPI asks for them; {} is anything`}},
		{"a tuple", schema("tuple.json"), []string{`auth-api:routes[0].bodySchema is "tuple.json": functions/orders/tuple.json has [{}] at /items: legal is a schema, a JSON object`}},
		{"a property that is no schema", schema("child.json"), []string{`auth-api:routes[0].bodySchema is "child.json": functions/orders/child.json has 1 at /properties/a: legal is a schema, a JSON object`}},
		{"a large schema", schema("large.json"), []string{`auth-api:routes[0].bodySchema is "large.json": functions/orders/large.json has 409619 bytes: AWS allows a model 409600`}},
		{"two files of one name", m{"routes": l{route(m{"bodySchema": "a.b.json"})["routes"].(l)[0], route(m{"method": "PUT", "bodySchema": "a-b.json"})["routes"].(l)[0]}},
			[]string{`auth-api:routes[1].bodySchema is "a-b.json", whose name as a model of the API is OrdersAB, as is that of functions/orders/a.b.json: name one of the files differently`}},

		// Timeout and throttle.
		{"a timeout in seconds", route(m{"timeoutMillis": 29}), []string{`auth-api:routes[0].timeoutMillis is 29: legal is a whole number from 50 to 29000`}},
		{"a timeout beyond AWS's", route(m{"timeoutMillis": 30000}), []string{`auth-api:routes[0].timeoutMillis is 30000: legal is a whole number from 50 to 29000`}},
		{"half a throttle", route(m{"throttle": m{"rateLimit": 5}}), []string{`auth-api:routes[0].throttle.burstLimit is missing: a throttle has both`}},
		{"an empty throttle", route(m{"throttle": m{}}), []string{`auth-api:routes[0].throttle.rateLimit is missing: a throttle has both`, `auth-api:routes[0].throttle.burstLimit is missing: a throttle has both`}},
		{"a throttle that lets nobody in", route(m{"throttle": m{"rateLimit": 0, "burstLimit": 0}}), []string{`auth-api:routes[0].throttle.rateLimit is 0: legal is a number above 0`, `auth-api:routes[0].throttle.burstLimit is 0: legal is a whole number of at least 1`}},
		{"a throttle of every method", route(m{"method": "ANY", "throttle": m{"rateLimit": 1, "burstLimit": 1}}), []string{`auth-api:routes[0].throttle is for one method, and the route's is ANY: name the method, API Gateway counts each by itself`}},

		// CORS.
		{"cors without origins", with("cors", m{"maxAge": 5}), []string{`auth-api:cors.origins is missing: legal is a list of origins`}},
		{"no origins", with("cors", m{"origins": l{}}), []string{`auth-api:cors.origins is empty: leave cors away to allow no page of another origin`}},
		{"cors is true", with("cors", true), []string{`auth-api:cors is true: legal is a mapping of origins, headers, exposedHeaders, maxAge`}},
		{"every origin", cors("*"), []string{`auth-api:cors.origins[0] is "*": every page of the Internet is none of an API's with authorization; legal are exact origins such as https://app.example.com`}},
		{"an origin with a slash", cors("https://app.example.com/"), []string{`auth-api:cors.origins[0] is "https://app.example.com/": an origin is scheme, host and port alone, without a path or a slash at the end`}},
		{"a host", cors("app.example.com"), []string{`auth-api:cors.origins[0] is "app.example.com": legal is an origin such as https://app.example.com`}},
		{"the origin of a sandbox", cors("null"), []string{`auth-api:cors.origins[0] is "null": legal is an origin such as https://app.example.com`}},
		{"a wildcard", cors("https://*.example.com"), []string{`auth-api:cors.origins[0] is "https://*.example.com": an origin has no wildcards: name each`}},
		{"capital letters", cors("https://App.example.com"), []string{`auth-api:cors.origins[0] is "https://App.example.com": browsers write origins in lower case`}},
		{"the scheme's own port", cors("https://app.example.com:443"), []string{`auth-api:cors.origins[0] is "https://app.example.com:443": browsers leave the scheme's own port away`}},
		{"http elsewhere", cors("http://app.example.com"), []string{`auth-api:cors.origins[0] is "http://app.example.com": http is for loopback alone (localhost, 127.0.0.1): others read and change what is sent`}},
		{"another scheme", cors("ftp://app.example.com"), []string{`auth-api:cors.origins[0] is "ftp://app.example.com": its scheme is neither https nor, on loopback, http`}},
		{"a quote", cors("https://a'b.example.com"), []string{`auth-api:cors.origins[0] is "https://a'b.example.com": its host is none of letters, digits, hyphens and dots; write other letters as xn--`}},
		{"an origin twice", cors("https://a.example.com", "https://a.example.com"), []string{`auth-api:cors.origins[1] is "https://a.example.com", which stands in the list already`}},
		{"every header", with("cors", m{"origins": l{"https://a.example.com"}, "headers": l{"*"}}), []string{`auth-api:cors.headers[0] is "*": legal are names of headers: letters, digits, - and _`}},
		{"a day and a second", with("cors", m{"origins": l{"https://a.example.com"}, "maxAge": 86401}), []string{`auth-api:cors.maxAge is 86401: legal is a whole number from 0 to 86400`}},
		{"a function's own origins", m{"routes": route(nil)["routes"], "functions": m{"orders": m{"environment": m{"CORS_ORIGINS": "*"}}}}, []string{`auth-api:functions.orders.environment.CORS_ORIGINS is set by the program, as auth-api:cors says`}},

		// Resource policy.
		{"an address without a length", with("resourcePolicy", m{"allowedIps": l{"203.0.113.7"}}), []string{`auth-api:resourcePolicy.allowedIps[0] is "203.0.113.7": legal are CIDRs such as 203.0.113.0/24; one address is 203.0.113.7/32`}},
		{"an address in a network", with("resourcePolicy", m{"allowedIps": l{"203.0.113.7/24"}}), []string{`auth-api:resourcePolicy.allowedIps[0] is "203.0.113.7/24", an address within a network: that network is 203.0.113.0/24`}},
		{"nobody", with("resourcePolicy", m{"allowedIps": l{}}), []string{`auth-api:resourcePolicy.allowedIps is empty, which would let in nobody: leave it away to let in everybody`}},
		{"an endpoint's name", with("resourcePolicy", m{"vpcEndpointIds": l{"vpc-1"}}), []string{`auth-api:resourcePolicy.vpcEndpointIds[0] is "vpc-1": legal are ids of interface endpoints, such as vpce-0123456789abcdef0`}},
		{"both", with("resourcePolicy", m{"allowedIps": l{"203.0.113.0/24"}, "vpcEndpointIds": l{"vpce-0123456789abcdef0"}}),
			[]string{`auth-api:resourcePolicy has both allowedIps and vpcEndpointIds: the one is for an API on the Internet, the other for a private one`}},
		{"a VPC of the local AWS", m{"target": "local", "routes": route(nil)["routes"], "resourcePolicy": m{"vpcEndpointIds": l{"vpce-0123456789abcdef0"}}},
			[]string{`auth-api:resourcePolicy.vpcEndpointIds is for AWS: the local AWS has no VPC endpoints, and nobody could call`}},
		{"too many addresses", with("resourcePolicy", m{"allowedIps": addresses}), []string{`auth-api:resourcePolicy.allowedIps has 101 entries: at most 100 fit the 8192 characters that AWS allows the policy of an API; use wider networks, or a web ACL's IP set`}},

		// Limits of AWS.
		{"too many resources", m{"routes": wide}, []string{`auth-api:routes make 304 resources of the API, one for each part of a path and one for the root: AWS allows 300; use parameters such as {name} or {rest+}, or another stack for some of the routes`}},
		{"too many permissions", m{"routes": tall}, []string{`auth-api:routes give authenticated 1160 permissions and denials, of which one policy would have 21065 characters: AWS allows a managed policy 6144, and the routes of one caller are spread over 8; give several routes one pattern by a parameter, or split the API into two stacks`}},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := parseIn(t, dir, c.file)
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
	// What the schema library says is its own.
	for file, want := range map[string]string{"pattern.json": "is no JSON schema: ", "required.json": "is no JSON schema: "} {
		_, err := parseIn(t, dir, schema(file))
		if err == nil || !strings.Contains(err.Error(), "functions/orders/"+file+" "+want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: got %v", file, err)
		}
	}
}

func TestFunctionsThatRunOnForNobodyAreToldOf(t *testing.T) {
	dir := withFiles(t, nil)
	s, err := parseIn(t, dir, m{
		"routes": l{
			m{"method": "GET", "path": "/a", "function": "orders", "public": true, "timeoutMillis": 1500},
			m{"method": "GET", "path": "/b", "function": "orders", "public": true, "timeoutMillis": 500},
			m{"method": "GET", "path": "/c", "function": "new-order", "public": true, "timeoutMillis": 500},
			m{"method": "GET", "path": "/d", "function": "new-order", "public": true},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"functions.orders.timeout is 10 seconds, and every route to it gives up after 1.5 s: it would run on for nobody; set a timeout of 2"}
	if got := settings.LongRuns(s); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}
