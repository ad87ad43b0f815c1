package api

import (
	"fmt"
	"strings"

	"auth-api/infra/settings"
)

// authorize says in the document who may call a route: op asks for what schemes
// describe.
func (args DocumentArgs) authorize(op *operation, r settings.Route, schemes map[string]securityScheme) error {
	require := func(name string, scheme securityScheme, scopes ...string) {
		schemes[name] = scheme
		op.Security = append(op.Security, map[string][]string{name: append([]string{}, scopes...)})
	}
	switch r.Authorization {
	case settings.IAM:
		op.Auth = &auth{Type: "AWS_IAM"}
		require("sigv4", securityScheme{Type: "apiKey", Name: "Authorization", In: "header", AuthType: "awsSigv4"})
	case settings.CognitoUserPools:
		require("users", securityScheme{
			Type: "apiKey", Name: "Authorization", In: "header", AuthType: "cognito_user_pools",
			Authorizer: &authorizer{Type: "cognito_user_pools", ProviderARNs: []string{args.UserPoolARN}},
		}, r.Scopes...)
	case settings.Custom:
		scheme, err := args.customAuthorizer(r.Authorizer)
		if err != nil {
			return err
		}
		require(r.Authorizer, scheme)
	case settings.None:
	default:
		return fmt.Errorf("authorization %q is not known", r.Authorization)
	}
	// API Gateway asks for all that is listed, where OpenAPI would ask for one.
	if r.APIKeyRequired {
		require("api_key", securityScheme{Type: "apiKey", Name: "x-api-key", In: "header"})
	}
	return nil
}

// customAuthorizer is a function that decides. API Gateway calls it by the permission
// that the function's own policy gives, not with credentials of a role.
//
// See https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-swagger-extensions-authorizer.html.
func (args DocumentArgs) customAuthorizer(name string) (securityScheme, error) {
	a, ok := args.Authorizers[name]
	if !ok {
		return securityScheme{}, fmt.Errorf("no authorizer is called %q", name)
	}
	function, ok := args.Functions[a.Function]
	if !ok {
		return securityScheme{}, fmt.Errorf("authorizer %s: no function is called %q", name, a.Function)
	}
	out := authorizer{
		Type:       strings.ToLower(string(a.Type)),
		URI:        args.Account.FunctionIntegration(function),
		TTL:        &a.TTL, // left out, it would be 300 seconds
		Validation: a.ValidationRegexp,
	}
	scheme := securityScheme{Type: "apiKey", Name: "Unused", In: "header", AuthType: "custom", Authorizer: &out}
	var sources []string
	for _, s := range a.IdentitySource {
		in := s.In
		if in == "query" {
			in = "querystring"
		}
		sources = append(sources, "method.request."+in+"."+s.Name)
		if a.Type == settings.TokenAuthorizer {
			scheme.Name = s.Name
		}
	}
	out.IdentitySource = strings.Join(sources, ", ")
	return scheme, nil
}

type securityScheme struct {
	Type       string      `json:"type"`
	Name       string      `json:"name"`
	In         string      `json:"in"`
	AuthType   string      `json:"x-amazon-apigateway-authtype,omitempty"`
	Authorizer *authorizer `json:"x-amazon-apigateway-authorizer,omitempty"`
}

// authorizer decides for a security scheme; which fields it has depends on its type.
type authorizer struct {
	Type           string   `json:"type"`
	ProviderARNs   []string `json:"providerARNs,omitempty"`
	URI            string   `json:"authorizerUri,omitempty"`
	TTL            *int     `json:"authorizerResultTtlInSeconds,omitempty"`
	IdentitySource string   `json:"identitySource,omitempty"`
	Validation     string   `json:"identityValidationExpression,omitempty"`
}
