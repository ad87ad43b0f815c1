package gateway

import (
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"sort"
	"strconv"
	"strings"

	"auth-api/infra/localaws/audit"
	"auth-api/infra/localaws/authz"
	"auth-api/infra/localaws/gateway/limits"
	"auth-api/infra/localaws/gateway/openapi"
	"auth-api/infra/localaws/lambda"
	"auth-api/infra/localaws/store"
)

// Permitter tells whether a function would be invoked; lambda.Service is one.
type Permitter interface {
	Permitted(in lambda.Invocation) (authz.Decision, []authz.Step, error)
}

// Explain answers a question gate by gate, by the code that requests go through, on to
// whether the function may be invoked. Nothing is invoked and nothing is counted: what a
// Lambda authorizer would say, and whether a rate or a quota is used up, is left open,
// and said so. The error is the local AWS's own.
func (s *Service) Explain(q Question) (Way, error) {
	c, err := s.state()
	if err != nil {
		return Way{}, fmt.Errorf("explaining %s %s: %w", q.Method, q.Path, err)
	}
	q.Explain = true
	a := &asked{Question: q, service: s, state: c}
	if a.permitter, err = s.permitter(); err != nil {
		return Way{}, fmt.Errorf("explaining %s %s: %w", q.Method, q.Path, err)
	}
	a.way = &walk{asked: a, way: Way{APIID: q.APIID, Stage: q.Stage, Method: q.Method, Path: q.Path}}
	so := a.decide()
	if so.fault != nil && so.answer == nil {
		return Way{}, fmt.Errorf("explaining %s %s: %w", q.Method, q.Path, so.fault)
	}
	return a.way.end(so)
}

func (s *Service) permitter() (Permitter, error) {
	p, can := s.cfg.Lambda.(Permitter)
	if !can {
		return nil, errors.New("what runs the functions does not tell whether one may be invoked")
	}
	return p, nil
}

// walk collects what the gates say. A nil walk takes nothing.
type walk struct {
	*asked
	way      Way
	exchange *exchange
}

func (w *walk) stop(g Gate, p Passage, says string, facts ...Fact) *Stop {
	w.way.Stops = append(w.way.Stops, Stop{Gate: g, Passage: p, Says: says, Facts: facts})
	return &w.way.Stops[len(w.way.Stops)-1]
}

func (w *walk) found(so outcome) {
	if w == nil {
		return
	}
	if so.refused() {
		w.stop(GateStage, RefusedAt, so.reason)
		return
	}
	w.stop(GateStage, Passed, "the API "+w.apiName()+" ("+w.APIID+") has the stage "+w.Stage)
}

func (w *walk) matched(parameters map[string]string, so outcome) {
	if w == nil {
		return
	}
	if so.refused() {
		w.stop(GateRoute, RefusedAt, so.reason)
		return
	}
	m := w.entry.method
	route := routeOf(m)
	w.way.Route = &route
	says := m.HTTPMethod + " " + m.ResourcePath + " serves it"
	if m.HTTPMethod != w.Method {
		says += ": the resource has no method " + w.Method + " of its own, and ANY stands for it"
	}
	var facts []Fact
	for _, name := range slices.Sorted(maps.Keys(parameters)) {
		facts = append(facts, Fact{"path parameter " + name, parameters[name]})
	}
	facts = append(facts, Fact{"authorization", m.AuthorizationType}, Fact{"API key", map[bool]string{true: "required", false: "not required"}[m.APIKeyRequired]})
	w.stop(GateRoute, Passed, says, facts...)
}

