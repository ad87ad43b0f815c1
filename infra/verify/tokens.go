package verify

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"

	"auth-api/infra/client"
)

const themeTokens = "Tokens at the API"

const (
	docCognito = "https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-enable-cognito-user-pool.html"
	docJWT     = "https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-using-tokens-verifying-a-jwt.html"
	docBCP     = "https://www.rfc-editor.org/rfc/rfc8725"
	docCustom  = "https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-use-lambda-authorizer.html"
)

// forged names the checks of forged tokens.
var forged = []struct{ id, title, proves, doc string }{
	{idOtherKey, "A token signed by another key is refused", "A token with a real user's claims, signed by a key of our own under the pool's key id.", docJWT},
	{idAlgNone, "A token with alg none is refused", "A real user's token with its signature taken away and its header saying none, in three spellings.", docBCP + "#section-3.1"},
	{idConfused, "A token signed with the public key as secret is refused", "A real user's token with HS256, its secret the pool's public key, as PEM and as it is.", docBCP + "#section-2.1"},
	{idChanged, "A token with changed claims is refused", "A real user's token with another subject and groups, without its signature, and with one bit of it changed.", docJWT},
	{idOtherIssuer, "A token of another issuer is refused", "A token of an issuer that the pool is not.", docJWT},
	{idOwnKeyNamed, "A token that brings its own key is refused", "A token whose header holds a key (jwk), and an address of one (jku).", docBCP + "#section-3.10"},
	{idGarbage, "What is no token is refused", "A word, and three empty parts.", docCognito},
}

func tokenChecks() []Check {
	const applies = "routes with authorization COGNITO_USER_POOLS"
	out := []Check{
		{ID: "V-TOK-01", Theme: themeTokens, Severity: Critical, phase: first, Doc: docCognito,
			Title: "Requests without a token are refused", Proves: "A request with the API key and no token does not reach the function.",
			Applies: applies, run: noToken},
	}
	for _, f := range forged {
		out = append(out, Check{ID: f.id, Theme: themeTokens, Severity: Critical, phase: main, Title: f.title, Proves: f.proves, Doc: f.doc, Applies: applies + ", with a user's token to forge",
			run: func(ctx context.Context, s *session) []Result { return s.forgedAtRoutes(ctx, f.id) }})
	}
	return append(out,
		Check{ID: "V-TOK-09", Theme: themeTokens, Severity: High, phase: main, Doc: docCognito,
			Title: "An access token is no ID token, nor the other way round", Proves: "A route without scopes refuses access tokens, one with scopes refuses ID tokens.",
			Applies: applies, run: wrongUse},
		Check{ID: "V-TOK-10", Theme: themeTokens, Severity: Critical, phase: main, Doc: "https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-enable-cognito-user-pool.html",
			Title: "An access token without the route's scopes is refused", Proves: "A genuine access token of a user, and those of programs, that hold none of the route's scopes.",
			Applies: applies + " and scopes", run: wrongScope},
		Check{ID: "V-TOK-11", Theme: themeTokens, Severity: High, phase: main, Doc: docCognito,
			Title: "A signature is no token", Proves: "A request signed with a user's credentials of the identity pool does not open a route that asks for a token.",
			Applies: applies, run: signatureForToken},
		Check{ID: "V-TOK-12", Theme: themeTokens, Severity: High, phase: last, Doc: docJWT,
			Title: "An expired token is refused", Proves: "A genuine token, a day later by the local AWS's clock.",
			Applies: applies + ", on local stacks with --clock", run: expiredToken},
		Check{ID: "V-CUS-01", Theme: themeTokens, Severity: Critical, phase: first, Doc: docCustom,
			Title: "Requests that the Lambda authorizer is not shown are refused", Proves: "A request with the API key and nothing else does not reach the function.",
			Applies: "routes with authorization CUSTOM", run: func(ctx context.Context, s *session) []Result {
				return s.custom(ctx, map[string]string{"nothing": ""})
			}},
		Check{ID: "V-CUS-02", Theme: themeTokens, Severity: Critical, phase: main, Doc: docCustom,
			Title: "Made-up credentials do not satisfy the Lambda authorizer", Proves: "Guesses, other schemes and a token of the user pool with a forged signature are refused.",
			Applies: "routes with authorization CUSTOM", run: customGuesses},
	)
}

