package identitypool_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentity"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentity/types"
	"github.com/aws/smithy-go"

	"auth-api/infra/internal/sdkhttp"
	"auth-api/infra/localaws/audit"
	"auth-api/infra/localaws/authz"
	"auth-api/infra/localaws/iam"
	"auth-api/infra/localaws/identitypool"
	"auth-api/infra/localaws/store"
	"auth-api/infra/localaws/userpool/jwt"
)

const (
	account  = "000000000000"
	region   = "us-west-2"
	pool     = "us-west-2:11111111-1111-1111-1111-111111111111"
	provider = "cognito-idp.us-west-2.amazonaws.com/us-west-2_Users0001"
	second   = "cognito-idp.us-west-2.amazonaws.com/us-west-2_Users0002"
	client   = "client1"
	role     = "arn:aws:iam::000000000000:role/"
	admins   = role + "admins"
	members  = role + "members"
)

// tokens stands for a user pool: a token's text says what is to be thought of it, as
// "POOL USE CLIENT SUB", or what is wrong with it.
type tokens struct {
	now    func() time.Time
	out    map[string]bool // subs that signed out
	claims map[string]any  // further claims of every token
	fault  error
}

func (f *tokens) VerifyToken(poolID, token string) (jwt.Claims, error) {
	switch token {
	case "expired":
		return jwt.Claims{}, &jwt.ExpiredError{Expired: f.now().Add(-time.Minute), Now: f.now()}
	case "signature":
		return jwt.Claims{}, jwt.ErrSignature
	case "malformed":
		return jwt.Claims{}, jwt.ErrMalformed
	case "fault":
		return jwt.Claims{}, errors.New("the disk is gone")
	}
	var from, use, clientID, sub string
	if _, err := fmt.Sscan(token, &from, &use, &clientID, &sub); err != nil {
		return jwt.Claims{}, jwt.ErrMalformed
	}
	if from != poolID {
		return jwt.Claims{}, jwt.ErrIssuer
	}
	return jwt.Claims{Subject: sub, TokenUse: use, ClientID: clientID, All: f.claims}, nil
}

func (f *tokens) SignedOut(_ string, c jwt.Claims) (bool, error) {
	return f.out[c.Subject], f.fault
}

func idToken(sub string) map[string]string {
	return map[string]string{provider: "us-west-2_Users0001 id client1 " + sub}
}

// world is an identity pool with two roles for its identities and two to be mapped to.
type world struct {
	*identitypool.Service
	sdk    *cognitoidentity.Client
	url    string
	db     *store.Store
	iam    *iam.Service
	tokens *tokens
	record *audit.Record
	now    time.Time
}

func trust(amr string) string {
	return `{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "sts:AssumeRoleWithWebIdentity",
		"Principal": {"Federated": "cognito-identity.amazonaws.com"}, "Condition": {
			"StringEquals": {"cognito-identity.amazonaws.com:aud": "` + pool + `"},
			"ForAnyValue:StringLike": {"cognito-identity.amazonaws.com:amr": "` + amr + `"}}}}`
}

func newWorld(t testing.TB) *world {
	t.Helper()
	db, err := store.Open(filepath.Join(t.TempDir(), "db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	w := &world{db: db, now: time.Date(2026, 9, 1, 12, 0, 0, 0, time.UTC), record: &audit.Record{RequestID: "request-1"}}
	clock := func() time.Time { return w.now }
	if w.iam, err = iam.New(iam.Config{Store: db, Now: clock, Account: account, Region: region}); err != nil {
		t.Fatal(err)
	}
	w.tokens = &tokens{now: clock, out: map[string]bool{}, claims: map[string]any{}}
	w.Service, err = identitypool.New(identitypool.Config{Store: db, Now: clock, Account: account, Region: region, IAM: w.iam, Tokens: w.tokens})
	if err != nil {
		t.Fatal(err)
	}
	w.update(t, func(tx *store.Tx) error {
		for name, amr := range map[string]string{"user": "authenticated", "guest": "unauthenticated", "admins": "authenticated", "members": "authenticated", "closed": "nobody"} {
			if err := iam.Roles.Put(tx, name, iam.Role{Name: name, UniqueID: "AROA" + strings.ToUpper(name), AssumeRolePolicy: trust(amr)}); err != nil {
				return err
			}
			everything := `{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}`
			if err := iam.RolePolicies.Put(tx, name+":all", iam.RolePolicy{Name: "all", Role: name, Policy: everything}); err != nil {
				return err
			}
		}
		return nil
	})
	w.pool(t, func(*identitypool.Pool) {})
	w.roles(t, func(*identitypool.RoleAttachment) {})

	server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		_, operation, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
		w.ServeAPI(rw, r.WithContext(audit.With(r.Context(), w.record)), operation, body)
	}))
	t.Cleanup(server.Close)
	w.url = server.URL
	w.sdk = cognitoidentity.New(cognitoidentity.Options{Region: region, BaseEndpoint: aws.String(server.URL), RetryMaxAttempts: 1, HTTPClient: sdkhttp.Client()})
	return w
}

