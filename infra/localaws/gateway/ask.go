package gateway

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"auth-api/infra/localaws/authz"
	"auth-api/infra/localaws/gateway/openapi"
	"auth-api/infra/localaws/iam"
	"auth-api/infra/localaws/lambda"
	"auth-api/infra/localaws/userpool/jwt"
)

// Question asks whether the gateway would let a request through to its integration. It
// is decided as requests are, by the same code, but for what a sender proves: that is
// taken at its word. Ask stops at the API key, or with Invoke at the function's door;
// Explain goes all the way, and only what a rate or a quota has left is no part of it.
type Question struct {
	APIID, Stage string
	Method       string // GET, never ANY
	Path         string // below the stage, percent-encoded, with one slash at its front

	Caller *iam.Caller // whose signature the request carries; nil for none
	Token  *jwt.Claims // of the user pool's token that it carries; nil for none
	APIKey bool        // whether it carries a key that is good on the stage, where there is one

	// Invoke has Ask decide besides whether API Gateway may invoke the functions: that of a
	// Lambda authorizer, and that of the route. Explain does in any case.
	Invoke bool

	// What Explain takes besides.
	WrongKey bool        // it carries an API key that is nobody's
	KeyID    string      // it carries the API key with this id
	Query    string      // as in a URL, without the question mark
	Header   http.Header // further ones; where the identity source of a Lambda authorizer stands, say
	Body     []byte
	Unseen   bool // query, headers and body are not known, and so not validated

	SourceIP, UserAgent, Referer string

	// OwnDomain says that the request comes by a domain name of the API's own, as it must
	// on AWS when the execute-api endpoint is disabled.
	OwnDomain bool

	Explain bool // fill in Ruling.Steps

	proof proof
}

// Ruling answers a Question.
type Ruling struct {
	Route   Route // that serves the path; the zero Route when none does
	Allowed bool
	// Authorizer is the Lambda authorizer that is asked. What it says depends on its code:
	// Allowed means then that nothing else refuses, and Answer what comes unless it does.
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
	if q.Invoke {
		if a.permitter, err = s.permitter(); err != nil {
			return Ruling{}, err
		}
	}
	so := a.decide()
	out := Ruling{Reason: so.reason}
	for _, l := range a.looks {
		out.Steps = append(out.Steps, l.Steps...)
	}
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
		out.Authorizer = a.depends
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
	service   *Service
	state     *compiled
	entry     entry
	permitter Permitter // nil when it does not matter whether functions may be invoked
	looks     []Look
	depends   string // name of the Lambda authorizer that would have to be asked
	way       *walk  // takes what each gate says, unless it is nil
}

func (a *asked) decide() outcome {
	st, so := a.state.find(a.APIID, a.Stage, a.OwnDomain)
	a.entry = entry{
		service: a.service, stage: st, verb: a.Method, path: a.Path,
		sourceIP: a.SourceIP, userAgent: a.UserAgent, referer: a.Referer, now: a.service.cfg.Now(),
	}
	if a.Explain {
		a.entry.looks = &a.looks
	}
	if a.way.found(so); so.refused() {
		return so
	}
	var parameters map[string]string
	if a.entry.method, parameters = st.api.Match(a.Method, a.Path); a.entry.method == nil {
		r, err := a.request()
		if err != nil {
			return faulty(err, "the request that is asked about cannot be made")
		}
		so = unserved(r, a.Path)
		a.way.matched(nil, so)
		return so
	}
	a.way.matched(parameters, so)
	so = a.entry.authorize(a)
	if a.way.authorized(so); so.refused() {
		return so
	}
	if a.depends != "" && st.api.APIKeySource == openapi.APIKeySourceAuthorizer {
		return a.further(nil, nil, so) // the key is the authorizer's to give
	}
	key, p, no := a.entry.admitKey(a.state, a)
	if a.way.keyed(key, p, no); no.refused() {
		return no
	}
	return a.further(key, p, so)
}

// further goes on behind the API key, as far as was asked, and returns how it ends.
func (a *asked) further(key *apiKey, p *plan, so outcome) outcome {
	switch {
	case a.way != nil:
		return a.way.further(key, p, so)
	case a.permitter == nil || a.entry.method.Integration.Mock != nil:
		return so
	}
	if no, _, _ := a.invocable(); no.refused() {
		return no
	}
	return so
}

