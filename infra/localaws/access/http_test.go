package access_test

import (
	"context"
	"encoding/json"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"auth-api/infra/client"
	"auth-api/infra/localaws"
	"auth-api/infra/localaws/access"
	"auth-api/infra/localaws/authz"
	"auth-api/infra/localaws/awstest"
	"auth-api/infra/localaws/lambda"
	"github.com/alexedwards/argon2id"
	"github.com/aws/aws-sdk-go-v2/aws"
)

// open is a function that answers all, and an authorizer that lets everybody in; what is
// called barred API Gateway may not invoke.
type open struct{}

func (open) Permitted(in lambda.Invocation) (authz.Decision, []authz.Step, error) {
	if strings.HasSuffix(in.Function, ":barred") {
		return authz.Decision{Reason: "no statement allows it"}, nil, lambda.ErrNotPermitted
	}
	return authz.Decision{Allowed: true, Reason: "everybody may"}, nil, nil
}

// opened gives the local AWS such functions.
var opened = awstest.WithConfig(func(c *localaws.Config) {
	c.Tune = func(rooms *localaws.Rooms) {
		rooms.UserPool.PasswordHash = &argon2id.Params{Memory: 64, Iterations: 1, Parallelism: 1, SaltLength: 16, KeyLength: 32}
		rooms.Gateway.Lambda = open{}
	}
})

func (o open) Invoke(_ context.Context, in lambda.Invocation) (lambda.Result, error) {
	if _, _, err := o.Permitted(in); err != nil {
		return lambda.Result{}, err
	}
	if strings.HasSuffix(in.Function, ":doorman") {
		return lambda.Result{Payload: []byte(`{"principalId":"somebody","policyDocument":` + `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"execute-api:Invoke","Resource":"*"}]}}`)}, nil
	}
	return lambda.Result{Payload: []byte(`{"statusCode":200,"body":"through"}`)}, nil
}

// sender makes the requests of one of the table's callers.
type sender struct {
	identity client.Identity // signs, when it has credentials
	token    string
	key      bool
}

// The table says what real requests are answered: whoever calls, signs with real
// credentials of the identity pool, sends real tokens, and comes over HTTP.
func TestTheTableIsWhatRequestsAreAnswered(t *testing.T) {
	w := world{
		routes: map[string][]string{
			"GET /open": {}, "GET /keyed": {"api_key"}, "GET /signed": {"sigv4"}, "POST /signed": {"sigv4", "api_key"}, "PUT /signed": {"sigv4"},
			"ANY /any": {"sigv4"}, "OPTIONS /any": {}, "GET /users/{id}": {"sigv4", "api_key"}, "GET /users/me": {"sigv4"}, "DELETE /users/{id}": {"sigv4"}, "ANY /files/{rest+}": {"sigv4"}, "GET /wild/{rest+}": {"sigv4"},
			"GET /token": {"users"}, "GET /scoped": {"users:aws.cognito.signin.user.admin"}, "GET /other": {"users:notes/read", "api_key"}, "GET /door": {"custom"}, "POST /door": {"custom", "api_key"},
			"GET /closed": {}, "GET /closed/token": {"users"}, "GET /closed/signed": {"sigv4"}, "GET /closed/door": {"custom"},
			"GET /barred": {"barred"}, "GET /barred/keyed": {"api_key", "barred"}, "GET /barred/signed": {"sigv4", "barred"}, "GET /barred/token": {"users", "barred"}, "GET /barred/door": {"custom", "barred"}, "GET /shut": {"shut"},
		},
		policies: map[string][]string{
			"guest":         {document(allow("v1/GET/users/public*", "v1/*/any", "v1/GET/closed/*"))},
			"authenticated": {document(allow("v1/GET/signed", "v1/*/users/*", "v1/GET/files/*", "v1/GET/wild/*", "v1/GET/barred/signed"), deny("v1/GET/users/root", "v1/PUT/any", "*/wild/secret", "v1/GET/wild/a:b", "v1/*/deep"))},
			"editors":       {document(allow("v1/*")), document(deny("v1/DELETE/*"))},
			"worker":        {document(allow("*/PUT/*", "v1/GET/closed/signed"))},
		},
		managed: map[string]string{"worker": document(allow("v2/*", "v1/GET/files/a/*"))},
		groups:  []string{"editors"}, functions: []string{"worker", "idle"},
		resource: document(`{"Effect":"Allow","Principal":"*","Action":"execute-api:Invoke","Resource":"execute-api:/*"}`,
			`{"Effect":"Deny","Principal":"*","Action":"execute-api:Invoke","Resource":"execute-api:/v1/*/closed/*"}`,
			`{"Effect":"Deny","Principal":"*","Action":"execute-api:Invoke","Resource":"execute-api:/v1/GET/closed"}`,
			`{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::000000000000:role/idle-role"},"Action":"execute-api:Invoke","Resource":"execute-api:/v1/GET/signed"}`,
			`{"Effect":"Deny","Principal":"*","Action":"execute-api:Invoke","Resource":"execute-api:/v1/*/users/banned","Condition":{"IpAddress":{"aws:SourceIp":"127.0.0.1"}}}`),
		users: map[string]string{"ann": "", "eve": "editors"},
	}
	server := awstest.Start(t, opened)
	made := w.declare(t, server)
	table := one(t, server, "127.0.0.1")
	stack := outputs(t, server, made)
	senders := map[string]sender{"anonymous": {}, "key only": {key: true}}
	directory := client.NewDirectory(stack)
	identity := func(idToken string) client.Identity {
		id, err := directory.Credentials(t.Context(), idToken)
		if err != nil {
			t.Fatal(err)
		}
		return id
	}
	senders["guest"] = sender{identity: identity(""), key: true}
	for name, caller := range map[string]string{"ann": "authenticated", "eve": "group editors"} {
		tokens, err := directory.SignIn(t.Context(), name, password)
		if err != nil {
			t.Fatal(err)
		}
		senders[caller] = sender{identity: identity(tokens.ID), key: true}
		senders["ID token"] = sender{token: tokens.ID, key: true}
		senders["access token aws.cognito.signin.user.admin"] = sender{token: tokens.Access, key: true}
	}
	for _, name := range w.functions {
		c, err := server.IAM.AssumeServiceRole("arn:aws:iam::000000000000:role/"+name+"-role", "lambda.amazonaws.com", name)
		if err != nil {
			t.Fatal(err)
		}
		senders["function "+name] = sender{key: true, identity: client.Identity{ID: name, Credentials: aws.Credentials{AccessKeyID: c.AccessKeyID, SecretAccessKey: c.SecretAccessKey, SessionToken: c.SessionToken}}}
	}
	asked, words := 0, map[string]int{}
	for _, row := range table.Routes {
		for i, caller := range table.Callers {
			s, can := senders[caller.Name]
			if !can { // such access tokens come from the hosted sign-in alone
				if caller.Kind != access.AccessToken {
					t.Errorf("nobody calls as %s", caller.Name)
				}
				continue
			}
			c := row.Cells[i]
			words[word(c)]++
			for path, want := range paths(row, c) {
				asked++
				got := s.send(t, stack, directory, row.Method, path)
				if got.Status != want.Status || got.Type != want.Type {
					t.Errorf("%s %s as %s: the table says %s (%s), and the answer is %s", row.Method, path, caller.Name, want, c.Reason, got)
				}
				if c.Key && got.Status == 200 {
					s := s
					s.key = false
					if got := s.send(t, stack, directory, row.Method, path); got.Status != 403 || got.Type != "ForbiddenException" {
						t.Errorf("%s %s as %s: a key is needed, and the answer without one is %s", row.Method, path, caller.Name, got)
					}
				}
			}
		}
	}
	for _, kind := range []string{"yes", "yes key", "some", "some key", "asks custom", "asks custom key", "401", "403", "500"} {
		if words[kind] == 0 {
			t.Errorf("no cell is %q: %v", kind, words)
		}
	}
	t.Logf("%d requests: %v", asked, words)
}

