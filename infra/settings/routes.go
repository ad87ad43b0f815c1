package settings

import (
	"fmt"
	"math"
	"regexp"
	"slices"
	"strings"
)

// Authorization is how a route decides who may call it.
type Authorization string

// The kinds of authorization, by API Gateway's names.
const (
	None             Authorization = "NONE"
	IAM              Authorization = "AWS_IAM"
	CognitoUserPools Authorization = "COGNITO_USER_POOLS"
	Custom           Authorization = "CUSTOM" // a function decides: see Authorizer
)

// Caller is a kind of identity that may be let into a route with authorization AWS_IAM.
type Caller string

// The callers: who has signed in to the user pool, and who has not.
const (
	Authenticated Caller = "authenticated"
	Guest         Caller = "guest"
)

// Route is a method and a path of the API, with the function that answers and who may
// call it.
type Route struct {
	Method         string // GET, …; ANY is every method that the path does not declare
	Path           string // begins with a slash; {name} is one segment, {name+} all that follow
	Function       string // a folder of functions/
	Authorization  Authorization
	Authorizer     string // CUSTOM: the name of one of the authorizers
	APIKeyRequired bool
	Callers        []Caller          // AWS_IAM: who gets the permission
	CallerTags     map[string]string // AWS_IAM: session tags that callers must carry besides
	Scopes         []string          // COGNITO_USER_POOLS: one of them must be in the access token; none: an ID token is asked for
	Public         bool              // said of a route that asks for neither, so that none is open by oversight
	Validation     Validation
	TimeoutMillis  int       // how long API Gateway waits for the function; 0: as long as it can, 29 seconds
	Throttle       *Throttle // nil: what the usage plan and the account allow
	Web            bool      // whether it is the web client's own, and so in no stack file
}

// Throttle limits the requests to one route: those of each API key where the route asks
// for a key, else those of everybody together.
type Throttle struct {
	RateLimit  float64 // requests a second
	BurstLimit int     // requests at once
}

// String is the route as people say it: GET /path.
func (r Route) String() string { return r.Method + " " + r.Path }

const maxCount = math.MaxInt32

