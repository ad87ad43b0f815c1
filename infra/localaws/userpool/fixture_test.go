package userpool_test

import (
	"bytes"
	"context"
	cryptorand "crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/alexedwards/argon2id"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"golang.org/x/net/html"

	"auth-api/infra/localaws/audit"
	"auth-api/infra/localaws/store"
	"auth-api/infra/localaws/userpool"
)

const (
	poolID   = "us-west-2_Pool12345"
	clientID = "1example23456789abcdefghij"
	domain   = "a-domain"
	callback = "http://localhost:3000/callback?kept=1"
	signOut  = "http://localhost:3000/bye"
	password = "demoPASS123"
)

var everyFlow = []string{"ALLOW_USER_PASSWORD_AUTH", "ALLOW_USER_SRP_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"}

// aPool is the article's pool, with self sign-up.
func aPool() userpool.Pool {
	return userpool.Pool{
		Name: "pool", AliasAttributes: []string{"email", "preferred_username"}, AutoVerifiedAttributes: []string{"email"},
		PasswordPolicy: &userpool.PasswordPolicy{MinimumLength: 8, RequireLowercase: true, RequireUppercase: true, RequireNumbers: true},
	}
}

func aClient() userpool.Client {
	return userpool.Client{
		Name: "client", UserPoolID: poolID, AllowedOAuthFlowsUserPoolClient: true, AllowedOAuthFlows: []string{"code"},
		AllowedOAuthScopes: []string{"openid", "email", "profile"}, CallbackURLs: []string{callback}, LogoutURLs: []string{signOut},
		ExplicitAuthFlows: everyFlow, PreventUserExistenceErrors: "ENABLED", EnableTokenRevocation: true,
	}
}

