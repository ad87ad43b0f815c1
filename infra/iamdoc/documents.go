package iamdoc

import "slices"

// Authentication is how an identity came to an identity pool: the value of the
// condition key cognito-identity.amazonaws.com:amr.
type Authentication string

// The two kinds of identities.
const (
	Authenticated   Authentication = "authenticated"
	Unauthenticated Authentication = "unauthenticated" // guests
)

const cognitoIdentity = "cognito-identity.amazonaws.com"

// TrustService is the trust policy of a role that an AWS service takes on, such as
// lambda.amazonaws.com.
func TrustService(service string) Document {
	return Document{Statements: []Statement{{
		Effect: Allow, Principal: &Principal{Service: service}, Actions: []string{"sts:AssumeRole"},
	}}}
}

// TrustIdentityPool is the trust policy of a role for the identities of one identity
// pool, of one kind alone. Without the first condition every identity pool of every
// account could hand out the role; without the second a guest could get the role of a
// signed-in user.
//
// See https://docs.aws.amazon.com/cognito/latest/developerguide/role-trust-and-permissions.html.
func TrustIdentityPool(identityPoolID string, kind Authentication) Document {
	return Document{Statements: []Statement{{
		Effect:    Allow,
		Principal: &Principal{Federated: cognitoIdentity},
		Actions:   []string{"sts:AssumeRoleWithWebIdentity"},
		Conditions: Conditions{
			"StringEquals":           {cognitoIdentity + ":aud": {identityPoolID}},
			"ForAnyValue:StringLike": {cognitoIdentity + ":amr": {string(kind)}},
		},
	}}}
}

// TrustTaggedIdentityPool is TrustIdentityPool for credentials that carry tags by claims
// of the users' tokens. An identity pool with such tags asks for both permissions, and
// gives no credentials where one is missing.
//
// See https://docs.aws.amazon.com/cognito/latest/developerguide/using-afac-with-cognito-identity-pools.html.
func TrustTaggedIdentityPool(identityPoolID string, kind Authentication) Document {
	d := TrustIdentityPool(identityPoolID, kind)
	d.Statements[0].Actions = append(d.Statements[0].Actions, "sts:TagSession")
	return d
}

// WriteLogs allows writing to the log streams of one log group, which must be there
// already: making log groups is not allowed.
func WriteLogs(logGroupARN string) Document {
	return Document{Statements: []Statement{{
		ID: "WriteOwnLogs", Effect: Allow,
		Actions:   []string{"logs:CreateLogStream", "logs:PutLogEvents"},
		Resources: []string{logGroupARN + ":*"},
	}}}
}

// InvokeMethods allows calling the methods in allow, and denies those in deny, which
// a pattern in allow would cover as well. All are execute-api ARNs; one of the lists may
// be empty.
func InvokeMethods(allow, deny []string) Document {
	var d Document
	if len(allow) > 0 {
		d.Statements = append(d.Statements, Statement{
			ID: "InvokeRoutes", Effect: Allow, Actions: []string{"execute-api:Invoke"}, Resources: allow,
		})
	}
	if len(deny) > 0 {
		d.Statements = append(d.Statements, Statement{
			ID: "NotOthersRoutes", Effect: Deny, Actions: []string{"execute-api:Invoke"}, Resources: deny,
		})
	}
	return d
}

// WriteTraces allows handing traces to X-Ray, which knows no resources: what may do it
// may do it, for its account and region.
//
// See https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsx-ray.html.
func WriteTraces() Document {
	return Document{Statements: []Statement{{
		ID: "WriteTraces", Effect: Allow,
		Actions:   []string{"xray:PutTelemetryRecords", "xray:PutTraceSegments"},
		Resources: []string{EveryResource},
	}}}
}

// DenyUnlessTagged adds to InvokeMethods: the methods are denied to whoever's session does
// not carry the tag with this value, and so to sessions without the tag.
//
// See https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html.
func (d Document) DenyUnlessTagged(tag, value string, methods []string) Document {
	d.Statements = append(slices.Clone(d.Statements), Statement{
		Effect: Deny, Actions: []string{"execute-api:Invoke"}, Resources: methods,
		Conditions: Conditions{"StringNotEquals": {"aws:PrincipalTag/" + tag: {value}}},
	})
	return d
}
