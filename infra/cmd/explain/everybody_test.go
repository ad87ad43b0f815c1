package main

import (
	"fmt"
	"net/http"
	"os"
	"regexp"
	"strings"
	"testing"

	"auth-api/infra/client"
	"auth-api/infra/cmd/internal/inspect"
	"auth-api/infra/cmd/internal/workspace"
	"auth-api/infra/localaws"
	"auth-api/infra/localaws/awstest"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"
	"gopkg.in/yaml.v3"
)

const password = "Correct-Horse-9"

// everything are the settings of infra/stack/testdata/all.yaml, but for what stands
// between a test and the API's front door: its own domain, a second factor, and a network.
func everything(t *testing.T) awstest.Settings {
	t.Helper()
	data, err := os.ReadFile("../../stack/testdata/all.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var file struct{ Config map[string]any }
	if err := yaml.Unmarshal(data, &file); err != nil {
		t.Fatal(err)
	}
	out := awstest.Settings{}
	for key, v := range file.Config {
		out[strings.TrimPrefix(key, "auth-api:")] = v
	}
	delete(out, "domain")
	delete(out, "canary") // which version answers is none of the gateway's business
	identity, _ := out["identity"].(map[string]any)
	delete(identity, "mfa")
	delete(identity, "threatProtection")
	functions, _ := out["functions"].(map[string]any)
	for _, f := range functions {
		settings, _ := f.(map[string]any)
		delete(settings, "vpc")
	}
	routes, _ := out["routes"].([]any)
	out["routes"] = append(routes,
		map[string]any{"method": "GET", "path": "/id", "function": "require-auth", "authorization": "COGNITO_USER_POOLS"},
		map[string]any{"method": "GET", "path": "/mine", "function": "require-auth", "authorization": "COGNITO_USER_POOLS", "scopes": []any{signInScope}, "apiKeyRequired": true},
		map[string]any{"method": "GET", "path": "/search", "function": "no-auth", "apiKeyRequired": true, "requiredParameters": map[string]any{"query": []any{"q"}, "headers": []any{"X-Trace"}}},
		map[string]any{"method": "ANY", "path": "/files/{rest+}", "function": "require-auth", "authorization": "AWS_IAM", "callers": []any{"staff", "audit"}},
	)
	return out
}

// user makes a user of the stack's pool and signs in.
func user(t *testing.T, s *awstest.Stack, name, group, team string) client.Tokens {
	t.Helper()
	admin := cognitoidentityprovider.New(cognitoidentityprovider.Options{
		Region: s.Outputs.Region, BaseEndpoint: aws.String(s.Outputs.AWSEndpoint), Credentials: credentials.NewStaticCredentialsProvider("test", "test", ""),
	})
	attributes := []types.AttributeType{{Name: aws.String("email"), Value: aws.String(name + "@example.com")}}
	if team != "" {
		attributes = append(attributes, types.AttributeType{Name: aws.String("custom:team"), Value: aws.String(team)})
	}
	pool := aws.String(s.Outputs.UserPoolID)
	_, err := admin.AdminCreateUser(t.Context(), &cognitoidentityprovider.AdminCreateUserInput{UserPoolId: pool, Username: aws.String(name), MessageAction: types.MessageActionTypeSuppress, UserAttributes: attributes})
	if err == nil {
		_, err = admin.AdminSetUserPassword(t.Context(), &cognitoidentityprovider.AdminSetUserPasswordInput{UserPoolId: pool, Username: aws.String(name), Password: aws.String(password), Permanent: true})
	}
	if err == nil && group != "" {
		_, err = admin.AdminAddUserToGroup(t.Context(), &cognitoidentityprovider.AdminAddUserToGroupInput{UserPoolId: pool, Username: aws.String(name), GroupName: aws.String(group)})
	}
	if err != nil {
		t.Fatal(err)
	}
	tokens, err := s.Directory().SignIn(t.Context(), name, password)
	if err != nil {
		t.Fatal(err)
	}
	return tokens
}

// person is somebody with what they really send, and how explain calls them.
type person struct {
	o        options
	identity client.Identity
	token    string
}

// varying is what differs from one answer to the next, or is the sender's own.
var varying = regexp.MustCompile(`'([A-Za-z0-9+/]{43}=|SHA-256-OF-THE-HEADER)'`)

// What explain says is what requests are answered: whoever calls which route, with a key,
// without, or with a wrong one, explain has the status, type and body of the real answer.
func TestWhatIsExplainedIsWhatIsAnswered(t *testing.T) {
	s := awstest.Deploy(t, everything(t))
	identity := func(tokens client.Tokens) client.Identity {
		id, err := s.Directory().Credentials(t.Context(), tokens.ID)
		if err != nil {
			t.Fatal(err)
		}
		return id
	}
	bob, eve, joe, amy := user(t, s, "bob", "", ""), user(t, s, "eve", "staff", ""), user(t, s, "joe", "", "blue"), user(t, s, "amy", "audit", "red")
	role := func(name string) client.Identity {
		full := "auth-api-local-" + name
		c, err := s.AWS.IAM.AssumeServiceRole("arn:aws:iam::"+localaws.Account+":role/"+full+"-role", "lambda.amazonaws.com", full)
		if err != nil {
			t.Fatal(err)
		}
		return client.Identity{ID: name, Credentials: aws.Credentials{AccessKeyID: c.AccessKeyID, SecretAccessKey: c.SecretAccessKey, SessionToken: c.SessionToken}}
	}
	people := map[string]person{
		"nobody":       {o: options{as: "nobody"}},
		"guest":        {o: options{as: "guest"}, identity: identity(client.Tokens{})},
		"user":         {o: options{as: "user"}, identity: identity(bob)},
		"blue":         {o: options{as: "user", claims: []string{"custom:team=blue"}}, identity: identity(joe)},
		"staff":        {o: options{as: "staff"}, identity: identity(eve)},
		"audit, red":   {o: options{as: "audit", claims: []string{"custom:team=red"}}, identity: identity(amy)},
		"guest-list":   {o: options{as: "guest-list"}, identity: role("guest-list")},
		"no-auth":      {o: options{as: "arn:aws:iam::" + localaws.Account + ":role/auth-api-local-no-auth-role"}, identity: role("no-auth")},
		"ID token":     {o: options{as: "ID token"}, token: bob.ID},
		"access token": {o: options{as: "access token"}, token: bob.Access},
	}
	routes := []string{
		"GET /no-auth", "GET /users/7", "GET /users/7/secrets", "GET /users/%37/secrets", "POST /orders", "POST /orders?dry=1", "GET /search", "GET /search?q=1", "GET /partners", "GET /team", "GET /id", "GET /mine",
		"GET /files/a/b", "PUT /files/a", "OPTIONS /no-auth", "OPTIONS /team", "GET /nowhere", "DELETE /no-auth", "GET /", "GET /no-auth/", "GET /users/", "GET /users//secrets", "GET /USERS/7",
	}
	here := workspace.Stack{Name: "local", Local: true}
	asked, words := 0, map[string]int{}
	for name, who := range people {
		for _, target := range routes {
			for _, key := range []string{"key", "no key", "wrong key"} {
				o := who.o
				o.Stack, o.noKey, o.wrongKey = "local", key == "no key", key == "wrong key"
				if err := o.check([]string{target}); err != nil {
					t.Fatal(err)
				}
				route, err := s.AWS.Gateway.RouteOf(apiOf(s), "v1", o.target.method, o.target.path)
				if err != nil {
					t.Fatal(err)
				}
				got := s.Nobody().Send(who.request(t, s, o, route.Authorization == "COGNITO_USER_POOLS" && strings.Contains("user blue staff audit, red", name), map[string]client.Tokens{"user": bob, "blue": joe, "staff": eve, "audit, red": amy}[name], len(route.Scopes) > 0))
				a, err := o.ask(answer{Stack: "local", project: "auth-api"}, inspect.Moment{AWS: s.AWS, Account: localaws.Account}, here)
				if err != nil {
					t.Fatalf("%s as %s, %s: %v", target, name, key, err)
				}
				asked++
				words[a.outcome()]++
				words[string(a.Way.Gate)]++
				switch {
				case a.Way.Authorizer != "": // its code knows none of these, and is asked first
					if got.Status < 400 {
						t.Errorf("%s as %s, %s: the authorizer has the first word, and it is answered %s", target, name, key, got)
					}
				case a.outcome() == "refused":
					want := fmt.Sprintf("%d %s %s", a.Way.Status, a.Way.Error, varying.ReplaceAllString(a.Way.Body, "'HASH'"))
					is := fmt.Sprintf("%d %s %s", got.Status, got.Type, varying.ReplaceAllString(got.Body, "'HASH'"))
					if want != is {
						t.Errorf("%s as %s, %s: explain says\n\t%s (%s)\nand it is answered\n\t%s", target, name, key, want, a.Way.Reason, is)
					}
				default:
					if got.Status >= 300 {
						t.Errorf("%s as %s, %s: explain says allowed (%s), and it is answered %s", target, name, key, a.Way.Reason, got)
					}
				}
				if advice := a.advice(); len(advice) == 0 {
					t.Errorf("%s as %s, %s: nothing is said of what would change it", target, name, key)
				}
				kept(t, s, got, fmt.Sprintf("%s as %s, %s", target, name, key))
			}
		}
	}
	for _, gate := range []string{"allowed", "refused", "depends", "route", "authorization", "policies", "API key", "validation"} {
		if words[gate] == 0 {
			t.Errorf("nothing was %q: %v", gate, words)
		}
	}
	t.Logf("%d questions: %v", asked, words)
}

// kept asks for the request that was made, by its id: it is refused as it was.
func kept(t *testing.T, s *awstest.Stack, got awstest.Answer, what string) {
	t.Helper()
	id := got.Header.Get("x-amzn-RequestId")
	e, found, err := s.AWS.Explain(id)
	switch {
	case err != nil || !found || e.Way == nil:
		t.Errorf("%s: the request %s is not explained: %v %v", what, id, found, err)
	case got.Status == 400 && e.Way.Stop("validation").Passage == "depends": // the query is not kept
	case got.Type != "" && got.Status != 500 && (e.Way.Status != got.Status || e.Way.Error != got.Type):
		t.Errorf("%s: it was answered %s, and asked again it is %d %s: %s", what, got, e.Way.Status, e.Way.Error, e.Way.Reason)
	case got.Status < 300 && !e.Way.Allowed:
		t.Errorf("%s: it was let in, and asked again it is refused: %s", what, e.Way.Reason)
	}
}

func apiOf(s *awstest.Stack) string {
	parts := strings.Split(s.Outputs.APIURL, "/")
	return parts[len(parts)-2]
}

// request is the one that the person really makes.
func (p person) request(t *testing.T, s *awstest.Stack, o options, sendsToken bool, tokens client.Tokens, scoped bool) *http.Request {
	t.Helper()
	address := s.Outputs.APIURL + o.target.path
	if o.target.query != "" {
		address += "?" + o.target.query
	}
	r, err := http.NewRequestWithContext(t.Context(), o.target.method, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	switch {
	case o.wrongKey:
		r.Header.Set("X-Api-Key", "no-key-of-anybody-here")
	case !o.noKey:
		r.Header.Set("X-Api-Key", s.Outputs.APIKey)
	}
	switch {
	case p.token != "":
		r.Header.Set("Authorization", p.token)
	case sendsToken && scoped:
		r.Header.Set("Authorization", tokens.Access)
	case sendsToken:
		r.Header.Set("Authorization", tokens.ID)
	case p.identity.ID != "":
		if err := p.identity.Sign(t.Context(), r, nil, s.Outputs.Region, s.Directory().Time()); err != nil {
			t.Fatal(err)
		}
	}
	return r
}
