package verify

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"sync"

	"auth-api/infra/client"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentity"
	idp "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"
	"github.com/aws/smithy-go"
)

// person is a caller with what it can prove.
type person struct {
	Kind
	label              string // as reports name it
	username, password string
	app                *client.Authenticator
	made               bool // by this run, which removes it
	directory          *client.Directory
	tokens             client.Tokens
	identity           client.Identity
	err                error // why it can prove nothing
}

// people are the callers of a run.
type people struct {
	s     *session
	guest *person
	users []*person // the first is in no group and has no tags, where it was made
	why   string    // why there are no users

	before []string // what earlier runs left behind

	codes codes // of the hosted sign-in

	leaving sync.Mutex
	left    *person // who signed out everywhere
	leftErr error

	mu         sync.Mutex
	made       []string // users to remove
	identities []string // identities of the identity pool to remove
	leftovers  []string // what else could not be put back
	refreshing []string // refresh tokens of the given user, to revoke
}

func newPeople(s *session) *people { return &people{s: s} }

// prefix begins the names of the users that runs make, so that they are known for what
// they are if they should ever be left behind, as by a run that is killed.
const prefix = "auth-api-verify-"

// gather makes or signs in the users, and gets credentials for them and for a guest.
func (p *people) gather(ctx context.Context) error {
	if p.s.out.Guests {
		p.guest = &person{label: "guest", Kind: Kind{Guest: true}, directory: p.directory()}
		p.guest.identity, p.guest.err = p.credentials(ctx, p.guest, "")
	}
	switch {
	case p.s.o.User != nil:
		return p.sign(ctx)
	case p.s.target.Admin == nil:
		p.why = "it needs a user: " + p.s.target.NoAdmin
		return nil
	}
	p.before = p.earlier(ctx)
	for _, kind := range p.wanted() {
		u := &person{Kind: kind, label: labelOf(kind), directory: p.directory(), app: &client.Authenticator{}, made: true}
		if err := p.make(ctx, u); err != nil {
			return err
		}
		p.users = append(p.users, u)
	}
	return ctx.Err()
}

// wanted are the kinds of users that the route table tells apart.
func (p *people) wanted() []Kind {
	kinds := []Kind{{SignedIn: true}}
	for _, group := range groupsOf(p.s.out.Routes) {
		kinds = append(kinds, Kind{SignedIn: true, Groups: []string{group}})
	}
	for _, name := range p.s.out.RouteNames() {
		r := p.s.out.Routes[name]
		if len(r.CallerTags) == 0 {
			continue
		}
		kind := Kind{SignedIn: true, Tags: r.CallerTags}
		if i := slices.IndexFunc(r.Callers, func(c string) bool { return c != "authenticated" && c != "guest" }); i >= 0 && !slices.Contains(r.Callers, "authenticated") {
			kind.Groups = []string{r.Callers[i]}
		}
		if !slices.ContainsFunc(kinds, func(k Kind) bool { return labelOf(k) == labelOf(kind) }) {
			kinds = append(kinds, kind)
		}
	}
	return kinds
}

func labelOf(k Kind) string {
	label := "signed in"
	if k.Guest {
		return "guest"
	}
	if len(k.Groups) > 0 {
		label = "member of " + strings.Join(k.Groups, ", ")
	}
	for _, tag := range slices.Sorted(maps.Keys(k.Tags)) {
		label += ", " + tag + "=" + k.Tags[tag]
	}
	return label
}

func (p *people) directory() *client.Directory {
	d := client.NewDirectory(p.s.out)
	d.Now = p.s.now
	return d
}

// sign signs the given user in.
func (p *people) sign(ctx context.Context) error {
	given := p.s.o.User
	u := &person{username: given.Name, password: given.Password, directory: p.directory(), app: &client.Authenticator{Secret: given.TOTPSecret}}
	if given.TOTPSecret == "" {
		u.app = nil // or a factor would be set up for somebody else's user
	}
	var err error
	if u.tokens, err = u.directory.SignInWith(ctx, u.username, u.password, u.app); err != nil {
		return err
	}
	p.granted(u.tokens)
	claims, err := claimsOf(u.tokens.ID)
	if err != nil {
		return err
	}
	u.Kind = Kind{SignedIn: true, Groups: claims.Groups, Tags: map[string]string{}}
	for tag, claim := range p.s.out.PrincipalTags {
		if value, ok := claims.all[claim].(string); ok {
			u.Kind.Tags[tag] = value
		}
	}
	u.label = given.Name
	u.identity, u.err = p.credentials(ctx, u, u.tokens.ID)
	p.users = append(p.users, u)
	return nil
}

