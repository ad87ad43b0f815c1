package cases

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/lestrrat-go/jwx/v3/jwk"
)

// notLetIn is what the Cognito authorizer says to any token that is no good.
var notLetIn = answer{status: 401, kind: "UnauthorizedException", body: unauthorized}

func cognitoCases() []testCase {
	return []testCase{
		{id: "23", title: "no token", known: sure, aws: notLetIn, ask: func(c *on) answer { return c.get("/user") }},
		{id: "24", title: "the token has expired", known: sure,
			aws: answer{status: 401, kind: "UnauthorizedException", body: `{"message":"The incoming token has expired"}`}, ask: func(c *on) answer {
				token := c.idToken()
				c.clock.advance(61 * time.Minute)
				return c.get("/user", "Authorization", token)
			}},
		{id: "25a", title: "wrong signature", known: sure, aws: notLetIn, ask: func(c *on) answer {
			return c.get("/user", "Authorization", forged(c.idToken()))
		}},
		{id: "25b", title: "a token of another user pool", known: sure, aws: notLetIn, ask: func(c *on) answer {
			return c.get("/user", "Authorization", aws.ToString(c.signIn(c.othersWeb, "olga").IdToken))
		}},
		{id: "25c", title: "alg: none", known: likely, aws: notLetIn, ask: func(c *on) answer {
			return c.get("/user", "Authorization", headed(c.idToken(), "none", nil))
		}},
		{id: "25d", title: "HS256, signed with the pool's public key as secret", known: likely, aws: notLetIn, ask: func(c *on) answer {
			return c.get("/user", "Authorization", headed(c.idToken(), "HS256", c.publicKey()))
		}},
		{id: "26", title: "an access token where the route names no scopes", known: sure, aws: notLetIn, ask: func(c *on) answer {
			return c.get("/user", "Authorization", aws.ToString(c.signIn(c.web, "ada").AccessToken))
		}},
		{id: "27a", title: "an access token with none of the route's scopes", known: open, said: "401 or 403; sources disagree (HTTP APIs, measured: 403 `Forbidden`)",
			here: notLetIn, why: "denied either way; 401 as for any token that does not let in", ask: func(c *on) answer {
				return c.get("/scoped", "Authorization", aws.ToString(c.signIn(c.web, "ada").AccessToken))
			}},
		{id: "27b", title: "an access token with one of the route's scopes", known: sure, aws: answer{status: 200}, ask: func(c *on) answer {
			return c.ok(c.get("/own", "Authorization", aws.ToString(c.signIn(c.web, "ada").AccessToken)))
		}},
		{id: "28", title: "an ID token on a route with scopes", known: likely, aws: notLetIn, ask: func(c *on) answer {
			return c.get("/scoped", "Authorization", c.idToken())
		}},
		{id: "C1", title: "an ID token where the route names no scopes", known: sure, aws: answer{status: 200}, ask: func(c *on) answer {
			return c.ok(c.get("/user", "Authorization", c.idToken()))
		}},
	}
}

func (c *on) idToken() string {
	c.Helper()
	return aws.ToString(c.signIn(c.web, "ada").IdToken)
}

// forged changes the middle of a token's signature.
func forged(token string) string {
	b := []byte(token)
	at := len(b) - 100
	if b[at] == 'A' {
		b[at] = 'B'
	} else {
		b[at] = 'A'
	}
	return string(b)
}

// headed puts another algorithm into a token's header, and signs it with the key by
// HMAC unless that is nil.
func headed(token, algorithm string, key []byte) string {
	parts := strings.Split(token, ".")
	var header m
	data, err := base64.RawURLEncoding.DecodeString(parts[0])
	if err == nil {
		err = json.Unmarshal(data, &header)
	}
	if err != nil {
		panic(err) // it is the local AWS's own token
	}
	header["alg"] = algorithm
	signed := base64.RawURLEncoding.EncodeToString([]byte(text(header))) + "." + parts[1]
	if key == nil {
		return signed + "."
	}
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(signed))
	return signed + "." + base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// publicKey is the pool's public key, as PEM.