// authorized makes the stops of who calls, and of what policies say.
func (w *walk) authorized(so outcome) {
	if w == nil {
		return
	}
	m := w.entry.method
	// Policies are asked last: when none was, a refusal is of who calls.
	if so.refused() && len(w.looks) == 0 && !(m.AuthorizationType == openapi.AuthCustom && so.answer.Code == answerAccessDenied.Code) {
		w.stop(GateAuthorization, RefusedAt, so.reason, w.callerFacts()...)
		return
	}
	switch m.AuthorizationType {
	case openapi.AuthNone:
		w.stop(GateAuthorization, Open, "the method is open to everybody")
	case openapi.AuthIAM:
		w.stop(GateAuthorization, Passed, "signed by "+w.Caller.ARN, w.callerFacts()...)
	case openapi.AuthCognito:
		says := "a token of the authorizer's user pool"
		if !so.refused() && w.entry.stage.api.resource == nil {
			says = so.reason
		}
		w.stop(GateAuthorization, Passed, says, w.callerFacts()...)
	case openapi.AuthCustom:
		switch {
		case so.refused() && len(w.looks) == 0:
			w.stop(GateAuthorization, RefusedAt, "the Lambda authorizer's policy: "+so.reason, w.callerFacts()...)
			return
		case w.depends != "":
			w.stop(GateAuthorization, Depends, "the Lambda authorizer "+w.depends+" is asked, and decides by its code", w.callerFacts()...)
		default:
			w.stop(GateAuthorization, Passed, "the Lambda authorizer "+m.Authorizer.Name+" let it in as "+w.proof.verdict.PrincipalID, w.callerFacts()...)
		}
	}
	if len(w.looks) == 0 {
		w.stop(GatePolicies, Open, "the API has no resource policy, and the method asks for no permission of IAM")
		return
	}
	s := w.stop(GatePolicies, Passed, so.reason)
	if so.refused() {
		s.Passage = RefusedAt
	}
	s.Looks = w.looks
}

// callerFacts is what is known of the sender, beside the ARN that signs.
func (w *walk) callerFacts() []Fact {
	var facts []Fact
	add := func(name, value string) {
		if value != "" {
			facts = append(facts, Fact{name, value})
		}
	}
	if c := w.Caller; c != nil {
		add("role", c.RoleName)
		if id := c.Cognito; id != nil {
			add("identity pool", id.IdentityPoolID)
			add("identity", id.AuthenticationType)
		}
		for _, tag := range slices.Sorted(maps.Keys(c.PrincipalTags)) {
			add("tag "+tag, c.PrincipalTags[tag])
		}
	}
	if t := w.Token; t != nil {
		add("token", map[string]string{"id": "ID token", "access": "access token"}[t.TokenUse])
		add("issuer", t.Issuer)
		add("groups", strings.Join(t.Groups, ", "))
		if t.TokenUse == "access" {
			add("its scopes", orNone(t.Scopes))
		}
	}
	m := w.entry.method
	switch m.AuthorizationType {
	case openapi.AuthCognito:
		add("user pools of the authorizer", strings.Join(m.Authorizer.UserPools, ", "))
		add("scopes of the route", orNone(m.AuthorizationScopes))
	case openapi.AuthCustom:
		var sources []string
		for _, s := range m.Authorizer.IdentitySources {
			sources = append(sources, s.In+" "+s.Name)
		}
		add("identity sources", orNone(sources))
		if m.Authorizer.IdentityValidation != nil {
			add("identityValidationExpression", m.Authorizer.IdentityValidation.String())
		}
		add("function", m.Authorizer.Function)
	}
	return facts
}

func orNone(list []string) string {
	if len(list) == 0 {
		return "none"
	}
	return strings.Join(list, ", ")
}

// identified refuses what comes to no Lambda authorizer: a request without one of its
// identity sources, or with a token that its expression does not match, and any where API
// Gateway may not invoke it.
func (w *walk) identified(a *openapi.Authorizer) outcome {
	x, err := w.asExchange()
	if err != nil {
		return faulty(err, "the request that is asked about cannot be made")
	}
	values, missing := x.identitySources(a)
	if missing != "" {
		return noIdentitySource(missing)
	}
	// A proof that was made up matches nothing: only what the question gives does.
	if a.IdentityValidation != nil && w.Header.Get(a.Header) != "" {
		if no := x.identified(a, values); no.refused() {
			return no
		}
	}
	if _, _, err := w.permitter.Permitted(w.entry.authorizer()); err != nil {
		return notAsked(err)
	}
	return outcome{}
}

