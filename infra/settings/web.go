package settings

import (
	"fmt"
	"slices"
	"strings"
)

// Web is the web client: a page that one of the stack's functions serves at the API's
// root, and by which people sign in and call the API.
type Web struct {
	Function string   // a folder of functions/; empty: none
	Routes   []string // those that the page has a button for: GET /no-auth, …
}

// WebVariable is the environment variable by which the web client's function is told the
// name of the parameter with what the page has to know of the stack.
const WebVariable = "WEB_PARAMETER"

// webPaths are what a page needs: itself, what it is told of the stack, and its parts.
var webPaths = []string{"/", "/config.json", "/assets/{asset}"}

// routes are the web client's own. Browsers ask for them before anybody has signed in.
func (w Web) routes() []Route {
	if w.Function == "" {
		return nil
	}
	var out []Route
	for _, path := range webPaths {
		out = append(out, Route{Method: "GET", Path: path, Function: w.Function, Authorization: None, Public: true, Web: true})
	}
	return out
}

// WebParameter is the name of the SSM parameter with what the page has to know.
func (s *Settings) WebParameter() string { return "/" + s.Project + "/" + s.Stack + "/web" }

// Buttons are the routes that the page has a button for, in the order of Web.Routes.
func (s *Settings) Buttons() []Route {
	var out []Route
	for _, name := range s.Web.Routes {
		if i := slices.IndexFunc(s.Routes, func(r Route) bool { return r.String() == name }); i >= 0 {
			out = append(out, s.Routes[i])
		}
	}
	return out
}

func readWeb(o object, functions []string) Web {
	var w Web
	o.child("web", "The web client: a page at the API's root, where people sign in and call the API. It adds the public routes GET /, GET /config.json and GET /assets/{asset}, which need not be among routes; "+
		"the SSM parameter /PROJECT/STACK/web with what the page has to know of the stack, which anybody reads at /config.json, the API key too; and leave for its function to read that parameter. The output webUrl is the page's address, registered as callback and sign-out URL. "+
		"Behind resourcePolicy.vpcEndpointIds it opens for browsers that reach those endpoints by their private DNS.", func(o object) {
		w.Function = o.text("function", "", "are "+joined(functions), "A folder of functions/, which serves the page.", byDefault("no web client"))
		if (w.Function != "" || o.emptyText("function")) && !slices.Contains(functions, w.Function) {
			o.p.add(o.at("function"), "is %q: there is no functions/%s/main.go%s; legal are %s", w.Function, w.Function, meant(w.Function, functions), joined(functions))
			w.Function = ""
		}
		w.Routes = o.texts("routes", nil, "routes such as GET /no-auth", "The routes that the page has a button for: those that it can call as they stand, without CUSTOM, ANY, parts to fill in, required parameters or a body's schema.", nil, byDefault("every such route with GET"))
		if o.has("routes") && !o.has("function") {
			o.p.add(o.at("routes"), "is for a web client, and there is none: set %s", o.at("function"))
		}
	})
	return w
}

// addWeb adds the web client's own routes, and finds out which others have buttons.
func addWeb(o object, s *Settings) {
	if s.Web.Function == "" {
		s.Web.Routes = nil
		return
	}
	checkWebPaths(o, s)
	checkWebPlace(o, s)
	s.Web.Routes = buttons(o, s.Web.Routes, s.Routes)
	s.Routes = append(s.Routes, s.Web.routes()...)
}

// checkWebPaths refuses routes that API Gateway could not have beside the web client's.
// Those that take its paths in, such as ANY /{rest+}, are none of these: API Gateway gives
// a request to the most particular path, and there to the method's own route.
//
// See https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-method-settings-method-request.html.
func checkWebPaths(o object, s *Settings) {
	own := strings.Join(routeNames(s.Web.routes()), ", ")
	for i, r := range s.Routes {
		key := fmt.Sprintf("%s[%d]", o.at("routes"), i)
		if slices.ContainsFunc(s.Web.routes(), func(w Route) bool { return w.String() == r.String() }) {
			o.p.add(key, "is %s, which is the web client's (%s): %s answers %s; give the route another path, or leave the web client away", r, o.at("web"), s.Web.Function, own)
			continue
		}
		if parts := segments(r.Path); len(parts) > 1 && parts[0] == "assets" && isParameter(parts[1]) && parts[1] != "{asset}" {
			o.p.add(key+".path", "is %q: the web client's GET /assets/{asset} (%s) calls the same part {asset}, and API Gateway allows it one name", r.Path, o.at("web"))
		}
	}
}

