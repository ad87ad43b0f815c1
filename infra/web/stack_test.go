package web_test

import (
	"encoding/json"
	"html"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"auth-api/infra/localaws/awstest"
	"auth-api/infra/localaws/iam"
	"auth-api/infra/web/webconfig"
)

type m = map[string]any

// get asks for an address as a browser does that nobody has signed in with: without a key.
func get(t *testing.T, method, address string, headers ...string) (status int, header http.Header, body string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	data, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, response.Header, string(data)
}

// The article's stack serves a page at the address that it tells, which is told by the
// parameter what the stack's outputs say.
func TestThePageIsServed(t *testing.T) {
	settings := awstest.Article(t)
	settings["routes"] = []any{ // whatever has been added since
		map[string]any{"method": "GET", "path": "/no-auth", "function": "no-auth", "apiKeyRequired": true},
		map[string]any{"method": "GET", "path": "/require-auth", "function": "require-auth", "authorization": "AWS_IAM", "callers": []string{"authenticated"}, "apiKeyRequired": true},
	}
	s := awstest.Deploy(t, settings)
	page := s.Outputs.WebURL
	if want := strings.Replace(s.Outputs.APIURL, "127.0.0.1", "localhost", 1) + "/"; page != want || !s.Outputs.HasWebClient() {
		t.Fatalf("the page is at %s, want %s", page, want)
	}
	if status, header, body := get(t, "GET", page); status != 200 || !strings.HasPrefix(header.Get("Content-Type"), "text/html") || !strings.Contains(body, "<title>") {
		t.Errorf("the page answers %d %s", status, body)
	}
	status, header, body := get(t, "GET", page+"config.json")
	var told webconfig.Config
	if err := json.Unmarshal([]byte(body), &told); err != nil || status != 200 || !strings.HasPrefix(header.Get("Content-Type"), "application/json") {
		t.Fatalf("its configuration is %d %s, %v", status, body, err)
	}
	o := s.Outputs
	if diff := cmp.Diff(webconfig.Config{
		Region: o.Region, WebURL: page, APIURL: strings.TrimSuffix(page, "/"), APIKey: o.APIKey, UserPoolID: o.UserPoolID, UserPoolClientID: o.UserPoolClientID,
		IdentityPoolID: o.IdentityPoolID, HostedUIURL: o.HostedUIURL, Issuer: o.Issuer, CognitoIdentityURL: o.AWSEndpoint, Guests: true,
		Routes: []webconfig.Route{
			{Method: "GET", Path: "/no-auth", Authorization: "NONE", APIKeyRequired: true},
			{Method: "GET", Path: "/require-auth", Authorization: "AWS_IAM", APIKeyRequired: true},
		},
	}, told); diff != "" {
		t.Error("-want +got", diff)
	}
	if status, _, body := get(t, "GET", page+"assets/nothing-00000000.js"); status != 404 {
		t.Errorf("an asset that is not there answers %d %s, which is not its function", status, body)
	}
	// What is beside it is as closed as before.
	for path, want := range map[string]string{"no-auth": "ForbiddenException", "require-auth": "MissingAuthenticationTokenException", "assets": "MissingAuthenticationTokenException", "assets/a/b": "MissingAuthenticationTokenException", "config": "MissingAuthenticationTokenException"} {
		if status, header, _ := get(t, "GET", page+path); status != 403 || header.Get("x-amzn-ErrorType") != want {
			t.Errorf("%s answers %d %s", path, status, header.Get("x-amzn-ErrorType"))
		}
	}
	if status, _, _ := get(t, "POST", page); status != 403 {
		t.Errorf("POST of the page answers %d", status)
	}
	// The credentials of somebody who has signed in sign for that address too.
	user := s.As(o.DemoUser)
	user.Stack.Outputs.APIURL = told.APIURL
	if answer := user.Get("/require-auth"); answer.Status != 200 {
		t.Errorf("from the page's origin: %s", answer)
	}
}

