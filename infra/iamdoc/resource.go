package iamdoc

// CallFrom is the resource policy of a REST API that may be called from some networks,
// or through some VPC endpoints, alone. addresses are CIDRs; with both lists, either is
// enough.
//
// An API with a policy asks it of every request, and what the policy does not allow is
// denied. An allowance for everybody would let every signed caller of the account into
// the routes that ask IAM, since there the caller's policy or the API's is enough: so it
// is for those who have no AWS identity, whose routes ask for a token, a key or nothing.
// Signed callers need the permission of their own role, as without the policy.
//
// The API's own id is not known when the API is made with its policy. A policy speaks of
// its own API only, so its resources name every one.
//
// See https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-authorization-flow.html
// and https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-principalarn.
func CallFrom(account Account, addresses, vpcEndpoints []string) Document {
	everything := []string{account.Method("*", "*", "*")}
	elsewhere := Conditions{}
	if len(addresses) > 0 {
		elsewhere["NotIpAddress"] = map[string][]string{"aws:SourceIp": addresses}
	}
	if len(vpcEndpoints) > 0 {
		elsewhere["StringNotEquals"] = map[string][]string{"aws:SourceVpce": vpcEndpoints}
	}
	return Document{Statements: []Statement{
		{
			ID: "WithoutIdentity", Effect: Allow, Principal: &Principal{Everybody: true}, Actions: []string{"execute-api:Invoke"}, Resources: everything,
			Conditions: Conditions{"Null": {"aws:PrincipalArn": {"true"}}},
		},
		{
			ID: "NotFromElsewhere", Effect: Deny, Principal: &Principal{Everybody: true}, Actions: []string{"execute-api:Invoke"}, Resources: everything,
			Conditions: elsewhere,
		},
	}}
}
