package gateway

import (
	"net/http"
	"strings"

	"auth-api/infra/localaws/authz"
	"auth-api/infra/localaws/gateway/openapi"
	"auth-api/infra/localaws/iam"
	"auth-api/infra/localaws/userpool/jwt"
)

// Question asks whether the gateway would let a request through to its integration. It
// is decided as requests are, by the same code, but for what a sender proves: that is
// taken at its word. Rates, quotas and request validation are no part of it.
type Question struct {
	APIID, Stage string
	Method       string // GET, never ANY
	Path         string // below the stage, percent-encoded, with one slash at its front

	Caller *iam.Caller // whose signature the request carries; nil for none
	Token  *jwt.Claims // of the user pool's token that it carries; nil for none
	APIKey bool        // whether it carries a key that is good on the stage, where there is one

	SourceIP, UserAgent, Referer string

	// OwnDomain says that the request comes by a domain name of the API's own, as it must
	// on AWS when the execute-api endpoint is disabled.
	OwnDomain bool

	Explain bool // fill in Ruling.Steps
}

// Ruling answers a Question.
type Ruling struct {
	Route   Route // that serves the path; the zero Route when none does
	Allowed bool
	// Authorizer is the Lambda authorizer that has the last word. What it says depends on
	// its code: Allowed means then that nothing else refuses.
	Authorizer string
	Answer     Answer // of the gateway, as its gateway responses have it; the zero Answer when allowed
	Reason     string // names the statement that decided, or what is missing
	Steps      []authz.Step
}

// Ask answers a question. The error is the local AWS's own, such as a stage whose
// deployment cannot be served.
func (s *Service) Ask(q Question) (Ruling, error) {
	c, err := s.state()
	if err != nil {
		return Ruling{}, err
	}
	a := asked{Question: q, service: s, state: c}
	so := a.decide()
	out := Ruling{Reason: so.reason, Steps: a.steps}
	if a.entry.method != nil {
		out.Route = routeOf(a.entry.method)
	}
	switch {
	case so.fault != nil:
		return Ruling{}, so.fault
	case so.refused():
		out.Answer = *so.answer
		if g := a.entry.stage.gatewayResponse(out.Answer); g != nil && g.StatusCode != 0 {
			out.Answer.Status = g.StatusCode
		}
	default:
		out.Allowed = true
		out.Authorizer = a.depends
		if out.Authorizer != "" {
			out.Reason = "the Lambda authorizer " + a.depends + " decides, by its code"
		}
	}
	return out, nil
}

// asked is the evidence of a question.
type asked struct {
	Question
	service *Service
	state   *compiled
	entry   entry
	steps   []authz.Step
	depends string // name of the Lambda authorizer that would have to be asked
}

func (a *asked) decide() outcome {
	st, so := a.state.find(a.APIID, a.Stage, a.OwnDomain)
	a.entry = entry{
		service: a.service, stage: st, verb: a.Method, path: a.Path,
		sourceIP: a.SourceIP, userAgent: a.UserAgent, referer: a.Referer, now: a.service.cfg.Now(),
	}
	if a.Explain {
		a.entry.steps = &a.steps
	}
	if so.refused() {
		return so
	}
	if a.entry.method, _ = st.api.Match(a.Method, a.Path); a.entry.method == nil {
		return refused(answerMissingToken, "no resource and method of the API serve "+a.Method+" "+a.Path)
	}
	if so = a.entry.authorize(a); so.refused() {
		return so
	}
	if a.depends != "" && st.api.APIKeySource == openapi.APIKeySourceAuthorizer {
		return so // the key is the authorizer's to give
	}
	if _, _, no := a.entry.admitKey(a.state, a); no.refused() {
		return no
	}
	return so
}

// signer takes the caller at its word. A request without a signature is refused by who
// verifies signatures, for what stands in its place.
func (a *asked) signer() (*iam.Caller, outcome) {
	if a.Caller != nil {
		return a.Caller, outcome{}
	}
	r, err := http.NewRequest(a.Method, "http://"+a.APIID+a.Path, nil)
	if err != nil {
		return nil, faulty(err, "the request that is asked about cannot be made")
	}
	if a.Token != nil {
		r.Header.Set("Authorization", "token")
	}
	_, err = a.service.cfg.IAM.Authenticate(r, nil, "execute-api")
	no := unsigned(err)
	if no.fault == nil {
		no.reason = "the request is not signed"
	}
	return nil, no
}

func (a *asked) token() (*jwt.Claims, outcome) {
	authorizer := a.entry.method.Authorizer
	if a.Token == nil {
		if a.Caller != nil && strings.EqualFold(authorizer.Header, "Authorization") {
			return nil, refused(answerUnauthorized, "no token: a signature stands in its place")
		}
		return nil, noToken(authorizer)
	}
	for _, pool := range authorizer.UserPools {
		if strings.HasSuffix(a.Token.Issuer, "/"+pool) {
			return a.Token, outcome{}
		}
	}
	return nil, refused(answerUnauthorized, jwt.ErrIssuer.Error())
}

// verdict leaves the answer open, unless an identity source is missing: nobody but the
// sender of a signature, a token or a key has any.
func (a *asked) verdict() (*verdict, outcome) {
	authorizer := a.entry.method.Authorizer
	for _, source := range authorizer.IdentitySources {
		key := a.APIKey && strings.EqualFold(source.Name, "X-Api-Key")
		if (source.In == "header" || source.In == "query") && a.Caller == nil && a.Token == nil && !key {
			return nil, noIdentitySource(source.In + " " + source.Name)
		}
	}
	a.depends = authorizer.Name
	return nil, outcome{}
}

func (a *asked) apiKey() (value, where string) {
	if !a.APIKey {
		return "", "the header x-api-key"
	}
	for _, key := range a.state.keys {
		if key.enabled && key.plans[a.entry.stage.name] != nil {
			return key.value, ""
		}
	}
	return "", "any usage plan of the stage"
}
