package iam

import (
	"maps"
	"strconv"
	"strings"
	"time"

	"auth-api/infra/localaws/authz"
)

// Request is what a caller asks of a resource.
type Request struct {
	Action   string // execute-api:Invoke
	Resource string // an ARN
	SourceIP string // of the client, without port
	// UserAgent and Referer are the headers of these names; empty when not sent.
	UserAgent, Referer string
	// Context holds further condition keys. They win over those that Authorize fills
	// in, which are aws:PrincipalArn, aws:PrincipalAccount, aws:PrincipalType,
	// aws:userid, aws:PrincipalTag/TAG, aws:FederatedProvider, aws:TokenIssueTime,
	// cognito-identity.amazonaws.com:{aud,amr,sub}, aws:SourceIp, aws:UserAgent,
	// aws:Referer, aws:RequestedRegion, aws:ResourceAccount, aws:ViaAWSService,
	// aws:CurrentTime, aws:EpochTime and aws:SecureTransport. The last is true: the
	// loopback endpoint stands in for AWS's, which speak TLS alone.
	Context authz.Context
}

// allowAll stands for the administrator's rights in its account.
var allowAll = func() []authz.Source {
	p, err := authz.ParseIdentity(`{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}`)
	if err != nil {
		panic(err) // a constant
	}
	return []authz.Source{{Name: "the account's administrator", Policy: p}}
}()

// Authorize decides what the caller may do, by the caller's role, with its inline and
// attached policies and its permissions boundary, by its session and by the
// resource's policy, which may be nil. A nil caller is anonymous. The administrator
// may do all in its account that no resource policy denies.
func (s *Service) Authorize(c *Caller, r Request, resourcePolicy *authz.Policy) authz.Decision {
	request, policies, refusal := s.question(c, r, resourcePolicy)
	if refusal != nil {
		return *refusal
	}
	return authz.Decide(request, policies)
}

// Explain is Authorize, and tells of every statement why it did or did not match.
func (s *Service) Explain(c *Caller, r Request, resourcePolicy *authz.Policy) (authz.Decision, []authz.Step) {
	request, policies, refusal := s.question(c, r, resourcePolicy)
	if refusal != nil {
		return *refusal, nil
	}
	return authz.Explain(request, policies)
}

// question puts together what is to be decided. A refusal needs no deciding.
func (s *Service) question(c *Caller, r Request, resourcePolicy *authz.Policy) (authz.Request, authz.Policies, *authz.Decision) {
	request := authz.Request{Action: r.Action, Resource: r.Resource}
	var policies authz.Policies
	if resourcePolicy != nil {
		policies.Resource = &authz.Source{Name: "of " + r.Resource, Policy: resourcePolicy}
	}
	if c != nil {
		request.Principal = authz.Principal{Account: c.Account, ARN: c.ARN, RoleARN: c.RoleARN}
		policies.Session = c.sessionPolicies
		if c.Administrator {
			policies.Identity = allowAll
		} else {
			role, err := s.role(c.RoleName)
			deny := authz.Decision{Kind: authz.NoIdentityAllow, Statement: -1}
			switch {
			case err != nil:
				deny.Reason = err.Error()
				return request, policies, &deny
			case role == nil:
				deny.Reason = "the caller's role " + c.RoleName + " is gone"
				return request, policies, &deny
			case role.err != nil:
				deny.Reason = role.err.Error()
				return request, policies, &deny
			}
			policies.Boundary = role.boundary
			policies.Identity = role.policies
		}
	}
	if usesContext(policies) {
		request.Context = s.context(c, r)
	}
	return request, policies, nil
}

// usesContext reports whether any of the policies looks at the context. Most do not,
// and are decided without putting it together.
func usesContext(p authz.Policies) bool {
	for _, source := range []*authz.Source{p.Resource, p.Boundary} {
		if source != nil && source.Policy.UsesContext() {
			return true
		}
	}
	for _, sources := range [][]authz.Source{p.Identity, p.Session} {
		for _, source := range sources {
			if source.Policy.UsesContext() {
				return true
			}
		}
	}
	return false
}

// context fills in the condition keys of a request.
//
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
func (s *Service) context(c *Caller, r Request) authz.Context {
	ctx := make(authz.Context, 20)
	set := func(key, value string) {
		if value != "" {
			ctx[key] = []string{value}
		}
	}
	if c != nil {
		set("aws:PrincipalArn", c.principalARN())
		set("aws:PrincipalAccount", c.Account)
		set("aws:PrincipalType", c.principalType())
		set("aws:userid", c.UserID)
		set("aws:FederatedProvider", c.federatedProvider)
		if !c.IssuedAt.IsZero() {
			set("aws:TokenIssueTime", c.IssuedAt.UTC().Format(time.RFC3339))
		}
		if c.service == "lambda.amazonaws.com" { // whose sessions are called by their functions
			set("lambda:SourceFunctionArn", "arn:aws:lambda:"+s.region+":"+s.account+":function:"+c.SessionName)
		}
		for tag, value := range c.PrincipalTags {
			set("aws:PrincipalTag/"+tag, value)
		}
		if id := c.Cognito; id != nil {
			set("cognito-identity.amazonaws.com:aud", id.IdentityPoolID)
			set("cognito-identity.amazonaws.com:sub", id.IdentityID)
			ctx["cognito-identity.amazonaws.com:amr"] = id.AMR()
		}
	}
	set("aws:SourceIp", r.SourceIP)
	set("aws:UserAgent", r.UserAgent)
	set("aws:Referer", r.Referer)
	set("aws:RequestedRegion", s.region)
	set("aws:ResourceAccount", s.account)
	set("aws:SecureTransport", "true")
	set("aws:ViaAWSService", "false")
	s.addTime(ctx, s.now())
	maps.Copy(ctx, r.Context)
	return ctx
}

func (s *Service) addTime(ctx authz.Context, now time.Time) {
	ctx["aws:CurrentTime"] = []string{now.UTC().Format(time.RFC3339)}
	ctx["aws:EpochTime"] = []string{strconv.FormatInt(now.Unix(), 10)}
}

// principalARN is the value of aws:PrincipalArn: for a session, its role's ARN.
func (c *Caller) principalARN() string {
	if c.RoleARN != "" {
		return c.RoleARN
	}
	return c.ARN
}

func (c *Caller) principalType() string {
	if c.RoleARN != "" {
		return "AssumedRole"
	}
	return "Account"
}

// AMR returns how the identity was authenticated, as the tokens of identity pools
// have it: the type alone for guests, else also the provider and the user there.
func (id *CognitoIdentity) AMR() []string {
	if id.AuthenticationProvider == "" {
		return []string{id.AuthenticationType}
	}
	return append([]string{id.AuthenticationType}, strings.Split(id.AuthenticationProvider, ",")...)
}

// AccessDenied is what the client is told when a request is denied:
// User: ARN is not authorized to perform: ACTION on resource: ARN because …
// API Gateway masks the account in the resource, all but its last four digits.
func AccessDenied(c *Caller, r Request, d authz.Decision) string {
	who := "anonymous"
	if c != nil {
		who = c.ARN
	}
	resource := r.Resource
	if parts := strings.SplitN(resource, ":", 6); len(parts) == 6 && parts[2] == "execute-api" && len(parts[4]) == 12 {
		parts[4] = "********" + parts[4][8:]
		resource = strings.Join(parts, ":")
	}
	return "User: " + who + " is not authorized to perform: " + r.Action + " on resource: " + resource + " " + d.Clause(r.Action)
}
