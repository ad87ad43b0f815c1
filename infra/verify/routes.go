package verify

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"auth-api/infra/client"
)

const themeRoutes = "Who may call"

const idThrough = "V-RTE-01"

const (
	docAuthFlow = "https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-authorization-flow.html"
	docIAM      = "https://docs.aws.amazon.com/apigateway/latest/developerguide/permissions.html"
	doc403      = "https://repost.aws/knowledge-center/api-gateway-troubleshoot-403-forbidden"
)

func isIAM(r client.Route) bool     { return r.Authorization == authIAM }
func isCognito(r client.Route) bool { return r.Authorization == authCognito }
func isCustom(r client.Route) bool  { return r.Authorization == authCustom }

func routeChecks() []Check {
	return []Check{
		{ID: idThrough, Theme: themeRoutes, Severity: High, phase: first, Doc: docAuthFlow,
			Title: "Who may call gets through", Proves: "Somebody whom the route lets in is answered by its function. Without this the refusals below would prove nothing: a route that is dead refuses everybody.",
			Applies: "every route whose authorization is not CUSTOM, as what an authorizer takes only its function knows; methods that may change something with --writes alone, and on local stacks", run: through},
		{ID: "V-IAM-01", Theme: themeRoutes, Severity: Critical, phase: first, Doc: doc403,
			Title: "Unsigned requests are refused", Proves: "A request without a signature, but with the API key, does not reach the function.",
			Applies: "routes with authorization AWS_IAM", run: unsigned},
		{ID: "V-IAM-02", Theme: themeRoutes, Severity: Critical, phase: main, Doc: "https://docs.aws.amazon.com/cognito/latest/developerguide/iam-roles.html",
			Title: "Guests are refused where they are not named", Proves: "A request signed with a guest's credentials does not reach a function that the route table keeps from guests: the guests' role has no such permission.",
			Applies: "routes with authorization AWS_IAM that do not name guest, where guests get credentials", run: guests},
		{ID: "V-IAM-03", Theme: themeRoutes, Severity: Critical, phase: main, Doc: "https://docs.aws.amazon.com/cognito/latest/developerguide/role-based-access-control.html",
			Title: "Users are refused where they are not named", Proves: "A user in no group, and members of each other group, do not reach a function that the route table gives to a group or to guests alone: no role has more than its routes.",
			Applies: "routes with authorization AWS_IAM that do not name authenticated", run: strangers},
		{ID: "V-IAM-04", Theme: themeRoutes, Severity: Critical, phase: main, Doc: "https://docs.aws.amazon.com/cognito/latest/developerguide/attributes-for-access-control.html",
			Title: "Users without the route's session tags are refused", Proves: "Credentials that do not carry the tags of callerTags do not reach the function.",
			Applies: "routes with callerTags", run: untagged},
		{ID: "V-IAM-05", Theme: themeRoutes, Severity: Critical, phase: main, Doc: docIAM,
			Title: "A token is no signature", Proves: "A user's ID token or access token, as Bearer token, does not open a route that asks for a signature.",
			Applies: "routes with authorization AWS_IAM", run: tokenForSignature},
	}
}

// through tries somebody who may call on each route.
func through(ctx context.Context, s *session) []Result {
	return s.routes(func(client.Route) bool { return true }, func(name string, r client.Route) []Result {
		res := s.through(ctx, name, r)
		if res.Outcome != Holds && guarded(r) {
			switch r.Authorization {
			case authIAM, authCognito: // what the later checks alter is a request that gets through
				s.gateThrough(name, res)
			}
		}
		return []Result{res}
	})
}

// gateThrough keeps why nobody gets through, for checks that alter a good request.
func (s *session) gateThrough(name string, res Result) {
	why := res.Note
	if res.Outcome == Fails {
		why = idThrough + " fails for it"
	}
	s.gate("through "+name, why)
}

func (s *session) through(ctx context.Context, name string, r client.Route) Result {
	method := methodOf(r)
	if !safe(method) && !s.o.Writes {
		return skip(name, "", "%s may change something; --writes tries it", method)
	}
	caller := "nobody"
	var sign func(*http.Request, []byte) error
	switch r.Authorization {
	case authIAM:
		u, why := s.people.may(r)
		if u == nil {
			return skip(name, "", "%s", why)
		}
		caller = u.label
		sign = func(req *http.Request, body []byte) error {
			return u.identity.Sign(ctx, req, body, s.out.Region, s.now())
		}
	case authCognito:
		token, label, why := s.good(ctx, r)
		if token == "" {
			return skip(name, "", "%s", why)
		}
		caller = label
		sign = func(req *http.Request, _ []byte) error { req.Header.Set("Authorization", token); return nil }
	case authCustom:
		return skip(name, "", "what the authorizer %s takes only its function knows", r.Authorizer)
	}
	return s.lets(ctx, name, caller, func() (*http.Request, error) {
		req, err := request{method: method, path: Example(r.Path), header: s.keyed(r)}.to(ctx, s.base)
		if err == nil && sign != nil {
			err = sign(req, nil)
		}
		return req, err
	})
}

