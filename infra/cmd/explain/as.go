package main

import (
	"fmt"
	"slices"
	"strings"

	"auth-api/infra/cmd/internal/inspect"
	"auth-api/infra/localaws"
	"auth-api/infra/localaws/access"
	"auth-api/infra/localaws/gateway"
	"auth-api/infra/localaws/gateway/openapi"
)

// signInScope is the scope of the access token that a sign-in by password gives.
const signInScope = "aws.cognito.signin.user.admin"

// sender is who asks, and with what.
type sender struct {
	access.Caller
	Sends string `json:"sends"` // in words
	kind  access.Kind
}

// resolve finds who is meant by AS, and what they would send to the route. The names are
// those of the columns of make access; a user whom the stack declares is one too.
func (o *options) resolve(m inspect.Moment, s access.Senders, route gateway.Route) (sender, gateway.Question, error) {
	as := strings.Join(strings.Fields(strings.ReplaceAll(o.as, m.Account, localaws.Account)), " ")
	lower := strings.ToLower(as)
	c, q, u, err := o.find(m, s, as)
	if err != nil {
		return sender{}, q, err
	}
	byToken := c.Kind == access.IDToken || c.Kind == access.AccessToken
	person := c.Kind == access.Authenticated || c.Kind == access.Group
	if len(o.scopes) > 0 {
		u.Scopes = o.scopes
	}
	if u.Scopes == nil {
		u.Scopes = []string{signInScope}
	}
	kind := c.Kind
	switch {
	case byToken, person && (o.token != "" || route.Authorization == openapi.AuthCognito):
		use := o.token
		if use == "" {
			use = map[bool]string{true: "access", false: "id"}[c.Kind == access.AccessToken || person && len(route.Scopes) > 0]
		}
		name := c.Name
		if c, q, err = s.ByToken(route, u, use == "access"); err != nil {
			return sender{}, q, err
		}
		c.Name = name
	case person && (len(u.Claims) > 0 || q.APIID == ""):
		name := c.Name
		if c, q, err = s.AsUser(c, u); err != nil {
			return sender{}, q, err
		}
		c.Name = name
	case len(o.claims) > 0 || o.token != "" || len(o.scopes) > 0:
		return sender{}, q, fmt.Errorf("--claim, --scope and --token are of users who sign in, and %s does not", c.Name)
	}
	q.APIKey = !o.noKey && !o.wrongKey && lower != "anonymous"
	q.WrongKey = o.wrongKey
	return sender{Caller: c, Sends: sends(c, q), kind: kind}, q, nil
}

