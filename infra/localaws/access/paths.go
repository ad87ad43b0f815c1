package access

import (
	"encoding/json"
	"maps"
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

// speaksOf notes an example of the paths below API/STAGE/VERB that a resource means.
func (b *builder) speaksOf(resource string) {
	_, method, found := strings.Cut(resource, "execute-api:")
	if !found {
		return
	}
	parts := strings.SplitN(method[strings.LastIndex(method, ":")+1:], "/", 4) // API, STAGE, VERB, path
	if len(parts) < 4 {
		return
	}
	path, of := "/"+blank.ReplaceAllString(parts[3], "x"), "/"+parts[3]
	if before, found := b.paths[path]; !found || of < before { // the same whatever was read first
		b.paths[path] = of
	}
}

// blank is what stands for anything in a resource.
var blank = regexp.MustCompile(`\$\{[^}]*\}|[*?]+`)

// example is a path to ask for, and what it is an example of: the route's own path, or
// what a policy says.
type example struct{ path, of string }

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
