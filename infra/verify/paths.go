package verify

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"auth-api/infra/client"
)

const themePaths = "Paths and methods"

const (
	docResources = "https://docs.aws.amazon.com/apigateway/latest/developerguide/how-to-method-settings.html"
	docURL       = "https://www.rfc-editor.org/rfc/rfc3986#section-6.2"
)

// detours are ways to write a path that another part of the system might read as the
// route's own.
var detours = []struct {
	id, title, proves string
	doc               string
	write             func(path string) []string
}{
	{"V-PTH-03", "A trailing slash opens nothing", "The route's path with a slash at its end is not answered to who may not call it.", docURL, func(p string) []string { return []string{p + "/"} }},
	{"V-PTH-04", "Doubled slashes open nothing", "The route's path with a slash doubled is not answered to who may not call it; API Gateway routes //x as /x.", docURL, func(p string) []string {
		return []string{"/" + p, strings.ReplaceAll(p, "/", "//")}
	}},
	{"V-PTH-05", "Escaped letters open nothing", "The route's path with a letter or a slash escaped is not answered to who may not call it.", docURL, func(p string) []string {
		i := len(p) - 1
		return []string{p[:i] + fmt.Sprintf("%%%02x", p[i]), "/%2f" + p[1:]}
	}},
	{"V-PTH-06", "Other letter case opens nothing", "The route's path in upper case is not answered to who may not call it.", docURL, func(p string) []string { return []string{strings.ToUpper(p)} }},
	{"V-PTH-07", "Dot segments open nothing", "The route's path behind dot segments, plain and escaped, is not answered to who may not call it.", "https://www.rfc-editor.org/rfc/rfc3986#section-5.2.4", func(p string) []string {
		return []string{"/verify-nothing/.." + p, "/." + p, "/verify-nothing/%2e%2e" + p}
	}},
	{"V-PTH-08", "Path parameters and suffixes open nothing", "The route's path with a matrix parameter or a file extension is not answered to who may not call it.", docURL, func(p string) []string { return []string{p + ";verify=1", p + ".json", p + "%00"} }},
}

func pathChecks() []Check {
	out := []Check{
		{ID: "V-PTH-01", Theme: themePaths, Severity: High, phase: first, Doc: docResources,
			Title: "Unknown paths are refused", Proves: "A path that no route declares is answered to nobody, so that no open proxy path stands beside the routes.",
			Applies: "every stack; not below a greedy route of the route table's own", run: unknownPaths},
		{ID: "V-PTH-02", Theme: themePaths, Severity: Critical, phase: main, Doc: docResources,
			Title: "Undeclared methods are refused", Proves: "Each method that the route table does not have at a path is refused to nobody, and to who may call the path's other methods.",
			Applies: "every path; OPTIONS is the preflights', see V-CRS-01", run: otherMethods},
	}
	for _, d := range detours {
		out = append(out, Check{ID: d.id, Theme: themePaths, Severity: Critical, phase: main, Title: d.title, Proves: d.proves, Doc: d.doc,
			Applies: "routes that ask for authorization or a key", run: func(ctx context.Context, s *session) []Result { return s.detour(ctx, d.write) }})
	}
	return append(out,
		Check{ID: "V-PTH-09", Theme: themePaths, Severity: High, phase: main, Doc: "https://docs.aws.amazon.com/apigateway/latest/developerguide/how-to-deploy-api.html",
			Title: "Other stages open nothing", Proves: "The route's path below a stage that was not declared, such as API Gateway's own test-invoke-stage, is answered to nobody.",
			Applies: "routes that ask for authorization or a key, at API Gateway's own name", run: otherStages},
		Check{ID: "V-PTH-10", Theme: themePaths, Severity: Critical, phase: main, Doc: "https://cheatsheetseries.owasp.org/cheatsheets/REST_Security_Cheat_Sheet.html",
			Title: "Headers that rewrite requests are ignored", Proves: "X-HTTP-Method-Override, X-Original-URL and their like lead around no authorization.",
			Applies: "routes that ask for authorization or a key", run: rewritingHeaders},
		Check{ID: "V-PTH-11", Theme: themePaths, Severity: High, phase: main, Doc: "https://www.rfc-editor.org/rfc/rfc9110#section-9.1",
			Title: "Odd methods open nothing", Proves: "TRACE, PROPFIND, a method in lower case and a made-up method are not answered to who may not call the route.",
			Applies: "routes that ask for authorization or a key", run: oddMethods},
		Check{ID: "V-PTH-12", Theme: themePaths, Severity: Medium, phase: main, Doc: "https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-request-validation.html",
			Title: "Credentials in the query open nothing", Proves: "What other systems take for credentials in the query (access_token, Authorization, api_key, key) is not taken, so that none ends up in an address.",
			Applies: "routes that ask for authorization or a key", run: credentialsElsewhere},
	)
}

