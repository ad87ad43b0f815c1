package identitypool_test

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentity"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentity/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/lestrrat-go/jwx/v3/jwa"
	"github.com/lestrrat-go/jwx/v3/jws"

	"auth-api/infra/internal/sdkhttp"
	"auth-api/infra/localaws/audit"
	"auth-api/infra/localaws/authz"
	"auth-api/infra/localaws/iam"
	"auth-api/infra/localaws/identitypool"
	"auth-api/infra/localaws/store"
)

// basicFlow is a pool that allows the basic flow, with STS beside it.
func basicFlow(t testing.TB) (*world, *sts.Client) {
	t.Helper()
	w := newWorld(t)
	w.pool(t, func(p *identitypool.Pool) { p.AllowClassicFlow, p.AllowUnauthenticatedIdentities = true, true })
	w.iam.TrustWebIdentities(w.VerifyOpenIDToken)
	server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		w.iam.ServeSTS(rw, r.WithContext(audit.With(r.Context(), w.record)), body)
	}))
	t.Cleanup(server.Close)
	return w, sts.New(sts.Options{Region: region, BaseEndpoint: aws.String(server.URL), RetryMaxAttempts: 1, HTTPClient: sdkhttp.Client()})
}

func (w *world) openID(t testing.TB, id string, logins map[string]string) string {
	t.Helper()
	out, err := w.sdk.GetOpenIdToken(context.Background(), &cognitoidentity.GetOpenIdTokenInput{IdentityId: &id, Logins: logins})
	if err != nil {
		t.Fatal(err)
	}
	return *out.Token
}

// The basic flow with the real SDK: GetId, GetOpenIdToken, AssumeRoleWithWebIdentity.
// The role is the caller's choice, and its trust policy decides.
func TestTheBasicFlow(t *testing.T) {
	w, client := basicFlow(t)
	alice := w.getID(t, idToken("alice"))
	guest := w.getID(t, nil)
	for _, c := range []struct {
		name, token, role, refused string
	}{
		{"a user", w.openID(t, alice, idToken("alice")), "user", ""},
		{"a user as admin, whose trust lets all users in", w.openID(t, alice, idToken("alice")), "admins", ""},
		{"a user in the guests' role", w.openID(t, alice, idToken("alice")), "guest", "AccessDenied: Not authorized to perform sts:AssumeRoleWithWebIdentity"},
		{"a guest", w.openID(t, guest, nil), "guest", ""},
		{"a guest in the users' role", w.openID(t, guest, nil), "user", "AccessDenied: Not authorized to perform sts:AssumeRoleWithWebIdentity"},
	} {
		out, err := client.AssumeRoleWithWebIdentity(context.Background(), &sts.AssumeRoleWithWebIdentityInput{
			RoleArn: aws.String(role + c.role), RoleSessionName: aws.String("browser"), WebIdentityToken: aws.String(c.token),
		})
		if c.refused != "" || err != nil {
			want(t, err, c.refused)
			continue
		}
		given := out.Credentials
		caller := w.caller(t, &types.Credentials{AccessKeyId: given.AccessKeyId, SecretKey: given.SecretAccessKey, SessionToken: given.SessionToken})
		kind, subject := "authenticated", "alice"
		if strings.Contains(c.name, "guest") {
			kind, subject = "unauthenticated", ""
		}
		if id := caller.Cognito; caller.SessionName != "browser" || id == nil || id.AuthenticationType != kind || id.Subject != subject || id.IdentityPoolID != pool || id.IdentityID != *out.SubjectFromWebIdentityToken {
			t.Errorf("%s: %+v %+v", c.name, caller, caller.Cognito)
		}
		// No session policy limits the role here, not even a guest's as in TestGuests.
		if d := w.iam.Authorize(caller, iam.Request{Action: "ssm:GetParameter", Resource: "arn:aws:x:us-west-2:000000000000:y"}, nil); c.role == "guest" && d.Kind != authz.Allowed {
			t.Errorf("%s: %s (%s)", c.name, d.Kind, d.Reason)
		}
	}
}

