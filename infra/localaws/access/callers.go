package access

import (
	"fmt"
	"slices"
	"strings"

	"auth-api/infra/localaws/gateway"
	"auth-api/infra/localaws/gateway/openapi"
	"auth-api/infra/localaws/iam"
	"auth-api/infra/localaws/identitypool"
	"auth-api/infra/localaws/lambda"
	"auth-api/infra/localaws/store"
	"auth-api/infra/localaws/userpool"
	"auth-api/infra/localaws/userpool/jwt"
)

// Kind is a kind of caller.
type Kind string

// The kinds of callers. All but Anonymous send an API key that is good on the stage.
const (
	Anonymous     Kind = "anonymous"     // sends nothing at all
	KeyOnly       Kind = "key"           // sends the key alone
	Guest         Kind = "guest"         // signs, with a guest's credentials
	Authenticated Kind = "authenticated" // signs, with the credentials of a user in no group
	Group         Kind = "group"         // signs, with the credentials of a user in this group alone
	Function      Kind = "function"      // signs, with the credentials of the Lambda function's role
	IDToken       Kind = "idToken"       // sends a user's ID token, does not sign
	AccessToken   Kind = "accessToken"   // sends a user's access token, does not sign
)

// Caller is a column of the table.
type Caller struct {
	Name  string `json:"name"` // unique in the table
	Kind  Kind   `json:"kind"`
	Role  string `json:"role,omitempty"`  // whose credentials the caller signs with
	Scope string `json:"scope,omitempty"` // of an access token; without it the token has no route's
	// NoCredentials says why a caller that would sign is given no credentials.
	NoCredentials string `json:"noCredentials,omitempty"`
}

// asker is a caller with what it sends.
type asker struct {
	Caller
	question gateway.Question
}

// person is a kind of caller that gets its credentials somewhere: in an identity pool,
// or, as a function, by its role.
type person struct {
	kind                  Kind
	name                  string // of the group or function
	suffix                string // tells pools and clients apart
	pool, provider        string // identity pool, and the provider's name
	userPool, client      string
	functionRole, session string
}

// readPeople finds the identity pools with their groups, and the functions.
func (b *builder) readPeople(tx *store.Tx) error {
	pools, err := identitypool.Pools.All(tx)
	if err != nil {
		return err
	}
	groups, err := userpool.UserGroups.All(tx)
	if err != nil {
		return err
	}
	for _, p := range pools {
		if p.Value.AllowClassicFlow {
			b.notes = append(b.notes, "identity pool "+p.Value.Name+" has allowClassicFlow: without a role mapping its identities may also assume any other role that trusts them; this is for the role that they are given")
		}
		suffix := ""
		if len(pools) > 1 {
			suffix = " of " + p.Value.Name
		}
		b.people = append(b.people, person{kind: Guest, suffix: suffix, pool: p.ID})
		for _, provider := range p.Value.CognitoIdentityProviders {
			_, userPoolID, _ := strings.Cut(provider.ProviderName, "/")
			user := person{kind: Authenticated, suffix: suffix, pool: p.ID, provider: provider.ProviderName, userPool: userPoolID, client: provider.ClientID}
			if len(p.Value.CognitoIdentityProviders) > 1 {
				client, _, err := userpool.Clients.Get(tx, provider.ClientID)
				if err != nil {
					return err
				}
				user.suffix += " by " + client.Name
			}
			b.people = append(b.people, user)
			for _, g := range groups {
				if g.Value.UserPoolID == userPoolID {
					member := user
					member.kind, member.name = Group, g.Value.Name
					b.people = append(b.people, member)
				}
			}
		}
	}
	attachments, err := identitypool.RoleAttachments.All(tx)
	if err != nil {
		return err
	}
	for _, a := range attachments {
		if slices.ContainsFunc(a.Value.RoleMappings, func(m identitypool.RoleMapping) bool { return m.Type == "Rules" }) {
			b.notes = append(b.notes, "the role mapping of an identity pool has rules for claims: this is for users who have none of them but their groups")
		}
	}
	functions, err := lambda.Functions.All(tx)
	if err != nil {
		return err
	}
	for _, f := range functions {
		session := f.Value.Name // as Lambda has it, in the two letters that STS asks for
		if len(session) < 2 {
			session += "-"
		}
		b.people = append(b.people, person{kind: Function, name: f.Value.Name, functionRole: f.Value.Role, session: session})
	}
	return b.readTriggers(tx)
}

