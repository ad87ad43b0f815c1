package stress

import (
	"context"
	"net/http"
	"strings"
)

// drawn are the things that a client asks for, each with the oracle's answer.
var drawn = []func(*visitor) asking{
	func(v *visitor) asking {
		plan := v.counted()
		return v.send(asking{what: "signed, with a key", status: 200, counts: plan}, route{method: "POST", path: "/user", body: "hello " + v.nonce(), key: v.keys[plan], who: &v.caller})
	},
	func(v *visitor) asking {
		plan := v.counted()
		return v.send(asking{what: "signed, with a key", status: 200, counts: plan}, route{method: "GET", path: "/user", key: v.keys[plan], who: &v.caller})
	},
	func(v *visitor) asking {
		return v.send(asking{what: "unsigned", status: 403, kind: "MissingAuthenticationTokenException", says: "Missing Authentication Token"},
			route{method: "GET", path: "/user", key: v.keys["first"]})
	},
	func(v *visitor) asking {
		key := []string{"", "nobodysnobodysnobodys", v.keys["first"] + "x", v.spoil(v.keys["second"])}[v.rand.IntN(4)]
		return v.send(asking{what: "a wrong key, or none", status: 403, kind: "ForbiddenException", says: `{"message":"Forbidden"}`},
			route{method: "GET", path: "/user", key: key, who: &v.caller})
	},
	func(v *visitor) asking { return v.changed() },
	func(v *visitor) asking { return v.changed() },
	func(v *visitor) asking {
		return v.send(asking{what: "a guest on a user's route", status: 403, kind: "AccessDeniedException", says: `"Message":"User: arn:aws:sts::`},
			route{method: "GET", path: "/user", key: v.keys["first"], who: &v.guest})
	},
	func(v *visitor) asking {
		return v.send(asking{what: "a guest on a guest's route", status: 200}, route{method: "GET", path: "/guest", who: &v.guest})
	},
	func(v *visitor) asking {
		a := asking{what: "a stranger on the group's route", status: 403, kind: "AccessDeniedException", says: "no identity-based policy allows the execute-api:Invoke action"}
		if v.editor {
			a = asking{what: "an editor on the group's route", status: 200}
		}
		return v.send(a, route{method: "GET", path: "/group", who: &v.caller})
	},
	func(v *visitor) asking {
		return v.send(asking{what: "a session that is over", status: 403, kind: "ExpiredTokenException", says: "The security token included in the request is expired"},
			route{method: "GET", path: "/user", key: v.keys["first"], who: &v.over})
	},
	func(v *visitor) asking {
		plan := v.counted()
		return v.send(asking{what: "the open route", status: 200, counts: plan}, route{method: "GET", path: "/open", key: v.keys[plan]})
	},
	func(v *visitor) asking {
		return v.send(asking{what: "a plan that is used up", status: 200, limited: "limited", counts: "limited"}, route{method: "GET", path: "/open", key: v.keys["limited"]})
	},
	func(v *visitor) asking {
		return v.send(asking{what: "a plan that is slow", status: 200, limited: "throttled", counts: "throttled"}, route{method: "GET", path: "/open", key: v.keys["throttled"]})
	},
	func(v *visitor) asking {
		return v.send(asking{what: "a good token", status: 200}, route{method: "GET", path: "/cognito", change: bearer(v.id)})
	},
	func(v *visitor) asking {
		a := asking{what: "no good token", status: 401, kind: "UnauthorizedException", says: `{"message":"Unauthorized"}`}
		token := []string{"", v.spoil(v.id), v.access, "a.b.c", v.over.id}[v.rand.IntN(5)]
		if token == v.over.id {
			a.says = "The incoming token has expired"
		}
		return v.send(a, route{method: "GET", path: "/cognito", change: bearer(token)})
	},
	func(v *visitor) asking {
		return v.send(asking{what: "an unknown route", status: 403, kind: "MissingAuthenticationTokenException"}, route{method: "GET", path: "/nowhere", key: v.keys["first"]})
	},
	func(v *visitor) asking { return v.passwords() },
	func(v *visitor) asking {
		a := v.apiCall(asking{what: "refresh", status: 200, says: `"IdToken"`}, v.users, "InitiateAuth", v.refreshing(v.refresh))
		return v.keeping(a, func(r reply) {
			if sub := claim(r.field("IdToken"), "sub"); sub != v.sub {
				v.fail(a, r, "the token is of "+sub+", want "+v.sub)
			}
			v.id, v.access = r.field("IdToken"), r.field("AccessToken")
		})
	},
	func(v *visitor) asking {
		return v.apiCall(asking{what: "a bad refresh token", status: 400, kind: "NotAuthorizedException"}, v.users, "InitiateAuth", v.refreshing(v.spoil(v.refresh)))
	},
	func(v *visitor) asking {
		a := v.apiCall(asking{what: "credentials", status: 200, fields: map[string]string{}, says: v.identity}, v.identities, "GetCredentialsForIdentity",
			map[string]any{"IdentityId": v.identity, "Logins": v.logins(v.id)})
		return v.keeping(a, func(r reply) { v.credentials = credentials(r) })
	},
	func(v *visitor) asking {
		a := asking{what: "no credentials", status: 400, kind: "NotAuthorizedException"}
		in := map[string]any{"IdentityId": v.identity, "Logins": v.logins(v.spoil(v.id))}
		switch v.rand.IntN(3) {
		case 0: // somebody else's, who has not signed in
			in["IdentityId"] = v.guest.identity
			in["Logins"] = v.logins(v.over.id)
		case 1:
			in["Logins"] = v.logins("")
		}
		return v.apiCall(a, v.identities, "GetCredentialsForIdentity", in)
	},
	func(v *visitor) asking {
		return v.apiCall(asking{what: "an unknown operation", status: 400, kind: "UnknownOperationException", says: "MakeTea"}, v.users, "MakeTea", map[string]any{})
	},
}