// paths are those to call, with what the table says of each.
func paths(row access.Row, c access.Cell) map[string]awstest.Answer {
	concrete := func(path string) string {
		return strings.ReplaceAll(regexp.MustCompile(`\{([^}+]*)\+?\}`).ReplaceAllString(path, "$1"), "*", "anything")
	}
	through := awstest.Answer{Status: 200}
	if c.Access == access.Some {
		out := map[string]awstest.Answer{}
		for _, path := range c.Paths.Allowed {
			out[concrete(path)] = through
		}
		for _, path := range c.Paths.Refused {
			out[concrete(path)] = awstest.Answer{Status: 403, Type: "AccessDeniedException"}
		}
		return out
	}
	if c.Access == access.Refused {
		through = awstest.Answer{Status: c.Status, Type: c.Error}
	}
	return map[string]awstest.Answer{concrete(row.Path): through}
}

func outputs(t *testing.T, server *localaws.Server, made map[string]any) client.Outputs {
	t.Helper()
	data, err := json.Marshal(made)
	if err != nil {
		t.Fatal(err)
	}
	var out client.Outputs
	if err := json.Unmarshal(data, &out); err != nil {
		t.Fatal(err)
	}
	out.AWSEndpoint, out.APIURL = server.URL(), server.URL()+"/execute-api/"+out.APIURL
	return out
}

// send calls as the sender.
func (s sender) send(t *testing.T, stack client.Outputs, directory *client.Directory, method, path string) awstest.Answer {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, stack.APIURL+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	if s.key {
		r.Header.Set("X-Api-Key", stack.APIKey)
	}
	if s.token != "" || s.identity.ID != "" {
		r.Header.Set("X-Door", "please")
	}
	if s.token != "" {
		r.Header.Set("Authorization", s.token)
	}
	if s.identity.ID != "" {
		if err := s.identity.Sign(t.Context(), r, nil, stack.Region, directory.Time()); err != nil {
			t.Fatal(err)
		}
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	return awstest.Answer{Status: answer.StatusCode, Type: answer.Header.Get("x-amzn-ErrorType")}
}
