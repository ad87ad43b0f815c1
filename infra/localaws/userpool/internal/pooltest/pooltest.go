// Package pooltest serves a user pool to the tests of userpool and of the packages
// over it: the API, the hosted sign-in and the well-known documents on one port, with
// a clock and a mailbox that the test holds.
package pooltest

import (
	"bytes"
	"context"
	cryptorand "crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/alexedwards/argon2id"
	cognitosrp "github.com/alexrudd/cognito-srp/v4"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"

	"auth-api/infra/internal/sdkhttp"
	"auth-api/infra/localaws/audit"
	"auth-api/infra/localaws/iam"
	"auth-api/infra/localaws/store"
	"auth-api/infra/localaws/userpool"
	"auth-api/infra/localaws/userpool/api"
	"auth-api/infra/localaws/userpool/hosted"
	"auth-api/infra/localaws/userpool/password"
)

// What every Fixture begins with.
const (
	PoolID   = "us-west-2_Pool12345"
	ClientID = "1example23456789abcdefghij"
	Domain   = "a-domain"
	Callback = "http://localhost:3000/callback?kept=1"
	SignOut  = "http://localhost:3000/bye"
	Password = "demoPASS123" // of demouser
)

var everyFlow = []string{"ALLOW_USER_PASSWORD_AUTH", "ALLOW_USER_SRP_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"}

// Pool is the article's pool, with self sign-up.
func Pool() userpool.Pool {
	return userpool.Pool{
		Name: "pool", AliasAttributes: []string{"email", "preferred_username"}, AutoVerifiedAttributes: []string{"email"},
		PasswordPolicy: &password.Policy{MinimumLength: 8, RequireLowercase: true, RequireUppercase: true, RequireNumbers: true},
	}
}

// Client is a public client of that pool, with every flow.
func Client() userpool.Client {
	return userpool.Client{
		Name: "client", UserPoolID: PoolID, AllowedOAuthFlowsUserPoolClient: true, AllowedOAuthFlows: []string{"code"},
		AllowedOAuthScopes: []string{"openid", "email", "profile"}, CallbackURLs: []string{Callback}, LogoutURLs: []string{SignOut},
		ExplicitAuthFlows: everyFlow, PreventUserExistenceErrors: "ENABLED", EnableTokenRevocation: true,
	}
}

// Keys are made once: RSA keys take their time.
var Keys = sync.OnceValue(func() []*rsa.PrivateKey {
	keys := make([]*rsa.PrivateKey, 2)
	for i := range keys {
		key, err := rsa.GenerateKey(cryptorand.Reader, 2048)
		if err != nil {
			panic(err)
		}
		keys[i] = key
	}
	return keys
})

// Fixture is a running user pool. Mail and Records grow with what is sent and asked.
type Fixture struct {
	T      testing.TB
	Store  *store.Store
	Pools  *userpool.Service
	http   *hosted.Server
	Server *httptest.Server
	SDK    *cognitoidentityprovider.Client
	IAM    *iam.Service

	mu           sync.Mutex
	now          time.Time
	Mail         []userpool.Message
	Records      []*audit.Record
	keys         int
	function     Function
	impatient    bool
	PasswordHash *argon2id.Params // weak unless the test sets another before Start
}

// New serves a store with one pool, one client, a domain and demouser.
func New(t testing.TB) *Fixture {
	t.Helper()
	f := &Fixture{T: t, PasswordHash: &argon2id.Params{Memory: 64, Iterations: 1, Parallelism: 1, SaltLength: 16, KeyLength: 32}, now: time.Date(2026, 2, 3, 4, 5, 6, 0, time.UTC)}
	var err error
	if f.Store, err = store.Open(filepath.Join(t.TempDir(), "store")); err != nil {
		t.Fatal(err)
	}
	f.Server = httptest.NewServer(http.HandlerFunc(f.serve))
	t.Cleanup(func() { f.Server.Close(); _ = f.Store.Close() })
	f.Start()
	f.Declare(PoolID, Pool())
	f.DeclareClient(ClientID, Client())
	f.Update(func(tx *store.Tx) error {
		d := userpool.Domain{Domain: Domain, UserPoolID: PoolID}
		if err := f.Pools.DomainDeclared(tx, Domain, d); err != nil {
			return err
		}
		return userpool.Domains.Put(tx, Domain, d)
	})
	f.DeclareUser(userpool.DeclaredUser{
		UserPoolID: PoolID, Username: "demouser", Password: Password, MessageAction: "SUPPRESS",
		Attributes: map[string]string{"email": "demo@example.com", "email_verified": "true", "preferred_username": "demo", "given_name": "Demo"},
	})
	f.SDK = cognitoidentityprovider.New(cognitoidentityprovider.Options{
		Region: "us-west-2", BaseEndpoint: aws.String(f.Server.URL), Credentials: aws.AnonymousCredentials{}, RetryMaxAttempts: 1, HTTPClient: sdkhttp.Client(),
	})
	return f
}

