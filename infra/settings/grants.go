package settings

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Grant is one thing that a function may do. Exactly one of Parameter, Table, Invoke,
// Route and Secret is set.
type Grant struct {
	Parameter string // name of an SSM parameter to read; begins with a slash
	Table     string // name of a DynamoDB table
	Access    string // to Table: read, write, readWrite
	Invoke    string // a function of this stack, by its folder
	Route     string // METHOD /path of a route of this API with authorization AWS_IAM
	Secret    string // name or whole ARN of a secret of Secrets Manager, to read
	Key       string // id or ARN of the KMS key that Parameter or Secret is encrypted with, if it is not AWS's own
}

// Reads and Writes tell what the grant of a table is for.
func (g Grant) Reads() bool { return g.Access == "read" || g.Access == "readWrite" }

// Writes is Reads for changes.
func (g Grant) Writes() bool { return g.Access == "write" || g.Access == "readWrite" }

// IsARN tells whether a grant names something by its ARN rather than by name or id.
func IsARN(text string) bool { return strings.HasPrefix(text, "arn:") }

var (
	parameterName = regexp.MustCompile(`^(/[A-Za-z0-9_.-]+){1,15}$`)
	tableName     = regexp.MustCompile(`^[A-Za-z0-9_.-]{3,255}$`)
	secretPath    = regexp.MustCompile(`^[A-Za-z0-9/_+=.@-]{1,512}$`)
	secretARN     = regexp.MustCompile(`^arn:aws[a-z-]*:secretsmanager:[a-z0-9-]+:[0-9]{12}:secret:[A-Za-z0-9/_+=.@-]{1,512}-[A-Za-z0-9]{6}$`)
	keyID         = regexp.MustCompile(`^(arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/)?(mrk-[0-9a-f]{32}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})$`)
)

// grantKinds are the fields of which a grant has one.
var grantKinds = []string{"parameter", "table", "invoke", "route", "secret"}

func readGrants(o object) []Grant {
	var grants []Grant
	o.each("grants", "grants", "What its code may do in AWS; without any, write its own log. Each grant has one of parameter, table, invoke, route and secret, and gives the role exactly that.", func(i int, o object) {
		g := readGrant(o)
		if first := slices.Index(grants, g); first >= 0 && g != (Grant{}) {
			o.p.add(o.key, "says the same as grants[%d]", first)
		}
		grants = append(grants, g)
	})
	return grants
}

func readGrant(o object) Grant {
	name := func(field, legal, doc string, forms ...*regexp.Regexp) string {
		text := o.text(field, "", "is "+legal, doc)
		if o.has(field) && !slices.ContainsFunc(forms, func(form *regexp.Regexp) bool { return form.MatchString(text) }) {
			if text != "" || o.emptyText(field) {
				o.p.add(o.at(field), "is %q: legal is %s", text, legal)
			}
			return ""
		}
		return text
	}
	anything := regexp.MustCompile(`.`)
	g := Grant{
		Parameter: name("parameter", "the name of a parameter, such as /shop/limits", "Read this SSM parameter.", parameterName),
		Table:     name("table", "the name of a table, 3 to 255 letters, digits and _ . -", "Use the items of this DynamoDB table of the account and region, and its indexes.", tableName),
		Access:    o.choice("access", "read", []string{"read", "write", "readWrite"}, "With table: read gets, queries and scans; write puts, updates and deletes."),
		Invoke:    name("invoke", "a folder of functions/", "Invoke this function of the stack, which is built even where no route names it. Its ARN is in the environment as FUNCTION_NAME, in capitals with _ for -.", anything),
		Route:     name("route", "METHOD /path of a route", "Call this route of the API, which has authorization AWS_IAM, by a request signed with the function's credentials. It needs the API key too where the route asks for one.", anything),
		Secret:    name("secret", "the name of a secret, or its whole ARN with the six characters at its end", "Read this secret of Secrets Manager.", secretARN, secretPath),
		Key:       name("key", "the id or ARN of a KMS key; IAM knows no aliases", "With parameter or secret: the KMS key that it is encrypted with, where it is a key of the account's own.", keyID),
	}
	if strings.HasPrefix(g.Parameter+"/", "/aws/") || strings.HasPrefix(g.Parameter+"/", "/ssm/") {
		o.p.add(o.at("parameter"), "is %q: names under /aws and /ssm are AWS's own", g.Parameter)
	}
	var kinds []string
	for _, kind := range grantKinds {
		if o.has(kind) {
			kinds = append(kinds, kind)
		}
	}
	switch {
	case len(kinds) == 0:
		o.p.add(o.key, "grants nothing: legal is exactly one of %s", joined(grantKinds))
	case len(kinds) > 1:
		o.p.add(o.key, "has %s: legal is exactly one of %s", strings.Join(kinds, " and "), joined(grantKinds))
	case o.has("access") && kinds[0] != "table":
		o.p.add(o.at("access"), "is for table alone, and the grant has %s", kinds[0])
	case o.has("key") && kinds[0] != "parameter" && kinds[0] != "secret":
		o.p.add(o.at("key"), "is for parameter and secret alone, and the grant has %s", kinds[0])
	}
	if g.Table == "" {
		g.Access = ""
	}
	return g
}

