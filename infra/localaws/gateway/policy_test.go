package gateway

import (
	"testing"

	"auth-api/infra/localaws/authz"
)

// The short form of a resource stands for the API's own stage alone: a greedy route of
// another stage whose path ends alike is another resource.
func TestTheShortFormOfAResourceIsTheAPIsOwn(t *testing.T) {
	const api = "arn:aws:execute-api:us-west-2:000000000000:abcdefghij"
	policy, err := parsePolicy(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"execute-api:Invoke","Resource":"execute-api:/v1/GET/open"}]}`, api)
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
