package gateway

import (
	"net/http"
	"strings"
	"testing"

	"auth-api/infra/localaws/gateway/internal/doctest"
	"auth-api/infra/localaws/userpool/jwt"
)

// The resource policies that AWS's documentation recommends for addresses and VPC
// endpoints, asked from loopback. What an IAM route needs beside a policy's Deny is the
// caller's own Allow; but an Allow for everybody in the policy stands in for that.
//
// https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-resource-policies-examples.html
// https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-authorization-flow.html
func TestResourcePoliciesByAddress(t *testing.T) {
	const (
		open    = `{"Effect":"Allow","Principal":"*","Action":"execute-api:Invoke","Resource":["execute-api:/*"]}`
		notIAM  = `{"Effect":"Allow","Principal":"*","Action":"execute-api:Invoke","Resource":["execute-api:/v1/GET/open","execute-api:/v1/GET/user"]}`
		closed  = "with an explicit deny in a resource-based policy"
		nothing = "because no resource-based policy allows the execute-api:Invoke action"
		lacking = "because no identity-based policy allows the execute-api:Invoke action"
	)
	deny := func(operator, key, values string) string {
		return `,{"Effect":"Deny","Principal":"*","Action":"execute-api:Invoke","Resource":["execute-api:/*"],"Condition":{"` + operator + `":{"` + key + `":` + values + `}}}`
	}
	when := func(operator, values string) string {
		return `{"Effect":"Allow","Principal":"*","Action":"execute-api:Invoke","Resource":["execute-api:/*"],"Condition":{"` + operator + `":{"aws:SourceIp":` + values + `}}}`
	}
	const here, there = `["127.0.0.0/8","::1/128"]`, `["192.0.2.0/24","2001:db8::/32"]`
	// The callers: nobody on an open route, one with a token, one whose policy allows the
	// IAM route, and one whose policy does not. "" is let in.
	for name, c := range map[string]struct {
		policy                        string
		open, user, allowed, stranger string
	}{
		"Allow everybody, Deny all addresses but these, asked from these":    {open + deny("NotIpAddress", "aws:SourceIp", here), "", "", "", ""},
		"Allow everybody, Deny all addresses but these, asked from others":   {open + deny("NotIpAddress", "aws:SourceIp", there), closed, closed, closed, closed},
		"Allow everybody, Deny these addresses, asked from these":            {open + deny("IpAddress", "aws:SourceIp", here), closed, closed, closed, closed},
		"Allow everybody, Deny these addresses, asked from others":           {open + deny("IpAddress", "aws:SourceIp", there), "", "", "", ""},
		"Allow these addresses, asked from these":                            {when("IpAddress", here), "", "", "", ""},
		"Allow these addresses, asked from others":                           {when("IpAddress", there), nothing, nothing, "", lacking},
		"Allow what is not IAM's, Deny all addresses but these, from these":  {notIAM + deny("NotIpAddress", "aws:SourceIp", here), "", "", "", lacking},
		"Allow what is not IAM's, Deny all addresses but these, from others": {notIAM + deny("NotIpAddress", "aws:SourceIp", there), closed, closed, closed, closed},
		"one address as text":                              {open + deny("NotIpAddress", "aws:SourceIp", `"127.0.0.1"`), "", "", "", ""},
		"Deny all but a VPC endpoint: nobody comes by one": {open + deny("StringNotEquals", "aws:SourceVpce", `"vpce-1a2b3c4d"`), closed, closed, closed, closed},
		"Deny all but a VPC: nobody comes from one":        {open + deny("StringNotEquals", "aws:SourceVpc", `"vpc-1a2b3c4d"`), closed, closed, closed, closed},
		"Deny an endpoint, which nobody comes by":          {open + deny("StringEquals", "aws:SourceVpce", `"vpce-1a2b3c4d"`), "", "", "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t)
			f.tokens["id"] = jwt.Claims{Subject: "sub-1", TokenUse: "id", All: map[string]any{"sub": "sub-1", "token_use": "id"}}
			f.deploy(RestAPI{
				Body:   doctest.OpenAPI(map[string]map[string]any{"GET /open": doctest.Operation("f"), "GET /signed": doctest.Operation("f", "sigv4"), "GET /user": doctest.Operation("f", "users")}),
				Policy: `{"Version":"2012-10-17","Statement":[` + c.policy + `]}`,
			})
			allowed, stranger := f.role("allowed", allowing("Allow", "GET/signed"), signedIn), f.role("stranger", allowing("Allow", "GET/else"), guest)
			for who, ask := range map[string]struct {
				r    *http.Request
				want string
			}{
				"nobody":   {f.request("GET", "/open", ""), c.open},
				"a user":   {bearing(f.request("GET", "/user", ""), "id"), c.user},
				"allowed":  {f.sign(f.request("GET", "/signed", ""), "", allowed), c.allowed},
				"stranger": {f.sign(f.request("GET", "/signed", ""), "", stranger), c.stranger},
			} {
				// What a client says of its address is not believed.
				ask.r.Header.Set("X-Forwarded-For", "192.0.2.1")
				before := f.functions.count()
				r := f.do(ask.r)
				let := r.status == 200 && f.functions.count() == before+1
				refused := r.status == 403 && r.header.Get("x-amzn-ErrorType") == "AccessDeniedException" && strings.HasSuffix(r.body, ask.want+`"}`) && f.functions.count() == before
				if ask.want == "" && !let || ask.want != "" && !refused {
					t.Errorf("%s: answered %d %s, want %q", who, r.status, r.body, ask.want)
				}
			}
		})
	}
	_, err := readRestAPI(RestAPI{Body: doctest.Program(), EndpointConfiguration: &EndpointConfiguration{Types: "PRIVATE", VPCEndpointIDs: []string{"vpce-1a2b3c4d"}}})
	if err == nil || !strings.Contains(err.Error(), `endpointConfiguration.types is "PRIVATE", supported is REGIONAL, without VPC endpoints`) {
		t.Errorf("a private endpoint: %v", err)
	}
}