func (w *world) update(t testing.TB, change func(tx *store.Tx) error) {
	t.Helper()
	if err := w.db.Update(change); err != nil {
		t.Fatal(err)
	}
}

func (w *world) pool(t testing.TB, change func(*identitypool.Pool)) {
	t.Helper()
	p := identitypool.Pool{
		Name: "app", AllowUnauthenticatedIdentities: true,
		CognitoIdentityProviders: []identitypool.Provider{
			{ClientID: client, ProviderName: provider, ServerSideTokenCheck: true}, {ClientID: "client2", ProviderName: second},
		},
	}
	change(&p)
	if err := w.CheckPool(p); err != nil {
		t.Fatal(err)
	}
	w.update(t, func(tx *store.Tx) error { return identitypool.Pools.Put(tx, pool, p) })
}

func (w *world) roles(t testing.TB, change func(*identitypool.RoleAttachment)) {
	t.Helper()
	a := identitypool.RoleAttachment{IdentityPoolID: pool, Roles: map[string]string{"authenticated": role + "user", "unauthenticated": role + "guest"}}
	change(&a)
	if err := w.CheckRoleAttachment(a); err != nil {
		t.Fatal(err)
	}
	w.update(t, func(tx *store.Tx) error { return identitypool.RoleAttachments.Put(tx, pool, a) })
}

func (w *world) getID(t testing.TB, logins map[string]string) string {
	t.Helper()
	out, err := w.sdk.GetId(context.Background(), &cognitoidentity.GetIdInput{IdentityPoolId: aws.String(pool), Logins: logins})
	if err != nil {
		t.Fatal(err)
	}
	return *out.IdentityId
}

func (w *world) credentials(id string, logins map[string]string, custom string) (*types.Credentials, error) {
	in := &cognitoidentity.GetCredentialsForIdentityInput{IdentityId: aws.String(id), Logins: logins}
	if custom != "" {
		in.CustomRoleArn = aws.String(custom)
	}
	out, err := w.sdk.GetCredentialsForIdentity(context.Background(), in)
	if err != nil {
		return nil, err
	}
	return out.Credentials, nil
}

// caller is who the credentials are, by IAM.
func (w *world) caller(t testing.TB, c *types.Credentials) *iam.Caller {
	t.Helper()
	r := httptest.NewRequest("GET", "http://localhost/", nil)
	const empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
	err := v4.NewSigner().SignHTTP(context.Background(), aws.Credentials{AccessKeyID: *c.AccessKeyId, SecretAccessKey: *c.SecretKey, SessionToken: *c.SessionToken}, r, empty, "execute-api", region, w.now)
	if err != nil {
		t.Fatal(err)
	}
	caller, err := w.iam.Authenticate(r, nil, "execute-api")
	if err != nil {
		t.Fatal(err)
	}
	return caller
}

