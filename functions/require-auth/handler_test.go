package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"os"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"

	"auth-api/functions/internal/invoke"
)

// Events as API Gateway sends them, cut down to what tells the caller.
func TestHandle(t *testing.T) {
	for _, test := range []struct{ name, event, body string }{
		{
			"a pool user through the identity pool",
			`{"requestContext":{"identity":{
				"cognitoIdentityId":"us-west-2:11111111-2222-3333-4444-555555555555",
				"cognitoIdentityPoolId":"us-west-2:aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee",
				"cognitoAuthenticationType":"authenticated",
				"cognitoAuthenticationProvider":"cognito-idp.us-west-2.amazonaws.com/us-west-2_Ab12,cognito-idp.us-west-2.amazonaws.com/us-west-2_Ab12:CognitoSignIn:5a0d",
				"userArn":"arn:aws:sts::123456789012:assumed-role/authenticated/CognitoIdentityCredentials"}}}`,
			`{"message":"You're past the velvet rope!","caller":{"kind":"user",` +
				`"identityId":"us-west-2:11111111-2222-3333-4444-555555555555","identityPoolId":"us-west-2:aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee",` +
				`"user":{"sub":"5a0d","userPoolId":"us-west-2_Ab12"},` +
				`"arn":"arn:aws:sts::123456789012:assumed-role/authenticated/CognitoIdentityCredentials"}}`,
		},
		{
			"a pool user with an ID token",
			`{"requestContext":{"authorizer":{"claims":{"sub":"5a0d","token_use":"id","aud":"client1",
				"iss":"https://cognito-idp.us-west-2.amazonaws.com/us-west-2_Ab12","cognito:username":"demouser"}}}}`,
			`{"message":"You're past the velvet rope!","caller":{"kind":"user",` +
				`"user":{"sub":"5a0d","userPoolId":"us-west-2_Ab12","username":"demouser"},"clientId":"client1"}}`,
		},
		{
			"nobody, as the route was left open",
			`{"requestContext":{"identity":{"cognitoIdentityId":null,"userArn":null}}}`,
			`{"message":"You're past the velvet rope!","caller":{"kind":"anonymous"}}`,
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			var request events.APIGatewayProxyRequest
			if err := json.Unmarshal([]byte(test.event), &request); err != nil {
				t.Fatal(err)
			}
			response, err := handle(t.Context(), request)
			if err != nil {
				t.Fatal(err)
			}
			if response.StatusCode != 200 || response.Body != test.body {
				t.Errorf("answered %d\n%s\nwant 200\n%s", response.StatusCode, response.Body, test.body)
			}
			for name, want := range map[string]string{
				"Content-Type": "application/json", "Cache-Control": "no-store", "X-Content-Type-Options": "nosniff",
			} {
				if got := response.Headers[name]; got != want {
					t.Errorf("%s is %q, want %q", name, got, want)
				}
			}
		})
	}
}

// What the guest list says of the caller is part of the answer where the stack lets the
// function ask; that it does not is never silent.
func TestTheGuestListIsAsked(t *testing.T) {
	const event = `{"requestContext":{"identity":{"cognitoIdentityId":null,"userArn":null}}}`
	for _, c := range []struct {
		name     string
		function string // that the environment names
		says     string
		fails    error
		status   int
		body     string
		logged   string
	}{
		{"it answers", "arn:guest-list", `{"as":"passer-by","rooms":["street"]}`, nil, 200,
			`{"message":"You're past the velvet rope!","caller":{"kind":"anonymous"},"guestList":{"as":"passer-by","rooms":["street"]}}`, ""},
		{"the stack does not let it ask", "", "", errors.New("it was asked"), 200,
			`{"message":"You're past the velvet rope!","caller":{"kind":"anonymous"}}`, ""},
		{"the grant is gone", "arn:guest-list", "", fmt.Errorf("asking arn:guest-list: %w", invoke.ErrRefused), 502,
			`{"error":"the guest list may not be asked"}`,
			"asking arn:guest-list: this function's role has no permission to invoke it: grant it in the stack file, functions.require-auth.grants: [{invoke: guest-list}]\n"},
		{"it fails", "arn:guest-list", "", errors.New("asking arn:guest-list: it failed (Unhandled); its log says why"), 502,
			`{"error":"the guest list does not answer"}`, "asking arn:guest-list: it failed (Unhandled); its log says why\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var logged bytes.Buffer
			log.SetOutput(&logged)
			log.SetFlags(0)
			asked := ask
			t.Cleanup(func() {
				log.SetOutput(os.Stderr)
				log.SetFlags(log.LstdFlags)
				ask = asked
			})
			ask = func(_ context.Context, function string, question, answer any) error {
				text, err := json.Marshal(question)
				if err != nil || function != c.function || string(text) != `{"caller":{"kind":"anonymous"}}` {
					t.Errorf("%s is asked %s, %v", function, text, err)
				}
				if c.fails != nil {
					return c.fails
				}
				return json.Unmarshal([]byte(c.says), answer)
			}
			t.Setenv("FUNCTION_GUEST_LIST", c.function)
			var request events.APIGatewayProxyRequest
			if err := json.Unmarshal([]byte(event), &request); err != nil {
				t.Fatal(err)
			}
			response, err := handle(t.Context(), request)
			if err != nil || response.StatusCode != c.status || response.Body != c.body {
				t.Errorf("answered %d %s, %v; want %d %s", response.StatusCode, response.Body, err, c.status, c.body)
			}
			if response.Headers["Cache-Control"] != "no-store" {
				t.Errorf("caches may keep it: %v", response.Headers)
			}
			if got := logged.String(); !strings.HasSuffix(got, c.logged) || (got == "") != (c.logged == "") {
				t.Errorf("the log says %q, want %q", got, c.logged)
			}
		})
	}
}
