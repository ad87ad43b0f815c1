package clients_test

import (
	"cmp"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"auth-api/infra/client"
	"auth-api/infra/localaws/awstest"
	gocmp "github.com/google/go-cmp/cmp"
)

// seen is what a client saw at one step. A step that went well and has nothing to show
// has its name alone.
type seen struct {
	Step   string `json:"step"`
	Status int    `json:"status,omitempty"` // of API Gateway's answer
	Type   string `json:"type,omitempty"`   // x-amzn-ErrorType of API Gateway, or the client's own name of a service's error
	Body   string `json:"body,omitempty"`   // or the error's message
}

// The steps that every client goes through at the API, and what it sees.
const (
	openWithKey      = "GET /no-auth with the key"
	signedWithKey    = "GET /require-auth signed, with the key"
	unsigned         = "GET /require-auth unsigned"
	changedSignature = "GET /require-auth with a changed signature"
	withoutKey       = "GET /no-auth without the key"
	signedWithoutKey = "GET /require-auth signed, without the key"
	byGuest          = "GET /require-auth signed by a guest"
	presigned        = "GET /require-auth presigned, with the key"
)

// site is a stack with its demo user, and what its clients are to see of it.
type site struct {
	*awstest.Stack
	t     *testing.T
	user  *awstest.Caller // the demo user, by our own client
	sub   string          // the demo user's
	guest *awstest.Caller
}

// extended is the article's stack with more to sign: bodies, and paths below one.
// Clients that have no Secure Remote Password may send the password.
func extended(t *testing.T) awstest.Settings {
	t.Helper()
	settings := awstest.Article(t)
	routes, isList := settings["routes"].([]any)
	identity, isMap := settings["identity"].(map[string]any)
	if !isList || !isMap {
		t.Fatalf("the article's routes are %v, its identity %v", settings["routes"], settings["identity"])
	}
	for _, route := range []string{"POST /require-auth", "GET /require-auth/{rest+}"} {
		method, path, _ := strings.Cut(route, " ")
		routes = append(routes, map[string]any{
			"method": method, "path": path, "function": "require-auth",
			"authorization": "AWS_IAM", "callers": []any{"authenticated"}, "apiKeyRequired": true,
		})
	}
	settings["routes"] = routes
	identity["userPasswordAuth"] = true
	return settings
}

func newSite(t *testing.T, settings awstest.Settings) *site {
	t.Helper()
	s := &site{Stack: awstest.Deploy(t, settings), t: t}
	s.user, s.guest = s.As(s.Outputs.DemoUser), s.Guest()
	claims, err := s.AWS.UserPools.VerifyToken(s.Outputs.UserPoolID, s.user.Tokens.ID)
	if err != nil {
		t.Fatal(err)
	}
	s.sub = claims.Subject
	return s
}

// within is the same site in a subtest.
func (s *site) within(t *testing.T) *site {
	sub := *s
	sub.t = t
	return &sub
}

// provider is the user pool's name among the logins of an identity pool.
func (s *site) provider() string { return strings.TrimPrefix(s.Outputs.Issuer, "https://") }

// role is the ARN of a session of one of the stack's roles.
func (s *site) role(name string) string {
	return "arn:aws:sts::" + s.AWS.Account + ":assumed-role/auth-api-local-" + name + "/CognitoIdentityCredentials"
}

// welcome is what the protected function answers the demo user.
func (s *site) welcome() string {
	return fmt.Sprintf(`{"message":"You're past the velvet rope!","caller":{"kind":"user","identityId":%q,"identityPoolId":%q,"user":{"sub":%q,"userPoolId":%q},"arn":%q},"guestList":{"as":"member","rooms":["bar","dance floor"]}}`,
		s.user.Identity.ID, s.Outputs.IdentityPoolID, s.sub, s.Outputs.UserPoolID, s.role("authenticated"))
}

const signatureDiffers = "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details."