// invocable decides whether API Gateway may invoke the method's function, as its resource
// policy has it.
func (a *asked) invocable() (outcome, authz.Decision, []authz.Step) {
	d, steps, err := a.permitter.Permitted(a.entry.integration())
	if err == nil {
		return outcome{}, d, steps
	}
	so := notInvoked(context.Background(), err, a.entry.method.Integration.Timeout)
	if so.fault == nil {
		so.reason = "the function would not be invoked: " + so.reason
	}
	if errors.Is(err, lambda.ErrNotPermitted) {
		so.reason = "API Gateway may not invoke the function: " + d.Reason
	}
	return so, d, steps
}

// request is one as the question's sender would make it, but for the proof, which is made
// up: nobody verifies it.
func (a *asked) request() (*http.Request, error) {
	r, err := http.NewRequest(a.Method, "http://"+a.APIID+a.Path, nil)
	if err != nil {
		return nil, err
	}
	r.URL.RawQuery = a.Query
	if a.Header != nil {
		r.Header = a.Header.Clone()
	}
	for name, value := range map[string]string{"User-Agent": a.UserAgent, "Referer": a.Referer} {
		if value != "" {
			r.Header.Set(name, value)
		}
	}
	switch {
	case r.Header.Get("Authorization") != "":
	case a.Token != nil:
		r.Header.Set("Authorization", "token")
	case a.Caller != nil:
		r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=KEY/20000101/"+a.service.cfg.Region+"/execute-api/aws4_request, SignedHeaders=host, Signature=00")
	}
	if key, _ := a.apiKey(); key != "" {
		r.Header.Set("X-Api-Key", key)
	}
	return r, nil
}

// signer takes the caller at its word. A request without a signature is refused by who
// verifies signatures, for what stands in its place.
func (a *asked) signer() (*iam.Caller, outcome) {
	if a.proof.no != nil {
		return nil, *a.proof.no
	}
	if a.Caller != nil {
		return a.Caller, outcome{}
	}
	r, err := a.request()
	if err != nil {
		return nil, faulty(err, "the request that is asked about cannot be made")
	}
	_, err = a.service.cfg.IAM.Authenticate(r, nil, "execute-api")
	no := unsigned(err)
	if no.fault == nil {
		no.reason = "the request is not signed"
	}
	return nil, no
}

func (a *asked) token() (*jwt.Claims, outcome) {
	if a.proof.no != nil {
		return nil, *a.proof.no
	}
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
	switch {
	case a.proof.no != nil:
		return nil, *a.proof.no
	case a.proof.verdict != nil:
		return a.proof.verdict, outcome{}
	case a.way != nil:
		if no := a.way.identified(authorizer); no.refused() {
			return nil, no
		}
		a.depends = authorizer.Name
		return nil, outcome{}
	}
	for _, source := range authorizer.IdentitySources {
		key := a.APIKey && strings.EqualFold(source.Name, "X-Api-Key")
		if (source.In == "header" || source.In == "query") && a.Caller == nil && a.Token == nil && !key {
			return nil, noIdentitySource(source.In + " " + source.Name)
		}
	}
	if a.permitter != nil {
		if _, _, err := a.permitter.Permitted(a.entry.authorizer()); err != nil {
			return nil, notAsked(err)
		}
	}
	a.depends = authorizer.Name
	return nil, outcome{}
}

// nobodysKey stands for an API key that nobody has: API Gateway's have no spaces.
const nobodysKey = "an API key that is nobody's"

func (a *asked) apiKey() (value, where string) {
	switch {
	case a.WrongKey:
		return nobodysKey, "the header x-api-key"
	case !a.APIKey && a.KeyID == "":
		return "", "the header x-api-key"
	}
	for _, key := range a.state.keys {
		if a.KeyID != "" && key.id == a.KeyID || a.KeyID == "" && key.enabled && a.entry.stage != nil && key.plans[a.entry.stage.name] != nil {
			return key.value, ""
		}
	}
	if a.KeyID != "" {
		return nobodysKey, "the header x-api-key"
	}
	return "", "any usage plan of the stage"
}