// Start makes the service over the store, as a restart does.
func (f *Fixture) Start() {
	f.T.Helper()
	var seed [32]byte
	seed[0] = byte(f.keys)
	service, err := userpool.New(userpool.Config{
		Store: f.Store, Now: f.Clock, Rand: rand.NewChaCha8(seed), Region: "us-west-2", Account: "000000000000",
		Mail:         func(_ context.Context, m userpool.Message) { f.mu.Lock(); f.Mail = append(f.Mail, m); f.mu.Unlock() },
		PasswordHash: f.PasswordHash, Invoke: f.invoke, AfterFunc: f.after,
		NewKey: func() (*rsa.PrivateKey, error) {
			f.keys++
			return Keys()[(f.keys-1)%2], nil
		},
	})
	if err != nil {
		f.T.Fatal(err)
	}
	if f.IAM, err = iam.New(iam.Config{Store: f.Store, Account: "000000000000", Region: "us-west-2"}); err != nil {
		f.T.Fatal(err)
	}
	f.Pools, f.http = service, hosted.New(service, func() string { return f.Server.URL })
}

func (f *Fixture) serve(w http.ResponseWriter, r *http.Request) {
	record := &audit.Record{RequestID: "request"}
	f.mu.Lock()
	f.Records = append(f.Records, record)
	f.mu.Unlock()
	r = r.WithContext(audit.With(r.Context(), record))
	switch parts := strings.Split(r.URL.Path, "/"); {
	case r.URL.Path == "/":
		body, err := io.ReadAll(r.Body)
		if err != nil {
			f.T.Error(err)
		}
		users := api.New(f.Pools)
		users.Admit = f.admit
		users.Serve(w, r, strings.TrimPrefix(r.Header.Get("X-Amz-Target"), "AWSCognitoIdentityProviderService."), body)
	case len(parts) > 2 && parts[1] == "auth":
		f.http.Serve(w, r, parts[2])
	case len(parts) == 4 && parts[2] == ".well-known":
		f.http.ServeWellKnown(w, r, parts[1], parts[3])
	default:
		http.NotFound(w, r)
	}
}

// Clock is the time of the pool.
func (f *Fixture) Clock() time.Time { f.mu.Lock(); defer f.mu.Unlock(); return f.now }

// Advance moves the clock.
func (f *Fixture) Advance(d time.Duration) { f.mu.Lock(); defer f.mu.Unlock(); f.now = f.now.Add(d) }

// Update runs a transaction.
func (f *Fixture) Update(write func(*store.Tx) error) {
	f.T.Helper()
	if err := f.Store.Update(write); err != nil {
		f.T.Fatal(err)
	}
}

// TryUpdate runs a transaction that is expected to fail, and gives its error.
func (f *Fixture) TryUpdate(write func(*store.Tx) error) string {
	f.T.Helper()
	if err := f.Store.Update(write); err != nil {
		return err.Error()
	}
	return ""
}

// Declare declares a pool.
func (f *Fixture) Declare(id string, p userpool.Pool) {
	f.T.Helper()
	f.Update(func(tx *store.Tx) error {
		if err := f.Pools.PoolDeclared(tx, id, p); err != nil {
			return err
		}
		return userpool.Pools.Put(tx, id, p)
	})
}

// DeclareClient declares a client.
func (f *Fixture) DeclareClient(id string, c userpool.Client) userpool.Client {
	f.T.Helper()
	f.Update(func(tx *store.Tx) error {
		if err := f.Pools.ClientDeclared(tx, id, &c); err != nil {
			return err
		}
		return userpool.Clients.Put(tx, id, c)
	})
	return c
}

// DeclareUser declares a new user.
func (f *Fixture) DeclareUser(u userpool.DeclaredUser) userpool.DeclaredUser {
	f.T.Helper()
	f.Update(func(tx *store.Tx) error { return f.Pools.UserDeclared(tx, u.UserPoolID+"/"+u.Username, nil, &u) })
	return u
}

// LastMail is the message sent last.
func (f *Fixture) LastMail() userpool.Message {
	f.T.Helper()
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.Mail) == 0 {
		f.T.Fatal("no message was sent")
	}
	return f.Mail[len(f.Mail)-1]
}

// Reason is what the record of the request served last says.
func (f *Fixture) Reason() (decision, reason string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.Records[len(f.Records)-1].Decision()
}

// Answer is a response that was read to its end.
type Answer struct {
	Status int
	Header http.Header
	Body   string
	url    *url.URL
}

// JSON is the body as an object.
func (a Answer) JSON(t testing.TB) map[string]any {
	t.Helper()
	var v map[string]any
	if err := json.Unmarshal([]byte(a.Body), &v); err != nil {
		t.Fatalf("the body is not JSON: %v\n%s", err, a.Body)
	}
	return v
}