// good is a token that the route takes, whose it is, or why there is none.
func (s *session) good(ctx context.Context, r client.Route) (token, label, why string) {
	u, why := s.people.user()
	if u == nil {
		return "", "", why
	}
	if len(r.Scopes) == 0 {
		return u.tokens.ID, u.label + " by ID token", ""
	}
	if slices.ContainsFunc(r.Scopes, func(scope string) bool { return slices.Contains(scopesOf(u.tokens.Access), scope) }) {
		return u.tokens.Access, u.label + " by access token", ""
	}
	for _, name := range sortedKeys(s.out.MachineClients) {
		if token, err := s.machine(ctx, name); err == nil && slices.ContainsFunc(r.Scopes, func(scope string) bool { return slices.Contains(scopesOf(token), scope) }) {
			return token, "program " + name, ""
		}
	}
	tokens, err := s.people.hosted(ctx)
	if err != nil {
		return "", "", "no token with a scope of the route could be got: " + err.Error()
	}
	if !slices.ContainsFunc(r.Scopes, func(scope string) bool { return slices.Contains(scopesOf(tokens.Access), scope) }) {
		return "", "", "neither the web client nor a program may ask for the scopes " + strings.Join(r.Scopes, ", ")
	}
	return tokens.Access, "signed in, by access token of the hosted sign-in", ""
}

func scopesOf(token string) []string {
	c, err := claimsOf(token)
	if err != nil {
		return nil
	}
	text, _ := c.all["scope"].(string)
	return strings.Fields(text)
}

// machines keeps the tokens of programs, each got once.
type machines struct {
	mu     sync.Mutex
	tokens map[string]string
}

// machine gets a program's token by the client credentials grant.
func (s *session) machine(ctx context.Context, name string) (string, error) {
	s.machines.mu.Lock()
	defer s.machines.mu.Unlock()
	if token := s.machines.tokens[name]; token != "" {
		return token, nil
	}
	c := s.out.MachineClients[name]
	a, err := s.token(ctx, url.Values{"grant_type": {"client_credentials"}}, func(r *http.Request) { r.SetBasicAuth(c.ID, c.Secret) })
	if err != nil {
		return "", err
	}
	if a.status != http.StatusOK || a.tokens.Access == "" {
		return "", fmt.Errorf("getting the token of the program %s: %s", name, a)
	}
	s.machines.tokens[name] = a.tokens.Access
	return a.tokens.Access, nil
}

func (s *session) withToken(ctx context.Context, name, label string, r client.Route, token string) Result {
	return s.refuses(ctx, name, label, refusedByGateway, func() (*http.Request, error) {
		h := s.keyed(r)
		h["Authorization"] = token
		return request{method: methodOf(r), path: Example(r.Path), header: h}.to(ctx, s.base)
	})
}

func noToken(ctx context.Context, s *session) []Result {
	return s.routes(isCognito, func(name string, r client.Route) []Result {
		return []Result{s.refuses(ctx, name, "nobody", refusedByGateway, func() (*http.Request, error) {
			return request{method: methodOf(r), path: Example(r.Path), header: s.keyed(r)}.to(ctx, s.base)
		})}
	})
}

func (s *session) forgedAtRoutes(ctx context.Context, id string) []Result {
	return s.routes(isCognito, func(name string, r client.Route) (out []Result) {
		if why := s.gated(name); why != "" {
			return []Result{skip(name, "", "%s", why)}
		}
		u, why := s.people.user()
		if u == nil {
			return []Result{skip(name, "", "%s", why)}
		}
		genuine := u.tokens.ID
		if len(r.Scopes) > 0 {
			if genuine, _, why = s.good(ctx, r); genuine == "" {
				return []Result{skip(name, "", "%s", why)}
			}
		}
		forgeries, err := s.forgeries(ctx, genuine)
		if err != nil {
			return []Result{broken(name, "", err)}
		}
		for _, f := range forgeries {
			if f.id == id {
				out = append(out, s.withToken(ctx, name, "a token "+f.what, r, f.jwt))
			}
		}
		return out
	})
}