// keyed makes the stop of the API key.
func (w *walk) keyed(key *apiKey, p *plan, so outcome) {
	switch {
	case w == nil:
	case so.refused():
		w.stop(GateKey, RefusedAt, so.reason)
	case key == nil:
		w.stop(GateKey, Open, "the method asks for no API key")
	default:
		w.stop(GateKey, Passed, "the API key "+w.keyName(key.id)+" is in the usage plan "+w.planName(p.id))
	}
}

// name is what a resource is called, with its id. A name that cannot be read is left out.
func (w *walk) name(id string, read func(*store.Tx) (string, error)) string {
	called := ""
	if err := w.service.cfg.Store.View(func(tx *store.Tx) (err error) { called, err = read(tx); return err }); err != nil || called == "" || called == id {
		return id
	}
	return called + " (" + id + ")"
}

func (w *walk) keyName(id string) string {
	return w.name(id, func(tx *store.Tx) (string, error) { k, _, err := APIKeys.Get(tx, id); return k.Name, err })
}

func (w *walk) planName(id string) string {
	return w.name(id, func(tx *store.Tx) (string, error) { p, _, err := UsagePlans.Get(tx, id); return p.Name, err })
}

func (w *walk) apiName() string {
	called, _, _ := strings.Cut(w.name(w.APIID, func(tx *store.Tx) (string, error) { a, _, err := RestAPIs.Get(tx, w.APIID); return a.Name, err }), " (")
	return called
}

// further makes the stops behind the API key, and returns how the way ends.
func (w *walk) further(key *apiKey, p *plan, so outcome) outcome {
	if w.way.Stops[len(w.way.Stops)-1].Gate != GateKey {
		w.stop(GateKey, Depends, "the API key is what the Lambda authorizer "+w.depends+" answers")
	}
	for _, next := range []func(*apiKey, *plan) outcome{w.throttled, w.quota, w.validated, w.integrated} {
		if no := next(key, p); no.refused() {
			return no
		}
	}
	return so
}

func (w *walk) throttled(key *apiKey, p *plan) outcome {
	var facts []Fact
	for _, t := range w.entry.throttles(key, p) {
		name := "each key, in all"
		switch {
		case t.plan == "":
			name = "all callers, " + t.route
		case t.route != "":
			name = "each key, " + t.route
		}
		facts = append(facts, Fact{name, rate(t.limit)})
		if t.limit == (limits.Throttle{}) {
			w.stop(GateThrottle, RefusedAt, t.says()+": it lets nothing through at all", facts...)
			return refused(answerThrottled, t.says()+": it lets nothing through at all")
		}
	}
	if facts == nil {
		w.stop(GateThrottle, Open, "no rate is set for it; the account's own is not considered")
		return outcome{}
	}
	w.stop(GateThrottle, Depends, "429 Too Many Requests above the rate; nothing is counted here", facts...)
	return outcome{}
}

func rate(t limits.Throttle) string {
	r := strconv.FormatFloat(t.Rate, 'g', -1, 64) + " a second"
	if t.Burst > 0 {
		r += ", " + strconv.Itoa(t.Burst) + " at once"
	}
	return r
}

func (w *walk) quota(_ *apiKey, p *plan) outcome {
	if p == nil || p.quota == nil {
		w.stop(GateQuota, Open, "there is no quota")
		return outcome{}
	}
	w.stop(GateQuota, Depends, "429 Limit Exceeded above the quota; nothing is counted here", Fact{"each key", fmt.Sprintf("%d a %s", p.quota.Limit, strings.ToLower(p.quota.Period))})
	return outcome{}
}

