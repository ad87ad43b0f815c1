package verify

import (
	"context"
	"net/http"
	"strings"

	"auth-api/infra/client"
)

const themeKeys = "API keys"

const docKeys = "https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-api-usage-plans.html"

func isKeyed(r client.Route) bool { return r.APIKeyRequired }

func keyChecks() []Check {
	const applies = "routes with apiKeyRequired; with authorization as somebody whom that lets in"
	return []Check{
		{ID: "V-KEY-01", Theme: themeKeys, Severity: High, phase: first, Doc: docKeys,
			Title: "Requests without an API key are refused", Proves: "Whoever else may call the route is refused without a key, so that nobody is outside the usage plan.",
			Applies: applies, run: keys(func(string) []keyed { return []keyed{{"no key", nil}} })},
		{ID: "V-KEY-02", Theme: themeKeys, Severity: High, phase: main, Doc: docKeys,
			Title: "Wrong API keys are refused", Proves: "A made-up key, an empty one, and the stack's own with a letter changed, cut, doubled or in upper case are refused.",
			Applies: applies, run: keys(func(key string) []keyed {
				wrong := []keyed{
					{"a made-up key", map[string]string{"X-Api-Key": "verify0000000000000000000000000000000000"}}, {"an empty key", map[string]string{"X-Api-Key": ""}},
				}
				if key != "" {
					last := "0"
					if strings.HasSuffix(key, "0") {
						last = "1"
					}
					wrong = append(wrong,
						keyed{"a letter changed", map[string]string{"X-Api-Key": key[:len(key)-1] + last}}, keyed{"a letter short", map[string]string{"X-Api-Key": key[:len(key)-1]}},
						keyed{"twice", map[string]string{"X-Api-Key": key + "," + key}})
					if upper := strings.ToUpper(key); upper != key {
						wrong = append(wrong, keyed{"in upper case", map[string]string{"X-Api-Key": upper}})
					}
				}
				return wrong
			})},
		{ID: "V-KEY-03", Theme: themeKeys, Severity: Medium, phase: main, Doc: "https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-api-key-source.html",
			Title: "The API key counts in its header alone", Proves: "The key in another header or in a cookie is no key, so that it ends up in no address and no log.",
			Applies: applies, run: keys(func(key string) []keyed {
				return []keyed{
					{"in Api-Key", map[string]string{"Api-Key": key}}, {"in a cookie", map[string]string{"Cookie": "x-api-key=" + key}},
					{"in X-Amz-Api-Key", map[string]string{"X-Amz-Api-Key": key}},
				}
			})},
	}
}

// keyed is a way to send a key, or none.
type keyed struct {
	what   string
	header map[string]string
}

const keyRefused = "403 ForbiddenException"

// keys tries ways to send a wrong key on each keyed route, as somebody whom its
// authorization lets in.
func keys(ways func(key string) []keyed) func(context.Context, *session) []Result {
	return func(ctx context.Context, s *session) []Result {
		return s.routes(isKeyed, func(name string, r client.Route) (out []Result) {
			if why := s.gated(name); why != "" {
				return []Result{skip(name, "", "%s", why)}
			}
			prove := func(*http.Request) error { return nil }
			caller := "nobody"
			switch r.Authorization {
			case authIAM:
				u, why := s.people.may(r)
				if u == nil {
					return []Result{skip(name, "", "%s", why)}
				}
				caller = u.label
				prove = func(req *http.Request) error { return u.identity.Sign(ctx, req, nil, s.out.Region, s.now()) }
			case authCognito:
				token, label, why := s.good(ctx, r)
				if token == "" {
					return []Result{skip(name, "", "%s", why)}
				}
				caller = label
				prove = func(req *http.Request) error { req.Header.Set("Authorization", token); return nil }
			case authCustom:
				return []Result{skip(name, "", "what the authorizer %s takes only its function knows, and it is asked before the key", r.Authorizer)}
			}
			for _, way := range ways(s.out.APIKey) {
				res := s.refuses(ctx, name, caller+", "+way.what, keyRefused, func() (*http.Request, error) {
					req, err := request{method: methodOf(r), path: Example(r.Path), header: way.header}.to(ctx, s.base)
					if err == nil {
						err = prove(req)
					}
					return req, err
				})
				if res.Outcome == Holds && !strings.HasPrefix(res.Got, keyRefused) && res.Note == "" {
					res.Outcome, res.Note = Broken, "it was refused before its key was looked at, which proves nothing of the key"
				}
				out = append(out, res)
			}
			return out
		})
	}
}
