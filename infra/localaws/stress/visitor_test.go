package stress

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// caller is somebody with what they can prove it with.
type caller struct {
	identity            string // of the identity pool
	credentials         aws.Credentials
	id, access, refresh string // tokens; "" of a guest
	sub                 string
}

// visitor is one client of the load, with a user of its own. It asks for one thing
// after the other.
type visitor struct {
	*world
	caller
	rand           *rand.Rand
	number         int
	name, password string
	editor         bool
	wrong          int // passwords since the last right one: the fifth would lock the name
	nonces         int
}

func (v *visitor) arrive(ctx context.Context) error {
	r, err := v.users(ctx, "InitiateAuth", v.signIn(v.name, v.password))
	if err != nil || r.status != 200 {
		return fmt.Errorf("signing in as %s: %v %w", v.name, r, err)
	}
	id, access, refresh := r.field("IdToken"), r.field("AccessToken"), r.field("RefreshToken")
	if v.caller, err = v.identify(ctx, id); err != nil {
		return err
	}
	v.id, v.access, v.refresh, v.sub = id, access, refresh, claim(id, "sub")
	return nil
}

func (v *visitor) signIn(name, password string) map[string]any {
	return map[string]any{"AuthFlow": "USER_PASSWORD_AUTH", "ClientId": v.stack.client.id, "AuthParameters": map[string]any{"USERNAME": name, "PASSWORD": password}}
}

func (w *world) logins(token string) map[string]any {
	if token == "" {
		return map[string]any{}
	}
	return map[string]any{"cognito-idp." + region + ".amazonaws.com/" + w.pool.id: token}
}

// identify changes an ID token, or none, for credentials.
func (w *world) identify(ctx context.Context, token string) (caller, error) {
	r, err := w.identities(ctx, "GetId", map[string]any{"IdentityPoolId": w.identityPool.id, "Logins": w.logins(token)})
	if err != nil || r.status != 200 {
		return caller{}, fmt.Errorf("asking for an identity: %v %w", r, err)
	}
	c := caller{identity: r.field("IdentityId")}
	if r, err = w.identities(ctx, "GetCredentialsForIdentity", map[string]any{"IdentityId": c.identity, "Logins": w.logins(token)}); err != nil || r.status != 200 {
		return caller{}, fmt.Errorf("asking for credentials: %v %w", r, err)
	}
	c.credentials = credentials(r)
	return c, nil
}

// claim reads a token's claim.
func claim(token, name string) string {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return ""
	}
	data, _ := base64.RawURLEncoding.DecodeString(parts[1])
	var claims map[string]any
	_ = json.Unmarshal(data, &claims)
	s, _ := claims[name].(string)
	return s
}

// spoil changes one character of a token or signature.
func (v *visitor) spoil(s string) string {
	// Not among the last, whose bits base64 may not use.
	i := v.rand.IntN(len(s) - 4)
	for s[i] == '.' {
		i--
	}
	other := byte('a')
	if s[i] == other {
		other = 'b'
	}
	return s[:i] + string(other) + s[i+1:]
}

// asking is one request: what is asked for, and what must come back.
type asking struct {
	what    string
	status  int
	kind    string // x-amzn-ErrorType
	says    string // within the body
	fields  map[string]string
	limited string // the plan whose limits may refuse it: see counts
	counts  string // the plan that counts it when it is let in
	send    func(ctx context.Context) (reply, error)
}

// ask draws something to ask for, and holds the answer against the oracle's.
func (v *visitor) ask(ctx context.Context) {
	a := drawn[v.rand.IntN(len(drawn))](v)
	v.asked.Add(1)
	r, err := a.send(ctx)
	if err != nil {
		v.fail(a, r, err.Error())
		return
	}
	if a.limited != "" && r.status == http.StatusTooManyRequests {
		kind := map[string]string{"limited": "LimitExceededException", "throttled": "TooManyRequestsException"}[a.limited]
		if r.kind != kind {
			v.fail(a, r, "a wrong refusal by a limit, want "+kind)
		}
		v.refused[a.limited].Add(1)
		return
	}
	if r.status == 200 && a.counts != "" {
		v.admitted[a.counts].Add(1)
	}
	if r.status != a.status || r.kind != a.kind || !strings.Contains(r.body, a.says) {
		v.fail(a, r, fmt.Sprintf("want %d %s %s", a.status, a.kind, a.says))
		return
	}
	for name, want := range a.fields {
		if got := r.field(name); got != want {
			v.fail(a, r, fmt.Sprintf("%s is %q, want %q", name, got, want))
			return
		}
	}
}

func (v *visitor) fail(a asking, r reply, why string) {
	v.failed.Add(1)
	v.t.Errorf("client %d, %s: %v: %s\nrecord: %s", v.number, a.what, r, why, v.log.of(r.requestID))
}

// route is a call of the API, changed after it was signed.
type route struct {
	method, path, body, key string
	who                     *caller // who signs; nobody when nil
	change                  func(*http.Request)
}

func (v *visitor) nonce() string {
	v.nonces++
	return fmt.Sprintf("%d-%d", v.number, v.nonces)
}

// send returns what sends the call, with a nonce that the function must give back.
func (v *visitor) send(a asking, r route) asking {
	nonce := v.nonce()
	a.what = fmt.Sprintf("%s: %s %s", a.what, r.method, r.path)
	if a.status == 200 {
		a.fields = map[string]string{"nonce": nonce, "method": r.method, "path": r.path, "body": r.body, "version": "1", "identity": "", "sub": ""}
		if r.who != nil {
			a.fields["identity"] = r.who.identity
		}
		if r.path == "/cognito" {
			a.fields["sub"] = v.sub
		}
	}
	a.send = func(ctx context.Context) (reply, error) {
		req, err := v.call(ctx, v.api.id, r.method, r.path+"?nonce="+nonce, r.body, r.key)
		if err != nil {
			return reply{}, err
		}
		if r.who != nil {
			if err := sign(req, r.body, r.who.credentials, v.now()); err != nil {
				return reply{}, err
			}
		}
		if r.change != nil {
			r.change(req)
		}
		return v.do(req)
	}
	return a
}

// api returns what calls one of the local AWS's APIs.
func (v *visitor) apiCall(a asking, call func(context.Context, string, map[string]any) (reply, error), operation string, in map[string]any) asking {
	a.what += ": " + operation
	a.send = func(ctx context.Context) (reply, error) { return call(ctx, operation, in) }
	return a
}

// counted is one of the plans that are never used up.
func (v *visitor) counted() string { return []string{"first", "second"}[v.rand.IntN(2)] }