// want checks an error of the SDK: "CODE: MESSAGE", or none.
func want(t *testing.T, err error, want string) {
	t.Helper()
	var refusal smithy.APIError
	switch {
	case want == "" && err == nil:
	case !errors.As(err, &refusal):
		t.Errorf("got  %v\nwant %s", err, want)
	default:
		if got := refusal.ErrorCode() + ": " + refusal.ErrorMessage(); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
}

const (
	unsupported  = "NotAuthorizedException: Token is not from a supported provider of this identity pool."
	guestsOff    = "NotAuthorizedException: Unauthenticated access is not supported for this identity pool."
	loginsDiffer = "NotAuthorizedException: Logins don't match. Please include at least one valid login for this identity or identity pool."
	badRoles     = "InvalidIdentityPoolConfigurationException: Invalid identity pool configuration. Check assigned IAM roles for this pool."
)

func TestAUserComesBack(t *testing.T) {
	w := newWorld(t)
	alice := w.getID(t, idToken("alice"))
	if !strings.HasPrefix(alice, "us-west-2:") || len(alice) != len("us-west-2:")+36 {
		t.Errorf("identity id %q", alice)
	}
	if again := w.getID(t, idToken("alice")); again != alice {
		t.Errorf("another identity the second time: %s, %s", alice, again)
	}
	if bob := w.getID(t, idToken("bob")); bob == alice {
		t.Error("bob is alice")
	}
	credentials, err := w.credentials(alice, idToken("alice"), "")
	if err != nil {
		t.Fatal(err)
	}
	if !credentials.Expiration.Equal(w.now.Add(time.Hour)) {
		t.Errorf("expiration %s", credentials.Expiration)
	}
	caller := w.caller(t, credentials)
	if caller.ARN != "arn:aws:sts::000000000000:assumed-role/user/CognitoIdentityCredentials" || caller.UserID != "AROAUSER:CognitoIdentityCredentials" {
		t.Errorf("caller = %+v", caller)
	}
	if got, want := *caller.Cognito, (iam.CognitoIdentity{
		IdentityID: alice, IdentityPoolID: pool, AuthenticationType: "authenticated",
		AuthenticationProvider: provider + "," + provider + ":CognitoSignIn:alice", Subject: "alice",
	}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if d := w.iam.Authorize(caller, iam.Request{Action: "ssm:GetParameter", Resource: "*"}, nil); !d.Allowed {
		t.Errorf("users have no session policy: %s", d.Reason)
	}
}

// A guest's session is limited, whatever the guests' role allows: case 22.
func TestGuests(t *testing.T) {
	w := newWorld(t)
	guest := w.getID(t, nil)
	if guest == w.getID(t, nil) {
		t.Error("two guests are one")
	}
	credentials, err := w.credentials(guest, nil, "")
	if err != nil {
		t.Fatal(err)
	}
	caller := w.caller(t, credentials)
	if caller.RoleName != "guest" || caller.Cognito.AuthenticationType != "unauthenticated" || caller.Cognito.AuthenticationProvider != "" || caller.Cognito.IdentityID != guest {
		t.Errorf("caller = %+v", caller)
	}
	for action, kind := range map[string]authz.Kind{
		"execute-api:Invoke": authz.Allowed,
		"s3:GetObject":       authz.Allowed, // by the inline policy
		"rum:PutRumEvents":   authz.Allowed, // by the managed policy
		"ssm:GetParameter":   authz.NoSessionAllow,
		"iam:CreateUser":     authz.NoSessionAllow,
		"sts:AssumeRole":     authz.NoSessionAllow,
	} {
		if d := w.iam.Authorize(caller, iam.Request{Action: action, Resource: "arn:aws:x:us-west-2:000000000000:y"}, nil); d.Kind != kind {
			t.Errorf("%s: %s (%s), want %s", action, d.Kind, d.Reason, kind)
		}
	}
}

// Cases 58 to 60.
func TestLoginsAreVerified(t *testing.T) {
	login := func(key, token string) map[string]string { return map[string]string{key: token} }
	for _, c := range []struct {
		name   string
		logins map[string]string
		before func(*world)
		want   string
	}{
		{name: "good", logins: idToken("alice")},
		{name: "58 provider that the pool does not have", logins: login("cognito-idp.us-west-2.amazonaws.com/us-west-2_Other", "x"), want: unsupported},
		{name: "58 provider of another region", logins: login("cognito-idp.us-east-1.amazonaws.com/us-west-2_Users0001", "x"), want: unsupported},
		{name: "58 a social provider", logins: login("graph.facebook.com", "x"), want: unsupported},
		{name: "58 other client", logins: login(provider, "us-west-2_Users0001 id client9 alice"), want: unsupported},
		{name: "58 client of the other provider", logins: login(provider, "us-west-2_Users0001 id client2 alice"), want: unsupported},
		{name: "59 access token", logins: login(provider, "us-west-2_Users0001 access client1 alice"), want: "NotAuthorizedException: Invalid login token. Missing a required claim: aud"},
		{name: "59 issuer", logins: login(provider, "us-west-2_Users0002 id client1 alice"), want: "NotAuthorizedException: Invalid login token. Issuer doesn't match providerName"},
		{name: "59 expired", logins: login(provider, "expired"), want: "NotAuthorizedException: Invalid login token. Token expired: 1788264000 >= 1788263940"},
		{name: "59 signature", logins: login(provider, "signature"), want: "NotAuthorizedException: Invalid login token. Couldn't verify signed token."},
		{name: "malformed", logins: login(provider, "malformed"), want: "NotAuthorizedException: Invalid login token. Not a valid OpenId Connect identity token."},
		{name: "signed out", logins: idToken("alice"), before: func(w *world) { w.tokens.out["alice"] = true }, want: "NotAuthorizedException: Invalid login token. Token is not valid."},
		{name: "signed out where nobody checks", logins: login(second, "us-west-2_Users0002 id client2 alice"), before: func(w *world) { w.tokens.out["alice"] = true }},
		{name: "one good, one bad", logins: map[string]string{provider: idToken("alice")[provider], second: "signature"}, want: "NotAuthorizedException: Invalid login token. Couldn't verify signed token."},
		{name: "our own fault", logins: login(provider, "fault"), want: "InternalErrorException: An internal error occurred; the local AWS's log has the reason."},
		{name: "our own fault in the check", logins: idToken("alice"), before: func(w *world) { w.tokens.fault = errors.New("disk") }, want: "InternalErrorException: An internal error occurred; the local AWS's log has the reason."},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			guest := w.getID(t, nil)
			if c.before != nil {
				c.before(w)
			}
			_, err := w.sdk.GetId(context.Background(), &cognitoidentity.GetIdInput{IdentityPoolId: aws.String(pool), Logins: c.logins})
			want(t, err, c.want)
			if c.want != "" { // the other operation verifies too, and links nothing
				_, err = w.credentials(guest, c.logins, "")
				want(t, err, c.want)
				if _, err := w.credentials(guest, nil, ""); err != nil {
					t.Errorf("the guest is no guest any more: %v", err)
				}
				if decision, reason := w.record.Decision(); decision == "" || strings.Contains(reason, "us-west-2_Users0001 ") {
					t.Errorf("record: %s %s", decision, reason)
				}
			}
		})
	}
}

