package access

import (
	"encoding/json"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"auth-api/infra/localaws/gateway"
	"auth-api/infra/localaws/gateway/openapi"
	"auth-api/infra/localaws/iam"
	"auth-api/infra/localaws/store"
)

// Policies may tell the paths of a route apart: GET /users/{id} may be open on
// /users/public alone. So a route with variables is asked for on one path that no policy
// speaks of, and on each that one does. Policies are read here for such paths only; what
// they mean, the gateway decides.

// readPolicies collects the paths that policies speak of.
func (b *builder) readPolicies(tx *store.Tx) error {
	var documents []string
	roles, err := iam.Roles.All(tx)
	if err != nil {
		return err
	}
	for _, r := range roles {
		for _, p := range r.Value.InlinePolicies {
			documents = append(documents, p.Policy)
		}
	}
	inline, err := iam.RolePolicies.All(tx)
	if err != nil {
		return err
	}
	for _, p := range inline {
		documents = append(documents, p.Value.Policy)
	}
	managed, err := iam.Policies.All(tx)
	if err != nil {
		return err
	}
	for _, p := range managed {
		documents = append(documents, p.Value.Policy)
	}
	apis, err := gateway.RestAPIs.All(tx)
	if err != nil {
		return err
	}
	for _, a := range apis {
		documents = append(documents, a.Value.Policy)
		if doc, err := openapi.Read(a.Value.Body); err == nil { // a body that cannot be read is served by no stage
			documents = append(documents, doc.Policy)
		}
	}
	b.paths = map[string]string{}
	for _, text := range documents {
		b.looks = b.looks || origin.MatchString(text)
		b.tags = b.tags || tag.MatchString(text)
		var document any
		if json.Unmarshal([]byte(text), &document) != nil {
			continue // there is none, or the gateway and IAM refuse it
		}
		b.resources(document)
	}
	return nil
}

// What a policy says that looks at where requests come from, or at the caller's tags.
var (
	origin = regexp.MustCompile(`(?i)"aws:(SourceIp|VpcSourceIp|SourceVpc|SourceVpce)"`)
	tag    = regexp.MustCompile(`(?i)aws:PrincipalTag/`)
)

// resources finds the values of Resource and NotResource, wherever they stand.
func (b *builder) resources(v any) {
	switch v := v.(type) {
	case []any:
		for _, element := range v {
			b.resources(element)
		}
	case map[string]any:
		for key, element := range v {
			if key != "Resource" && key != "NotResource" {
				b.resources(element)
				continue
			}
			list, isList := element.([]any)
			if !isList {
				list = []any{element}
			}
			for _, r := range list {
				if text, isText := r.(string); isText {
					b.speaksOf(text)
				}
			}
		}
	}
}

// speaksOf notes examples of the paths below API/STAGE/VERB that a resource means. A
// wildcard stands for slashes too, so a path may begin in it, or right behind it.
func (b *builder) speaksOf(resource string) {
	// The colons and slashes inside of variables divide nothing.
	masked := policyVariable.ReplaceAllStringFunc(resource, func(v string) string { return strings.Repeat("*", len(v)) })
	method, short := strings.CutPrefix(masked, "execute-api:/") // as in an API's own policy
	if !short {
		parts := strings.SplitN(masked, ":", 6)
		if len(parts) < 6 || parts[2] != "execute-api" && !strings.ContainsAny(parts[2], "*?") {
			return
		}
		method = parts[5] // API/STAGE/VERB/path
	}
	begin, parts := len(masked)-len(method), strings.Split(method, "/")
	last := 3 // the part that the path begins with, at the latest
	if short {
		last = 2
	}
	for i := range min(len(parts), last+1) {
		wild := strings.ContainsAny(parts[i], "*?") && (i > 0 || short) || i > 0 && strings.ContainsAny(parts[i-1], "*?")
		if wild || i == last {
			b.note("/" + resource[begin:])
		}
		begin += len(parts[i]) + 1
	}
}