func TestTokensThatAreRefused(t *testing.T) {
	w, _ := basicFlow(t)
	alice := w.getID(t, idToken("alice"))
	good := w.openID(t, alice, idToken("alice"))
	parts := strings.Split(good, ".")
	own, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		t.Fatal(err)
	}
	sign := func(payload string, algorithm jwa.SignatureAlgorithm, key any) string {
		token, err := jws.Sign([]byte(payload), jws.WithKey(algorithm, key))
		if err != nil {
			t.Fatal(err)
		}
		return string(token)
	}
	other := strings.Replace(string(payload), alice, "us-west-2:33333333-3333-3333-3333-333333333333", 1)
	const unverified = "InvalidIdentityToken: The web identity token that was passed could not be validated."
	const unread = "InvalidIdentityToken: The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)"
	for name, c := range map[string]struct{ token, want string }{
		"as it was given":          {good, ""},
		"signed by somebody else":  {sign(string(payload), jwa.RS256(), own), unverified},
		"signed with a shared key": {sign(string(payload), jwa.HS256(), []byte("0123456789abcdef0123456789abcdef")), unverified},
		"another identity":         {parts[0] + "." + base64.RawURLEncoding.EncodeToString([]byte(other)) + "." + parts[2], unverified},
		"without a signature":      {base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none"}`)) + "." + parts[1] + ".", unverified},
		"of a user pool":           {sign(`{"iss":"https://cognito-idp.us-west-2.amazonaws.com/us-west-2_Users0001"}`, jwa.RS256(), own), "InvalidIdentityToken: No OpenIDConnect provider found in your account for https://cognito-idp.us-west-2.amazonaws.com/us-west-2_Users0001"},
		"no JWT":                   {"hello", unread},
		"a JWT of something else":  {sign(`[]`, jwa.RS256(), own), unread},
	} {
		_, err := w.VerifyOpenIDToken(c.token)
		check(t, name, err, c.want)
	}
	w.now = w.now.Add(10 * time.Minute)
	_, err = w.VerifyOpenIDToken(good)
	check(t, "after ten minutes", err, "ExpiredTokenException: Token expired: current date/time 1788264600 must be before the expiration date/time 1788264600")
	w.now = w.now.Add(-time.Second)
	if _, err := w.VerifyOpenIDToken(good); err != nil {
		t.Error(err)
	}
	w.update(t, func(tx *store.Tx) error { return w.PoolDeleted(tx, pool) })
	_, err = w.VerifyOpenIDToken(good)
	check(t, "of a pool that is gone", err, unverified)

	fresh := newWorld(t)
	_, err = fresh.VerifyOpenIDToken(good)
	check(t, "where none was ever given", err, unverified)
}

func check(t *testing.T, name string, err error, want string) {
	t.Helper()
	var refused *iam.TokenError
	switch {
	case want == "" && err == nil:
	case !errors.As(err, &refused):
		t.Errorf("%s: got %v, want %s", name, err, want)
	case refused.Code+": "+refused.Message != want || refused.Reason == "":
		t.Errorf("%s:\ngot  %s: %s (%s)\nwant %s", name, refused.Code, refused.Message, refused.Reason, want)
	}
}

// No text but a token that was given is a web identity, and none is a fault.
func FuzzVerifyOpenIDToken(f *testing.F) {
	w, _ := basicFlow(f)
	alice := w.getID(f, idToken("alice"))
	good := w.openID(f, alice, idToken("alice"))
	f.Add(good)
	f.Add("a.b.c")
	f.Add(`{"payload":"e30","signatures":[{"protected":"eyJhbGciOiJIUzI1NiJ9","signature":""}]}`)
	f.Add(strings.Repeat(".", 10))
	signature := good[strings.LastIndex(good, "."):]
	f.Fuzz(func(t *testing.T, token string) {
		who, err := w.VerifyOpenIDToken(token)
		var refused *iam.TokenError
		if err != nil && !errors.As(err, &refused) {
			t.Errorf("%q: %v", token, err)
		}
		if err == nil && (who.Cognito.IdentityID != alice || !strings.Contains(token, signature[1:20])) {
			t.Errorf("%q is taken for %+v", token, who)
		}
	})
}
