package gateway

import (
	"net/http"
	"strings"

	"auth-api/infra/localaws/audit"
	"auth-api/infra/localaws/gateway/openapi"
	"auth-api/infra/localaws/gateway/payload"
	"auth-api/infra/localaws/userpool/jwt"
)

// proof is what was found of a real request's proof, when it was made.
type proof struct {
	no      *outcome // why it proves nothing
	verdict *verdict // of the Lambda authorizer
}

// proven takes note of how the request's proof was judged.
func (x *exchange) proven(so outcome) {
	if so.refused() && x.method.AuthorizationType != openapi.AuthNone && x.caller == nil && x.holder == nil && x.answered == nil {
		// What AWS quotes of the request in later lines is for the client and the log alone.
		a := *so.answer
		a.Message, _, _ = strings.Cut(a.Message, "\n")
		so.reason, _, _ = strings.Cut(so.reason, "\n")
		so.answer = &a
		x.unproven = &so
	}
}

// asAsked is the request as a question, for who wants to know later why it was answered
// as it was: with whom it was found to be from, and without what it carried. It is nil
// for requests that are too long to be kept.
func (x *exchange) asAsked(c *compiled) *Question {
	const longest = 1024 // bytes: a thousand requests of strangers must not fill the memory
	for _, text := range []string{x.r.Method, x.apiID, x.stageName, x.path, x.r.UserAgent(), x.r.Referer()} {
		if len(text) > longest {
			return nil
		}
	}
	q := &Question{
		APIID: strings.Clone(x.apiID), Stage: strings.Clone(x.stageName), Method: strings.Clone(x.r.Method), Path: strings.Clone(x.path),
		Caller: x.caller, SourceIP: x.sourceIP, UserAgent: strings.Clone(x.r.UserAgent()), Referer: strings.Clone(x.r.Referer()),
		Unseen: true, proof: proof{no: x.unproven},
	}
	if v := x.answered; v != nil { // without the context and the key that it may hold
		q.proof.verdict = &verdict{AuthorizerResponse: payload.AuthorizerResponse{PrincipalID: v.PrincipalID, Policy: v.Policy}}
	}
	if h := x.holder; h != nil {
		q.Token = &jwt.Claims{Subject: h.Subject, Issuer: h.Issuer, TokenUse: h.TokenUse, ClientID: h.ClientID, Username: h.Username, Scopes: h.Scopes, Groups: h.Groups}
	}
	if x.method == nil && x.r.Header.Get("Authorization") != "" && unserved(x.r, x.path).answer.Code == answerIncomplete.Code {
		q.Header = http.Header{"Authorization": {"token"}} // what it was matters no more
	}
	presented := x.r.Header.Get("X-Api-Key")
	if x.method != nil {
		presented, _ = x.apiKey()
	}
	if presented != "" {
		if key := c.keyOf(presented); key != nil {
			q.KeyID = key.id
		} else {
			q.WrongKey = true
		}
	}
	return q
}

// keep lets the record of the request answer for it later.
func (x *exchange) keep(c *compiled) {
	if q := x.asAsked(c); q != nil {
		x.record.Keep(q)
	}
}

// ExplainRequest explains a request that was handled, by what is declared now: who sent
// it is taken for whom it was found to be from then. It reports false for an entry that
// is of no request to the gateway, or of one that is too long to be kept.
func (s *Service) ExplainRequest(e audit.Entry) (Way, bool, error) {
	q, kept := e.Kept.(*Question)
	if !kept {
		return Way{}, false, nil
	}
	w, err := s.Explain(*q)
	return w, true, err
}
