package gateway

import (
	"errors"
	"net"
	"slices"
	"strings"

	"auth-api/infra/localaws/gateway/openapi"
	"auth-api/infra/localaws/iam"
	"auth-api/infra/localaws/sigv4"
	"auth-api/infra/localaws/userpool/jwt"
)

// invoke is the action that a caller needs.
const invoke = "execute-api:Invoke"

// TokenVerifier verifies a user pool's tokens; userpool.Service is one.
type TokenVerifier interface {
	VerifyToken(poolID, token string) (jwt.Claims, error)
}

// authorize lets in who may call the method, and answers everybody else.
func (x *exchange) authorize() bool {
	switch x.method.AuthorizationType {
	case openapi.AuthIAM:
		return x.authorizeIAM()
	case openapi.AuthCognito:
		return x.authorizeCognito() && x.admitByResourcePolicy()
	case openapi.AuthCustom:
		return x.authorizeCustom() && x.admitByResourcePolicy()
	default:
		return x.admitByResourcePolicy()
	}
}

// signatureAnswer turns a refusal of the signature into the gateway's answer, and the
// reason for the record.
func signatureAnswer(err error) (Answer, string, bool) {
	var refused *sigv4.Error
	if !errors.As(err, &refused) || refused == nil {
		return Answer{}, "", false
	}
	a, ok := signatureAnswers[refused.Code]
	if !ok {
		a = answerOtherSignature
		a.Code = refused.Code
	}
	return a.with(refused.Message), refused.Message, true
}

func (x *exchange) authorizeIAM() bool {
	caller, err := x.service.cfg.IAM.Authenticate(x.r, x.body, "execute-api")
	if err != nil {
		a, reason, ok := signatureAnswer(err)
		if !ok {
			x.record.Fault(err)
			a, reason = answerInternal, "the signature could not be verified"
		}
		return x.refuse(a, reason)
	}
	x.passed(PartSignature)
	x.caller = caller
	x.record.Caller(caller.ARN)
	return x.decide(caller)
}

// admitByResourcePolicy applies the API's policy to a caller without an AWS identity.
func (x *exchange) admitByResourcePolicy() bool {
	if x.stage.api.resource == nil {
		if x.method.AuthorizationType == openapi.AuthNone {
			x.record.Allow("the method is open to everybody")
		}
		return true
	}
	return x.decide(nil)
}

// decide asks IAM for the resource that the path names. Where it names two, both must
// be allowed.
func (x *exchange) decide(caller *iam.Caller) bool {
	var reason string
	for _, path := range x.paths() {
		request := iam.Request{
			Action:    invoke,
			Resource:  x.arn(path),
			SourceIP:  x.sourceIP,
			UserAgent: x.r.UserAgent(),
			Referer:   x.r.Referer(),
		}
		d := x.service.cfg.IAM.Authorize(caller, request, x.stage.api.resource)
		if !d.Allowed {
			return x.refuse(answerAccessDenied.with(iam.AccessDenied(caller, request, d)), d.Reason)
		}
		reason = d.Reason
	}
	x.record.Allow(reason)
	return true
}

// authorizeCognito verifies the token that the authorizer's header carries: an ID
// token where the route names no scopes, else an access token with one of them.
//
// https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-invoke-api-integrated-with-cognito-user-pool.html
func (x *exchange) authorizeCognito() bool {
	token := x.r.Header.Get(x.method.Authorizer.Header)
	if scheme, rest, ok := strings.Cut(token, " "); ok && strings.EqualFold(scheme, "Bearer") {
		token = strings.TrimSpace(rest)
	}
	if token == "" {
		return x.refuse(answerUnauthorized, "no token in the header "+x.method.Authorizer.Header)
	}
	claims, err := x.verifyToken(token)
	var expired *jwt.ExpiredError
	switch {
	case errors.As(err, &expired):
		return x.refuse(answerTokenExpired, err.Error())
	case errors.Is(err, jwt.ErrMalformed), errors.Is(err, jwt.ErrIssuer), errors.Is(err, jwt.ErrSignature):
		return x.refuse(answerUnauthorized, err.Error())
	case err != nil:
		x.record.Fault(err)
		return x.refuse(answerInternal, "the token could not be verified")
	}
	x.record.Caller("user " + claims.Subject)
	if len(x.method.AuthorizationScopes) == 0 {
		if claims.TokenUse != "id" {
			return x.refuse(answerUnauthorized, "the route names no scopes, so it needs an ID token; this is one for "+claims.TokenUse)
		}
		x.claims = claims.All
		x.record.Allow("a valid ID token of the authorizer's user pool")
		return true
	}
	if claims.TokenUse != "access" {
		return x.refuse(answerUnauthorized, "the route names scopes, so it needs an access token; this is one for "+claims.TokenUse)
	}
	for _, scope := range claims.Scopes {
		if slices.Contains(x.method.AuthorizationScopes, scope) {
			x.claims = claims.All
			x.record.Allow("an access token with the scope " + scope)
			return true
		}
	}
	return x.refuse(answerNoScope, "the access token has none of the route's scopes "+strings.Join(x.method.AuthorizationScopes, ", "))
}

// verifyToken asks each of the authorizer's user pools, until one knows the token.
func (x *exchange) verifyToken(token string) (claims jwt.Claims, err error) {
	for _, pool := range x.method.Authorizer.UserPools {
		claims, err = x.service.cfg.Tokens.VerifyToken(pool, token)
		if !errors.Is(err, jwt.ErrIssuer) {
			return claims, err
		}
	}
	return claims, err
}

// domain is the host that the request named, without its port, and its first label.
func domain(host string) (name, prefix string) {
	name = host
	if h, _, err := net.SplitHostPort(host); err == nil {
		name = h
	}
	prefix, _, _ = strings.Cut(name, ".")
	return name, prefix
}