// lets sends a request that must get through. A new key or permission may not have
// reached all of AWS yet, so that a refusal is tried again for a while:
// https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot.html#troubleshoot_general_eventual-consistency.
func (s *session) lets(ctx context.Context, route, caller string, build func() (*http.Request, error)) Result {
	var a answer
	var err error
	tried := 0
	for wait := time.Second; ; wait *= 2 {
		if a, err = s.prober.send(ctx, build); err != nil {
			return broken(route, caller, err)
		}
		v := a.verdict()
		if tried >= s.o.Retries || v != NoKey && v != Refused {
			break
		}
		tried++
		if err := s.prober.wait(ctx, wait); err != nil {
			return broken(route, caller, err)
		}
	}
	res := Result{Route: route, Caller: caller, Expected: "let in", Got: a.String(), Note: throttledNote(a)}
	if tried > 0 {
		res.Note = join(res.Note, fmt.Sprintf("tried %d times, as new keys and permissions take a while to reach all of AWS", tried+1))
	}
	switch a.verdict() {
	case LetIn:
		res.Outcome = Holds
	case Malformed:
		res.Outcome, res.Note = Holds, join(res.Note, "let in, and then refused by validation of the request")
	case Throttled:
		res.Outcome, res.Note = Broken, fmt.Sprintf("still throttled after %d tries; try again later, or with a lower --rate", a.again+1)
	case UsedUp:
		res.Outcome, res.Note = Broken, "the API key's quota is used up; it is good again at the next period"
	default:
		res.Outcome = Fails
	}
	return res
}

const refusedByGateway = "refused by API Gateway"

func unsigned(ctx context.Context, s *session) []Result {
	return s.routes(isIAM, func(name string, r client.Route) []Result {
		return []Result{s.refuses(ctx, name, "nobody", refusedByGateway, func() (*http.Request, error) {
			return request{method: methodOf(r), path: Example(r.Path), header: s.keyed(r)}.to(ctx, s.base)
		})}
	})
}

// signedBy is what a person would send to a route.
func (s *session) signedBy(ctx context.Context, u *person, r client.Route) func() (*http.Request, error) {
	return func() (*http.Request, error) {
		req, err := request{method: methodOf(r), path: Example(r.Path), header: s.keyed(r)}.to(ctx, s.base)
		if err == nil {
			err = u.identity.Sign(ctx, req, nil, s.out.Region, s.now())
		}
		return req, err
	}
}

const notPermitted = "refused: no policy allows it"

// denied tries people on a route that is not for them.
func (s *session) denied(ctx context.Context, name string, r client.Route, u *person) Result {
	if why := s.gated(name); why != "" {
		return skip(name, u.label, "%s", why)
	}
	if u.err != nil {
		return skip(name, u.label, "%v", u.err)
	}
	res := s.refuses(ctx, name, u.label, notPermitted, s.signedBy(ctx, u, r))
	if res.Outcome == Fails && u.made {
		res.Note = join(res.Note, "the credentials are those of the user's kind: "+u.label)
	}
	return res
}

func guests(ctx context.Context, s *session) []Result {
	return s.routes(isIAM, func(name string, r client.Route) []Result {
		switch {
		case MayCall(client.Route{Callers: r.Callers}, Kind{Guest: true}):
			return nil
		case s.people.guest == nil:
			return []Result{skip(name, "guest", "guests get no credentials: the output guests is false; see V-IDP-01")}
		}
		return []Result{s.denied(ctx, name, r, s.people.guest)}
	})
}

func strangers(ctx context.Context, s *session) []Result {
	return s.routes(isIAM, func(name string, r client.Route) (out []Result) {
		if MayCall(client.Route{Callers: r.Callers}, Kind{SignedIn: true}) {
			return nil // everybody who has signed in
		}
		if len(s.people.users) == 0 {
			return []Result{skip(name, "signed in", "%s", s.people.why)}
		}
		for _, u := range s.people.users {
			switch {
			case len(u.Tags) > 0 && u.made:
				continue // of V-IAM-04
			case MayCall(client.Route{Callers: r.Callers}, u.Kind):
				if len(u.Groups) == 0 || !u.made {
					out = append(out, skip(name, u.label, "may call it"))
				}
			default:
				out = append(out, s.denied(ctx, name, r, u))
			}
		}
		return out
	})
}

func untagged(ctx context.Context, s *session) []Result {
	return s.routes(func(r client.Route) bool { return isIAM(r) && len(r.CallerTags) > 0 }, func(name string, r client.Route) (out []Result) {
		for _, u := range s.people.all() {
			named := MayCall(client.Route{Callers: r.Callers}, u.Kind)
			if named && !MayCall(r, u.Kind) {
				out = append(out, s.denied(ctx, name, r, u))
			}
		}
		if len(out) == 0 {
			why := s.people.why
			if why == "" {
				why = "nobody here lacks the tags"
			}
			out = []Result{skip(name, "", "%s", why)}
		}
		return out
	})
}

func tokenForSignature(ctx context.Context, s *session) []Result {
	return s.routes(isIAM, func(name string, r client.Route) (out []Result) {
		if why := s.gated(name); why != "" {
			return []Result{skip(name, "", "%s", why)}
		}
		u, why := s.people.user()
		if u == nil {
			return []Result{skip(name, "", "%s", why)}
		}
		for what, token := range map[string]string{"ID token": u.tokens.ID, "access token": u.tokens.Access} {
			out = append(out, s.refuses(ctx, name, u.label+" by "+what, refusedByGateway, func() (*http.Request, error) {
				h := s.keyed(r)
				h["Authorization"] = "Bearer " + token
				return request{method: methodOf(r), path: Example(r.Path), header: h}.to(ctx, s.base)
			}))
		}
		return out
	})
}
