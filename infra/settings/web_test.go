package settings_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"auth-api/infra/settings"
)

// site is a stack file with a web client beside every kind of route.
const site = `
routes:
  - {method: GET, path: /no-auth, function: require-auth, apiKeyRequired: true}
  - {method: POST, path: /orders, function: require-auth, authorization: COGNITO_USER_POOLS}
  - {method: GET, path: /mine, function: require-auth, authorization: COGNITO_USER_POOLS, scopes: [openid]}
  - {method: GET, path: "/users/{id}", function: require-auth, authorization: AWS_IAM}
  - {method: GET, path: /partners, function: require-auth, authorization: CUSTOM, authorizer: partners}
  - {method: ANY, path: /any, function: require-auth, public: true}
  - {method: GET, path: /search, function: require-auth, public: true, requiredParameters: {query: [q]}}
authorizers: {partners: {function: no-auth, ttl: 0}}
`

// The web client's routes are routes like those of the stack file: open, without a key, and
// marked. They lead to its function, which is built as others are.
func TestTheWebClientsRoutes(t *testing.T) {
	s, err := parse(t, site+"web: {function: require-auth}\nfunctions: {require-auth: {memory: 256}}")
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, r := range s.Routes {
		if r.Web {
			got = append(got, fmt.Sprint(r, " ", r.Function, " ", r.Authorization, " ", r.APIKeyRequired, " ", r.Public))
		}
	}
	if diff := cmp.Diff([]string{
		"GET / require-auth NONE false true", "GET /config.json require-auth NONE false true", "GET /assets/{asset} require-auth NONE false true",
	}, got); diff != "" {
		t.Error("-want +got", diff)
	}
	if s.Routes[0].Web || len(s.Routes) != 10 {
		t.Errorf("the stack file's own are %v", s.Routes)
	}
	if f := s.Functions["require-auth"]; f.Memory != 256 {
		t.Errorf("its function is %+v", f)
	}
	if s.WebParameter() != "/auth-api/dev/web" {
		t.Errorf("its parameter is %s", s.WebParameter())
	}

	none, err := parse(t, open+"\nweb: {}")
	if err != nil || len(none.Routes) != 1 || none.Web.Function != "" {
		t.Errorf("without a function there are %v, %v", none, err)
	}
}

func TestTheRoutesWithButtons(t *testing.T) {
	for _, c := range []struct {
		name, web string
		want      []string
	}{
		{"by default, all with GET that can be called as they stand", "{function: require-auth}", []string{"GET /no-auth", "GET /mine"}},
		{"those that are named, in that order", `{function: require-auth, routes: [POST /orders, GET /no-auth]}`, []string{"POST /orders", "GET /no-auth"}},
		{"none", "{function: require-auth, routes: []}", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, err := parse(t, site+"web: "+c.web)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, r := range s.Buttons() {
				got = append(got, r.String())
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error("-want +got", diff)
			}
		})
	}
}

// Callback and sign-out URLs come from three places, and CORS from two.
func TestWhereThePagesAre(t *testing.T) {
	type places struct{ Callbacks, SignOuts, Origins []string }
	list := func(urls ...string) []string { return urls }
	const development, a, b = "http://localhost:3000/", "https://a.example", "http://localhost:5173"
	for _, c := range []struct {
		name, file string
		want       places
	}{
		{"nothing is said", "", places{list(development), list(development), nil}},
		{"a web client of its own", "web: {function: require-auth}", places{}},
		{"pages elsewhere", "webOrigins: [" + a + ", '" + b + "']", places{list(a+"/", b+"/"), list(a+"/", b+"/"), list(a, b)}},
		{"both", "web: {function: require-auth}\nwebOrigins: [" + a + "]", places{list(a + "/"), list(a + "/"), list(a)}},
		{"URLs that are said are kept, each once", "webOrigins: [" + a + "]\nidentity: {callbackUrls: ['shop://in', '" + a + "/'], signOutUrls: ['shop://in']}",
			places{list("shop://in", a+"/"), list("shop://in", a+"/"), list(a)}},
		{"URLs beside a web client", "web: {function: require-auth}\nidentity: {callbackUrls: ['shop://in']}", places{list("shop://in"), nil, nil}},
		{"cors for others too", "webOrigins: [" + a + "]\ncors: {origins: ['" + b + "'], maxAge: 5}", places{list(a + "/"), list(a + "/"), list(b, a)}},
		{"cors for these alone", "webOrigins: [" + a + "]\ncors: {maxAge: 5}", places{list(a + "/"), list(a + "/"), list(a)}},
		{"an origin twice is one", "webOrigins: [" + a + "]\ncors: {origins: ['" + a + "']}", places{list(a + "/"), list(a + "/"), list(a)}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, err := parse(t, open+"\n"+c.file)
			if err != nil {
				t.Fatal(err)
			}
			got := places{Callbacks: s.Identity.CallbackURLs, SignOuts: s.Identity.SignOutURLs}
			if s.CORS != nil {
				got.Origins = s.CORS.Origins
				if strings.Contains(c.file, "maxAge") != (s.CORS.MaxAge == 5) || len(s.CORS.Headers) != 6 {
					t.Errorf("the rest of cors is %+v", s.CORS)
				}
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error("-want +got", diff)
			}
		})
	}
}