func (c *on) publicKey() []byte {
	c.Helper()
	response, err := http.Get(c.aws.URL() + "/" + c.users + "/.well-known/jwks.json")
	if err != nil {
		c.Fatal(err)
	}
	defer response.Body.Close()
	data, err := io.ReadAll(response.Body)
	if err != nil {
		c.Fatal(err)
	}
	set, err := jwk.Parse(data)
	if err != nil {
		c.Fatal(err)
	}
	key, _ := set.Key(0)
	var raw any
	if err := jwk.Export(key, &raw); err != nil {
		c.Fatal(err)
	}
	der, err := x509.MarshalPKIXPublicKey(raw)
	if err != nil {
		c.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
}

var authorizerFailed = answer{status: 500, kind: "AuthorizerConfigurationException", body: `{"message":null}`}

func notByAuthorizer(clause string) answer {
	return answer{status: 403, kind: "AccessDeniedException", body: `{"Message":"User is not authorized to access this resource ` + clause + `"}`}
}

// authorizerCases ask with a token that tells the authorizer what to do. Each token is
// one case's, as answers are cached by it.
func authorizerCases() []testCase {
	token := func(token string) func(*on) answer {
		return func(c *on) answer { return c.get("/token/a", "Authorization", token) }
	}
	return []testCase{
		{id: "29", title: "the identity source is missing: the function is not called", known: sure, aws: notLetIn, ask: func(c *on) answer {
			before := c.called()
			a := c.get("/token/a")
			if n := c.called() - before; n != 0 {
				c.Errorf("the authorizer was called %d times", n)
			}
			return a
		}},
		{id: "30", title: "the function fails with Unauthorized", known: sure, aws: notLetIn, ask: token("token-unauthorized")},
		{id: "31a", title: "the function fails otherwise", known: likely, aws: authorizerFailed, ask: token("token-fail-31a")},
		{id: "31b", title: "its answer has no principalId", known: likely, aws: authorizerFailed, ask: token("token-nobody")},
		{id: "31c", title: "its answer has no policyDocument", known: likely, aws: authorizerFailed, ask: token("token-lawless")},
		{id: "31d", title: "a failure is not cached: asked twice, it is called twice", known: likely, aws: authorizerFailed.with("2 calls"), ask: func(c *on) answer {
			before := c.called()
			c.get("/token/a", "Authorization", "token-fail-31d")
			a := c.get("/token/a", "Authorization", "token-fail-31d")
			return a.with(calls(c.called() - before))
		}},
		{id: "32", title: "explicit deny", known: likely, aws: notByAuthorizer("with an explicit deny in an identity-based policy"), ask: token("token-deny")},
		{id: "33", title: "no allow", known: likely, aws: notByAuthorizer(noneAllows), ask: token("token-elsewhere")},
		{id: "34a", title: "a cached policy meets a path that it does not cover", known: sure, aws: notByAuthorizer(noneAllows).with("1 call"), ask: func(c *on) answer {
			before := c.called()
			if a := c.get("/token/a", "Authorization", "token-here-34a"); a.status != 200 {
				c.Errorf("the path that the policy allows answered %s", a)
			}
			a := c.get("/token/b", "Authorization", "token-here-34a")
			return a.with(calls(c.called() - before))
		}},
		{id: "34b", title: "a cached policy meets a path that it covers", known: sure, aws: answer{status: 200, more: []string{"1 call"}}, ask: func(c *on) answer {
			before := c.called()
			c.get("/token/a", "Authorization", "token-allow-34b")
			a := c.ok(c.get("/token/b", "Authorization", "token-allow-34b"))
			return a.with(calls(c.called() - before))
		}},
	}
}

func calls(n int) string {
	if n == 1 {
		return "1 call"
	}
	return fmt.Sprint(n) + " calls"
}
