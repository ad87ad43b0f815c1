package gateway

import (
	"crypto/sha256"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"auth-api/infra/localaws/authz"
	"auth-api/infra/localaws/gateway/openapi"
	"auth-api/infra/localaws/iam"
	"auth-api/infra/localaws/userpool/jwt"
)

// invoke is the action that a caller needs.
const invoke = "execute-api:Invoke"

// entry is what letting somebody in depends on, beside who it is: the method that is
// asked for, and under which circumstances. It decides alike for requests (exchange) and
// for questions about them (Ask).
type entry struct {
	service                      *Service
	stage                        *stage
	method                       *openapi.Method
	verb, path                   string // the path below the stage, as received
	sourceIP, userAgent, referer string
	now                          time.Time
	looks                        *[]Look // takes the decisions by policies, unless it is nil
}

// evidence is what a sender shows when the gateway asks for it: a request's is verified
// at that moment, a question's is taken at its word. Each is the sender's, or else the
// outcome is a refusal.
type evidence interface {
	// signer is whose signature the request carries.
	signer() (*iam.Caller, outcome)
	// token is the user pool's token that the request carries for the method's authorizer.
	token() (*jwt.Claims, outcome)
	// verdict is what the method's Lambda authorizer answers, nil when nobody can tell.
	verdict() (*verdict, outcome)
	// apiKey is the API key's value, and where it was looked for.
	apiKey() (value, where string)
}

// outcome is how a part of the way through the gateway ended.
type outcome struct {
	answer *Answer // what is answered; nil when the request is let through
	reason string
	fault  error // the local AWS's own, when there is one
}

func (o outcome) refused() bool { return o.answer != nil }

func admitted(reason string) outcome { return outcome{reason: reason} }

func refused(a Answer, reason string) outcome { return outcome{answer: &a, reason: reason} }

func faulty(err error, reason string) outcome {
	return outcome{answer: &answerInternal, reason: reason, fault: err}
}

// find returns the stage, unless nothing can be served there. An API whose execute-api
// endpoint is disabled is as none, unless it is reached by a domain name of its own.
func (c *compiled) find(apiID, stageName string, ownDomain bool) (*stage, outcome) {
	st := c.stages[apiID+"/"+stageName]
	switch {
	case st == nil:
		return nil, refused(answerUnknownStage, "there is no API "+apiID+" with a stage "+stageName)
	case st.fault != nil:
		return st, faulty(st.fault, "the stage's deployment cannot be served")
	case st.api.disabled && !ownDomain:
		return nil, refused(answerUnknownStage, "the API's execute-api endpoint is disabled")
	}
	return st, outcome{}
}

// authorize lets in who may call the method, and refuses everybody else.
func (e *entry) authorize(by evidence) outcome {
	var so outcome
	switch e.method.AuthorizationType {
	case openapi.AuthIAM:
		caller, no := by.signer()
		if no.refused() {
			return no
		}
		return e.decide(caller)
	case openapi.AuthCognito:
		claims, no := by.token()
		if no.refused() {
			return no
		}
		so = e.acceptToken(claims)
	case openapi.AuthCustom:
		v, no := by.verdict()
		if no.refused() {
			return no
		}
		if v != nil {
			so = e.applyVerdict(v)
		}
	default:
		so = admitted("the method is open to everybody")
	}
	if so.refused() || e.stage.api.resource == nil {
		return so
	}
	return e.decide(nil) // the API's policy, for a caller without an AWS identity
}

// decide asks IAM for the resource that the path names. Where it names two, both must
// be allowed.
func (e *entry) decide(caller *iam.Caller) outcome {
	var reason string
	for _, path := range e.paths() {
		request := iam.Request{Action: invoke, Resource: e.arn(path), SourceIP: e.sourceIP, UserAgent: e.userAgent, Referer: e.referer}
		var d authz.Decision
		if e.looks == nil {
			d = e.service.cfg.IAM.Authorize(caller, request, e.stage.api.resource)
		} else {
			var steps []authz.Step
			d, steps = e.service.cfg.IAM.Explain(caller, request, e.stage.api.resource)
			*e.looks = append(*e.looks, lookOf(request.Action, request.Resource, d, steps))
		}
		if !d.Allowed {
			return refused(answerAccessDenied.with(iam.AccessDenied(caller, request, d)), d.Reason)
		}
		reason = d.Reason
	}
	return admitted(reason)
}