// Do sends a request and reads the answer.
func (f *Fixture) Do(c *http.Client, r *http.Request) Answer {
	f.T.Helper()
	response, err := c.Do(r)
	if err != nil {
		f.T.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		f.T.Fatal(err)
	}
	return Answer{response.StatusCode, response.Header, string(body), response.Request.URL}
}

// API posts an operation as any client would.
func (f *Fixture) API(operation string, in any) Answer {
	f.T.Helper()
	body, ok := in.(string)
	if !ok {
		data, err := json.Marshal(in)
		if err != nil {
			f.T.Fatal(err)
		}
		body = string(data)
	}
	r, err := http.NewRequest(http.MethodPost, f.Server.URL+"/", bytes.NewReader([]byte(body)))
	if err != nil {
		f.T.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-amz-json-1.1")
	r.Header.Set("X-Amz-Target", "AWSCognitoIdentityProviderService."+operation)
	return f.Do(http.DefaultClient, r)
}

// Refused checks that an answer is this error of the API.
func Refused(t testing.TB, a Answer, code, message string) {
	t.Helper()
	v := a.JSON(t)
	if a.Status != 400 || v["__type"] != code || v["message"] != message || a.Header.Get("x-amzn-ErrorType") != code {
		t.Errorf("got %d %s, want 400 %s: %s", a.Status, a.Body, code, message)
	}
}

type m = map[string]any

// SignIn signs in by password over the API and returns AuthenticationResult.
func (f *Fixture) SignIn(name, secret string) map[string]any {
	f.T.Helper()
	a := f.API("InitiateAuth", m{"AuthFlow": "USER_PASSWORD_AUTH", "ClientId": ClientID, "AuthParameters": m{"USERNAME": name, "PASSWORD": secret}})
	if a.Status != 200 {
		f.T.Fatalf("signing in: %d %s", a.Status, a.Body)
	}
	result, ok := a.JSON(f.T)["AuthenticationResult"].(map[string]any)
	if !ok {
		f.T.Fatalf("no tokens: %s", a.Body)
	}
	return result
}

// PasswordFlow is the input of InitiateAuth for a password.
func PasswordFlow(name, secret string) m {
	return m{"AuthFlow": "USER_PASSWORD_AUTH", "ClientId": ClientID, "AuthParameters": m{"USERNAME": name, "PASSWORD": secret}}
}

// WrongPassword is the message for a wrong password, and for an unknown user.
const WrongPassword = "Incorrect username or password."

// SRP signs in with an SRP client that others wrote, through the SDK.
func SRP(f *Fixture, name, secret string, clientSecret *string, clientID string, change func(map[string]string)) (*types.AuthenticationResultType, map[string]string, error) {
	f.T.Helper()
	out, answers, err := SRPAnswer(f, name, secret, clientSecret, clientID, change)
	if err != nil {
		return nil, answers, err
	}
	return out.AuthenticationResult, answers, nil
}

// SRPAnswer is SRP with all of the answer: a challenge may be in it.
func SRPAnswer(f *Fixture, name, secret string, clientSecret *string, clientID string, change func(map[string]string)) (*cognitoidentityprovider.RespondToAuthChallengeOutput, map[string]string, error) {
	f.T.Helper()
	ctx := context.Background()
	client, err := cognitosrp.NewCognitoSRP(name, secret, PoolID, clientID, clientSecret)
	if err != nil {
		f.T.Fatal(err)
	}
	first, err := f.SDK.InitiateAuth(ctx, &cognitoidentityprovider.InitiateAuthInput{
		AuthFlow: types.AuthFlowTypeUserSrpAuth, ClientId: aws.String(clientID), AuthParameters: client.GetAuthParams(),
	})
	if err != nil {
		return nil, nil, err
	}
	if first.ChallengeName != types.ChallengeNameTypePasswordVerifier {
		f.T.Fatalf("challenge %s", first.ChallengeName)
	}
	answers, err := client.PasswordVerifierChallenge(first.ChallengeParameters, f.Clock())
	if err != nil {
		f.T.Fatal(err)
	}
	if change != nil {
		change(answers)
	}
	second, err := f.SDK.RespondToAuthChallenge(ctx, &cognitoidentityprovider.RespondToAuthChallengeInput{
		ChallengeName: first.ChallengeName, ClientId: aws.String(clientID), ChallengeResponses: answers,
	})
	return second, answers, err
}

// NotAuthorized checks that an error of the SDK is this refusal.
func NotAuthorized(t *testing.T, err error, message string) {
	t.Helper()
	var no *types.NotAuthorizedException
	if !errors.As(err, &no) || no.ErrorMessage() != message {
		t.Errorf("got %v, want NotAuthorizedException: %s", err, message)
	}
}

// MustURL parses a URL.
func MustURL(t testing.TB, s string) *url.URL {
	t.Helper()
	u, err := url.Parse(s)
	if err != nil {
		t.Fatal(err)
	}
	return u
}