// checkWebPlace refuses a web client whose parameter AWS would refuse.
func checkWebPlace(o object, s *Settings) {
	// https://docs.aws.amazon.com/systems-manager/latest/userguide/sysman-parameter-name-constraints.html
	if project := strings.ToLower(s.Project); strings.HasPrefix(project, "aws") || strings.HasPrefix(project, "ssm") {
		o.p.add(o.at("web.function"), "needs the SSM parameter %s, and AWS takes no name that begins with aws or ssm: give the project another name", s.WebParameter())
	}
}

// buttons checks the names of the routes that have buttons; nil stands for the default.
func buttons(o object, named []string, routes []Route) []string {
	var legal []string
	otherwise := []string{}
	faults := map[string]string{}
	for _, r := range routes {
		fault := buttonFault(r)
		faults[r.String()] = fault
		if fault != "" {
			continue
		}
		legal = append(legal, r.String())
		if r.Method == "GET" {
			otherwise = append(otherwise, r.String())
		}
	}
	if named == nil {
		return otherwise
	}
	choice := "legal are " + joined(legal)
	if len(legal) == 0 {
		choice = "there is no route that the page could call"
	}
	for i, name := range named {
		switch fault, there := faults[name]; {
		case !there:
			o.p.add(fmt.Sprintf("%s[%d]", o.at("web.routes"), i), "is %q, which is no route%s: %s", name, meant(name, legal), choice)
		case fault != "":
			o.p.add(fmt.Sprintf("%s[%d]", o.at("web.routes"), i), "is %q, which %s: %s", name, fault, choice)
		}
	}
	return named
}

// buttonFault says why a page cannot call a route by its method and path alone.
func buttonFault(r Route) string {
	v := r.Validation
	switch {
	case r.Path == "" || r.Method == "": // which is told already
		return "is not whole"
	case strings.Contains(r.Path, "{"):
		return "has a part to fill in"
	case r.Method == "ANY" || r.Method == "OPTIONS":
		return "has the method " + r.Method + ", which a page does not send"
	case r.Authorization == Custom:
		return "asks for what an authorizer of yours knows"
	case len(v.Query)+len(v.Headers) > 0 || v.BodySchema != "":
		return "asks for parameters or a body"
	}
	return ""
}

func routeNames(routes []Route) []string {
	var out []string
	for _, r := range routes {
		out = append(out, r.String())
	}
	return out
}

// checkWebFunction refuses what would lead the web client's function to another parameter.
func checkWebFunction(o object, s *Settings) {
	name := s.Web.Function
	if _, said := s.Functions[name].Environment[WebVariable]; said {
		o.p.add(o.at("functions."+name+".environment."+WebVariable), "is set by the program, as %s says", o.at("web"))
	}
}

// readWebOrigins reads where else the stack's own pages are.
func readWebOrigins(o object) []string {
	return o.texts("webOrigins", nil, "https://HOST, and http:// for localhost", "Where you host a web client of your own, exactly as browsers write it: scheme, host and port, without a slash at the end. "+
		"For each, ORIGIN/ is a callback and a sign-out URL, beside those of identity, and cors.origins has it too: with cors as it is by default where the stack file has none.", func(key, origin string) {
		fault := originFault(origin)
		if fault == "" {
			fault = urlFault(origin + "/") // http for localhost alone, not 127.0.0.1
		}
		if fault != "" {
			o.p.add(key, "is %q: %s", origin, fault)
		}
	})
}

// addOrigins makes callback and sign-out URLs of the origins, beside those of identity.
// Only where there is nothing at all, neither a web client nor these, it is the address
// that development servers have.
func addOrigins(o object, s *Settings, origins []string) {
	id := &s.Identity
	for _, list := range []*[]string{&id.CallbackURLs, &id.SignOutURLs} {
		for _, origin := range origins {
			if address := origin + "/"; !slices.Contains(*list, address) {
				*list = append(*list, address)
			}
		}
		if len(*list) == 0 && s.Web.Function == "" {
			*list = []string{developmentURL}
		}
	}
	for _, list := range []struct {
		name string
		urls []string
	}{{"callbackUrls", id.CallbackURLs}, {"signOutUrls", id.SignOutURLs}} {
		if n := len(list.urls) + len(s.Web.routes())/len(webPaths); n > maxURLs {
			o.p.add(o.at("identity."+list.name), "are %d URLs, with those of %s and %s: Cognito allows %d", n, o.at("webOrigins"), o.at("web"), maxURLs)
		}
	}
	if s.Web.Function == "" && !slices.Contains(id.SignOutURLs, id.CallbackURLs[0]) {
		o.p.add(o.at("identity.signOutUrls"), "lacks %s, the first of callbackUrls: that is the web client's address, which people come back to when they sign out", id.CallbackURLs[0])
	}
}

const (
	developmentURL = "http://localhost:3000/"

	// maxURLs is how many callback URLs Cognito allows a client, and how many sign-out URLs:
	// https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_UserPoolClientType.html.
	maxURLs = 100
)
