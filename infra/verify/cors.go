package verify

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"auth-api/infra/client"
)

const themeCORS = "Pages of other origins"

const (
	docCORS  = "https://docs.aws.amazon.com/apigateway/latest/developerguide/how-to-cors.html"
	docFetch = "https://fetch.spec.whatwg.org/#http-cors-protocol"
)

func corsChecks() []Check {
	check := func(id, title, proves, doc string, severity Severity, run func(context.Context, *session) []Result) Check {
		return Check{ID: id, Theme: themeCORS, Title: title, Proves: proves, Doc: doc, Severity: severity, Applies: "every path", phase: main, run: run}
	}
	return []Check{
		check("V-CRS-01", "Preflights of foreign origins are not granted", "Preflights by a foreign origin, by null, and by names around an allowed one, name neither that origin nor *.", docFetch, High, foreignPreflights),
		check("V-CRS-02", "No page may send cookies", "No answer to a preflight carries Access-Control-Allow-Credentials.", docFetch, High, corsCredentials),
		check("V-CRS-03", "Preflights of allowed origins are granted", "Each origin of the output corsOrigins is named, without a signature or key: else browsers could not sign.", docCORS, Low, allowedPreflights),
		check("V-CRS-04", "Answers cannot be read by foreign origins", "What functions answer to whom they let in names no foreign origin.", docFetch, High, foreignAnswers),
		check("V-CRS-05", "Preflights grant what is declared, and no more", "Access-Control-Allow-Methods has the methods of the path's routes alone.", docCORS, Low, grantedMethods),
	}
}

// foreignOrigins are origins that are none of the allowed ones, some by a hair.
func (s *session) foreignOrigins() []string {
	out := []string{"https://verify.example.com", "null"}
	for _, o := range s.out.CORSOrigins {
		out = append(out, o+".verify.example.com", strings.Replace(o, "://", "://verify", 1))
		if strings.HasPrefix(o, "https://") {
			out = append(out, strings.Replace(o, "https://", "http://", 1))
		}
	}
	return slices.DeleteFunc(out, func(o string) bool { return slices.Contains(s.out.CORSOrigins, o) })
}

// paths calls f for each path of the table that no route answers OPTIONS at.
func (s *session) paths(f func(path string, r client.Route) []Result) (out []Result) {
	if why := s.unreachable(); why != "" {
		return []Result{skip("", "", "%s", why)}
	}
	seen := map[string]bool{}
	for _, name := range s.out.RouteNames() {
		r := s.out.Routes[name]
		if seen[r.Path] {
			continue
		}
		seen[r.Path] = true
		if own, found := s.out.Route(http.MethodOptions, Example(r.Path)); found {
			out = append(out, skip("OPTIONS "+r.Path, "", "%s %s of the route table answers it", own.Method, own.Path))
			continue
		}
		out = append(out, f(r.Path, r)...)
	}
	return out
}

func (s *session) preflight(ctx context.Context, path, from, method string) (answer, error) {
	return s.prober.send(ctx, func() (*http.Request, error) {
		return request{method: http.MethodOptions, path: Example(path), header: map[string]string{
			"Origin": from, "Access-Control-Request-Method": method, "Access-Control-Request-Headers": "authorization,x-api-key",
		}}.to(ctx, s.base)
	})
}

// named is whom an answer lets read it.
func named(a answer) string { return a.header.Get("Access-Control-Allow-Origin") }

func shown(origin string) string {
	if origin == "" {
		return "nobody named"
	}
	return origin
}

func foreignPreflights(ctx context.Context, s *session) []Result {
	return s.paths(func(path string, r client.Route) (out []Result) {
		for _, from := range s.foreignOrigins() {
			a, err := s.preflight(ctx, path, from, methodOf(r))
			if err != nil {
				out = append(out, broken("OPTIONS "+path, from, err))
				continue
			}
			out = append(out, mustHold("OPTIONS "+path, from, "another origin, or nobody named", shown(named(a)), named(a) != from && named(a) != "*"))
		}
		return out
	})
}

func corsCredentials(ctx context.Context, s *session) []Result {
	return s.paths(func(path string, r client.Route) (out []Result) {
		for _, from := range append([]string{"https://verify.example.com"}, s.out.CORSOrigins...) {
			a, err := s.preflight(ctx, path, from, methodOf(r))
			if err != nil {
				out = append(out, broken("OPTIONS "+path, from, err))
				continue
			}
			got := a.header.Get("Access-Control-Allow-Credentials")
			out = append(out, mustHold("OPTIONS "+path, from, "none", shownOr(got, "none"), got == ""))
		}
		return out
	})
}

func shownOr(text, empty string) string {
	if text == "" {
		return empty
	}
	return text
}

func allowedPreflights(ctx context.Context, s *session) []Result {
	if len(s.out.CORSOrigins) == 0 {
		return []Result{skip("", "", "the stack allows no page of another origin")}
	}
	return s.paths(func(path string, r client.Route) (out []Result) {
		for _, from := range s.out.CORSOrigins {
			a, err := s.preflight(ctx, path, from, methodOf(r))
			if err != nil {
				out = append(out, broken("OPTIONS "+path, from, err))
				continue
			}
			out = append(out, mustHold("OPTIONS "+path, from, from, shown(named(a)), a.status < 300 && named(a) == from))
		}
		return out
	})
}

func foreignAnswers(ctx context.Context, s *session) []Result {
	return s.routes(func(r client.Route) bool { return r.Authorization == authNone || r.Authorization == authIAM }, func(name string, r client.Route) []Result {
		method := methodOf(r)
		if !safe(method) && !s.o.Writes {
			return []Result{skip(name, "", "%s may change something; --writes tries it", method)}
		}
		const from = "https://verify.example.com"
		var u *person
		if isIAM(r) {
			var why string
			if u, why = s.people.may(r); u == nil {
				return []Result{skip(name, "", "%s", why)}
			}
		}
		a, err := s.prober.send(ctx, func() (*http.Request, error) {
			h := s.keyed(r)
			h["Origin"] = from
			req, err := request{method: method, path: Example(r.Path), header: h}.to(ctx, s.base)
			if err == nil && u != nil {
				err = u.identity.Sign(ctx, req, nil, s.out.Region, s.now())
			}
			return req, err
		})
		if err != nil {
			return []Result{broken(name, from, err)}
		}
		if a.verdict() != LetIn {
			return []Result{skip(name, from, "the function did not answer, and an error holds no data: %s", a)}
		}
		return []Result{mustHold(name, from, "another origin, or nobody named", shown(named(a)), named(a) != from && named(a) != "*")}
	})
}

func grantedMethods(ctx context.Context, s *session) []Result {
	return s.paths(func(path string, r client.Route) []Result {
		from := "https://verify.example.com"
		if len(s.out.CORSOrigins) > 0 {
			from = s.out.CORSOrigins[0]
		}
		a, err := s.preflight(ctx, path, from, methodOf(r))
		if err != nil {
			return []Result{broken("OPTIONS "+path, from, err)}
		}
		granted := a.header.Get("Access-Control-Allow-Methods")
		more := slices.DeleteFunc(strings.FieldsFunc(granted, func(r rune) bool { return r == ',' || r == ' ' }), func(method string) bool {
			_, found := s.out.Route(method, Example(path))
			return found || method == http.MethodOptions
		})
		return []Result{mustHold("OPTIONS "+path, from, "declared methods alone", shownOr(granted, "none"), len(more) == 0)}
	})
}