func TestGuestsMayBeOff(t *testing.T) {
	w := newWorld(t)
	guest := w.getID(t, nil)
	w.pool(t, func(p *identitypool.Pool) { p.AllowUnauthenticatedIdentities = false })
	_, err := w.sdk.GetId(context.Background(), &cognitoidentity.GetIdInput{IdentityPoolId: aws.String(pool)})
	want(t, err, guestsOff)
	_, err = w.credentials(guest, nil, "")
	want(t, err, guestsOff)
	if _, err := w.credentials(w.getID(t, idToken("alice")), idToken("alice"), ""); err != nil {
		t.Error(err)
	}
}

func TestIdentitiesBelongToTheirLogins(t *testing.T) {
	w := newWorld(t)
	guest, alice := w.getID(t, nil), w.getID(t, idToken("alice"))

	_, err := w.credentials(alice, nil, "")
	want(t, err, "NotAuthorizedException: Access to Identity '"+alice+"' is forbidden.")
	_, err = w.credentials(alice, idToken("mallory"), "")
	want(t, err, loginsDiffer)
	w.getID(t, idToken("bob"))
	_, err = w.credentials(alice, idToken("bob"), "")
	want(t, err, loginsDiffer)

	// A guest who logs in for the first time keeps the identity, and is no guest any more.
	if _, err = w.credentials(guest, idToken("carol"), ""); err != nil {
		t.Fatal(err)
	}
	if got := w.getID(t, idToken("carol")); got != guest {
		t.Errorf("carol is %s, was the guest %s", got, guest)
	}
	_, err = w.credentials(guest, nil, "")
	want(t, err, "NotAuthorizedException: Access to Identity '"+guest+"' is forbidden.")

	// A second login joins the first, and each alone finds the identity from then on.
	other := map[string]string{second: "us-west-2_Users0002 id client2 alice2"}
	both := map[string]string{provider: idToken("alice")[provider], second: other[second]}
	if got := w.getID(t, both); got != alice {
		t.Errorf("got %s, want %s", got, alice)
	}
	if got := w.getID(t, other); got != alice {
		t.Errorf("got %s, want %s", got, alice)
	}
	credentials, err := w.credentials(alice, both, "")
	if err != nil {
		t.Fatal(err)
	}
	if amr := w.caller(t, credentials).Cognito.AMR(); len(amr) != 5 {
		t.Errorf("amr = %q", amr)
	}
	// Two logins of two identities are in conflict.
	mixed := map[string]string{provider: idToken("bob")[provider], second: other[second]}
	_, err = w.sdk.GetId(context.Background(), &cognitoidentity.GetIdInput{IdentityPoolId: aws.String(pool), Logins: mixed})
	want(t, err, "ResourceConflictException: The logins belong to different identities.")
	// Another user of a provider that the identity has a user of already.
	again := map[string]string{provider: idToken("dave")[provider], second: other[second]}
	_, err = w.credentials(alice, again, "")
	want(t, err, loginsDiffer)
}