func bearer(token string) func(*http.Request) {
	return func(r *http.Request) {
		if token != "" {
			r.Header.Set("Authorization", "Bearer "+token)
		}
	}
}

func (v *visitor) refreshing(token string) map[string]any {
	return map[string]any{"AuthFlow": "REFRESH_TOKEN_AUTH", "ClientId": v.stack.client.id, "AuthParameters": map[string]any{"REFRESH_TOKEN": token}}
}

// keeping goes on with what came back, when it is an answer of success.
func (v *visitor) keeping(a asking, keep func(reply)) asking {
	send := a.send
	a.send = func(ctx context.Context) (reply, error) {
		r, err := send(ctx)
		if err == nil && r.status == 200 {
			keep(r)
		}
		return r, err
	}
	return a
}

// passwords signs in with a right or a wrong password, and never so often wrong that
// the name is locked.
func (v *visitor) passwords() asking {
	switch n := v.rand.IntN(3); {
	case n == 0:
		return v.apiCall(asking{what: "nobody's password", status: 400, kind: "NotAuthorizedException", says: "Incorrect username or password."}, v.users,
			"InitiateAuth", v.signIn("nobody-"+v.nonce(), v.password))
	case n == 1 && v.wrong < 3:
		v.wrong++
		return v.apiCall(asking{what: "a wrong password", status: 400, kind: "NotAuthorizedException", says: "Incorrect username or password."}, v.users,
			"InitiateAuth", v.signIn(v.name, v.password+"x"))
	}
	v.wrong = 0
	a := v.apiCall(asking{what: "the right password", status: 200, says: `"RefreshToken"`}, v.users, "InitiateAuth", v.signIn(v.name, v.password))
	return v.keeping(a, func(r reply) {
		if name := claim(r.field("IdToken"), "cognito:username"); name != v.name {
			v.fail(a, r, "the token is of "+name)
		}
		v.id, v.access, v.refresh = r.field("IdToken"), r.field("AccessToken"), r.field("RefreshToken")
	})
}

// changed is a signed request that is changed in one thing before it is sent.
func (v *visitor) changed() asking {
	a := asking{status: 403, kind: "InvalidSignatureException", says: "The request signature we calculated does not match"}
	r := route{method: "POST", path: "/user", body: "hello", key: v.keys["first"], who: &v.caller}
	unknown := func() {
		a.kind, a.says = "UnrecognizedClientException", "The security token included in the request is invalid."
	}
	header := func(name string, change func(string) string) func(*http.Request) {
		return func(r *http.Request) { r.Header.Set(name, change(r.Header.Get(name))) }
	}
	switch v.rand.IntN(7) {
	case 0:
		a.what = "another signature"
		r.change = header("Authorization", func(s string) string {
			at := strings.Index(s, "Signature=") + len("Signature=") + v.rand.IntN(64)
			other := "0"
			if s[at] == '0' {
				other = "1"
			}
			return s[:at] + other + s[at+1:]
		})
	case 1:
		a.what = "another query"
		r.change = func(r *http.Request) { r.URL.RawQuery += "&more=1" }
	case 2:
		a.what = "another method"
		r.body = ""
		r.change = func(r *http.Request) { r.Method = "GET" }
	case 3:
		a.what = "another host"
		r.change = func(r *http.Request) { r.Host = "127.0.0.1" }
	case 4:
		a.what = "another secret"
		forged := v.caller
		forged.credentials.SecretAccessKey = v.spoil(forged.credentials.SecretAccessKey)
		r.who = &forged
	case 5:
		a.what = "another session token"
		unknown()
		r.change = header("X-Amz-Security-Token", v.spoil)
	case 6:
		a.what = "another access key"
		unknown()
		forged := v.caller
		forged.credentials.AccessKeyID = "ASIAZZZZZZZZZZZZZZZZ"
		r.who = &forged
	}
	return v.send(a, r)
}