// The function that serves the page may read its parameter, and nothing else of the kind;
// no other function may read that.
func TestOneFunctionReadsOneParameter(t *testing.T) {
	settings := awstest.Article(t)
	s := awstest.Deploy(t, settings)
	const parameter = "arn:aws:ssm:us-west-2:000000000000:parameter/auth-api/local/web"
	may := func(function, action, resource string) bool {
		d := s.AWS.IAM.AuthorizeServiceRole("arn:aws:iam::000000000000:role/auth-api-local-"+function+"-role", "auth-api-local-"+function, iam.Request{Action: action, Resource: resource})
		return d.Allowed
	}
	for _, c := range []struct {
		function, action, resource string
		want                       bool
	}{
		{"web", "ssm:GetParameter", parameter, true},
		{"web", "ssm:GetParameter", parameter + "/more", false},
		{"web", "ssm:GetParameter", parameter + "2", false},
		{"web", "ssm:GetParameter", strings.Replace(parameter, "/local/", "/dev/", 1), false},
		{"web", "ssm:GetParameter", strings.Replace(parameter, "000000000000", "111122223333", 1), false},
		{"web", "ssm:GetParameters", parameter, false},
		{"web", "ssm:GetParametersByPath", strings.TrimSuffix(parameter, "/web"), false},
		{"web", "ssm:GetParameterHistory", parameter, false},
		{"web", "ssm:PutParameter", parameter, false},
		{"web", "ssm:DeleteParameter", parameter, false},
		{"web", "lambda:InvokeFunction", "arn:aws:lambda:us-west-2:000000000000:function:auth-api-local-guest-list", false},
		{"no-auth", "ssm:GetParameter", parameter, false},
		{"require-auth", "ssm:GetParameter", parameter, false},
	} {
		if got := may(c.function, c.action, c.resource); got != c.want {
			t.Errorf("%s may %s on %s: %v", c.function, c.action, c.resource, got)
		}
	}

	// What the stack file grants it beside that, it has beside that.
	settings["functions"].(m)["web"] = m{"grants": []any{m{"parameter": "/shop/limits"}}}
	s.Redeploy(settings)
	for _, resource := range []string{parameter, "arn:aws:ssm:us-west-2:000000000000:parameter/shop/limits"} {
		if !may("web", "ssm:GetParameter", resource) {
			t.Errorf("with a grant beside it, web may not read %s", resource)
		}
	}
}

// The hosted sign-in and sign-out lead to the page by exactly its address.
func TestTheHostedSignInLeadsToThePage(t *testing.T) {
	s := awstest.Deploy(t, awstest.Article(t))
	page := s.Outputs.WebURL
	for _, wrong := range []string{
		strings.TrimSuffix(page, "/"), strings.Replace(page, "localhost", "127.0.0.1", 1), strings.Replace(page, "http:", "https:", 1),
		page + "config.json", page + "?a=b", s.Outputs.APIURL, "http://localhost:3000/",
	} {
		if to := signIn(t, s, wrong); to != nil {
			t.Errorf("the sign-in leads to %s", to)
		}
		if to := signOut(t, s, wrong); to != "" {
			t.Errorf("the sign-out leads to %s", to)
		}
	}
	to := signIn(t, s, page)
	if to == nil || !strings.HasPrefix(to.String(), page+"?") || to.Query().Get("code") == "" || to.Query().Get("state") != "mine" {
		t.Errorf("the sign-in leads to %v", to)
	}
	if to := signOut(t, s, page); to != page {
		t.Errorf("the sign-out leads to %q", to)
	}
}

// signIn signs the demo user in by the hosted pages, and returns where they lead to with a
// code: nil if they refuse.
func signIn(t *testing.T, s *awstest.Stack, callback string) (to *url.URL) {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	browser := &http.Client{Jar: jar, CheckRedirect: func(r *http.Request, _ []*http.Request) error {
		if r.URL.Query().Get("code") != "" {
			to = r.URL
			return http.ErrUseLastResponse
		}
		return nil
	}}
	read := func(response *http.Response, err error) (*http.Response, string) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		data, err := io.ReadAll(response.Body)
		if err != nil {
			t.Fatal(err)
		}
		return response, string(data)
	}
	response, body := read(browser.Get(s.Outputs.HostedUIURL + "/oauth2/authorize?" + url.Values{
		"client_id": {s.Outputs.UserPoolClientID}, "redirect_uri": {callback}, "response_type": {"code"}, "scope": {"openid"}, "state": {"mine"},
	}.Encode()))
	form := url.Values{"username": {s.Outputs.DemoUser}, "password": {s.Outputs.DemoPassword}}
	for _, hidden := range regexp.MustCompile(`<input type="hidden" name="([^"]*)" value="([^"]*)"`).FindAllStringSubmatch(body, -1) {
		form.Set(hidden[1], html.UnescapeString(hidden[2]))
	}
	if len(form) == 2 { // there is no form
		if !strings.Contains(body, "redirect_uri") || response.StatusCode != 400 {
			t.Fatalf("a callback is refused by %d %s", response.StatusCode, body)
		}
		return nil
	}
	read(browser.PostForm(response.Request.URL.String(), form))
	return to
}

// signOut returns where the hosted sign-out leads to, if anywhere but to its error page.
func signOut(t *testing.T, s *awstest.Stack, address string) string {
	t.Helper()
	browser := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	response, err := browser.Get(s.Outputs.HostedUIURL + "/logout?" + url.Values{"client_id": {s.Outputs.UserPoolClientID}, "logout_uri": {address}}.Encode())
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	to := response.Header.Get("Location")
	if strings.Contains(to, "/error?") {
		return ""
	}
	return to
}

// A second deployment finds nothing to do, though the page's address goes in a circle.
func TestTheCircleComesToRest(t *testing.T) {
	settings := awstest.Article(t)
	s := awstest.Deploy(t, settings)
	if changed := s.Redeploy(settings); len(changed) > 0 {
		t.Errorf("a second deployment changes %v", changed)
	}
}