// forgeries makes forgeries of a token, with one forger for the run.
func (s *session) forgeries(ctx context.Context, genuine string) ([]forgery, error) {
	s.forging.Lock()
	defer s.forging.Unlock()
	if s.forger == nil {
		f, err := s.newForger(ctx)
		if err != nil {
			return nil, err
		}
		s.forger = f
	}
	return s.forger.forge(genuine)
}

func wrongUse(ctx context.Context, s *session) []Result {
	return s.routes(isCognito, func(name string, r client.Route) []Result {
		u, why := s.people.user()
		if why = join(s.gated(name), why); why != "" {
			return []Result{skip(name, "", "%s", why)}
		}
		if len(r.Scopes) > 0 {
			return []Result{s.withToken(ctx, name, u.label+" by ID token", r, u.tokens.ID)}
		}
		return []Result{s.withToken(ctx, name, u.label+" by access token", r, u.tokens.Access)}
	})
}

func wrongScope(ctx context.Context, s *session) []Result {
	return s.routes(func(r client.Route) bool { return isCognito(r) && len(r.Scopes) > 0 }, func(name string, r client.Route) (out []Result) {
		if why := s.gated(name); why != "" {
			return []Result{skip(name, "", "%s", why)}
		}
		lacks := func(token string) bool {
			return !slices.ContainsFunc(r.Scopes, func(scope string) bool { return slices.Contains(scopesOf(token), scope) })
		}
		u, why := s.people.user()
		switch {
		case u == nil:
			out = append(out, skip(name, "signed in", "%s", why))
		case lacks(u.tokens.Access):
			out = append(out, s.withToken(ctx, name, u.label+" by access token", r, u.tokens.Access))
		}
		for _, program := range sortedKeys(s.out.MachineClients) {
			token, err := s.machine(ctx, program)
			switch {
			case err != nil:
				out = append(out, broken(name, "program "+program, err))
			case lacks(token):
				out = append(out, s.withToken(ctx, name, "program "+program, r, token))
			}
		}
		if len(out) == 0 {
			return []Result{skip(name, "", "every token here has a scope of the route")}
		}
		return out
	})
}

func signatureForToken(ctx context.Context, s *session) []Result {
	return s.routes(isCognito, func(name string, r client.Route) []Result {
		u, why := s.people.user()
		if why = join(s.gated(name), why); why != "" {
			return []Result{skip(name, "", "%s", why)}
		}
		return []Result{s.refuses(ctx, name, u.label+" by signature", refusedByGateway, s.signedBy(ctx, u, r))}
	})
}

// custom tries credentials on the routes of Lambda authorizers.
func (s *session) custom(ctx context.Context, ways map[string]string) []Result {
	return s.routes(isCustom, func(name string, r client.Route) (out []Result) {
		if why := s.gated(name); why != "" {
			return []Result{skip(name, "", "%s", why)}
		}
		for _, what := range sortedKeys(ways) {
			out = append(out, s.refuses(ctx, name, what, refusedByGateway, func() (*http.Request, error) {
				h := s.keyed(r)
				if ways[what] != "" {
					h["Authorization"] = ways[what]
				}
				return request{method: methodOf(r), path: Example(r.Path), header: h}.to(ctx, s.base)
			}))
		}
		return out
	})
}

func customGuesses(ctx context.Context, s *session) []Result {
	ways := map[string]string{
		"a word": "verify", "an empty Bearer": "Bearer ", "a made-up Bearer": "Bearer " + strings.Repeat("verify", 8), "Basic": "Basic dmVyaWZ5OnZlcmlmeQ==",
		"allow": "allow", "a list": "Bearer a, Bearer b",
	}
	if u, _ := s.people.user(); u != nil {
		// Not a genuine one: an authorizer may well take those.
		if forgeries, err := s.forgeries(ctx, u.tokens.ID); err == nil {
			ways["a forged token"] = "Bearer " + forgeries[0].jwt
		}
	}
	return s.custom(ctx, ways)
}