// find finds who is meant.
func (o *options) find(m inspect.Moment, s access.Senders, as string) (access.Caller, gateway.Question, access.User, error) {
	callers := s.Callers()
	of := func(k access.Kind, matches func(access.Caller) bool) (access.Caller, bool) {
		i := slices.IndexFunc(callers, func(c access.Caller) bool { return c.Kind == k && matches(c) })
		if i < 0 {
			return access.Caller{}, false
		}
		return callers[i], true
	}
	first := func(access.Caller) bool { return true }
	claims := map[string]any{}
	for _, text := range o.claims {
		name, value, err := parsePair("claim", text, "custom:team=blue")
		if err != nil {
			return access.Caller{}, gateway.Question{}, access.User{}, err
		}
		claims[name] = value
	}
	user := access.User{Name: as, Claims: claims}
	found := func(c access.Caller) (access.Caller, gateway.Question, access.User, error) {
		return c, s.Question(c), user, nil
	}
	lower := strings.ToLower(as)
	switch lower {
	case "", "nobody", "anonymous", "key", "key only":
		c, _ := of(access.Anonymous, first)
		c.Name = map[bool]string{true: "nobody", false: lower}[lower == "" || lower == "key" || lower == "key only"]
		return c, s.Question(access.Caller{Name: "anonymous"}), user, nil
	case "guest":
		if c, ok := of(access.Guest, first); ok {
			return found(c)
		}
	case "user", "authenticated":
		if c, ok := of(access.Authenticated, first); ok {
			return found(c)
		}
	case "id token":
		return access.Caller{Name: "a user with an ID token", Kind: access.IDToken}, s.Question(access.Caller{}), user, nil
	case "access token":
		return access.Caller{Name: "a user with an access token", Kind: access.AccessToken}, s.Question(access.Caller{}), user, nil
	}
	if scope, is := strings.CutPrefix(lower, "access token "); is {
		user.Scopes = []string{as[len(as)-len(scope):]}
		return access.Caller{Name: "a user with an access token", Kind: access.AccessToken}, s.Question(access.Caller{}), user, nil
	}
	if strings.HasPrefix(as, "arn:") && strings.Contains(as, ":role/") {
		c, q, ok := s.AsRole(as)
		if !ok {
			return c, q, user, fmt.Errorf("AS is %s, and nobody works in this role: it is neither a function's nor one that the identity pool gives", o.as)
		}
		if c.Kind == access.Group {
			user.Groups = []string{strings.TrimPrefix(c.Name, "group ")}
		}
		return c, q, user, nil
	}
	name := as
	if i := strings.LastIndex(as, ":function:"); i >= 0 {
		name = as[i+len(":function:"):]
	}
	for _, is := range []func(c access.Caller) (string, bool){
		func(c access.Caller) (string, bool) {
			return strings.TrimPrefix(c.Name, "group "), c.Kind == access.Group
		},
		func(c access.Caller) (string, bool) {
			return strings.TrimPrefix(c.Name, "function "), c.Kind == access.Function
		},
	} {
		for _, c := range callers {
			called, right := is(c)
			if !right || c.Name != as && called != name && !(c.Kind == access.Function && strings.HasSuffix(called, "-"+strings.TrimPrefix(name, "function "))) {
				continue
			}
			if c.Kind == access.Group {
				user.Groups = []string{called}
			}
			return found(c)
		}
	}
	if declared, ok := m.Users[as]; ok {
		user.Groups = declared.Groups
		for key, value := range declared.Attributes {
			if _, said := claims[claimOf(key)]; !said {
				claims[claimOf(key)] = value
			}
		}
		c, has := of(access.Authenticated, first)
		if !has {
			return c, gateway.Question{}, user, fmt.Errorf("AS is %s, and no identity pool takes users of the user pool", o.as)
		}
		c.Name = as
		return c, gateway.Question{}, user, nil
	}
	return access.Caller{}, gateway.Question{}, user, fmt.Errorf("AS is %q, and nobody is called so; there are nobody, anonymous, %s, ID token, access token [SCOPE], and the ARN of a role", o.as, strings.Join(names(callers, m), ", "))
}

// names are those of people and functions, for an error.
func names(callers []access.Caller, m inspect.Moment) []string {
	var out []string
	for _, c := range callers {
		switch c.Kind {
		case access.Guest, access.Authenticated, access.Group, access.Function:
			out = append(out, c.Name)
		}
	}
	for name := range m.Users {
		out = append(out, name)
	}
	slices.Sort(out)
	return out
}

// standard are the attributes that are claims by their own names.
//
// https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-settings-attributes.html
var standard = strings.Fields("address birthdate email email_verified family_name gender given_name locale middle_name name nickname phone_number phone_number_verified picture preferred_username profile sub updated_at website zoneinfo")

// claimOf is the claim of a user's attribute.
func claimOf(attribute string) string {
	if slices.Contains(standard, attribute) || strings.Contains(attribute, ":") {
		return attribute
	}
	return "custom:" + attribute
}

// sends is what the question carries, in words.
func sends(c access.Caller, q gateway.Question) string {
	proof := "unsigned"
	switch {
	case q.Token != nil && q.Token.TokenUse == "id":
		proof = "an ID token"
	case q.Token != nil:
		proof = "an access token with the scopes " + strings.Join(q.Token.Scopes, ", ")
	case q.Caller != nil:
		proof = "signed with credentials of " + q.Caller.RoleName
	case c.NoCredentials != "":
		proof = "unsigned, for want of credentials"
	}
	switch {
	case q.WrongKey:
		return proof + ", with an API key that is wrong"
	case q.APIKey:
		return proof + ", with the stack's API key"
	}
	return proof + ", without an API key"
}
