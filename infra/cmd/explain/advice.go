package main

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"auth-api/infra/localaws/access"
	"auth-api/infra/localaws/answers"
	"auth-api/infra/localaws/authz"
	"auth-api/infra/localaws/gateway"
	"auth-api/infra/localaws/gateway/openapi"
)

// advice says what would let the caller in, or why the route is open and what would close
// it, in the settings' words. It goes by the gate that decided, and decides nothing itself.
func (a answer) advice() []string {
	switch {
	case a.Way == nil:
		return []string{}
	case a.Way.Allowed && a.Request != nil && a.Request.Decision == "deny":
		return a.behindTheGates()
	case a.Way.Allowed:
		return a.whyOpen()
	}
	switch a.Way.Gate {
	case gateway.GateStage:
		return []string{"Call the address that the output apiUrl has: make outputs STACK=" + a.Stack + " prints it."}
	case gateway.GateRoute:
		return a.unknownRoute()
	case gateway.GateAuthorization:
		return a.unproven()
	case gateway.GatePolicies:
		return a.denied()
	case gateway.GateKey:
		return a.keyless()
	case gateway.GateThrottle:
		return []string{"A rate and a burst of 0 let nothing through: give " + a.route() + " a throttle above 0 in " + a.setting("routes") + "."}
	case gateway.GateValidation:
		return []string{
			"Send what is missing; explain takes a query behind the path, and --header and --data.",
			"Or ask for less: requiredParameters and bodySchema of " + a.route() + " in " + a.setting("routes") + ".",
		}
	case gateway.GateIntegration:
		return []string{
			"The program declares a permission (AddPermission) for every route's function; this one is missing or is for something else. make refresh STACK=" + a.Stack + " shows what somebody changed by hand, and make up STACK=" + a.Stack + " brings it back.",
			"After it every caller who gets through to here is answered by the function.",
		}
	}
	return []string{}
}

// refusal is how the gateway's refusals begin in the record.
var refusal = regexp.MustCompile(`^(\d{3}) (\w+): `)