// What Amplify does for a guest who signs in again: it names the guest's identity beside
// the user's token. The user gets the identity of before, and the guest's opens nothing
// any more.
func TestAGuestSignsInAsAUserWhoHasAnIdentity(t *testing.T) {
	w := newWorld(t)
	w.pool(t, func(p *identitypool.Pool) { p.AllowClassicFlow = true })
	guest, alice := w.getID(t, nil), w.getID(t, idToken("alice"))
	enter := func(identity string, logins map[string]string) (string, error) {
		out, err := w.sdk.GetCredentialsForIdentity(context.Background(), &cognitoidentity.GetCredentialsForIdentityInput{IdentityId: &identity, Logins: logins})
		if err != nil {
			return "", err
		}
		c := w.caller(t, out.Credentials).Cognito
		if c.IdentityID != *out.IdentityId || c.Subject != "alice" || c.AuthenticationType != "authenticated" {
			t.Errorf("the credentials are for %+v, and the answer says %s", c, *out.IdentityId)
		}
		return *out.IdentityId, nil
	}
	got, err := enter(guest, idToken("alice"))
	want(t, err, "")
	if got != alice {
		t.Errorf("alice entered as %s, want %s", got, alice)
	}
	for name, logins := range map[string]map[string]string{"a guest": nil, "alice": idToken("alice"), "bob": idToken("bob")} {
		_, err = enter(guest, logins)
		want(t, err, "NotAuthorizedException: Access to Identity '"+guest+"' is forbidden.")
		if t.Failed() {
			t.Fatalf("entering as %s", name)
		}
	}
	if got := w.getID(t, idToken("alice")); got != alice {
		t.Errorf("alice is %s, was %s", got, alice)
	}

	// The classic flow's tokens do the same.
	guest = w.getID(t, nil)
	out, err := w.sdk.GetOpenIdToken(context.Background(), &cognitoidentity.GetOpenIdTokenInput{IdentityId: &guest, Logins: idToken("alice")})
	want(t, err, "")
	if *out.IdentityId != alice {
		t.Errorf("the token is for %s, want %s", *out.IdentityId, alice)
	}

	// A bad token merges nothing.
	guest = w.getID(t, nil)
	_, err = enter(guest, map[string]string{provider: "signature"})
	want(t, err, "NotAuthorizedException: Invalid login token. Couldn't verify signed token.")
	if _, err := w.credentials(guest, nil, ""); err != nil {
		t.Errorf("the guest is locked out: %v", err)
	}
}

func TestUnknownPoolsAndIdentities(t *testing.T) {
	w := newWorld(t)
	get := func(in cognitoidentity.GetIdInput) error {
		_, err := w.sdk.GetId(context.Background(), &in)
		return err
	}
	const none = "us-west-2:99999999-9999-9999-9999-999999999999"
	want(t, get(cognitoidentity.GetIdInput{IdentityPoolId: aws.String(none)}), "ResourceNotFoundException: IdentityPool '"+none+"' not found.")
	want(t, get(cognitoidentity.GetIdInput{IdentityPoolId: aws.String("nonsense")}), `ValidationException: 1 validation error detected: Value 'nonsense' at 'identityPoolId' failed to satisfy constraint: Member must satisfy regular expression pattern: [\w-]+:[0-9a-f-]+`)
	want(t, get(cognitoidentity.GetIdInput{IdentityPoolId: aws.String(pool), AccountId: aws.String("210987654321")}), "NotAuthorizedException: Access to Identity pool '"+pool+"' is forbidden.")
	want(t, get(cognitoidentity.GetIdInput{IdentityPoolId: aws.String(pool), AccountId: aws.String(account)}), "")
	_, err := w.credentials(none, nil, "")
	want(t, err, "ResourceNotFoundException: Identity '"+none+"' not found.")
	_, err = w.credentials("nonsense", nil, "")
	want(t, err, `ValidationException: 1 validation error detected: Value 'nonsense' at 'identityId' failed to satisfy constraint: Member must satisfy regular expression pattern: [\w-]+:[0-9a-f-]+`)

	// A deleted pool takes its identities along.
	guest, alice := w.getID(t, nil), w.getID(t, idToken("alice"))
	w.update(t, func(tx *store.Tx) error {
		return errors.Join(w.PoolDeleted(tx, pool), identitypool.Pools.Delete(tx, pool))
	})
	for _, id := range []string{guest, alice} {
		_, err = w.credentials(id, nil, "")
		want(t, err, "ResourceNotFoundException: Identity '"+id+"' not found.")
	}
	w.pool(t, func(*identitypool.Pool) {})
	if w.getID(t, idToken("alice")) == alice {
		t.Error("the deleted identity is back")
	}
}

