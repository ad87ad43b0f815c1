package caller

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"
	"github.com/google/go-cmp/cmp"
)

const (
	identityID   = "us-west-2:11111111-2222-3333-4444-555555555555"
	identityPool = "us-west-2:aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee"
	roleARN      = "arn:aws:sts::123456789012:assumed-role/authenticated/CognitoIdentityCredentials"
	issuer       = "cognito-idp.us-west-2.amazonaws.com/us-west-2_Ab12"
)

func TestFrom(t *testing.T) {
	identity := func(kind, provider string) string {
		fields, _ := json.Marshal(map[string]string{
			"cognitoIdentityId": identityID, "cognitoIdentityPoolId": identityPool, "userArn": roleARN,
			"cognitoAuthenticationType": kind, "cognitoAuthenticationProvider": provider,
		})
		return `{"identity":` + string(fields) + `}`
	}
	pooled := func(kind Kind, user *User) Caller {
		return Caller{Kind: kind, IdentityID: identityID, IdentityPoolID: identityPool, ARN: roleARN, User: user}
	}
	for _, test := range []struct {
		name    string
		context string // requestContext
		want    Caller
	}{
		{"unsigned, as API Gateway writes it",
			`{"identity":{"accessKey":null,"caller":null,"cognitoIdentityId":null,"userArn":null,"sourceIp":"127.0.0.1","userAgent":"curl"}}`,
			Caller{Kind: Anonymous}},
		{"a user of the pool",
			identity("authenticated", issuer+","+issuer+":CognitoSignIn:5a0d-11"),
			pooled(SignedIn, &User{Sub: "5a0d-11", PoolID: "us-west-2_Ab12"})},
		{"a user of a pool in China",
			identity("authenticated", "cognito-idp.cn-north-1.amazonaws.com.cn/cn-north-1_X,cognito-idp.cn-north-1.amazonaws.com.cn/cn-north-1_X:CognitoSignIn:7"),
			pooled(SignedIn, &User{Sub: "7", PoolID: "cn-north-1_X"})},
		{"a user of another provider: no pool vouches",
			identity("authenticated", "graph.facebook.com"),
			pooled(SignedIn, nil)},
		{"an identity with two users: no telling which",
			identity("authenticated", issuer+":CognitoSignIn:one,"+issuer+":CognitoSignIn:two"),
			pooled(SignedIn, nil)},
		{"a provider that only looks like a pool",
			identity("authenticated", "evil.example/cognito-idp.us-west-2:CognitoSignIn:admin"),
			pooled(SignedIn, nil)},
		{"a sub that is empty",
			identity("authenticated", issuer+":CognitoSignIn:"),
			pooled(SignedIn, nil)},
		{"a guest",
			identity("unauthenticated", ""),
			pooled(Guest, nil)},
		{"a guest stays one whatever the provider says",
			identity("unauthenticated", issuer+","+issuer+":CognitoSignIn:5a0d-11"),
			pooled(Guest, nil)},
		{"a service's role",
			`{"identity":{"userArn":"arn:aws:sts::123456789012:assumed-role/worker/i-1"}}`,
			Caller{Kind: IAM, ARN: "arn:aws:sts::123456789012:assumed-role/worker/i-1"}},
		{"an ID token",
			`{"authorizer":{"claims":{"sub":"5a0d","aud":"client1","token_use":"id","iss":"https://` + issuer + `",
				"cognito:username":"demouser","email":"demo@example.com","cognito:groups":"admins,editors"}}}`,
			Caller{Kind: SignedIn, ClientID: "client1", User: &User{Sub: "5a0d", PoolID: "us-west-2_Ab12", Username: "demouser",
				Email: "demo@example.com", Groups: []string{"admins", "editors"}}}},
		{"an access token",
			`{"authorizer":{"claims":{"sub":"5a0d","client_id":"client1","token_use":"access","iss":"https://` + issuer + `",
				"username":"demouser","scope":"openid orders/read"}}}`,
			Caller{Kind: SignedIn, ClientID: "client1", User: &User{Sub: "5a0d", PoolID: "us-west-2_Ab12", Username: "demouser",
				Scopes: []string{"openid", "orders/read"}}}},
		{"client credentials",
			`{"authorizer":{"claims":{"sub":"client1","client_id":"client1","token_use":"access","iss":"https://` + issuer + `","scope":"orders/read"}}}`,
			Caller{Kind: Client, ClientID: "client1"}},
		{"a Lambda authorizer",
			`{"authorizer":{"principalId":"tenant-7","plan":"gold"}}`,
			Caller{Kind: Authorized, PrincipalID: "tenant-7"}},
		{"an authorizer that names nobody",
			`{"authorizer":{"principalId":null,"claims":"none"}}`,
			Caller{Kind: Anonymous}},
	} {
		t.Run(test.name, func(t *testing.T) {
			var request events.APIGatewayProxyRequest
			if err := json.Unmarshal([]byte(`{"requestContext":`+test.context+`}`), &request); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, From(request)); diff != "" {
				t.Errorf("caller (-want +got):\n%s", diff)
			}
		})
	}
}

// What the client sends itself never makes it somebody.
func TestFromIgnoresTheClient(t *testing.T) {
	request := events.APIGatewayProxyRequest{
		Headers:               map[string]string{"Authorization": "Bearer x", "X-Amzn-Principal": "admin"},
		QueryStringParameters: map[string]string{"cognitoIdentityId": identityID},
		Body:                  `{"requestContext":{"identity":{"userArn":"` + roleARN + `"}}}`,
	}
	if got := From(request); got != (Caller{Kind: Anonymous}) {
		t.Errorf("caller is %+v", got)
	}
}

func FuzzPoolUser(f *testing.F) {
	f.Add(issuer + "," + issuer + ":CognitoSignIn:5a0d")
	f.Add("graph.facebook.com")
	f.Add(":CognitoSignIn:,/,")
	f.Fuzz(func(t *testing.T, provider string) {
		user := poolUser(provider)
		if user == nil {
			return
		}
		if user.Sub == "" || user.PoolID == "" {
			t.Errorf("half a user from %q: %+v", provider, user)
		}
		if !strings.Contains(provider, "/"+user.PoolID+":CognitoSignIn:"+user.Sub) {
			t.Errorf("%+v does not stand in %q", user, provider)
		}
	})
}
