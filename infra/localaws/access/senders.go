package access

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"auth-api/infra/localaws"
	"auth-api/infra/localaws/gateway"
	"auth-api/infra/localaws/iam"
	"auth-api/infra/localaws/identitypool"
	"auth-api/infra/localaws/sigv4"
	"auth-api/infra/localaws/userpool/jwt"
)

// User is somebody of a user pool, to call as.
type User struct {
	Name   string
	Groups []string
	Claims map[string]any // further claims of the ID token, such as custom:team
	Scopes []string       // of the access token
}

// Stage is a stage that is declared.
type Stage struct {
	API   string // the API's name
	APIID string
	Name  string
	// OwnDomain says that callers come by a domain name of the API's own, as its
	// execute-api endpoint is disabled.
	OwnDomain bool
}

// Senders are who may be asked about at a stage: the callers of its table, with what each
// sends.
type Senders struct {
	Stage  Stage
	Routes []gateway.Route
	Notes  []string // that go with every answer

	b       *builder
	callers []asker
}

// StagesOf returns the stages that are declared, with their senders.
func StagesOf(aws *localaws.Server) ([]Senders, error) {
	b := &builder{aws: aws, from: Elsewhere}
	if err := aws.Store.View(b.read); err != nil {
		return nil, fmt.Errorf("looking for who may call: %w", err)
	}
	var out []Senders
	for _, s := range b.stages {
		routes, err := aws.Gateway.Routes(s.apiID, s.name)
		if err != nil {
			return nil, fmt.Errorf("looking for who may call stage %s of %s: %w", s.name, s.api, err)
		}
		callers, err := b.callers(routes)
		if err != nil {
			return nil, fmt.Errorf("looking for who may call stage %s of %s: %w", s.name, s.api, err)
		}
		out = append(out, Senders{Stage: Stage{s.api, s.apiID, s.name, s.disabled}, Routes: routes, Notes: b.notes, b: b, callers: callers})
	}
	return out, nil
}

// Callers are the callers of the stage's table, in its order.
func (s Senders) Callers() []Caller {
	var out []Caller
	for _, c := range s.callers {
		out = append(out, c.Caller)
	}
	return out
}

// Question is what a caller of the stage's table sends, to ask about a route of the stage.
func (s Senders) Question(c Caller) gateway.Question {
	i := slices.IndexFunc(s.callers, func(o asker) bool { return o.Name == c.Name })
	if i < 0 {
		return gateway.Question{}
	}
	return s.on(s.callers[i].question)
}

func (s Senders) on(q gateway.Question) gateway.Question {
	q.APIID, q.Stage, q.OwnDomain = s.Stage.APIID, s.Stage.Name, s.Stage.OwnDomain
	return q
}

// AsUser is what a user sends who signs, with the credentials that the identity pool of
// the caller's table gives for such an ID token; c is Authenticated, or of Group. Who
// would get none is told in NoCredentials.
func (s Senders) AsUser(c Caller, u User) (Caller, gateway.Question, error) {
	i := slices.IndexFunc(s.b.people, func(p person) bool {
		return p.provider != "" && (p.kind == c.Kind && (p.kind != Group || "group "+p.name+p.suffix == c.Name))
	})
	if i < 0 {
		return Caller{}, gateway.Question{}, fmt.Errorf("calling as %s: no identity pool takes users of a user pool", u.Name)
	}
	p := s.b.people[i]
	out, q := Caller{Name: u.Name, Kind: Authenticated}, s.on(gateway.Question{APIKey: true})
	id, err := s.idToken(p.userPool, p.client, u)
	if err != nil {
		return out, q, fmt.Errorf("calling as %s: %w", u.Name, err)
	}
	given, err := s.b.aws.IdentityPools.Suppose(p.pool, p.provider, &id)
	if err == nil {
		q.Caller, err = s.b.aws.IAM.CallerOf(given)
	}
	if reason, none := withoutCredentials(err); none {
		out.NoCredentials = reason
		return out, q, nil
	}
	if err != nil {
		return out, q, fmt.Errorf("calling as %s: %w", u.Name, err)
	}
	out.Role = q.Caller.RoleName
	return out, q, nil
}

// ByToken is what a user sends who does not sign, but sends a token of the user pool that
// the route's Cognito authorizer trusts: an ID token, or an access token with u.Scopes.
func (s Senders) ByToken(r gateway.Route, u User, access bool) (Caller, gateway.Question, error) {
	out, q := Caller{Name: u.Name, Kind: IDToken}, s.on(gateway.Question{APIKey: true})
	if access {
		out.Kind, out.Scope = AccessToken, strings.Join(u.Scopes, " ")
	}
	pools := r.UserPools
	if len(pools) == 0 {
		for _, p := range s.b.people {
			if p.userPool != "" {
				pools = append(pools, p.userPool)
			}
		}
	}
	if len(pools) == 0 {
		return out, q, fmt.Errorf("calling as %s: no user pool gives tokens", u.Name)
	}
	id, err := s.idToken(pools[0], "", u)
	if err != nil {
		return out, q, fmt.Errorf("calling as %s: %w", u.Name, err)
	}
	q.Token = &id
	if access {
		_, token, err := s.b.aws.UserPools.Suppose(pools[0], "", u.Groups, u.Scopes)
		if err != nil {
			return out, q, fmt.Errorf("calling as %s: %w", u.Name, err)
		}
		q.Token = &token
	}
	return out, q, nil
}

// idToken is the ID token that the user pool would give.
func (s Senders) idToken(pool, client string, u User) (jwt.Claims, error) {
	id, _, err := s.b.aws.UserPools.Suppose(pool, client, u.Groups, nil)
	if err != nil {
		return id, err
	}
	for name, value := range u.Claims {
		id.All[name] = value
	}
	return id, nil
}

// AsRole is what is sent by who works in a role, by its ARN or name: a function by its
// execution role, or whoever the identity pool gives it to. It reports false for a role
// that none of the callers has.
func (s Senders) AsRole(role string) (Caller, gateway.Question, bool) {
	name := role[strings.LastIndex(role, "/")+1:]
	for _, kinds := range [][]Kind{{Function}, {Guest, Authenticated, Group}} {
		for _, c := range s.callers {
			if slices.Contains(kinds, c.Kind) && c.question.Caller != nil && (c.question.Caller.RoleARN == role || c.Role == name) {
				return c.Caller, s.on(c.question), true
			}
		}
	}
	return Caller{}, gateway.Question{}, false
}

// LooksAtAddresses reports whether a policy looks at where requests come from.
func (s Senders) LooksAtAddresses() bool { return s.b.looks }

// LooksAtTags reports whether a policy looks at callers' tags.
func (s Senders) LooksAtTags() bool { return s.b.tags }

// withoutCredentials is why somebody who would sign gets none.
func withoutCredentials(err error) (reason string, none bool) {
	var no *identitypool.NoCredentials
	var trust *iam.TrustError
	var unknown *sigv4.Error
	switch {
	case errors.As(err, &no):
		return short(no.Reason), true
	case errors.As(err, &trust):
		return short(trust.Error()), true
	case errors.As(err, &unknown):
		return short(unknown.Error()), true
	}
	return "", false
}