// Which role an identity gets.
func TestRoles(t *testing.T) {
	mapping := func(m identitypool.RoleMapping) func(*identitypool.RoleAttachment) {
		m.IdentityProvider = provider + ":" + client
		return func(a *identitypool.RoleAttachment) { a.RoleMappings = []identitypool.RoleMapping{m} }
	}
	byToken := mapping(identitypool.RoleMapping{Type: "Token", AmbiguousRoleResolution: "AuthenticatedRole"})
	orDeny := mapping(identitypool.RoleMapping{Type: "Token", AmbiguousRoleResolution: "Deny"})
	rule := func(claim, match, value string) func(*identitypool.RoleAttachment) {
		return mapping(identitypool.RoleMapping{Type: "Rules", AmbiguousRoleResolution: "Deny", MappingRules: []identitypool.MappingRule{
			{Claim: claim, MatchType: match, Value: value, RoleARN: admins}, {Claim: "email_verified", MatchType: "Equals", Value: "true", RoleARN: members},
		}})
	}
	both := []any{admins, members}
	const denied = "NotAuthorizedException: Access to Identity 'ID' is forbidden."
	for _, c := range []struct {
		name   string
		roles  func(*identitypool.RoleAttachment)
		claims map[string]any
		guest  bool
		custom string
		role   string
		want   string
	}{
		{name: "no mapping", roles: func(*identitypool.RoleAttachment) {}, role: "user"},
		{name: "no mapping, custom role", roles: func(*identitypool.RoleAttachment) {}, custom: admins, want: "InvalidParameterException: CustomRoleArn is supported for providers with a role mapping only."},
		{name: "mapping of another client", roles: func(a *identitypool.RoleAttachment) {
			a.RoleMappings = []identitypool.RoleMapping{{IdentityProvider: provider + ":other", Type: "Token", AmbiguousRoleResolution: "Deny"}}
		}, role: "user"},
		{name: "60 trust does not fit", roles: func(a *identitypool.RoleAttachment) { a.Roles["authenticated"] = role + "closed" }, want: badRoles},
		{name: "60 the guests' role for users", roles: func(a *identitypool.RoleAttachment) { a.Roles["authenticated"] = role + "guest" }, want: badRoles},
		{name: "60 no such role", roles: func(a *identitypool.RoleAttachment) { a.Roles["authenticated"] = role + "none" }, want: badRoles},
		{name: "60 no role", roles: func(a *identitypool.RoleAttachment) { delete(a.Roles, "authenticated") }, want: badRoles},
		{name: "60 no role for guests", guest: true, roles: func(a *identitypool.RoleAttachment) { delete(a.Roles, "unauthenticated") }, want: badRoles},

		{name: "token, preferred", roles: byToken, claims: map[string]any{"cognito:roles": both, "cognito:preferred_role": members}, role: "members"},
		{name: "token, one role", roles: byToken, claims: map[string]any{"cognito:roles": []any{admins}}, role: "admins"},
		{name: "token, ambiguous", roles: byToken, claims: map[string]any{"cognito:roles": both}, role: "user"},
		{name: "token, none", roles: byToken, role: "user"},
		{name: "token, ambiguous, deny", roles: orDeny, claims: map[string]any{"cognito:roles": both}, want: denied},
		{name: "token, none, deny", roles: orDeny, want: denied},
		{name: "token, ambiguous, no authenticated role", roles: func(a *identitypool.RoleAttachment) { byToken(a); delete(a.Roles, "authenticated") }, want: badRoles},
		{name: "token, chosen", roles: byToken, claims: map[string]any{"cognito:roles": both, "cognito:preferred_role": members}, custom: admins, role: "admins"},
		{name: "token, chosen one that is not the user's", roles: byToken, claims: map[string]any{"cognito:roles": []any{members}}, custom: admins, want: denied},
		{name: "token, chosen one that is preferred only", roles: byToken, claims: map[string]any{"cognito:preferred_role": admins}, custom: admins, want: denied},
		{name: "guests have no mapping", guest: true, roles: byToken, role: "guest"},

		{name: "rules, equals", roles: rule("department", "Equals", "it"), claims: map[string]any{"department": "it"}, role: "admins"},
		{name: "rules, not equals", roles: rule("department", "Equals", "it"), claims: map[string]any{"department": "IT"}, want: denied},
		{name: "rules, no claim", roles: rule("department", "NotEqual", "it"), want: denied},
		{name: "rules, NotEqual", roles: rule("department", "NotEqual", "it"), claims: map[string]any{"department": "sales"}, role: "admins"},
		{name: "rules, NotEqual of many", roles: rule("cognito:groups", "NotEqual", "it"), claims: map[string]any{"cognito:groups": []any{"sales", "it"}}, want: denied},
		{name: "rules, Contains", roles: rule("cognito:groups", "Contains", "adm"), claims: map[string]any{"cognito:groups": []any{"x", "admins"}}, role: "admins"},
		{name: "rules, StartsWith", roles: rule("email", "StartsWith", "root@"), claims: map[string]any{"email": "root@example.com"}, role: "admins"},
		{name: "rules, the first that matches", roles: rule("department", "Equals", "it"), claims: map[string]any{"department": "it", "email_verified": true}, role: "admins"},
		{name: "rules, the second", roles: rule("department", "Equals", "it"), claims: map[string]any{"email_verified": true}, role: "members"},
		{name: "rules, chosen among those that match", roles: rule("department", "Equals", "it"), claims: map[string]any{"department": "it", "email_verified": true}, custom: members, role: "members"},
		{name: "rules, chosen one that does not match", roles: rule("department", "Equals", "it"), claims: map[string]any{"email_verified": true}, custom: admins, want: denied},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			w.roles(t, c.roles)
			if c.claims != nil {
				w.tokens.claims = c.claims
			}
			logins := idToken("alice")
			if c.guest {
				logins = nil
			}
			id := w.getID(t, logins)
			credentials, err := w.credentials(id, logins, c.custom)
			want(t, err, strings.Replace(c.want, "'ID'", "'"+id+"'", 1))
			if err == nil && w.caller(t, credentials).RoleName != c.role {
				t.Errorf("role %s, want %s", w.caller(t, credentials).RoleName, c.role)
			}
		})
	}
}