// make makes a user of this kind and signs it in.
func (p *people) make(ctx context.Context, u *person) error {
	name, err := random(8)
	if err != nil {
		return err
	}
	secret, err := random(16)
	if err != nil {
		return err
	}
	u.username, u.password = prefix+name, "Aa1!"+secret // of all classes that a policy can ask for
	pool := &p.s.out.UserPoolID
	attributes := map[string]string{"email": u.username + "@example.com", "email_verified": "true"}
	for name, a := range p.s.out.UserPoolFixed.Attributes {
		if a.Required && attributes[name] == "" {
			attributes[name] = sample(name, a)
		}
	}
	for tag, value := range u.Tags {
		claim := p.s.out.PrincipalTags[tag]
		if claim == "" {
			u.err = fmt.Errorf("the output principalTags does not say what claim the session tag %s comes from", tag)
			return nil
		}
		attributes[claim] = value
	}
	in := &idp.AdminCreateUserInput{UserPoolId: pool, Username: &u.username, MessageAction: types.MessageActionTypeSuppress}
	for _, name := range slices.Sorted(maps.Keys(attributes)) {
		in.UserAttributes = append(in.UserAttributes, types.AttributeType{Name: aws.String(name), Value: aws.String(attributes[name])})
	}
	p.mu.Lock()
	p.made = append(p.made, u.username) // before it is made: an interrupt may come in between
	p.mu.Unlock()
	failed := func(err error) error {
		return fmt.Errorf("making the user %s: %w; --user NAME signs in as one that is there", u.username, told(err))
	}
	if _, err := p.s.admin.users.AdminCreateUser(ctx, in); err != nil {
		return failed(err)
	}
	if _, err := p.s.admin.users.AdminSetUserPassword(ctx, &idp.AdminSetUserPasswordInput{UserPoolId: pool, Username: &u.username, Password: &u.password, Permanent: true}); err != nil {
		return failed(err)
	}
	for _, group := range u.Groups {
		if _, err := p.s.admin.users.AdminAddUserToGroup(ctx, &idp.AdminAddUserToGroupInput{UserPoolId: pool, Username: &u.username, GroupName: &group}); err != nil {
			return failed(err)
		}
	}
	if u.tokens, err = u.directory.SignInWith(ctx, u.username, u.password, u.app); err != nil {
		return err
	}
	u.identity, u.err = p.credentials(ctx, u, u.tokens.ID)
	return nil
}

// more makes one more user, for a check that spoils it.
func (p *people) more(ctx context.Context) (*person, error) {
	u := &person{Kind: Kind{SignedIn: true}, label: "signed in", directory: p.directory(), app: &client.Authenticator{}, made: true}
	return u, p.make(ctx, u)
}

func (p *people) credentials(ctx context.Context, u *person, token string) (client.Identity, error) {
	identity, err := u.directory.Credentials(ctx, token)
	if identity.ID != "" {
		p.remember(identity.ID)
	}
	return identity, err
}

// remember keeps an identity of the identity pool, to remove it in the end. Those of given
// users stay: they are theirs.
func (p *people) remember(id string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !slices.Contains(p.identities, id) {
		p.identities = append(p.identities, id)
	}
}

// granted takes note of tokens that are good for longer than the run: those of users that
// it made end with them.
func (p *people) granted(t client.Tokens) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.s.o.User != nil && t.Refresh != "" {
		p.refreshing = append(p.refreshing, t.Refresh)
	}
}

// leftover notes what could not be put back.
func (p *people) leftover(what string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.leftovers = append(p.leftovers, what)
}