// calls is what a client sees of the API, signed in as the demo user.
func (s *site) calls() []seen {
	api := strings.Split(strings.TrimPrefix(s.Outputs.APIURL, s.Outputs.AWSEndpoint+"/execute-api/"), "/")[0]
	return []seen{
		{openWithKey, 200, "", `{"message":"Open for All!"}`},
		{signedWithKey, 200, "", s.welcome()},
		{unsigned, 403, "MissingAuthenticationTokenException", `{"message":"Missing Authentication Token"}`},
		{changedSignature, 403, "InvalidSignatureException", `{"message":"` + signatureDiffers + `"}`},
		{withoutKey, 403, "ForbiddenException", `{"message":"Forbidden"}`},
		{signedWithoutKey, 403, "ForbiddenException", `{"message":"Forbidden"}`},
		{byGuest, 403, "AccessDeniedException", `{"Message":"User: ` + s.role("guest") + ` is not authorized to perform: execute-api:Invoke on resource: ` +
			"arn:aws:execute-api:" + s.Outputs.Region + ":********" + s.AWS.Account[8:] + ":" + api + "/dev/GET/require-auth" +
			` because no identity-based policy allows the execute-api:Invoke action"}`},
	}
}

// saw compares what a client saw with what it is to see, to the letter.
func (s *site) saw(got []seen, want ...[]seen) {
	s.t.Helper()
	var all []seen
	for _, some := range want {
		all = append(all, some...)
	}
	if diff := gocmp.Diff(all, got); diff != "" {
		s.t.Errorf("the client did not see (-) or saw (+) otherwise:\n%s", diff)
	}
}

// code is the code that was mailed last to the user.
func (s *site) code(username string) string {
	s.t.Helper()
	mail := s.AWS.Mailbox.For(username)
	if len(mail) == 0 {
		s.t.Fatalf("nothing was mailed to %s", username)
	}
	return mail[len(mail)-1].Code
}

// tool finds a program. Where it is missing the test is skipped, and fails in CI.
func tool(t *testing.T, name, debian string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		missing(t, fmt.Sprintf("there is no %s on PATH; install the package %s (apt-get install %s)", name, debian, debian))
	}
	return path
}

func missing(t *testing.T, what string) {
	t.Helper()
	message := "NOT CHECKED WITH THIS CLIENT: " + what
	if os.Getenv("CI") != "" {
		t.Fatal(message)
	}
	t.Skip(message)
}

// input is what a client's program is told, as JSON on its standard input. Secrets go
// this way alone: a command line can be read by everybody on the machine.
type input struct {
	client.Outputs
	Provider          string `json:"provider"`
	TemporaryPassword string `json:"temporaryPassword,omitempty"` // of the user invited

	// For requests whose signature the test judges by itself.
	Credentials map[string]string `json:"credentials,omitempty"`
	Targets     []target          `json:"targets,omitempty"`
}

// told is what a program is told of the stack, and more. An API's address in more
// stands in for the stack's.
func (s *site) told(more input) string {
	s.t.Helper()
	apiURL := cmp.Or(more.APIURL, s.Outputs.APIURL)
	more.Outputs, more.Provider = s.Outputs, s.provider()
	more.APIURL = apiURL
	data, err := json.Marshal(more)
	if err != nil {
		s.t.Fatal(err)
	}
	return string(data)
}

// isolated is an environment without anything that tells of AWS or of a proxy; the
// configuration of whoever runs the test is not looked at.
func isolated(dir string) []string {
	env := slices.DeleteFunc(os.Environ(), func(entry string) bool {
		name, _, _ := strings.Cut(strings.ToUpper(entry), "=")
		return strings.HasPrefix(name, "AWS_") || strings.HasPrefix(name, "NODE_") || strings.HasSuffix(name, "_PROXY")
	})
	return append(env, "AWS_EC2_METADATA_DISABLED=true",
		"AWS_CONFIG_FILE="+filepath.Join(dir, "config"), "AWS_SHARED_CREDENTIALS_FILE="+filepath.Join(dir, "credentials"))
}