func TestDeclarationsAreChecked(t *testing.T) {
	w := newWorld(t)
	mapping := func(m identitypool.RoleMapping) identitypool.RoleAttachment {
		return identitypool.RoleAttachment{RoleMappings: []identitypool.RoleMapping{m}}
	}
	for wanted, a := range map[string]identitypool.RoleAttachment{
		`roles: "guest" is not legal; legal are authenticated and unauthenticated`: {Roles: map[string]string{"guest": "x"}},
		`roleMappings[0]: type "X" is not legal; legal are Token and Rules`:        mapping(identitypool.RoleMapping{Type: "X"}),
		`ambiguousRoleResolution "" is not legal`:                                  mapping(identitypool.RoleMapping{Type: "Token"}),
		`0 mappingRules are not legal; legal are 1 to 25`:                          mapping(identitypool.RoleMapping{Type: "Rules", AmbiguousRoleResolution: "Deny"}),
		`mappingRules are legal with type Rules only`:                              mapping(identitypool.RoleMapping{Type: "Token", AmbiguousRoleResolution: "Deny", MappingRules: make([]identitypool.MappingRule, 1)}),
		`identityProvider "x" is not legal`:                                        mapping(identitypool.RoleMapping{Type: "Token", AmbiguousRoleResolution: "Deny", IdentityProvider: "x"}),
		`matchType "Like" is not legal; legal are Equals, Contains, StartsWith, NotEqual`: mapping(identitypool.RoleMapping{
			Type: "Rules", AmbiguousRoleResolution: "Deny", IdentityProvider: "p:c", MappingRules: []identitypool.MappingRule{{MatchType: "Like"}}}),
	} {
		if err := w.CheckRoleAttachment(a); err == nil || !strings.Contains(err.Error(), wanted) {
			t.Errorf("got %v, want %s", err, wanted)
		}
	}
	for wanted, p := range map[string]identitypool.Provider{
		`cognitoIdentityProviders[0]: providerName "graph.facebook.com" is not legal; legal is cognito-idp.us-west-2.amazonaws.com/POOL`: {ProviderName: "graph.facebook.com", ClientID: "c"},
		`cognitoIdentityProviders[0]: clientId is missing`: {ProviderName: provider},
	} {
		if err := w.CheckPool(identitypool.Pool{CognitoIdentityProviders: []identitypool.Provider{p}}); err == nil || err.Error() != wanted {
			t.Errorf("got %v, want %s", err, wanted)
		}
	}
	if _, err := identitypool.New(identitypool.Config{}); err == nil {
		t.Error("New took an empty config")
	}
}