var (
	methods        = []string{"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "ANY"}
	authorizations = []string{string(None), string(IAM), string(CognitoUserPools), string(Custom)}

	// scopes are those that every token of this stack's client can hold; the last is in the
	// access tokens of those who sign in without the hosted page.
	scopes = []string{"openid", "email", "profile", "phone", "aws.cognito.signin.user.admin"}
)

func readRoutes(o object, functions []string) []Route {
	routes := []Route{}
	switch {
	case !o.has("routes"):
		o.p.add(o.at("routes"), "is missing: legal is a list of routes")
	case o.emptyList("routes"):
		o.p.add(o.at("routes"), "is empty: an API has at least one route")
	}
	o.each("routes", "routes", "The API's routes. AWS allows an API 300 resources, of which each part of a path is one. What a caller of AWS_IAM routes may call is an inline policy of its role up to 8192 characters, about 100 routes; beyond, it is spread over 8 managed policies, in which each route has its place by its own name, so that a change of one route changes one policy.", func(_ int, o object) {
		routes = append(routes, readRoute(o, functions))
	}, required)
	checkPathsTogether(o.p, o.at("routes"), routes)
	return routes
}

func readRoute(o object, functions []string) Route {
	for _, name := range []string{"method", "path", "function"} {
		if !o.has(name) {
			o.p.add(o.at(name), "is missing")
		}
	}
	r := Route{
		Method:         o.choice("method", "", methods, "ANY is every method that the path does not declare.", required),
		Path:           o.text("path", "", "is a path such as /users/{id}", "Begins with a slash. {name} is one part that a request may choose; a last part {rest+} takes all that follows.", required),
		Function:       o.text("function", "", "are "+joined(functions), "A folder of functions/, which answers.", required),
		Authorization:  Authorization(o.choice("authorization", string(None), authorizations, "How the route decides who may call it: AWS_IAM, requests signed with credentials of the identity pool (Signature Version 4); COGNITO_USER_POOLS, a token of the user pool; CUSTOM, a function of yours, see authorizers.")),
		Authorizer:     o.text("authorizer", "", "is the name of one of authorizers", "For CUSTOM: which of the authorizers decides."),
		APIKeyRequired: o.boolean("apiKeyRequired", false, "Whether an API key is asked for, with the limits of usagePlan. A key tells clients apart; it proves nobody."),
	}
	if r.Path != "" {
		if fault := pathFault(r.Path); fault != "" {
			o.p.add(o.at("path"), "is %q: %s", r.Path, fault)
			r.Path = ""
		}
	}
	if r.Function != "" && !slices.Contains(functions, r.Function) {
		o.p.add(o.at("function"), "is %q: there is no functions/%s/main.go; legal are %s", r.Function, r.Function, joined(functions))
		r.Function = ""
	}

	for _, caller := range o.texts("callers", nil, "authenticated, guest, names of groups", "For AWS_IAM: who gets the permission to call. authenticated is everybody who has signed in, the members of groups among them; the name of a group of identity.groups is its members alone.", nil, byDefault("[authenticated]")) {
		r.Callers = append(r.Callers, Caller(caller))
	}
	switch {
	case r.Authorization == "": // which is told already
	case o.has("callers") && r.Authorization != IAM:
		o.p.add(o.at("callers"), "is for authorization %s alone, and the route's is %s", IAM, r.Authorization)
		r.Callers = nil
	case o.emptyList("callers"):
		o.p.add(o.at("callers"), "names nobody: legal are authenticated, guest, names of groups")
	case r.Authorization == IAM && len(r.Callers) == 0:
		r.Callers = []Caller{Authenticated}
	}

	switch {
	case r.Authorization == Custom && !o.has("authorizer"):
		o.p.add(o.at("authorizer"), "is missing: authorization %s needs one of authorizers", Custom)
	case o.has("authorizer") && r.Authorization != Custom && r.Authorization != "":
		o.p.add(o.at("authorizer"), "is for authorization %s alone, and the route's is %s", Custom, r.Authorization)
	}

	r.CallerTags = readCallerTags(o, r)
	r.Scopes = o.texts("scopes", nil, joined(scopes)+", those of identity.resourceServers", "For COGNITO_USER_POOLS: one of them must be in the access token. Without any, the route asks for an ID token.", nil)
	if o.has("scopes") && r.Authorization != CognitoUserPools && r.Authorization != "" {
		o.p.add(o.at("scopes"), "is for authorization %s alone, and the route's is %s", CognitoUserPools, r.Authorization)
	}

	r.Validation = readValidation(o, r)
	// On AWS 29 seconds is a quota of the account; 50 ms the least that it takes.
	r.TimeoutMillis = o.integer("timeoutMillis", maxTimeoutMillis, 50, maxTimeoutMillis, "Milliseconds that API Gateway waits for the function, before it answers 504. The function runs on till its own timeout.")
	if r.TimeoutMillis == maxTimeoutMillis {
		r.TimeoutMillis = 0 // what AWS does by itself
	}
	r.Throttle = readThrottle(o, r)

	r.Public = o.boolean("public", false, "Must be said of a route with neither authorization nor key, so that none is open by oversight.")
	closed := r.Authorization != None || r.APIKeyRequired
	switch {
	case r.Method == "OPTIONS" && closed:
		o.p.add(o.key, "is OPTIONS and asks for authorization or a key: browsers send neither with a preflight request")
	case closed && r.Public:
		o.p.add(o.at("public"), "is true, but the route asks for authorization or a key")
	case !closed && !r.Public:
		o.p.add(o.key, "asks for neither authorization nor a key: set authorization or apiKeyRequired, or public: true if everybody may call it")
	}
	return r
}

// maxTimeoutMillis is how long API Gateway waits for an integration at most:
// https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-execution-service-limits-table.html.
const maxTimeoutMillis = 29_000

func readThrottle(o object, r Route) *Throttle {
	var t Throttle
	given := o.has("throttle")
	o.child("throttle", "Limits the requests to this route: those of each API key where apiKeyRequired is true, beside the limits of usagePlan; else those of everybody together, at the cost of one resource more for the route.", func(o object) {
		for _, name := range []string{"rateLimit", "burstLimit"} {
			if given && !o.has(name) {
				o.p.add(o.at(name), "is missing: a throttle has both")
			}
		}
		t = Throttle{
			RateLimit:  o.number("rateLimit", 0, "Requests a second.", required),
			BurstLimit: o.integer("burstLimit", 0, 1, maxCount, "Requests at once.", required),
		}
	})
	if !given {
		return nil
	}
	if r.Method == "ANY" {
		o.p.add(o.at("throttle"), "is for one method, and the route's is ANY: name the method, API Gateway counts each by itself")
	}
	return &t
}

// checkCallers checks the callers and scopes of the routes against who and which there
// are, and whether IAM can tell the routes of each caller apart.
func checkCallers(o object, routes []Route, identity Identity) {
	key := o.at("routes")
	legal := identity.Callers()
	for i, r := range routes {
		for j, caller := range r.Callers {
			switch at := fmt.Sprintf("%s[%d].callers[%d]", key, i, j); {
			case !slices.Contains(legal, caller) && caller != Guest:
				o.p.add(at, "is %q: legal are %s", caller, joinedCallers(legal))
			case caller == Guest && !identity.Guests:
				o.p.add(at, "is \"guest\", but identity.guests is false: there are none")
			}
		}
	}
	checkScopes(o, routes, identity)
	checkCallerTags(o, routes, identity)
	untagged := slices.Clone(routes) // the conflicts of tags are told already
	for i := range untagged {
		untagged[i].CallerTags = nil
	}
	told := map[Conflict]bool{}
	for _, caller := range legal {
		_, conflicts := AccessOf(untagged, caller)
		if len(conflicts) == 0 || told[conflicts[0]] {
			continue
		}
		c := conflicts[0]
		told[c] = true
		o.p.add(fmt.Sprintf("%s[%d]", key, c.Refused), "(%s) is not for %s, and IAM cannot tell it from %s[%d] (%s), which is: give both the same callers, or one of them another path",
			routes[c.Refused], caller, key, c.Granted, routes[c.Granted])
	}
}

// partName is what API Gateway allows in a part of a path.
const partName = `[A-Za-z0-9._:-]+`

var pathPart = regexp.MustCompile(`^(` + partName + `|\{` + partName + `\+?\})$`)

// pathFault says what is wrong with a path.
func pathFault(path string) string {
	if !strings.HasPrefix(path, "/") {
		return "a path begins with /"
	}
	if path == "/" {
		return ""
	}
	if strings.HasSuffix(path, "/") {
		return "a path does not end with /, which API Gateway would route elsewhere"
	}
	parts, names := segments(path), map[string]bool{}
	for i, part := range parts {
		if !pathPart.MatchString(part) {
			return fmt.Sprintf("its part %q is not of letters, digits and . _ : - alone, nor {name} or {name+}", part)
		}
		if isGreedy(part) && i != len(parts)-1 {
			return fmt.Sprintf("%s takes all that follows, so it must be the last part", part)
		}
		if name := strings.Trim(part, "{+}"); isParameter(part) {
			if names[name] {
				return fmt.Sprintf("it has two parameters called %s", name)
			}
			names[name] = true
		}
	}
	return ""
}

// checkPathsTogether finds routes that are fine alone and not beside one another.
func checkPathsTogether(p *problems, key string, routes []Route) {
	seen := map[string]int{}
	parameters := map[string]int{} // path up to and with a parameter's place → the route that named it
	for i, r := range routes {
		if r.Path == "" {
			continue
		}
		at := fmt.Sprintf("%s[%d]", key, i)
		if r.Method != "" {
			if first, twice := seen[r.String()]; twice {
				p.add(at, "is %s, as is %s[%d]: a method and a path stand together once", r, key, first)
				continue
			}
			seen[r.String()] = i
		}
		parts := segments(r.Path)
		for j, part := range parts {
			if !isParameter(part) {
				continue
			}
			place := strings.Join(parts[:j], "/")
			first, named := parameters[place]
			if !named {
				parameters[place] = i
				continue
			}
			if other := segments(routes[first].Path)[j]; other != part {
				p.add(at+".path", "is %q: %s[%d].path calls the same part %s, and API Gateway allows it one name", r.Path, key, first, other)
				break
			}
		}
	}
}

func segments(path string) []string {
	if path == "/" {
		return nil
	}
	return strings.Split(strings.TrimPrefix(path, "/"), "/")
}

func isParameter(part string) bool { return strings.HasPrefix(part, "{") }

func isGreedy(part string) bool { return strings.HasSuffix(part, "+}") }
