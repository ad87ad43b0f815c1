package settings

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Authorizer is a function that decides who may call the routes that name it.
//
// See https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-use-lambda-authorizer.html.
type Authorizer struct {
	Function         string // a folder of functions/
	Type             AuthorizerType
	TTL              int              // seconds that an answer is kept, for all routes that name the authorizer; 0: not at all
	IdentitySource   []IdentitySource // what must be in a request before the function is asked, and what its answer is kept under
	ValidationRegexp string           // TOKEN: what the token must match before the function is asked; empty: anything
}

// AuthorizerType says what an authorizer's function is told of a request.
type AuthorizerType string

// The two types, by API Gateway's names.
const (
	TokenAuthorizer   AuthorizerType = "TOKEN"   // the token, and which method is called
	RequestAuthorizer AuthorizerType = "REQUEST" // all but the body
)

// IdentitySource is a part of a request that tells who calls: the header or the
// parameter of the query with this name.
type IdentitySource struct {
	In   string // header, query
	Name string
}

// maxAuthorizers is what AWS allows an API, those of user pools included:
// https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-execution-service-limits-table.html.
const maxAuthorizers = 10

var (
	authorizerName = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_-]{0,63}$`)

	// authorizerNamesTaken are those of the program's own security schemes.
	authorizerNamesTaken = []string{"sigv4", "users", "api_key"}

	// headerName is a token of RFC 9110, without what API Gateway's expressions would
	// take for something else.
	headerName = regexp.MustCompile(`^[A-Za-z0-9_-]+$`)
	queryName  = regexp.MustCompile(`^[A-Za-z0-9._$-]+$`)
)

func readAuthorizers(o object, functions []string) map[string]Authorizer {
	var out map[string]Authorizer
	o.named("authorizers", "NAME", "Functions that decide who may call the routes with authorization CUSTOM, by the names that routes have for them: letters, digits, _ and -.", func(name string, o object) {
		if out == nil {
			out = map[string]Authorizer{}
		}
		if !authorizerName.MatchString(name) || slices.Contains(authorizerNamesTaken, name) {
			o.p.add(o.key, "is no name for an authorizer: legal are a letter and up to 63 letters, digits, _ and -, but none of %s", joined(authorizerNamesTaken))
		}
		out[name] = readAuthorizer(o, functions)
	})
	return out
}

func readAuthorizer(o object, functions []string) Authorizer {
	if !o.has("function") {
		o.p.add(o.at("function"), "is missing")
	}
	a := Authorizer{
		Function: o.text("function", "", "are "+joined(functions), "A folder of functions/, which answers with a policy. It is no route's function as well.", required),
		Type:     AuthorizerType(o.choice("type", string(TokenAuthorizer), []string{string(TokenAuthorizer), string(RequestAuthorizer)}, "What the function is told: TOKEN, one header's value; REQUEST, all of the request but its body.")),
		TTL: o.integer("ttl", 0, 0, 3600, "Seconds that API Gateway keeps the function's policy, for the same identitySource. "+
			"A kept policy meets every route that names the authorizer, not only the one that was asked for: above 0, the function must return a policy for all that the caller may use.", cost("with 0, one invocation of the function more for every request")),
	}
	if a.Function != "" && !slices.Contains(functions, a.Function) {
		o.p.add(o.at("function"), "is %q: there is no functions/%s/main.go; legal are %s", a.Function, a.Function, joined(functions))
		a.Function = ""
	}

	sources := o.texts("identitySource", []string{"header.Authorization"}, "header.NAME, and for REQUEST query.NAME",
		"What a request must have before the function is asked, else it is refused with 401, and what the function's policy is kept under. Of type TOKEN it is one header, the token's. What is in the query stands in logs of others.", func(key, text string) {
			in, name, _ := strings.Cut(text, ".")
			switch {
			case in == "header" && headerName.MatchString(name), in == "query" && queryName.MatchString(name) && a.Type != TokenAuthorizer:
				a.IdentitySource = append(a.IdentitySource, IdentitySource{In: in, Name: name})
			case a.Type == TokenAuthorizer:
				o.p.add(key, "is %q: legal for TOKEN is header.NAME", text)
			default:
				o.p.add(key, "is %q: legal are header.NAME, query.NAME", text)
			}
		})
	switch {
	case !o.has("identitySource"):
		a.IdentitySource = []IdentitySource{{In: "header", Name: "Authorization"}}
	case a.Type == TokenAuthorizer && len(sources) != 1:
		o.p.add(o.at("identitySource"), "names %d parts of a request: a TOKEN authorizer has one", len(sources))
	case len(sources) == 0 && a.TTL > 0:
		o.p.add(o.at("identitySource"), "is empty and ttl is %d: every caller would get the policy of the first; name what tells callers apart, or set ttl: 0", a.TTL)
	}

	a.ValidationRegexp = o.text("validationExpression", "", "is a regular expression", "For TOKEN: what the whole token must match, or the request is refused with 401 and the function is not asked.")
	switch {
	case a.ValidationRegexp == "":
	case a.Type == RequestAuthorizer:
		o.p.add(o.at("validationExpression"), "is for type %s alone, and the authorizer's is %s", TokenAuthorizer, RequestAuthorizer)
	default:
		if _, err := regexp.Compile(a.ValidationRegexp); err != nil {
			o.p.add(o.at("validationExpression"), "is %q: %v", a.ValidationRegexp, err)
		}
	}
	return a
}

// checkAuthorizers checks that each route's authorizer is there, and each authorizer is
// some route's.
func checkAuthorizers(o object, routes []Route, authorizers map[string]Authorizer) {
	named, pools, answers := map[string]bool{}, 0, map[string]int{}
	for i, r := range routes {
		if _, known := answers[r.Function]; !known {
			answers[r.Function] = i
		}
		if r.Authorization == CognitoUserPools {
			pools = 1
		}
		if r.Authorization != Custom || r.Authorizer == "" {
			continue
		}
		named[r.Authorizer] = true
		if _, ok := authorizers[r.Authorizer]; !ok {
			legal := "legal are " + joined(sortedKeys(authorizers))
			if len(authorizers) == 0 {
				legal = "there are no authorizers"
			}
			o.p.add(fmt.Sprintf("%s[%d].authorizer", o.at("routes"), i), "is %q: %s", r.Authorizer, legal)
		}
	}
	for _, name := range sortedKeys(authorizers) {
		key := o.at("authorizers") + "." + name
		if !named[name] {
			o.p.add(key, "is an authorizer that no route names")
		}
		if route, both := answers[authorizers[name].Function]; both && authorizers[name].Function != "" {
			at := fmt.Sprintf("%s[%d]", o.at("routes"), route)
			if routes[route].Web {
				at = o.at("web")
			}
			o.p.add(key+".function", "is %q, which answers %s (%s) as well: what decides and what answers are two functions", authorizers[name].Function, at, routes[route])
		}
	}
	if n := len(authorizers) + pools; n > maxAuthorizers {
		o.p.add(o.at("authorizers"), "are %d with the user pool's: AWS allows an API %d", n, maxAuthorizers)
	}
}