// acceptToken takes an ID token where the route names no scopes, else an access token
// with one of them.
//
// https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-invoke-api-integrated-with-cognito-user-pool.html
func (e *entry) acceptToken(claims *jwt.Claims) outcome {
	scopes := e.method.AuthorizationScopes
	if len(scopes) == 0 {
		if claims.TokenUse != "id" {
			return refused(answerUnauthorized, "the route names no scopes, so it needs an ID token; this is one for "+claims.TokenUse)
		}
		return admitted("a valid ID token of the authorizer's user pool")
	}
	if claims.TokenUse != "access" {
		return refused(answerUnauthorized, "the route names scopes, so it needs an access token; this is one for "+claims.TokenUse)
	}
	for _, scope := range claims.Scopes {
		if slices.Contains(scopes, scope) {
			return admitted("an access token with the scope " + scope)
		}
	}
	return refused(answerNoScope, "the access token has none of the route's scopes "+strings.Join(scopes, ", "))
}

// applyVerdict evaluates the Lambda authorizer's policy.
func (e *entry) applyVerdict(v *verdict) outcome {
	var reason string
	account := e.service.cfg.Account
	for _, path := range e.paths() {
		d := authz.Decide(authz.Request{
			Action: invoke, Resource: e.arn(path),
			Principal: authz.Principal{Account: account, ARN: "arn:aws:execute-api:" + e.service.cfg.Region + ":" + account + ":principal/" + v.PrincipalID},
			Context: authz.Context{
				"aws:SourceIp": {e.sourceIP}, "aws:UserAgent": {e.userAgent}, "aws:Referer": {e.referer}, "aws:SecureTransport": {"true"},
				"aws:CurrentTime": {e.now.UTC().Format(time.RFC3339)}, "aws:EpochTime": {fmt.Sprint(e.now.Unix())},
			},
		}, authz.Policies{Identity: []authz.Source{{Name: "of the Lambda authorizer " + e.method.Authorizer.Name, Policy: v.Policy}}})
		if !d.Allowed {
			return refused(answerAccessDenied.with("User is not authorized to access this resource "+d.Clause(invoke)), d.Reason)
		}
		reason = d.Reason
	}
	return admitted(reason)
}

// admitKey finds the API key, and its plan, where the method needs one.
func (e *entry) admitKey(c *compiled, by evidence) (*apiKey, *plan, outcome) {
	if !e.method.APIKeyRequired {
		return nil, nil, outcome{}
	}
	presented, where := by.apiKey()
	if presented == "" {
		return nil, nil, refused(answerInvalidKey, "no API key in "+where)
	}
	key := c.keyOf(presented)
	switch {
	case key == nil:
		return nil, nil, refused(answerInvalidKey, "the API key is not known")
	case !key.enabled:
		return nil, nil, refused(answerInvalidKey, "the API key "+key.id+" is disabled")
	case key.plans[e.stage.name] == nil:
		return nil, nil, refused(answerInvalidKey, "the API key "+key.id+" is in no usage plan of the stage")
	}
	return key, key.plans[e.stage.name], outcome{}
}

// keyOf returns the API key of this value, nil when there is none. The map is keyed by
// digest, so that how long a look-up takes says nothing of a key.
func (c *compiled) keyOf(value string) *apiKey { return c.keys[sha256.Sum256([]byte(value))] }

// arn names the method on this path to policies.
func (e *entry) arn(path string) string { return e.stage.arn + "/" + e.verb + path }

// paths are those that policies could speak of: a path with escapes as it was received,
// and decoded.
func (e *entry) paths() []string {
	if decoded, err := url.PathUnescape(e.path); err == nil && decoded != e.path {
		return []string{e.path, decoded}
	}
	return []string{e.path}
}
