package main

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"
	"github.com/google/go-cmp/cmp"
)

func digest(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}

var known = `{"acme": {"sha256": "` + digest("token-of-acme") + `", "may": ["GET/reports/*", "POST/orders"]}, "zeta": {"sha256": "` + strings.ToUpper(digest("token-of-zeta")) + `", "may": ["GET/orders"]}}`

const asked = "arn:aws:execute-api:us-west-2:111122223333:abcdefghij/dev/"

func TestHandle(t *testing.T) {
	all, err := read(known)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, authorization, method string
		partner                     string // empty: 401
		may                         []string
	}{
		{"a partner", "Bearer token-of-acme", "GET/reports/7", "acme", []string{asked + "GET/reports/*", asked + "POST/orders"}},
		{"the same policy for what the partner may not call", "Bearer token-of-acme", "DELETE/orders/1", "acme", []string{asked + "GET/reports/*", asked + "POST/orders"}},
		{"another partner", "bearer  token-of-zeta", "GET/orders", "zeta", []string{asked + "GET/orders"}},
		{"a token that nobody has", "Bearer token-of-nobody", "GET/orders", "", nil},
		{"a digest in place of the token", "Bearer " + digest("token-of-acme"), "GET/orders", "", nil},
		{"a token in another case", "Bearer Token-of-acme", "GET/orders", "", nil},
		{"a token without a scheme", "token-of-acme", "GET/orders", "", nil},
		{"another scheme", "Basic token-of-acme", "GET/orders", "", nil},
		{"no token", "Bearer ", "GET/orders", "", nil},
		{"nothing", "", "GET/orders", "", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := all.handle(t.Context(), events.APIGatewayCustomAuthorizerRequest{Type: "TOKEN", AuthorizationToken: c.authorization, MethodArn: asked + c.method})
			if c.partner == "" {
				if !errors.Is(err, errUnauthorized) || err.Error() != "Unauthorized" || got.PrincipalID != "" {
					t.Errorf("answered %+v, %v", got, err)
				}
				return
			}
			want := events.APIGatewayCustomAuthorizerResponse{PrincipalID: c.partner, PolicyDocument: events.APIGatewayCustomAuthorizerPolicy{
				Version: "2012-10-17", Statement: []events.IAMPolicyStatement{{Effect: "Allow", Action: []string{"execute-api:Invoke"}, Resource: c.may}},
			}}
			if diff := cmp.Diff(want, got); err != nil || diff != "" {
				t.Errorf("%v: -want +got %s", err, diff)
			}
		})
	}
	if _, err := all.handle(t.Context(), events.APIGatewayCustomAuthorizerRequest{AuthorizationToken: "Bearer token-of-acme", MethodArn: "nothing"}); err == nil || errors.Is(err, errUnauthorized) {
		t.Errorf("an event without a method got %v", err)
	}
}

func TestPartnersThatNobodyMeansAreRefused(t *testing.T) {
	good := digest("x")
	for text, want := range map[string]string{
		"":                      "it is no JSON object",
		"[]":                    "it is no JSON object",
		`{"a": {"token": "x"}}`: "unknown field",
		`{"a": {"sha256": "", "may": ["GET/x"]}}`:                    "a: sha256 is no SHA-256",
		`{"a": {"sha256": "` + good[:20] + `", "may": ["GET/x"]}}`:   "a: sha256 is no SHA-256",
		`{"a": {"sha256": "` + good + `"}}`:                          `"a": a partner has a name and may call something`,
		`{"": {"sha256": "` + good + `", "may": ["GET/x"]}}`:         `"": a partner has a name`,
		`{"a": {"sha256": "` + good + `", "may": ["*"]}}`:            `may has "*": legal is METHOD/path`,
		`{"a": {"sha256": "` + good + `", "may": ["/x"]}}`:           `may has "/x"`,
		`{"a": {"sha256": "` + good + `", "may": ["arn:aws:x/y"]}}`:  `may has "arn:aws:x/y"`,
		`{"a": {"sha256": "` + good + `", "may": ["GET/${aws:a}"]}}`: `may has "GET/${aws:a}"`,
	} {
		if _, err := read(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %s", text, err, want)
		}
	}
	if all, err := read("{}"); err != nil || all.holding("") != "" {
		t.Errorf("nobody at all: %v", err)
	}
}

func FuzzHandle(f *testing.F) {
	all, err := read(known)
	if err != nil {
		f.Fatal(err)
	}
	f.Add("Bearer token-of-acme", asked+"GET/orders")
	f.Add("Bearer  ", "")
	f.Fuzz(func(t *testing.T, authorization, method string) {
		got, err := all.handle(t.Context(), events.APIGatewayCustomAuthorizerRequest{AuthorizationToken: authorization, MethodArn: method})
		if err == nil && !strings.Contains(authorization, "token-of-"+got.PrincipalID) {
			t.Errorf("%q is %s", authorization, got.PrincipalID)
		}
	})
}