// A stack from before web clients, whose users are protected, gets one: its client's URLs
// change in place, and nothing that it had is replaced or gone.
func TestAWebClientComesToAProtectedStack(t *testing.T) {
	settings := awstest.Article(t)
	client := settings["web"]
	delete(settings, "web")
	settings["identity"].(m)["deletionProtection"] = true
	s := awstest.Deploy(t, settings)
	before := s.Outputs
	if before.WebURL != "http://localhost:3000/" || before.HasWebClient() {
		t.Fatalf("without a web client it is %s", before.WebURL)
	}
	if status, header, _ := get(t, "GET", before.APIURL+"/"); status != 403 || header.Get("x-amzn-ErrorType") != "MissingAuthenticationTokenException" {
		t.Errorf("without a web client the root answers %d", status)
	}
	refresh := s.As(before.DemoUser).Tokens

	settings["web"] = client
	if diff := cmp.Diff([]string{
		"Deployment deployment", "Function web", "LogGroup web", "Parameter config", "Permission web-get", "RestApi rest", "Role web-role",
		"RolePolicy web-grants", "RolePolicy web-logs", "Stage stage", "UserPoolClient web",
	}, s.Redeploy(settings)); diff != "" {
		t.Error("made or changed: -want +got", diff)
	}
	after := s.Outputs
	for name, of := range map[string][2]string{
		"user pool": {before.UserPoolID, after.UserPoolID}, "client": {before.UserPoolClientID, after.UserPoolClientID}, "identity pool": {before.IdentityPoolID, after.IdentityPoolID},
		"API": {before.APIURL, after.APIURL}, "key": {before.APIKey, after.APIKey}, "sign-in": {before.HostedUIURL, after.HostedUIURL},
	} {
		if of[0] != of[1] {
			t.Errorf("the %s was %s and is %s", name, of[0], of[1])
		}
	}
	if to := signIn(t, s, after.WebURL); to == nil {
		t.Error("the sign-in does not lead to the page")
	}
	if to := signIn(t, s, before.WebURL); to != nil {
		t.Errorf("the sign-in still leads to %s", to)
	}
	if _, err := s.AWS.UserPools.VerifyToken(after.UserPoolID, refresh.ID); err != nil {
		t.Errorf("who was signed in is not any more: %v", err)
	}

	// It goes as it came. (The fixture leaves what is no longer declared.)
	delete(settings, "web")
	if changed := s.Redeploy(settings); !slices.Contains(changed, "UserPoolClient web") || s.Outputs.WebURL != "http://localhost:3000/" {
		t.Errorf("without the web client again, %v changes, and the address is %s", changed, s.Outputs.WebURL)
	}
}

// A route that takes all in does not take the page: API Gateway finds what is exact first.
// And pages elsewhere are let in beside it, with the headers that their browsers ask for.
func TestThePageBesideOtherPages(t *testing.T) {
	settings := awstest.Article(t)
	routes, ok := settings["routes"].([]any)
	if !ok {
		t.Fatalf("the routes are %v", settings["routes"])
	}
	settings["routes"] = append(routes, m{"method": "ANY", "path": "/{rest+}", "function": "no-auth", "public": true})
	const origin = "http://localhost:5173"
	settings["webOrigins"] = []any{origin}
	s := awstest.Deploy(t, settings)
	for path, want := range map[string]string{"": "text/html", "config.json": "application/json"} {
		if status, header, _ := get(t, "GET", s.Outputs.WebURL+path); status != 200 || !strings.HasPrefix(header.Get("Content-Type"), want) {
			t.Errorf("/%s answers %d %s", path, status, header.Get("Content-Type"))
		}
	}
	if status, _, _ := get(t, "GET", s.Outputs.WebURL+"assets/nothing-00000000.js"); status != 404 {
		t.Errorf("an asset answers %d", status)
	}
	for _, path := range []string{"elsewhere", "assets/a/b"} {
		if status, _, body := get(t, "GET", s.Outputs.WebURL+path); status != 200 || !strings.Contains(body, "Open for All!") {
			t.Errorf("/%s answers %d %s", path, status, body)
		}
	}
	for _, path := range []string{"/", "/config.json", "/no-auth"} {
		status, header, _ := get(t, "OPTIONS", s.Outputs.APIURL+path, "Origin", origin, "Access-Control-Request-Method", "GET", "Access-Control-Request-Headers", "x-api-key")
		if status != 204 || header.Get("Access-Control-Allow-Origin") != origin {
			t.Errorf("the preflight of %s answers %d %v", path, status, header)
		}
	}
	if _, header, _ := get(t, "GET", s.Outputs.APIURL+"/no-auth", "Origin", origin, "X-Api-Key", s.Outputs.APIKey); header.Get("Access-Control-Allow-Origin") != origin {
		t.Errorf("a page elsewhere may not read the answer: %v", header)
	}
	for _, callback := range []string{s.Outputs.WebURL, origin + "/"} {
		if to := signIn(t, s, callback); to == nil || !strings.HasPrefix(to.String(), callback+"?") {
			t.Errorf("the sign-in for %s leads to %v", callback, to)
		}
	}
}
