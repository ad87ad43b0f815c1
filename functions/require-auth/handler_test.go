package main

import (
	"encoding/json"
	"testing"

	"github.com/aws/aws-lambda-go/events"
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
