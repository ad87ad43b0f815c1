package gateway

import (
	"errors"
	"net"
	"net/url"
	"slices"
	"strings"
	"time"

	"auth-api/infra/localaws/audit"
	"auth-api/infra/localaws/iam"
	"auth-api/infra/localaws/sigv4"
	"auth-api/infra/localaws/userpool"
)

// invoke is the action that a caller needs.
const invoke = "execute-api:Invoke"

// TokenVerifier verifies a user pool's tokens; userpool.Service is one.
type TokenVerifier interface {
	VerifyToken(poolID, token string) (userpool.Claims, error)
}

// authorize lets in who may call the method, and answers everybody else.
func (x *exchange) authorize() bool {
	switch x.method.auth {
	case authIAM:
		return x.authorizeIAM()
	case authCognito:
		return x.authorizeCognito() && x.admitByResourcePolicy()
	case authCustom:
		return x.authorizeCustom() && x.admitByResourcePolicy()
	default:
		return x.admitByResourcePolicy()
	}
}

// signatureAnswer turns a refusal of the signature into the gateway's answer, and the
// reason for the record. What sigv4 knows beyond its message, the canonical request,
// stays out of the record, as it holds the query string.
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
	record := audit.From(x.r.Context())
	caller, err := x.service.cfg.IAM.Authenticate(x.r, x.body, "execute-api")
	if err != nil {
		a, reason, ok := signatureAnswer(err)
		if !ok {
			record.Fault(err)
			a, reason = answerInternal, "the signature could not be verified"
		}
		x.refuse(a, reason)
		return false
	}
	x.caller = caller
	record.Caller(caller.ARN)
	return x.decide(caller)
}

// admitByResourcePolicy applies the API's policy to a caller without an AWS identity.
func (x *exchange) admitByResourcePolicy() bool {
	if x.stage.api.resource == nil {
		if x.method.auth == authNone {
			audit.From(x.r.Context()).Allow("the method is open to everybody")
		}
		return true
	}
	return x.decide(nil)
}

// decide asks IAM for the resource that the path names. A path with escapes names two,
// as it was received and decoded, and policies could speak of either: both must be
// allowed.
func (x *exchange) decide(caller *iam.Caller) bool {
	record := audit.From(x.r.Context())
	paths := []string{x.path}
	if strings.Contains(x.path, "%") {
		if decoded, err := url.PathUnescape(x.path); err == nil && decoded != x.path {
			paths = append(paths, decoded)
		}
	}
	var reason string
	for _, path := range paths {
		request := iam.Request{
			Action:    invoke,
			Resource:  x.service.arn(x.apiID, x.stageName, x.r.Method, path),
			SourceIP:  x.sourceIP,
			UserAgent: x.r.UserAgent(),
			Referer:   x.r.Referer(),
		}
		d := x.service.cfg.IAM.Authorize(caller, request, x.stage.api.resource)
		if !d.Allowed {
			x.refuse(answerAccessDenied.with(iam.AccessDenied(caller, request, d)), d.Reason)
			return false
		}
		reason = d.Reason
	}
	record.Allow(reason)
	return true
}

// authorizeCognito verifies the token that the authorizer's header carries: an ID
// token where the route names no scopes, else an access token with one of them.
//
// https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-invoke-api-integrated-with-cognito-user-pool.html
func (x *exchange) authorizeCognito() bool {
	token := x.r.Header.Get(x.method.authorizer.header)
	if scheme, rest, ok := strings.Cut(token, " "); ok && strings.EqualFold(scheme, "Bearer") {
		token = strings.TrimSpace(rest)
	}
	if token == "" {
		x.refuse(answerUnauthorized, "no token in the header "+x.method.authorizer.header)
		return false
	}
	claims, err := x.verifyToken(token)
	var expired *userpool.TokenExpiredError
	switch {
	case errors.As(err, &expired):
		x.refuse(answerTokenExpired, err.Error())
		return false
	case errors.Is(err, userpool.ErrTokenMalformed), errors.Is(err, userpool.ErrTokenIssuer), errors.Is(err, userpool.ErrTokenSignature):
		x.refuse(answerUnauthorized, err.Error())
		return false
	case err != nil:
		audit.From(x.r.Context()).Fault(err)
		x.refuse(answerInternal, "the token could not be verified")
		return false
	}
	record := audit.From(x.r.Context())
	record.Caller("user " + claims.Subject)
	if len(x.method.scopes) == 0 {
		if claims.TokenUse != "id" {
			x.refuse(answerUnauthorized, "the route names no scopes, so it needs an ID token; this is one for "+claims.TokenUse)
			return false
		}
		x.claims = claims.All
		record.Allow("a valid ID token of the authorizer's user pool")
		return true
	}
	if claims.TokenUse != "access" {
		x.refuse(answerUnauthorized, "the route names scopes, so it needs an access token; this is one for "+claims.TokenUse)
		return false
	}
	for _, scope := range claims.Scopes {
		if slices.Contains(x.method.scopes, scope) {
			x.claims = claims.All
			record.Allow("an access token with the scope " + scope)
			return true
		}
	}
	x.refuse(answerNoScope, "the access token has none of the route's scopes "+strings.Join(x.method.scopes, ", "))
	return false
}

// verifyToken asks each of the authorizer's user pools, until one knows the token.
func (x *exchange) verifyToken(token string) (claims userpool.Claims, err error) {
	for _, pool := range x.method.authorizer.pools {
		claims, err = x.service.cfg.Tokens.VerifyToken(pool, token)
		if !errors.Is(err, userpool.ErrTokenIssuer) {
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

// claimTime writes the seconds of a time claim as the authorizer hands them on.
func claimTime(seconds float64) string {
	return time.Unix(int64(seconds), 0).UTC().Format("Mon Jan 02 15:04:05 MST 2006")
}