// testKeys are made once: RSA keys take their time.
var testKeys = sync.OnceValue(func() []*rsa.PrivateKey {
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

type fixture struct {
	t       testing.TB
	store   *store.Store
	service *userpool.Service
	server  *httptest.Server
	sdk     *cognitoidentityprovider.Client

	mu      sync.Mutex
	now     time.Time
	mail    []userpool.Message
	records []*audit.Record
	keys    int
	hash    *argon2id.Params
}

// newFixture serves a store with one pool, one client, a domain and demouser.
func newFixture(t testing.TB) *fixture {
	t.Helper()
	f := &fixture{t: t, hash: &argon2id.Params{Memory: 64, Iterations: 1, Parallelism: 1, SaltLength: 16, KeyLength: 32}, now: time.Date(2026, 2, 3, 4, 5, 6, 0, time.UTC)}
	var err error
	if f.store, err = store.Open(filepath.Join(t.TempDir(), "store")); err != nil {
		t.Fatal(err)
	}
	f.server = httptest.NewServer(http.HandlerFunc(f.serve))
	t.Cleanup(func() { f.server.Close(); _ = f.store.Close() })
	f.start()
	f.declare(poolID, aPool())
	f.declareClient(clientID, aClient())
	f.update(func(tx *store.Tx) error {
		d := userpool.Domain{Domain: domain, UserPoolID: poolID}
		if err := f.service.DomainDeclared(tx, domain, d); err != nil {
			return err
		}
		return userpool.Domains.Put(tx, domain, d)
	})
	f.declareUser(userpool.DeclaredUser{
		UserPoolID: poolID, Username: "demouser", Password: password, MessageAction: "SUPPRESS",
		Attributes: map[string]string{"email": "demo@example.com", "email_verified": "true", "preferred_username": "demo", "given_name": "Demo"},
	})
	f.sdk = cognitoidentityprovider.New(cognitoidentityprovider.Options{
		Region: "us-west-2", BaseEndpoint: aws.String(f.server.URL), Credentials: aws.AnonymousCredentials{}, RetryMaxAttempts: 1,
	})
	return f
}

// start makes the service over the store, as a restart does.
func (f *fixture) start() {
	f.t.Helper()
	var seed [32]byte
	seed[0] = byte(f.keys)
	service, err := userpool.New(userpool.Config{
		Store: f.store, Now: f.clock, Rand: rand.NewChaCha8(seed), Region: "us-west-2", Account: "000000000000",
		Endpoint:     func() string { return f.server.URL },
		Mail:         func(_ context.Context, m userpool.Message) { f.mu.Lock(); f.mail = append(f.mail, m); f.mu.Unlock() },
		PasswordHash: f.hash,
		NewKey: func() (*rsa.PrivateKey, error) {
			f.keys++
			return testKeys()[(f.keys-1)%2], nil
		},
	})
	if err != nil {
		f.t.Fatal(err)
	}
	f.service = service
}

func (f *fixture) serve(w http.ResponseWriter, r *http.Request) {
	record := &audit.Record{RequestID: "request"}
	f.mu.Lock()
	f.records = append(f.records, record)
	f.mu.Unlock()
	r = r.WithContext(audit.With(r.Context(), record))
	switch parts := strings.Split(r.URL.Path, "/"); {
	case r.URL.Path == "/":
		body, err := io.ReadAll(r.Body)
		if err != nil {
			f.t.Error(err)
		}
		f.service.ServeAPI(w, r, strings.TrimPrefix(r.Header.Get("X-Amz-Target"), "AWSCognitoIdentityProviderService."), body)
	case len(parts) > 2 && parts[1] == "auth":
		f.service.ServeHosted(w, r, parts[2])
	case len(parts) == 4 && parts[2] == ".well-known":
		f.service.ServeWellKnown(w, r, parts[1], parts[3])
	default:
		http.NotFound(w, r)
	}
}

func (f *fixture) clock() time.Time { f.mu.Lock(); defer f.mu.Unlock(); return f.now }

func (f *fixture) advance(d time.Duration) { f.mu.Lock(); defer f.mu.Unlock(); f.now = f.now.Add(d) }

func (f *fixture) update(write func(*store.Tx) error) {
	f.t.Helper()
	if err := f.store.Update(write); err != nil {
		f.t.Fatal(err)
	}
}

func (f *fixture) declare(id string, p userpool.Pool) {
	f.t.Helper()
	f.update(func(tx *store.Tx) error {
		if err := f.service.PoolDeclared(tx, id, p); err != nil {
			return err
		}
		return userpool.Pools.Put(tx, id, p)
	})
}

func (f *fixture) declareClient(id string, c userpool.Client) userpool.Client {
	f.t.Helper()
	f.update(func(tx *store.Tx) error {
		if err := f.service.ClientDeclared(tx, id, &c); err != nil {
			return err
		}
		return userpool.Clients.Put(tx, id, c)
	})
	return c
}

func (f *fixture) declareUser(u userpool.DeclaredUser) userpool.DeclaredUser {
	f.t.Helper()
	f.update(func(tx *store.Tx) error { return f.service.UserDeclared(tx, u.UserPoolID+"/"+u.Username, nil, &u) })
	return u
}

// lastMail is the message sent last.
func (f *fixture) lastMail() userpool.Message {
	f.t.Helper()
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.mail) == 0 {
		f.t.Fatal("no message was sent")
	}
	return f.mail[len(f.mail)-1]
}

// reason is what the record of the request served last says.
func (f *fixture) reason() (decision, reason string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.records[len(f.records)-1].Decision()
}

// answer is a response that was read to its end.
type answer struct {
	status int
	header http.Header
	body   string
	url    *url.URL
}

func (a answer) json(t testing.TB) map[string]any {
	t.Helper()
	var v map[string]any
	if err := json.Unmarshal([]byte(a.body), &v); err != nil {
		t.Fatalf("the body is not JSON: %v\n%s", err, a.body)
	}
	return v
}

func (f *fixture) do(c *http.Client, r *http.Request) answer {
	f.t.Helper()
	response, err := c.Do(r)
	if err != nil {
		f.t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		f.t.Fatal(err)
	}
	return answer{response.StatusCode, response.Header, string(body), response.Request.URL}
}

// api posts an operation as any client would.
func (f *fixture) api(operation string, in any) answer {
	f.t.Helper()
	body, ok := in.(string)
	if !ok {
		data, err := json.Marshal(in)
		if err != nil {
			f.t.Fatal(err)
		}
		body = string(data)
	}
	r, err := http.NewRequest(http.MethodPost, f.server.URL+"/", bytes.NewReader([]byte(body)))
	if err != nil {
		f.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-amz-json-1.1")
	r.Header.Set("X-Amz-Target", "AWSCognitoIdentityProviderService."+operation)
	return f.do(http.DefaultClient, r)
}

// refused checks that an answer is this error of the API.
func refused(t testing.TB, a answer, code, message string) {
	t.Helper()
	v := a.json(t)
	if a.status != 400 || v["__type"] != code || v["message"] != message || a.header.Get("x-amzn-ErrorType") != code {
		t.Errorf("got %d %s, want 400 %s: %s", a.status, a.body, code, message)
	}
}

type m = map[string]any

// signIn signs in by password over the API and returns AuthenticationResult.
func (f *fixture) signIn(name, secret string) map[string]any {
	f.t.Helper()
	a := f.api("InitiateAuth", m{"AuthFlow": "USER_PASSWORD_AUTH", "ClientId": clientID, "AuthParameters": m{"USERNAME": name, "PASSWORD": secret}})
	if a.status != 200 {
		f.t.Fatalf("signing in: %d %s", a.status, a.body)
	}
	result, ok := a.json(f.t)["AuthenticationResult"].(map[string]any)
	if !ok {
		f.t.Fatalf("no tokens: %s", a.body)
	}
	return result
}

// browser is a client with cookies that stops at redirects.
type browser struct {
	*fixture
	client *http.Client
}

func (f *fixture) browser() *browser {
	jar, err := cookiejar.New(nil)
	if err != nil {
		f.t.Fatal(err)
	}
	return &browser{f, &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
}

func (b *browser) get(path string) answer {
	b.t.Helper()
	r, err := http.NewRequest(http.MethodGet, b.absolute(path), nil)
	if err != nil {
		b.t.Fatal(err)
	}
	return b.do(b.client, r)
}

func (b *browser) absolute(path string) string {
	if strings.HasPrefix(path, "http") {
		return path
	}
	if !strings.HasPrefix(path, "/auth/") {
		path = "/auth/" + domain + path
	}
	return b.server.URL + path
}

func (b *browser) post(path string, form url.Values) answer {
	b.t.Helper()
	return b.raw(path, form.Encode())
}

func (b *browser) raw(path, body string) answer {
	b.t.Helper()
	r, err := http.NewRequest(http.MethodPost, b.absolute(path), strings.NewReader(body))
	if err != nil {
		b.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return b.do(b.client, r)
}

// form is a form as it stands on a page.
type form struct {
	action string
	values url.Values
}

func readForm(t testing.TB, page string) form {
	t.Helper()
	root, err := html.Parse(strings.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	var out *form
	for n := range root.Descendants() {
		if n.Type != html.ElementNode {
			continue
		}
		attr := map[string]string{}
		for _, a := range n.Attr {
			attr[a.Key] = a.Val
		}
		switch {
		case n.Data == "form":
			out = &form{attr["action"], url.Values{}}
		case n.Data == "input" && out != nil:
			out.values.Set(attr["name"], attr["value"])
		}
	}
	if out == nil {
		t.Fatalf("the page has no form:\n%s", page)
	}
	return *out
}

// submit fills in a page's form and sends it.
func (b *browser) submit(page answer, fill map[string]string) answer {
	b.t.Helper()
	f := readForm(b.t, page.body)
	for name, value := range fill {
		if !f.values.Has(name) && name != "resend" {
			b.t.Fatalf("the form has no field %q: %v", name, f.values)
		}
		f.values.Set(name, value)
	}
	return b.post(f.action, f.values)
}

const (
	verifier  = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk" // RFC 7636, appendix B
	challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
)

// authorizeQuery is a request to authorize, changed as told; nil takes a parameter away.
func authorizeQuery(change m) string {
	q := url.Values{
		"client_id": {clientID}, "redirect_uri": {callback}, "response_type": {"code"}, "state": {"s t&te"}, "nonce": {"n0nce"},
		"scope": {"openid email"}, "code_challenge": {challenge}, "code_challenge_method": {"S256"},
	}
	for name, value := range change {
		if value == nil {
			q.Del(name)
			continue
		}
		q.Set(name, fmt.Sprint(value))
	}
	return q.Encode()
}

// location is where a redirect leads.
func (a answer) location(t testing.TB) *url.URL {
	t.Helper()
	u, err := url.Parse(a.header.Get("Location"))
	if err != nil || a.status/100 != 3 {
		t.Fatalf("no redirect: %d %q\n%s", a.status, a.header.Get("Location"), a.body)
	}
	return u
}

// code signs demouser in on the pages and returns the authorization code.
func (b *browser) code(change m) string {
	b.t.Helper()
	a := b.get("/oauth2/authorize?" + authorizeQuery(change))
	page := b.get(a.location(b.t).String())
	a = b.submit(page, map[string]string{"username": "demouser", "password": password})
	to := a.location(b.t)
	if to.Query().Get("code") == "" {
		b.t.Fatalf("no code: %s", to)
	}
	return to.Query().Get("code")
}

func tokenForm(code string, change m) url.Values {
	v := url.Values{"grant_type": {"authorization_code"}, "client_id": {clientID}, "code": {code}, "redirect_uri": {callback}, "code_verifier": {verifier}}
	for name, value := range change {
		if value == nil {
			v.Del(name)
			continue
		}
		v.Set(name, fmt.Sprint(value))
	}
	return v
}