func TestOpenIDTokens(t *testing.T) {
	w := newWorld(t)
	alice := w.getID(t, idToken("alice"))
	get := func(logins map[string]string) (string, error) {
		out, err := w.sdk.GetOpenIdToken(context.Background(), &cognitoidentity.GetOpenIdTokenInput{IdentityId: aws.String(alice), Logins: logins})
		if err != nil {
			return "", err
		}
		return *out.Token, nil
	}
	_, err := get(idToken("alice"))
	want(t, err, "InvalidParameterException: Basic (classic) flow is not enabled, please use enhanced flow.")
	w.pool(t, func(p *identitypool.Pool) { p.AllowClassicFlow = true })
	_, err = get(idToken("bob"))
	want(t, err, loginsDiffer)
	kids := map[any]bool{}
	for range 2 {
		token, err := get(idToken("alice"))
		if err != nil {
			t.Fatal(err)
		}
		parts := strings.Split(token, ".")
		var header, claims map[string]any
		for part, into := range map[string]*map[string]any{parts[0]: &header, parts[1]: &claims} {
			data, err := base64.RawURLEncoding.DecodeString(part)
			if err != nil {
				t.Fatal(err)
			}
			if err := json.Unmarshal(data, into); err != nil {
				t.Fatal(err)
			}
		}
		kids[header["kid"]] = true
		if header["alg"] != "RS256" || claims["iss"] != "https://cognito-identity.amazonaws.com" || claims["aud"] != pool || claims["sub"] != alice || claims["exp"].(float64)-claims["iat"].(float64) != 600 {
			t.Errorf("%v %v", header, claims)
		}
	}
	if len(kids) != 1 {
		t.Errorf("the key changed: %v", kids)
	}
	w.roles(t, func(a *identitypool.RoleAttachment) {
		a.RoleMappings = []identitypool.RoleMapping{{IdentityProvider: provider + ":" + client, Type: "Token", AmbiguousRoleResolution: "Deny"}}
	})
	_, err = get(idToken("alice"))
	want(t, err, "InvalidParameterException: Basic (classic) flow is not supported with RoleMappings, please use enhanced flow.")
}

func TestTheWire(t *testing.T) {
	w := newWorld(t)
	post := func(operation, body string) (int, string) {
		t.Helper()
		r, err := http.NewRequest("POST", w.url, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("X-Amz-Target", "AWSCognitoIdentityService."+operation)
		response, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		answer, _ := io.ReadAll(response.Body)
		return response.StatusCode, string(answer)
	}
	for _, c := range []struct{ operation, body, want string }{
		{"ListIdentityPools", "{}", `{"__type":"UnknownOperationException","message":"The local AWS does not know the operation ListIdentityPools of cognito-identity."}`},
		{"GetId", "", `{"__type":"SerializationException","message":"The request body is not the operation's JSON."}`},
		{"GetId", `{"IdentityPoolId": 1}`, `{"__type":"SerializationException","message":"The request body is not the operation's JSON."}`},
	} {
		if status, answer := post(c.operation, c.body); status != 400 || answer != c.want {
			t.Errorf("%s: %d %s", c.operation, status, answer)
		}
	}
}

// One user who comes from many places at once is one identity.
func TestOneIdentityAtOnce(t *testing.T) {
	w := newWorld(t)
	var wait sync.WaitGroup
	var mu sync.Mutex
	ids := map[string]bool{}
	for range 16 {
		wait.Go(func() {
			out, err := w.sdk.GetId(context.Background(), &cognitoidentity.GetIdInput{IdentityPoolId: aws.String(pool), Logins: idToken("alice")})
			if err != nil {
				t.Error(err)
				return
			}
			mu.Lock()
			defer mu.Unlock()
			ids[*out.IdentityId] = true
		})
	}
	wait.Wait()
	if len(ids) != 1 {
		t.Errorf("%d identities", len(ids))
	}
}

// Hostile bodies are answered, never with a fault of ours.
func FuzzServeAPI(f *testing.F) {
	w := newWorld(f)
	for _, seed := range []string{`{}`, `{"IdentityPoolId": "` + pool + `"}`, `{"IdentityPoolId": "` + pool + `", "Logins": {"` + provider + `": "us-west-2_Users0001 id client1 a"}}`, `{"IdentityId": "us-west-2:0", "Logins": null}`, `[]`, `"`} {
		for _, operation := range []string{"GetId", "GetCredentialsForIdentity", "GetOpenIdToken", "x"} {
			f.Add(operation, seed)
		}
	}
	f.Fuzz(func(t *testing.T, operation, body string) {
		if strings.Contains(body, "fault") {
			t.Skip() // the pretended fault of the user pool
		}
		answer := httptest.NewRecorder()
		w.ServeAPI(answer, httptest.NewRequest("POST", "/", nil), operation, []byte(body))
		if answer.Code >= 500 || !json.Valid(answer.Body.Bytes()) {
			t.Fatalf("%d %s", answer.Code, answer.Body)
		}
	})
}