// emptyText tells whether the field is there and an empty text.
func (o object) emptyText(name string) bool {
	v, ok := o.fields[name]
	return ok && v == ""
}

// Variable is the environment variable by which a function is told the ARN of one that
// it may invoke: FUNCTION_GUEST_LIST for guest-list.
func Variable(function string) string {
	return "FUNCTION_" + strings.ToUpper(strings.ReplaceAll(function, "-", "_"))
}

// checkFunctions checks what functions say of others and of routes.
func checkFunctions(o object, s *Settings, said map[string]Function, known []string) {
	for _, name := range sortedKeys(said) {
		if !slices.Contains(known, name) {
			continue
		}
		at := o.at("functions." + name)
		variables := map[string]string{} // of what may be invoked
		for i, g := range said[name].Grants {
			key := fmt.Sprintf("%s.grants[%d]", at, i)
			switch {
			case g.Invoke != "":
				checkInvoke(o.p, key+".invoke", name, g.Invoke, said[name], variables, known)
			case g.Route != "":
				checkRouteGrant(o.p, key+".route", g.Route, s.Routes)
			}
		}
		if _, conflicts := RoutesOf(s.Routes, said[name]); len(conflicts) > 0 {
			c := conflicts[0]
			o.p.add(at+".grants", "let it call %s, and IAM cannot tell that from routes[%d] (%s), which they do not: grant both, or give one of them another path",
				s.Routes[c.Granted], c.Refused, s.Routes[c.Refused])
		}
	}
}

func checkInvoke(p *problems, key, name, invoked string, f Function, variables map[string]string, known []string) {
	variable := Variable(invoked)
	switch other := variables[variable]; {
	case !slices.Contains(known, invoked):
		p.add(key, "is %q: there is no functions/%s/main.go%s; legal are %s", invoked, invoked, meant(invoked, known), joined(known))
	case invoked == name:
		p.add(key, "is %q, the function itself: an invocation of itself is paid for twice and may never end; call it in the program", invoked)
	case other != "":
		p.add(key, "is %q, which the environment calls %s, as it does %s: rename a function", invoked, variable, other)
	default:
		variables[variable] = invoked
		if _, set := f.Environment[variable]; set {
			p.add(key, "is %q, whose ARN the environment has as %s, which environment sets too: leave it out there", invoked, variable)
		}
	}
}

func checkRouteGrant(p *problems, key, granted string, routes []Route) {
	var legal []string
	for _, r := range routes {
		switch {
		case r.String() == granted && r.Authorization != IAM:
			p.add(key, "is %q, whose authorization is %s: a grant is for routes with %s", granted, r.Authorization, IAM)
			return
		case r.String() == granted:
			return
		case r.Authorization == IAM:
			legal = append(legal, r.String())
		}
	}
	if len(legal) == 0 {
		p.add(key, "is %q: legal are routes with authorization %s, and there are none", granted, IAM)
		return
	}
	p.add(key, "is %q, which is no route%s: legal are %s", granted, meant(granted, legal), joined(legal))
}

// RoutesOf works out what a function may call of the API by its grants.
func RoutesOf(routes []Route, f Function) (Access, []Conflict) {
	granted := map[string]bool{}
	for _, g := range f.Grants {
		granted[g.Route] = g.Route != ""
	}
	return accessWhere(routes, func(r Route) bool { return granted[r.String()] })
}