func unknownPaths(ctx context.Context, s *session) []Result {
	if why := s.unreachable(); why != "" {
		return []Result{skip("", "nobody", "%s", why)}
	}
	name, err := random(6)
	if err != nil {
		return []Result{broken("", "nobody", err)}
	}
	var out []Result
	for _, path := range []string{"/verify-" + name, "/verify-" + name + "/deeper", "/"} {
		for _, method := range []string{http.MethodGet, http.MethodPost} {
			what := method + " " + strings.ReplaceAll(path, name, "…")
			if r, found := s.out.Route(method, path); found {
				out = append(out, skip(what, "nobody", "it is %s %s of the route table", r.Method, r.Path))
				continue
			}
			out = append(out, s.refuses(ctx, what, "nobody", refusedByGateway, func() (*http.Request, error) {
				return request{method: method, path: path, header: map[string]string{"X-Api-Key": s.out.APIKey}}.to(ctx, s.base)
			}))
		}
	}
	return out
}

func otherMethods(ctx context.Context, s *session) (out []Result) {
	if why := s.unreachable(); why != "" {
		return []Result{skip("", "", "%s", why)}
	}
	if why := s.pathsOpen(); why != "" {
		return []Result{skip("", "", "%s", why)}
	}
	var paths []string
	for _, name := range s.out.RouteNames() {
		r := s.out.Routes[name]
		if slices.Contains(paths, r.Path) {
			continue
		}
		paths = append(paths, r.Path)
		path := Example(r.Path)
		for _, method := range undeclared(s.out, path) {
			what := method + " " + r.Path
			out = append(out, s.refuses(ctx, what, "nobody", refusedByGateway, func() (*http.Request, error) {
				return request{method: method, path: path, header: map[string]string{"X-Api-Key": s.out.APIKey}}.to(ctx, s.base)
			}))
			if u, _ := s.people.may(r); isIAM(r) && u != nil {
				out = append(out, s.refuses(ctx, what, u.label, refusedByGateway, func() (*http.Request, error) {
					req, err := request{method: method, path: path, header: map[string]string{"X-Api-Key": s.out.APIKey}}.to(ctx, s.base)
					if err == nil {
						err = u.identity.Sign(ctx, req, nil, s.out.Region, s.now())
					}
					return req, err
				}))
			}
		}
	}
	return out
}

// stranger is who may not call a guarded route: unsigned, with the key where there is more
// to it than a key.
func (s *session) stranger(r client.Route) map[string]string {
	if r.Authorization == authNone {
		return map[string]string{}
	}
	return s.keyed(r)
}

