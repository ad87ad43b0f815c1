// Command partner-authorizer decides who may call the routes with authorization CUSTOM:
// partners, programs of other companies that have no user here, each with a token of its
// own. It is a Lambda authorizer of type TOKEN:
//
//	# Pulumi.STACK.yaml
//	auth-api:authorizers:
//	  partners: {function: partner-authorizer, ttl: 300}
//	auth-api:routes:
//	  - {method: GET, path: "/reports/{month}", function: require-auth, authorization: CUSTOM, authorizer: partners}
//	auth-api:functions:
//	  partner-authorizer: {environment: {PARTNERS: '{"acme": {"sha256": "…", "may": ["GET/reports/*"]}}'}}
//
// A token is made by `openssl rand -hex 32` and given to the partner alone; what stands
// here is its SHA-256, by `printf %s TOKEN | sha256sum`, which opens nothing.
package main

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/aws/aws-lambda-go/events"
)

// errUnauthorized makes API Gateway answer 401; any other error is a 500, and any other
// text too.
//
// See https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-lambda-authorizer-output.html.
var errUnauthorized = errors.New("Unauthorized")

// partner is who may call, and what.
type partner struct {
	SHA256 string   `json:"sha256"` // of the token, in hexadecimal
	May    []string `json:"may"`    // METHOD/path, with * for anything, slashes too
}

// partners are known by their names.
type partners map[string]partner

// read reads the partners, and refuses what could let in whom nobody means.
func read(text string) (partners, error) {
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.DisallowUnknownFields()
	all := partners{}
	if err := decoder.Decode(&all); err != nil {
		return nil, fmt.Errorf("reading PARTNERS: it is no JSON object of partners: %w", err)
	}
	for name, p := range all {
		if digest, err := hex.DecodeString(p.SHA256); err != nil || len(digest) != sha256.Size {
			return nil, fmt.Errorf("reading PARTNERS: %s: sha256 is no SHA-256 in hexadecimal", name)
		}
		if name == "" || len(p.May) == 0 {
			return nil, fmt.Errorf("reading PARTNERS: %q: a partner has a name and may call something", name)
		}
		for _, pattern := range p.May {
			if method, _, ok := strings.Cut(pattern, "/"); !ok || method == "" || strings.ContainsAny(pattern, ":${}") {
				return nil, fmt.Errorf("reading PARTNERS: %s: may has %q: legal is METHOD/path, such as GET/reports/*", name, pattern)
			}
		}
	}
	return all, nil
}

// handle answers with a policy for all that the partner may call, not for the one route
// that is asked for: API Gateway keeps it, and applies it to the routes that the same
// token calls next.
func (all partners) handle(_ context.Context, request events.APIGatewayCustomAuthorizerRequest) (events.APIGatewayCustomAuthorizerResponse, error) {
	var none events.APIGatewayCustomAuthorizerResponse
	scheme, token, ok := strings.Cut(request.AuthorizationToken, " ")
	if !ok || !strings.EqualFold(scheme, "Bearer") {
		return none, errUnauthorized
	}
	name := all.holding(strings.TrimSpace(token))
	if name == "" {
		return none, errUnauthorized
	}
	// arn:aws:execute-api:REGION:ACCOUNT:API/STAGE/METHOD/path
	parts := strings.SplitN(request.MethodArn, "/", 3)
	if len(parts) != 3 {
		return none, fmt.Errorf("writing a policy: methodArn is %q", request.MethodArn)
	}
	var resources []string
	for _, pattern := range all[name].May {
		resources = append(resources, parts[0]+"/"+parts[1]+"/"+pattern)
	}
	return events.APIGatewayCustomAuthorizerResponse{
		PrincipalID: name,
		PolicyDocument: events.APIGatewayCustomAuthorizerPolicy{
			Version:   "2012-10-17",
			Statement: []events.IAMPolicyStatement{{Effect: "Allow", Action: []string{"execute-api:Invoke"}, Resource: resources}},
		},
	}, nil
}

// holding is the name of the partner with this token, empty when nobody has it. It takes
// the same time whoever has it.
func (all partners) holding(token string) string {
	digest := sha256.Sum256([]byte(token))
	found := ""
	for _, name := range slices.Sorted(maps.Keys(all)) {
		want, err := hex.DecodeString(all[name].SHA256)
		if err == nil && subtle.ConstantTimeCompare(digest[:], want) == 1 {
			found = name
		}
	}
	return found
}

func fromEnvironment() (partners, error) { return read(os.Getenv("PARTNERS")) }