// behindTheGates is for a request that was refused for what is not kept of it, or for what
// became of it: what helps then is what is said of the error.
func (a answer) behindTheGates() []string {
	all, err := answers.Errors()
	code := refusal.FindStringSubmatch(a.Request.Reason)
	if err != nil || code == nil { // the page is part of this program, and tested
		return []string{}
	}
	out := []string{}
	for _, e := range all {
		received := slices.ContainsFunc(e.Received, func(r answers.Received) bool { return fmt.Sprint(r.Status) == code[1] && r.Type == code[2] })
		if e.Where != "API Gateway" || !received {
			continue
		}
		for _, help := range e.Helps {
			out = append(out, plain(help))
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// setting names a key of the stack file.
func (a answer) setting(key string) string {
	return a.project + ":" + key + " in Pulumi." + a.Stack + ".yaml"
}

// route names the route as the stack file has it.
func (a answer) route() string {
	if a.Way.Route == nil {
		return a.Way.Method + " " + a.Way.Path
	}
	return a.Way.Route.Method + " " + a.Way.Route.Path
}

// kind is what kind of caller it is; of a request that was made, by what was found of it.
func (a answer) kind() access.Kind {
	if a.Caller != nil {
		return a.Caller.kind
	}
	facts := map[string]string{}
	for _, f := range a.Way.Stop(gateway.GateAuthorization).Facts {
		facts[f.Name] = f.Value
	}
	switch {
	case facts["identity"] == "unauthenticated":
		return access.Guest
	case facts["identity"] != "":
		return access.Authenticated
	case facts["token"] == "ID token":
		return access.IDToken
	case facts["token"] != "":
		return access.AccessToken
	case facts["role"] != "":
		return access.Function
	}
	return access.Anonymous
}

func (a answer) unknownRoute() []string {
	out := []string{"Missing Authentication Token is what API Gateway says of paths and methods that it does not have, too. Declare the route under " + a.setting("routes") + ": {method: " + a.Way.Method + ", path: " + a.Way.Path + ", function: …}."}
	var near []string
	for _, r := range a.routes {
		if r.Method == "OPTIONS" {
			continue
		}
		if score(r.Path, a.Way.Path) > 0 {
			near = append(near, r.Method+" "+r.Path)
		}
	}
	if len(near) == 0 {
		for _, r := range a.routes {
			if r.Method != "OPTIONS" {
				near = append(near, r.Method+" "+r.Path)
			}
		}
	}
	slices.Sort(near)
	if len(near) > 0 {
		out = append(out, "There are: "+some(slices.Compact(near))+".")
	}
	if strings.HasSuffix(a.Way.Path, "/") && a.Way.Path != "/" {
		out = append(out, "The slash at the end makes another path of it: only a route that ends in {NAME+} takes it.")
	}
	return out
}

// score is how alike two paths are: 0 for not at all.
func score(route, path string) int {
	n := 0
	got := strings.Split(strings.ToLower(strings.Trim(path, "/")), "/")
	for i, part := range strings.Split(strings.ToLower(strings.Trim(route, "/")), "/") {
		if i < len(got) && part != "" && (part == got[i] || strings.HasPrefix(part, got[i]) || got[i] != "" && strings.HasPrefix(got[i], part)) {
			n++
		}
	}
	return n
}

// unproven is for callers who do not prove who they are as the route wants it.
func (a answer) unproven() []string {
	r := a.Way.Route
	if a.Caller != nil && a.Caller.NoCredentials != "" {
		if a.kind() == access.Guest {
			return []string{
				"Give guests credentials: guests: true in " + a.setting("identity") + ", and name guest among the callers of " + a.route() + " in " + a.setting("routes") + ".",
				"Or sign in: make call STACK=" + a.Stack + " AS=USER ROUTE=\"" + a.Way.Method + " " + a.Way.Path + "\".",
			}
		}
		return []string{"The identity pool gives this caller no role. With groups, " + a.setting("identity.ambiguousRole") + " says what users get whose token names no one role; trust policies are the program's, and make up STACK=" + a.Stack + " brings them back."}
	}
	switch r.Authorization {
	case openapi.AuthIAM:
		if a.Request != nil && a.Request.Status == 403 && a.Way.Error != "MissingAuthenticationTokenException" {
			return []string{"The signature, its credentials or its date are wrong; what AWS's answer means stands in explain --message \"" + first(a.Way.Body) + "\".", "make call STACK=" + a.Stack + " signs as the SDKs do; hold what you send against it."}
		}
		out := []string{}
		if len(a.Way.Stop(gateway.GateAuthorization).Facts) > 0 {
			out = append(out, "A token proves nothing here: the route wants a signature.")
		}
		return append(out,
			"Sign the request with credentials of the identity pool (Signature Version 4): make call STACK="+a.Stack+" AS=USER ROUTE=\""+a.Way.Method+" "+a.Way.Path+"\" does; AS=guest where guests may.",
			"Or let everybody in who has a key: authorization: NONE and apiKeyRequired: true for "+a.route()+" in "+a.setting("routes")+"; without a key it must say public: true.",
		)
	case openapi.AuthCognito:
		header := "Authorization"
		if len(r.Scopes) == 0 {
			return []string{
				"Send an ID token of the stack's user pool in the header " + header + "; that of a signature or an access token is refused, as the route names no scopes.",
				"Or take access tokens: scopes: [" + signInScope + "] for " + a.route() + " in " + a.setting("routes") + ".",
			}
		}
		return []string{
			"Send an access token with one of the scopes " + strings.Join(r.Scopes, ", ") + " in the header " + header + ": explain … --scope " + r.Scopes[0] + ".",
			"Who is given a scope: the hosted sign-in's client by " + a.setting("identity.webScopes") + ", programs by identity.machineClients; signing in by password gives " + signInScope + " alone.",
			"Or ask for another one: scopes of " + a.route() + " in " + a.setting("routes") + ".",
		}
	case openapi.AuthCustom:
		return []string{
			"Send what the authorizer is asked about, its identity sources: explain … --header \"NAME: VALUE\", or a query behind the path; a signed request has the header Authorization.",
			"What is an identity source, and what it must match: identitySource and validationExpression in " + a.setting("authorizers") + ".",
			"An authorizer that API Gateway may not invoke is answered 500: make up STACK=" + a.Stack + " brings its permission back.",
		}
	}
	return []string{}
}

// first is the message of a JSON body, in as many words as are looked up.
func first(body string) string {
	m := regexp.MustCompile(`(?i)"message":\s*"((?:[^"\\]|\\.)*)"`).FindStringSubmatch(body)
	if m == nil {
		return body
	}
	text := m[1]
	if i := strings.IndexByte(text, '.'); i > 0 {
		text = text[:i+1]
	}
	return text
}

// denied is for callers whom policies refuse.
func (a answer) denied() []string {
	looks := a.Way.Stop(gateway.GatePolicies).Looks
	if len(looks) == 0 {
		return []string{"What the Lambda authorizer answers is its code's: its policy must allow execute-api:Invoke on this method and path; with a ttl in " + a.setting("authorizers") + " a kept policy must cover every route."}
	}
	look := looks[len(looks)-1]
	var by authz.Step
	if look.Deciding >= 0 {
		by = look.Steps[look.Deciding]
	}
	if by.Effect == "Deny" {
		return a.explicitlyDenied(by)
	}
	limits := func(t authz.PolicyType) bool {
		for _, s := range look.Steps {
			if s.Type == t && s.Matched && s.Effect == "Allow" {
				return false
			}
		}
		return slices.ContainsFunc(look.Steps, func(s authz.Step) bool { return s.Type == t })
	}
	allowed := slices.ContainsFunc(look.Steps, func(s authz.Step) bool {
		return s.Type == authz.IdentityBased && s.Matched && s.Effect == "Allow"
	})
	switch {
	case allowed && limits(authz.Boundary):
		return []string{"The role's policies allow it, and its permissions boundary does not: the boundary must allow execute-api:Invoke on this route as well."}
	case allowed && limits(authz.SessionPolicy):
		return []string{"The role's policies allow it, and the session's do not. For guests the identity pool adds them, which allow execute-api; with AssumeRole they are what the caller passed."}
	case a.Way.Route.Authorization != openapi.AuthIAM:
		return []string{"The API's resource policy lets nobody in who comes so: " + a.setting("resourcePolicy") + "."}
	}
	callers := "callers of " + a.route() + " under " + a.setting("routes")
	switch a.kind() {
	case access.Guest:
		return []string{"Name guest among the " + callers + ", as in callers: [authenticated, guest].", "Or sign in."}
	case access.Group:
		name := strings.TrimPrefix(a.Caller.Name, "group ")
		return []string{"Name the group among the " + callers + ", as in callers: [" + name + "]; a member of several groups has the credentials of one (precedence in " + a.setting("identity.groups") + ")."}
	case access.Function:
		name := "NAME"
		if a.Caller != nil {
			name = strings.TrimPrefix(a.Caller.Name, "function ")
		}
		return []string{"Grant it to the function: grants: [{route: " + a.route() + "}] for " + shortest(name, a.Stack) + " under " + a.setting("functions") + "; the function then signs with its own credentials."}
	}
	return []string{
		"Name the caller among the " + callers + "; authenticated is everybody who has signed in, the name of a group its members.",
		"A user in a group has the group's role; make explain AS=GROUP asks for that.",
	}
}

// explicitlyDenied is for a statement that denies, which no other overrules.
func (a answer) explicitlyDenied(by authz.Step) []string {
	for _, c := range by.Conditions {
		key := strings.ToLower(c.Key)
		if tag, is := strings.CutPrefix(key, "aws:principaltag/"); is {
			return []string{
				"The caller's credentials must carry the tag " + tag + " = " + strings.Join(c.Operands, " or ") + ", which follows from a claim of the ID token (" + a.setting("identity.principalTags") + "): give the user that attribute, and try it with --claim NAME=VALUE.",
				"Or ask for no tag: callerTags of " + a.route() + " in " + a.setting("routes") + ".",
			}
		}
		if key == "aws:sourceip" {
			return []string{
				"The API takes requests from " + some(c.Operands) + " alone, and this one came from " + strings.Join(c.Values, ", ") + ": add the address to " + a.setting("resourcePolicy.allowedIps") + ".",
				"explain … --from ADDRESS asks for a caller at another one.",
			}
		}
		if strings.HasPrefix(key, "aws:sourcevpc") {
			return []string{"The API is private: it takes requests that come through the VPC endpoints of " + a.setting("resourcePolicy.vpcEndpointIds") + "."}
		}
	}
	return []string{"An explicit deny wins over every allow: " + statement(by) + " must go, or be about something else. Nothing in " + a.setting("routes") + " takes it back."}
}

func (a answer) keyless() []string {
	out := []string{}
	if a.Caller != nil && strings.HasSuffix(a.Caller.Sends, "with the stack's API key") {
		out = append(out, "No enabled API key is in a usage plan of the stage: make up STACK="+a.Stack+" brings back the stack's own.")
	} else {
		out = append(out, "Send the stack's API key in the header x-api-key: make outputs STACK="+a.Stack+" prints it as apiKey, and make call sends it. Pages of a browser may send it where "+a.setting("cors.headers")+" has it.")
	}
	return append(out, "Or ask for none: apiKeyRequired: false for "+a.route()+" in "+a.setting("routes")+"; a route with neither authorization nor key must say public: true.")
}

// whyOpen says what lets the caller in, and which setting that is.
func (a answer) whyOpen() []string {
	r := a.Way.Route
	where := a.route() + " in " + a.setting("routes")
	var out []string
	switch r.Authorization {
	case openapi.AuthNone:
		out = append(out, "authorization is NONE for "+where+": who calls is not asked.")
	case openapi.AuthIAM:
		by := "a statement of the caller's role"
		if looks := a.Way.Stop(gateway.GatePolicies).Looks; len(looks) > 0 && looks[len(looks)-1].Deciding >= 0 {
			by = statement(looks[len(looks)-1].Steps[looks[len(looks)-1].Deciding])
		}
		from := "callers of " + where
		if a.kind() == access.Function {
			from = "the grants of the function in " + a.setting("functions")
		}
		out = append(out, by+" lets it in, which follows from "+from+".")
	case openapi.AuthCognito:
		out = append(out, "authorization is COGNITO_USER_POOLS for "+where+": every user of the pool gets in"+map[bool]string{true: " with an ID token.", false: " whose access token has one of the scopes."}[len(r.Scopes) == 0])
	case openapi.AuthCustom:
		out = append(out, "authorization is CUSTOM for "+where+": the code of the authorizer "+a.Way.Authorizer+" has the last word; make logs shows what it did on the local AWS.")
	}
	if r.APIKeyRequired {
		out = append(out, "apiKeyRequired is true: without a good key it is 403 Forbidden. A key tells clients apart, and proves nobody.")
	}
	return out
}

// shortest is a function's name as the settings have it: PROJECT-STACK-NAME is NAME.
func shortest(name, stack string) string {
	if _, own, found := strings.Cut(name, "-"+stack+"-"); found {
		return own
	}
	return name
}
