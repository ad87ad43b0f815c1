package openapi

import (
	"strings"
	"testing"

	"auth-api/infra/localaws/authz"
	"auth-api/infra/localaws/gateway/internal/doctest"
)

// The short form of a resource stands for the API's own stage alone: a greedy route of
// another stage whose path ends alike is another resource.
func TestTheShortFormOfAResourceIsTheAPIsOwn(t *testing.T) {
	const api = "arn:aws:execute-api:us-west-2:000000000000:abcdefghij"
	policy, err := ParsePolicy(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"execute-api:Invoke","Resource":"execute-api:/v1/GET/open"}]}`, api)
	if err != nil {
		t.Fatal(err)
	}
	for resource, allowed := range map[string]bool{
		api + "/v1/GET/open":                                  true,
		api + "/dev/GET/anything/v1/GET/open":                 false,
		"arn:aws:execute-api:us-west-2:0:other/v1/GET/open":   false,
		"arn:aws:execute-api:eu-west-1:0:other/x/v1/GET/open": false,
	} {
		d := authz.Decide(authz.Request{Action: "execute-api:Invoke", Resource: resource}, authz.Policies{Resource: &authz.Source{Name: "the resource policy", Policy: policy}})
		if d.Allowed != allowed {
			t.Errorf("%s: allowed is %v, want %v (%s)", resource, d.Allowed, allowed, d.Reason)
		}
	}
}

func TestAuthorizerDocuments(t *testing.T) {
	check := func(change func(a map[string]any)) error {
		_, err := Read(doctest.OpenAPI(map[string]map[string]any{"GET /x": doctest.Operation("x", "token")}, doctest.LambdaAuthorizers, func(d doctest.Document) {
			change(d["components"].(map[string]any)["securitySchemes"].(map[string]any)["token"].(map[string]any)["x-amazon-apigateway-authorizer"].(map[string]any))
		}))
		return err
	}
	if err := check(func(map[string]any) {}); err != nil {
		t.Fatal(err)
	}
	for want, change := range map[string]func(a map[string]any){
		"authorizerResultTtlInSeconds: must":                 func(a map[string]any) { a["authorizerResultTtlInSeconds"] = 3601 },
		"authorizerUri: is required":                         func(a map[string]any) { delete(a, "authorizerUri") },
		"authorizerUri: is \"x\"":                            func(a map[string]any) { a["authorizerUri"] = "x" },
		"identityValidationExpression: must":                 func(a map[string]any) { a["identityValidationExpression"] = "(" },
		`identitySource: names "method.request.querystring`:  func(a map[string]any) { a["identitySource"] = "method.request.querystring.x" },
		"a token authorizer has one identity source":         func(a map[string]any) { a["identitySource"] = "method.request.header.A,method.request.header.B" },
		"identitySource: is required of type request unless": func(a map[string]any) { a["type"] = "request"; delete(a, "identityValidationExpression") },
		`names "context.mood"`: func(a map[string]any) {
			a["type"], a["identitySource"] = "request", "context.mood"
			delete(a, "identityValidationExpression")
		},
		`type: is "jwt"`: func(a map[string]any) { a["type"] = "jwt" },
	} {
		if err := check(change); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("the error is %v, want %q", err, want)
		}
	}
}

// A method has one authorizer. Of two, the one that is looked at last would open what the
// other closes.
func TestTwoAuthorizersOfAMethod(t *testing.T) {
	for name, security := range map[string][]any{
		"of one kind, both at once": {map[string]any{"token": []any{}, "other": []any{}}},
		"of one kind, either":       {map[string]any{"token": []any{}}, map[string]any{"other": []any{}}},
	} {
		operation := doctest.Operation("x")
		operation["security"] = security
		_, err := Read(doctest.OpenAPI(map[string]map[string]any{"GET /x": operation}, doctest.LambdaAuthorizers, func(d doctest.Document) {
			schemes := d["components"].(map[string]any)["securitySchemes"].(map[string]any)
			schemes["other"] = schemes["token"]
		}))
		if err == nil || !strings.Contains(err.Error(), "security: names both ") {
			t.Errorf("%s: the error is %v", name, err)
		}
	}
	// The same one twice is one, as is a key beside it.
	operation := doctest.Operation("x")
	operation["security"] = []any{map[string]any{"token": []any{}}, map[string]any{"api_key": []any{}, "token": []any{}}}
	if _, err := Read(doctest.OpenAPI(map[string]map[string]any{"GET /x": operation}, doctest.LambdaAuthorizers)); err != nil {
		t.Error(err)
	}
}