// note keeps what a policy says of a path, under an example of it.
func (b *builder) note(of string) {
	path := requestable(fill(policyVariable.ReplaceAllString(of, "~")))
	if before, found := b.paths[path]; !found || of < before { // the same whatever was read first
		b.paths[path] = of
	}
}

// fill puts something in the place of what stands for anything.
func fill(path string) string { return blank.ReplaceAllString(path, "x") }

// requestable is a path as a request has it: policies may say what no URL can.
func requestable(path string) string {
	if urlPath.MatchString(path) {
		return path
	}
	return (&url.URL{Path: path}).EscapedPath()
}

// blank is what stands for anything in a resource.
var blank = regexp.MustCompile(`[*?]+`)

var (
	policyVariable = regexp.MustCompile(`\$\{[^}]*\}`)
	ownIdentity    = regexp.MustCompile(`(?i)\$\{cognito-identity\.amazonaws\.com:sub\}`)
	urlPath        = regexp.MustCompile(`^([A-Za-z0-9._~!$&'()*+,;=:@/-]|%[0-9A-Fa-f]{2})*$`)
)

// example is a path to ask for, and what it is an example of: the route's own path, or
// what a policy says.
type example struct{ path, of string }

// by is the path as this caller asks for it: where a policy lets each identity have
// paths of its own, they are the caller's.
func (e example) by(c *iam.Caller) string {
	if c == nil || c.Cognito == nil || !ownIdentity.MatchString(e.of) {
		return e.path
	}
	own := ownIdentity.ReplaceAllLiteralString(e.of, c.Cognito.IdentityID)
	return requestable(fill(policyVariable.ReplaceAllString(own, "~")))
}

// examples are paths that the route serves for this method: one that stands for all,
// and those that policies speak of. There are none when other routes take them all.
func (b *builder) examples(s stage, r gateway.Route, verb string, spoken map[string][]example) ([]example, error) {
	general := variable.ReplaceAllString(r.Path, "$1")
	for range 8 { // until it is no other route's, such as /users/id beside /users/{id}
		got, err := b.aws.Gateway.RouteOf(s.apiID, s.name, verb, general)
		if err != nil {
			return nil, err
		}
		if got.Path == r.Path && got.Method == r.Method {
			return append([]example{{general, r.Path}}, spoken[r.Path+" "+r.Method]...), nil
		}
		if general == r.Path {
			break
		}
		general += "-"
	}
	return spoken[r.Path+" "+r.Method], nil
}

// spoken are the examples of what policies speak of, in order, by PATH METHOD of the
// route with variables that serves them for this method.
func (b *builder) spoken(s stage, verb string) (map[string][]example, error) {
	out := map[string][]example{}
	for _, path := range slices.Sorted(maps.Keys(b.paths)) {
		r, err := b.aws.Gateway.RouteOf(s.apiID, s.name, verb, path)
		if err != nil {
			return nil, err
		}
		if strings.Contains(r.Path, "{") {
			key := r.Path + " " + r.Method
			out[key] = append(out[key], example{path, b.paths[path]})
		}
	}
	return out, nil
}

// variable is a path variable, such as {id} or {rest+}.
var variable = regexp.MustCompile(`\{([^}+]*)\+?\}`)

var (
	ownARN = regexp.MustCompile(`arn:aws:iam::\d{12}:(?:role|policy)/(?:[^ :]*/)?([^ :/]+)`)
	spaces = regexp.MustCompile(` on $`)
)

// reason is the decision's own, without the ids that differ from one deployment to the
// next.
func (b *builder) reason(s stage, verb, path, text string) string {
	arn := "arn:aws:execute-api:" + b.aws.Region + ":" + b.aws.Account + ":" + s.apiID + "/" + s.name + "/" + verb + path
	text = strings.ReplaceAll(text, " of "+arn, " of the API")
	return short(strings.ReplaceAll(text, " on "+arn, ""))
}

// short puts names in the place of the account's roles and policies.
func short(text string) string {
	return spaces.ReplaceAllString(ownARN.ReplaceAllString(text, "$1"), "")
}