func TestAWrongWebClientIsToldWhatIsWrong(t *testing.T) {
	const web = "web: {function: require-auth}\n"
	route := func(method, path string) string {
		return web + fmt.Sprintf("routes: [{method: %s, path: %q, function: no-auth, public: true}]", method, path)
	}
	named := func(routes string) string { return site + "web: {function: require-auth, routes: [" + routes + "]}" }
	const legal, own = "legal are GET /no-auth, POST /orders, GET /mine", "require-auth answers GET /, GET /config.json, GET /assets/{asset}; give the route another path, or leave the web client away"
	for _, c := range []struct {
		name, file string
		want       []string
	}{
		{"no mapping", open + "\nweb: true", []string{`auth-api:web is true: legal is a mapping of function, routes`}},
		{"unknown key", open + "\nweb: {fucntion: no-auth}", []string{`auth-api:web.fucntion is not a setting (did you mean function?): legal are function, routes`}},
		{"unknown function", open + "\nweb: {function: requireauth}", []string{`auth-api:web.function is "requireauth": there is no functions/requireauth/main.go (did you mean require-auth?); legal are no-auth, require-auth`}},
		{"empty function", open + "\nweb: {function: ''}", []string{`auth-api:web.function is "": there is no functions//main.go; legal are no-auth, require-auth`}},
		{"function is a number", open + "\nweb: {function: 5}", []string{`auth-api:web.function is 5: legal are no-auth, require-auth`}},
		{"buttons without a page", open + "\nweb: {routes: [GET /no-auth]}", []string{`auth-api:web.routes is for a web client, and there is none: set auth-api:web.function`}},
		{"a button for no route", named("GET /noauth"), []string{`auth-api:web.routes[0] is "GET /noauth", which is no route (did you mean GET /no-auth?): ` + legal}},
		{"a button for its own route", named("GET /"), []string{`auth-api:web.routes[0] is "GET /", which is no route: ` + legal}},
		{"a button with a part to fill in", named(`"GET /users/{id}"`), []string{`auth-api:web.routes[0] is "GET /users/{id}", which has a part to fill in: ` + legal}},
		{"a button for any method", named("GET /mine, ANY /any"), []string{`auth-api:web.routes[1] is "ANY /any", which has the method ANY, which a page does not send: ` + legal}},
		{"a button for partners", named("GET /partners"), []string{`auth-api:web.routes[0] is "GET /partners", which asks for what an authorizer of yours knows: ` + legal}},
		{"a button with parameters", named("GET /search"), []string{`auth-api:web.routes[0] is "GET /search", which asks for parameters or a body: ` + legal}},
		{"a button where there is nothing to call", web + `routes: [{method: ANY, path: /a, function: no-auth, public: true}]`, nil},
		{"the root is taken", route("GET", "/"), []string{`auth-api:routes[0] is GET /, which is the web client's (auth-api:web): ` + own}},
		{"its configuration is taken", route("GET", "/config.json"), []string{`auth-api:routes[0] is GET /config.json, which is the web client's (auth-api:web): ` + own}},
		{"its assets are taken", route("GET", "/assets/{asset}"), []string{`auth-api:routes[0] is GET /assets/{asset}, which is the web client's (auth-api:web): ` + own}},
		{"another name for an asset", route("PUT", "/assets/{name}"), []string{`auth-api:routes[0].path is "/assets/{name}": the web client's GET /assets/{asset} (auth-api:web) calls the same part {asset}, and API Gateway allows it one name`}},
		{"all that follows an asset", route("GET", "/assets/{rest+}"), []string{`auth-api:routes[0].path is "/assets/{rest+}": the web client's GET /assets/{asset} (auth-api:web) calls the same part {asset}, and API Gateway allows it one name`}},
		{"below an asset", route("GET", "/assets/{name}/size"), []string{`auth-api:routes[0].path is "/assets/{name}/size": the web client's GET /assets/{asset} (auth-api:web) calls the same part {asset}, and API Gateway allows it one name`}},
		{"all beside it", route("ANY", "/{rest+}"), nil},
		{"the root's other methods", route("ANY", "/"), nil},
		{"what decides serves the page", "web: {function: no-auth}\nroutes: [{method: GET, path: /a, function: require-auth, authorization: CUSTOM, authorizer: partners}]\nauthorizers: {partners: {function: no-auth, ttl: 0}}",
			[]string{`auth-api:authorizers.partners.function is "no-auth", which answers auth-api:web (GET /) as well: what decides and what answers are two functions`}},
		{"its variable is set", open + "\n" + web + "functions: {require-auth: {environment: {WEB_PARAMETER: /mine}}}",
			[]string{`auth-api:functions.require-auth.environment.WEB_PARAMETER is set by the program, as auth-api:web says`}},
		{"another function's variable", open + "\n" + web + "functions: {no-auth: {environment: {WEB_PARAMETER: /mine}}}", nil},
		{"a page of two versions", open + "\n" + web + "canary: {functions: [no-auth, require-auth], percent: 10}",
			[]string{`auth-api:canary.functions[1] is "require-auth", which serves the web client (auth-api:web): with auth-api:canary.percent a page and its scripts would be of two versions, and not fit; take it out of the list, or leave percent away`}},
		{"a page of one version", open + "\n" + web + "canary: {functions: [require-auth]}", nil},
		{"on AWS the domain leads to it", open + "\n" + web + "domain: {name: api.example.com, certificateArn: 'arn:aws:acm:us-west-2:123456789012:certificate/a', defaultEndpoint: false}", nil},
		{"a private API", open + "\n" + web + "resourcePolicy: {vpcEndpointIds: [vpce-0123456789abcdef0]}", nil},

		{"origins are text", open + "\nwebOrigins: https://a.example", []string{`auth-api:webOrigins is "https://a.example": legal is a list of https://HOST, and http:// for localhost`}},
		{"an origin with a slash", open + "\nwebOrigins: ['https://a.example/']", []string{`auth-api:webOrigins[0] is "https://a.example/": an origin is scheme, host and port alone, without a path or a slash at the end`}},
		{"every origin", open + "\nwebOrigins: ['*']", []string{`auth-api:webOrigins[0] is "*": every page of the Internet is none of an API's with authorization; legal are exact origins such as https://app.example.com`}},
		{"an origin twice", open + "\nwebOrigins: ['https://a.example', 'https://a.example']", []string{`auth-api:webOrigins[1] is "https://a.example", which stands in the list already`}},
		{"http elsewhere", open + "\nwebOrigins: ['http://a.example']", []string{`auth-api:webOrigins[0] is "http://a.example": http is for loopback alone (localhost, 127.0.0.1): others read and change what is sent`}},
		{"loopback that Cognito does not know", open + "\nwebOrigins: ['http://127.0.0.1:5173']", []string{`auth-api:webOrigins[0] is "http://127.0.0.1:5173": http is for localhost alone: use https`}},
		{"too many callbacks", open + "\nwebOrigins: [" + many(101) + "]", []string{
			`auth-api:identity.callbackUrls are 101 URLs, with those of auth-api:webOrigins and auth-api:web: Cognito allows 100`,
			`auth-api:identity.signOutUrls are 101 URLs, with those of auth-api:webOrigins and auth-api:web: Cognito allows 100`}},
		{"too many with its own", open + "\n" + web + "webOrigins: [" + many(100) + "]", []string{
			`auth-api:identity.callbackUrls are 101 URLs, with those of auth-api:webOrigins and auth-api:web: Cognito allows 100`,
			`auth-api:identity.signOutUrls are 101 URLs, with those of auth-api:webOrigins and auth-api:web: Cognito allows 100`}},
		{"as many as there may be", open + "\nwebOrigins: [" + many(100) + "]", nil},
		{"a page elsewhere that cannot sign out", open + "\nwebOrigins: ['https://a.example']\nidentity: {callbackUrls: ['https://b.example/']}",
			[]string{`auth-api:identity.signOutUrls lacks https://b.example/, the first of callbackUrls: that is the web client's address, which people come back to when they sign out`}},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := parse(t, c.file)
			var want, got []string
			for _, line := range c.want {
				want = append(want, "Pulumi.dev.yaml: "+line)
			}
			if err != nil {
				got = strings.Split(err.Error(), "\n")
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error("-want +got", diff)
			}
		})
	}
}