// remove removes what the run made, and returns what it could not remove.
func (p *people) remove(ctx context.Context) []string {
	p.mu.Lock()
	users, identities, tokens, left := p.made, p.identities, p.refreshing, p.leftovers
	p.made, p.identities, p.refreshing = nil, nil, nil
	p.mu.Unlock()
	if p.s.o.User != nil && p.codes.browser != nil { // users of the run's own end with their sessions
		to := p.s.out.WebURL
		if len(p.s.out.SignOutURLs) > 0 {
			to = p.s.out.SignOutURLs[0]
		}
		if _, err := p.codes.browser.open(ctx, "/logout", url.Values{"client_id": {p.s.out.UserPoolClientID}, "logout_uri": {to}}); err != nil {
			left = append(left, fmt.Sprintf("the session of %s at the hosted sign-in, which ends by itself: %v", p.s.o.User.Name, err))
		}
	}
	for i, token := range tokens {
		_, err := p.s.public.users.RevokeToken(ctx, &idp.RevokeTokenInput{ClientId: &p.s.out.UserPoolClientID, Token: &token})
		if err != nil {
			left = append(left, fmt.Sprintf("%d sign-ins of %s, which end by themselves: %v", len(tokens)-i, p.s.o.User.Name, told(err)))
			break
		}
	}
	for _, name := range users {
		_, err := p.s.admin.users.AdminDeleteUser(ctx, &idp.AdminDeleteUserInput{UserPoolId: &p.s.out.UserPoolID, Username: aws.String(name)})
		var gone *types.UserNotFoundException
		if err != nil && !errors.As(err, &gone) {
			left = append(left, fmt.Sprintf("the user %s: %v; aws cognito-idp admin-delete-user --user-pool-id %s --username %s", name, told(err), p.s.out.UserPoolID, name))
		}
	}
	if p.s.o.User != nil && len(p.users) > 0 {
		identities = slices.DeleteFunc(identities, func(id string) bool { return id == p.users[0].identity.ID })
	}
	if len(identities) == 0 {
		return left
	}
	var err error
	if p.s.target.Admin == nil {
		err = errors.New(p.s.target.NoAdmin)
	} else {
		for chunk := range slices.Chunk(identities, 60) { // as many as DeleteIdentities takes
			_, failed := p.s.admin.pools.DeleteIdentities(ctx, &cognitoidentity.DeleteIdentitiesInput{IdentityIdsToDelete: chunk})
			err = errors.Join(err, failed)
		}
	}
	if err != nil {
		left = append(left, fmt.Sprintf("%d identities of the identity pool %s, which open nothing: %v", len(identities), p.s.out.IdentityPoolID, told(err)))
	}
	return left
}

// user is the user that checks need which any will do for.
func (p *people) user() (*person, string) {
	for _, u := range p.users {
		if u.err == nil {
			return u, ""
		}
	}
	if len(p.users) > 0 {
		return nil, "no user got credentials: " + p.users[0].err.Error()
	}
	return nil, p.why
}

// may returns somebody whom the route lets in, preferring the least of them.
func (p *people) may(r client.Route) (*person, string) {
	candidates := p.users
	if p.guest != nil {
		candidates = append([]*person{p.guest}, candidates...)
	}
	why := "nobody here may call it"
	for _, u := range candidates {
		if !MayCall(r, u.Kind) || len(u.Groups) > 1 && !slices.Contains(r.Callers, "authenticated") {
			continue
		}
		if u.err == nil {
			return u, ""
		}
		why = u.err.Error()
	}
	if p.why != "" {
		why = p.why
	}
	return nil, why
}

// all are those who sign.
func (p *people) all() []*person {
	var out []*person
	if p.guest != nil {
		out = append(out, p.guest)
	}
	return append(out, p.users...)
}

// sample is a value for an attribute that every user must have.
func sample(name string, a client.Attribute) string {
	switch {
	case name == "phone_number":
		return "+12065550100"
	case name == "birthdate":
		return "2000-01-01"
	case name == "updated_at", a.Type == "Number":
		return fmt.Sprint(max(1, a.Min))
	case a.Type == "Boolean":
		return "true"
	case a.Type == "DateTime":
		return "2000-01-01T00:00:00Z"
	}
	return strings.Repeat("verify", max(1, a.Min)/6+1)[:max(6, a.Min)]
}

// random are n random bytes in hexadecimal.
func random(n int) (string, error) {
	b := make([]byte, n)
	if _, err := rand.Read(b); err != nil {
		return "", fmt.Errorf("making something random: %w", err)
	}
	return hex.EncodeToString(b), nil
}

// told takes the SDK's own words off an API's error.
func told(err error) error {
	var answer smithy.APIError
	if errors.As(err, &answer) {
		return fmt.Errorf("%s: %s", answer.ErrorCode(), answer.ErrorMessage())
	}
	return err
}