func (w *walk) validated(*apiKey, *plan) outcome {
	m := w.entry.method
	var facts []Fact
	if m.RequestValidator.ValidateRequestParameters {
		for _, p := range m.RequestParameters {
			facts = append(facts, Fact{"required", p.In + " " + p.Name})
		}
	}
	if m.RequestValidator.ValidateRequestBody && (len(m.RequestModels) > 0 || m.BodyRequired) {
		kinds := slices.Collect(maps.Keys(m.RequestModels))
		sort.Strings(kinds)
		facts = append(facts, Fact{"schema for bodies of", orNone(kinds)})
	}
	switch {
	case len(facts) == 0:
		w.stop(GateValidation, Open, "the method asks for neither parameters nor a body")
		return outcome{}
	case w.Unseen:
		w.stop(GateValidation, Depends, "query, headers and body of the request are not known any more", facts...)
		return outcome{}
	}
	x, err := w.asExchange()
	if err != nil {
		return faulty(err, "the request that is asked about cannot be made")
	}
	so := x.valid()
	if so.refused() {
		w.stop(GateValidation, RefusedAt, so.reason, facts...)
		return so
	}
	w.stop(GateValidation, Passed, "the request has what the method asks for", facts...)
	return outcome{}
}

func (w *walk) integrated(*apiKey, *plan) outcome {
	in := &w.entry.method.Integration
	if in.Mock != nil {
		x, err := w.asExchange()
		if err != nil {
			return faulty(err, "the request that is asked about cannot be made")
		}
		if so := x.mocked(in.Mock); so.refused() && !w.Unseen {
			w.stop(GateIntegration, RefusedAt, so.reason)
			return so
		}
		w.stop(GateIntegration, Passed, "API Gateway answers itself (a mock integration), as it does preflight requests")
		return outcome{}
	}
	call := w.entry.integration()
	facts := []Fact{{"function", call.Function}, {"on behalf of", call.SourceARN}}
	so, d, steps := w.invocable()
	if so.refused() {
		s := w.stop(GateIntegration, RefusedAt, so.reason, facts...)
		s.Looks = []Look{lookOf("lambda:InvokeFunction", call.Function, d, steps)}
		return so
	}
	s := w.stop(GateIntegration, Passed, "API Gateway may invoke the function: "+d.Reason, facts...)
	s.Looks = []Look{lookOf("lambda:InvokeFunction", call.Function, d, steps)}
	return outcome{}
}

// asExchange is the question as a request on its way.
func (w *walk) asExchange() (*exchange, error) {
	if w.exchange != nil {
		return w.exchange, nil
	}
	r, err := w.request()
	if err != nil {
		return nil, err
	}
	w.exchange = &exchange{
		service: w.service, r: r, record: &audit.Record{}, now: w.entry.now, apiID: w.APIID, stageName: w.Stage,
		fullPath: "/" + w.Stage + w.Path, path: w.Path, sourceIP: w.SourceIP, stage: w.entry.stage, method: w.entry.method,
		body: w.Body, requestID: "REQUEST-ID", extendedID: "EXTENDED-REQUEST-ID",
	}
	return w.exchange, nil
}

// end says how the way ended, with the stops that it did not come to.
func (w *walk) end(so outcome) (Way, error) {
	w.way.API = w.apiName()
	w.way.Reason = so.reason
	if so.refused() {
		w.way.Gate = w.way.Stops[len(w.way.Stops)-1].Gate
		x, err := w.asExchange()
		if err != nil {
			return Way{}, fmt.Errorf("explaining %s %s: %w", w.Method, w.Path, err)
		}
		status, contentType, body := x.rendered(*so.answer, http.Header{})
		w.way.Status, w.way.ContentType, w.way.Body = status, contentType, string(body)
		w.way.Error, w.way.Answer, w.way.Authorizer = so.answer.Code, so.answer.Name, w.depends
	} else {
		w.way.Allowed, w.way.Authorizer = true, w.depends
		if w.depends != "" {
			w.way.Reason = "the Lambda authorizer " + w.depends + " decides, by its code"
		}
	}
	for _, g := range Gates()[len(w.way.Stops):] {
		w.stop(g, Unreached, "")
	}
	return w.way, nil
}