func many(n int) string {
	var out []string
	for i := range n {
		out = append(out, fmt.Sprintf("https://a%d.example", i))
	}
	return strings.Join(out, ", ")
}

// AWS takes no parameter whose name begins with aws or ssm.
func TestAProjectWhoseParameterAWSWouldRefuse(t *testing.T) {
	config := func(project string) map[string]string {
		return map[string]string{project + ":routes": `[{"method":"GET","path":"/a","function":"no-auth","public":true}]`, project + ":web": `{"function":"no-auth"}`}
	}
	_, err := settings.Parse("AWS-shop", "dev", config("AWS-shop"), nil, functions(t))
	if want := "Pulumi.dev.yaml: AWS-shop:web.function needs the SSM parameter /AWS-shop/dev/web, and AWS takes no name that begins with aws or ssm: give the project another name"; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
	if _, err := settings.Parse("shop-aws", "dev", config("shop-aws"), nil, functions(t)); err != nil {
		t.Error(err)
	}
}

// A door beside a protected route is told of, as others are; but nobody can protect the
// web client's.
func TestTheWebClientsDoors(t *testing.T) {
	s, err := parse(t, "web: {function: require-auth}\nroutes: [{method: POST, path: /assets/logo, function: no-auth, authorization: AWS_IAM}]")
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"routes[0] (POST /assets/logo) asks for AWS_IAM, but GET of /assets/logo needs no authorization: the web client's GET /assets/{asset} answers it; declare the method on the path, or give the route another path"}
	if diff := cmp.Diff(want, settings.OpenDoors(s.Routes)); diff != "" {
		t.Error("-want +got", diff)
	}
}