// around tries a way around a guarded route; where the route table itself answers it
// openly there is nothing to try.
func (s *session) around(ctx context.Context, name string, r client.Route, what string, req request) Result {
	if why := join(s.gated(name), s.pathsOpen()); why != "" {
		return skip(name, what, "%s", why)
	}
	if other, found := s.out.Route(req.method, req.path); found && !guarded(other) {
		return skip(name, what, "it is %s %s of the route table, which is open", other.Method, other.Path)
	}
	send := func() Result {
		return s.refuses(ctx, name, what, refusedByGateway, func() (*http.Request, error) { return req.to(ctx, s.base) })
	}
	res := send()
	if res.Outcome == Broken && res.Got == "" && ctx.Err() == nil {
		// What stands before API Gateway may close the connection over such a request.
		if res = send(); res.Outcome == Broken && res.Got == "" && ctx.Err() == nil {
			res = Result{Route: name, Caller: what, Outcome: Holds, Expected: refusedByGateway, Got: "no answer", Note: "twice: " + res.Note}
		}
	}
	return res
}

func (s *session) detour(ctx context.Context, write func(string) []string) []Result {
	return s.routes(guarded, func(name string, r client.Route) (out []Result) {
		path := Example(r.Path)
		if path == "/" {
			return []Result{skip(name, "nobody", "its path is the root")}
		}
		for _, other := range write(path) {
			if other != path {
				out = append(out, s.around(ctx, name, r, "nobody, "+other, request{method: methodOf(r), path: other, header: s.stranger(r)}))
			}
		}
		return out
	})
}

func otherStages(ctx context.Context, s *session) []Result {
	return s.routes(guarded, func(name string, r client.Route) (out []Result) {
		if s.target.ownDomain() {
			return []Result{skip(name, "nobody", "at a domain of the API's own the stage is no part of the path")}
		}
		if why := s.gated(name); why != "" {
			return []Result{skip(name, "nobody", "%s", why)}
		}
		for _, stage := range []string{"test-invoke-stage", "$default", strings.ToUpper(s.stage), s.stage + "x"} {
			if stage == s.stage {
				continue
			}
			out = append(out, s.refuses(ctx, name, "nobody, /"+stage, refusedByGateway, func() (*http.Request, error) {
				return request{method: methodOf(r), path: "/" + stage + Example(r.Path), header: s.keyed(r)}.to(ctx, s.siblings)
			}))
		}
		return out
	})
}

func rewritingHeaders(ctx context.Context, s *session) []Result {
	return s.routes(guarded, func(name string, r client.Route) (out []Result) {
		path := Example(r.Path)
		for _, header := range []string{"X-HTTP-Method-Override", "X-Method-Override", "X-Original-URL", "X-Rewrite-URL", "X-Forwarded-For"} {
			req := request{method: methodOf(r), path: path, header: s.stranger(r)}
			switch {
			case strings.Contains(header, "Method"):
				req.header[header] = http.MethodOptions
			case header == "X-Forwarded-For":
				req.header[header] = "127.0.0.1"
			default:
				req.path, req.header[header] = "/verify-nothing", path
			}
			out = append(out, s.around(ctx, name, r, "nobody, "+header, req))
		}
		return out
	})
}

func oddMethods(ctx context.Context, s *session) []Result {
	return s.routes(guarded, func(name string, r client.Route) (out []Result) {
		for _, method := range []string{http.MethodTrace, "PROPFIND", "VERIFY", "get"} {
			if other, found := s.out.Route(method, Example(r.Path)); found && !guarded(other) {
				continue
			}
			out = append(out, s.around(ctx, name, r, "nobody, "+method, request{method: method, path: Example(r.Path), header: s.stranger(r)}))
		}
		return out
	})
}

func credentialsElsewhere(ctx context.Context, s *session) []Result {
	return s.routes(guarded, func(name string, r client.Route) (out []Result) {
		u, _ := s.people.user()
		token := "verify"
		if u != nil {
			token = u.tokens.Access
		}
		for _, query := range []string{"access_token=" + token, "Authorization=Bearer%20" + token, "api_key=" + s.out.APIKey + "&x-api-key=" + s.out.APIKey + "&key=" + s.out.APIKey} {
			what, _, _ := strings.Cut(query, "=")
			out = append(out, s.around(ctx, name, r, "nobody, query "+what, request{method: methodOf(r), path: Example(r.Path), query: query, header: s.stranger(r)}))
		}
		return out
	})
}
