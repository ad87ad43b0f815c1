package gateway

import (
	"errors"
	"net"
	"strings"

	"auth-api/infra/localaws/gateway/openapi"
	"auth-api/infra/localaws/iam"
	"auth-api/infra/localaws/sigv4"
	"auth-api/infra/localaws/userpool/jwt"
)

// TokenVerifier verifies a user pool's tokens; userpool.Service is one.
type TokenVerifier interface {
	VerifyToken(poolID, token string) (jwt.Claims, error)
}

// entry is what letting the request in depends on, beside who sent it.
func (x *exchange) entry() entry {
	return entry{
		service: x.service, stage: x.stage, method: x.method, verb: x.r.Method, path: x.path,
		sourceIP: x.sourceIP, userAgent: x.r.UserAgent(), referer: x.r.Referer(), now: x.now,
	}
}

// authorize lets in who may call the method, and answers everybody else.
func (x *exchange) authorize() bool {
	e := x.entry()
	so := e.authorize(x)
	if x.proven(so); so.refused() {
		return x.pass(so)
	}
	if so.reason != "" {
		x.record.Allow(so.reason)
	}
	return true
}

// pass answers what was refused. It reports whether the request goes further.
func (x *exchange) pass(so outcome) bool {
	if so.fault != nil {
		x.record.Fault(so.fault)
	}
	if so.refused() {
		return x.refuse(*so.answer, so.reason)
	}
	return true
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

// signer verifies the request's signature.
func (x *exchange) signer() (*iam.Caller, outcome) {
	caller, err := x.service.cfg.IAM.Authenticate(x.r, x.body, "execute-api")
	if err != nil {
		return nil, unsigned(err)
	}
	x.passed(PartSignature)
	x.caller = caller
	x.record.Caller(caller.ARN)
	return caller, outcome{}
}

// unsigned is the refusal of a request whose signature is missing or wrong.
func unsigned(err error) outcome {
	if a, reason, ok := signatureAnswer(err); ok {
		return refused(a, reason)
	}
	return faulty(err, "the signature could not be verified")
}

// token verifies the token that the authorizer's header carries.
func (x *exchange) token() (*jwt.Claims, outcome) {
	token := x.r.Header.Get(x.method.Authorizer.Header)
	if scheme, rest, ok := strings.Cut(token, " "); ok && strings.EqualFold(scheme, "Bearer") {
		token = strings.TrimSpace(rest)
	}
	if token == "" {
		return nil, noToken(x.method.Authorizer)
	}
	claims, err := x.verifyToken(token)
	var expired *jwt.ExpiredError
	switch {
	case errors.As(err, &expired):
		return nil, refused(answerTokenExpired, err.Error())
	case errors.Is(err, jwt.ErrMalformed), errors.Is(err, jwt.ErrIssuer), errors.Is(err, jwt.ErrSignature):
		return nil, refused(answerUnauthorized, err.Error())
	case err != nil:
		return nil, faulty(err, "the token could not be verified")
	}
	x.record.Caller("user " + claims.Subject)
	x.claims, x.holder = claims.All, &claims
	return &claims, outcome{}
}

func noToken(a *openapi.Authorizer) outcome {
	return refused(answerUnauthorized, "no token in the header "+a.Header)
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