// readTriggers notes what changes tokens by code that no table can know.
func (b *builder) readTriggers(tx *store.Tx) error {
	pools, err := userpool.Pools.All(tx)
	if err != nil {
		return err
	}
	for _, p := range pools {
		if c := p.Value.LambdaConfig; c != nil && (c.PreTokenGeneration != "" || c.PreTokenGenerationConfig != nil) {
			b.notes = append(b.notes, "the pre token generation function of user pool "+p.Value.Name+" may change groups and scopes: this is for tokens that it leaves alone")
		}
	}
	return nil
}

// callers are the columns for these routes.
func (b *builder) callers(routes []gateway.Route) ([]asker, error) {
	out := []asker{{Caller: Caller{Name: "anonymous", Kind: Anonymous}}}
	out = append(out, asker{Caller{Name: "key only", Kind: KeyOnly}, gateway.Question{APIKey: true}})
	for _, p := range b.people {
		c, err := b.holder(p)
		if err != nil {
			return nil, err
		}
		out = append(out, c)
	}
	if slices.ContainsFunc(routes, func(r gateway.Route) bool { return r.Authorization == openapi.AuthCognito }) {
		tokens, err := b.tokens(routes)
		if err != nil {
			return nil, err
		}
		out = append(out, tokens...)
	}
	seen := map[string]int{}
	for i := range out { // clients may have the same name
		if seen[out[i].Name]++; seen[out[i].Name] > 1 {
			out[i].Name += fmt.Sprintf(" (%d)", seen[out[i].Name])
		}
	}
	// People first, then programs.
	slices.SortStableFunc(out, func(a, b asker) int { return order(a.Kind) - order(b.Kind) })
	return out, nil
}

func order(k Kind) int {
	return slices.Index([]Kind{Anonymous, KeyOnly, Guest, Authenticated, Group, IDToken, AccessToken, Function}, k)
}

// holder gets the person's credentials.
func (b *builder) holder(p person) (asker, error) {
	out := asker{Caller{Kind: p.kind}, gateway.Question{APIKey: true}}
	out.Name = string(p.kind)
	if p.name != "" {
		out.Name += " " + p.name
	}
	out.Name += p.suffix
	var given iam.Credentials
	var err error
	switch p.kind {
	case Function:
		given, err = b.aws.IAM.AssumeServiceRole(p.functionRole, "lambda.amazonaws.com", p.session)
	case Guest:
		given, err = b.aws.IdentityPools.Suppose(p.pool, "", nil)
	default:
		var groups []string
		if p.kind == Group {
			groups = []string{p.name}
		}
		var id jwt.Claims
		if id, _, err = b.aws.UserPools.Suppose(p.userPool, p.client, groups, nil); err == nil {
			given, err = b.aws.IdentityPools.Suppose(p.pool, p.provider, &id)
		}
	}
	if err == nil {
		out.question.Caller, err = b.aws.IAM.CallerOf(given)
	}
	reason, none := withoutCredentials(err)
	switch {
	case none:
		out.NoCredentials = reason
	case err != nil:
		return asker{}, fmt.Errorf("getting credentials for %s: %w", out.Name, err)
	default:
		out.Role = out.question.Caller.RoleName
	}
	return out, nil
}

// tokens are those who send tokens of the user pools that the routes' authorizers trust:
// an ID token, an access token with none of the routes' scopes, and one for each scope.
func (b *builder) tokens(routes []gateway.Route) ([]asker, error) {
	var pools, scopes []string
	for _, r := range routes {
		pools, scopes = append(pools, r.UserPools...), append(scopes, r.Scopes...)
	}
	slices.Sort(pools)
	slices.Sort(scopes)
	pools, scopes = slices.Compact(pools), slices.Compact(scopes)
	var out []asker
	for _, pool := range pools {
		suffix := ""
		if len(pools) > 1 {
			var p userpool.Pool
			if err := b.aws.Store.View(func(tx *store.Tx) (err error) { p, _, err = userpool.Pools.Get(tx, pool); return err }); err != nil {
				return nil, err
			}
			suffix = " of " + p.Name
		}
		send := func(name string, kind Kind, scope string, granted ...string) error {
			id, access, err := b.aws.UserPools.Suppose(pool, "", nil, granted)
			if err != nil {
				return fmt.Errorf("making the %s: %w", name, err)
			}
			token := &id
			if kind == AccessToken {
				token = &access
			}
			out = append(out, asker{Caller{Name: name + suffix, Kind: kind, Scope: scope}, gateway.Question{APIKey: true, Token: token}})
			return nil
		}
		if err := send("ID token", IDToken, ""); err != nil {
			return nil, err
		}
		if err := send("access token", AccessToken, ""); err != nil {
			return nil, err
		}
		for _, scope := range scopes {
			if err := send("access token "+scope, AccessToken, scope, scope); err != nil {
				return nil, err
			}
		}
	}
	return out, nil
}
