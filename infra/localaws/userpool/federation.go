package userpool

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"auth-api/infra/localaws/audit"
	"auth-api/infra/localaws/store"
	"auth-api/infra/localaws/userpool/idp"
	"auth-api/infra/localaws/userpool/triggers"
)

// federated is a user at an identity provider.
type federated struct {
	Provider string    `json:"provider"`
	Type     string    `json:"type"`
	Subject  string    `json:"subject"`
	Since    time.Time `json:"since"`
}

// active says whether the user is one who may be signed in.
func (u user) active() bool { return u.Status == statusConfirmed || u.Status == statusExternal }

// at says whether the user signs in at this provider; COGNITO are the pool's own.
func (u user) at(provider string) bool {
	if u.Identities == nil {
		return provider == ownUsers
	}
	return slices.ContainsFunc(u.Identities, func(f federated) bool { return f.Provider == provider })
}

// takes says whether the user of a browser's session may be the client's: by the
// provider that is asked for, or else by any that the client supports.
func (a App) takes(u user, provider string) bool {
	if provider != "" {
		return u.at(provider)
	}
	if u.Identities == nil {
		return a.OwnUsers()
	}
	return slices.ContainsFunc(a.idps, func(p IdentityProvider) bool { return u.at(p.Name) })
}

// OwnUsers says whether the pool's own users may sign in to the client at the hosted
// sign-in, by their passwords: always, unless the client names other providers alone.
func (a App) OwnUsers() bool {
	return len(a.client.SupportedIdentityProviders) == 0 || slices.Contains(a.client.SupportedIdentityProviders, ownUsers)
}

// ProviderChoice is an identity provider as a sign-in page offers it.
type ProviderChoice struct{ Name, Type string }

// Providers are the identity providers that the client's users may sign in at.
func (a App) Providers() []ProviderChoice {
	var out []ProviderChoice
	for _, p := range a.idps {
		out = append(out, ProviderChoice{p.Name, p.Type})
	}
	return out
}

// Provider is the one of Providers with this name, or with this identifier.
func (a App) Provider(name, identifier string) (ProviderChoice, bool) {
	for _, p := range a.idps {
		if name != "" && p.Name == name || identifier != "" && slices.Contains(p.Identifiers, identifier) {
			return ProviderChoice{p.Name, p.Type}, true
		}
	}
	return ProviderChoice{}, false
}

// identitiesClaim is the claim that tells of a user's identities in ID tokens: texts,
// as Cognito has it there.
//
// https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-using-the-id-token.html
func (u user) identitiesClaim() []map[string]any {
	out := []map[string]any{}
	for _, f := range u.Identities {
		out = append(out, map[string]any{
			"userId": f.Subject, "providerName": f.Provider, "providerType": f.Type, "issuer": nil, "primary": "true",
			"dateCreated": strconv.FormatInt(f.Since.UnixMilli(), 10),
		})
	}
	return out
}

// identitiesText is the user's attribute identities.
func (u user) identitiesText() string {
	type identity struct {
		UserID       string  `json:"userId"`
		ProviderName string  `json:"providerName"`
		ProviderType string  `json:"providerType"`
		Issuer       *string `json:"issuer"`
		Primary      bool    `json:"primary"`
		DateCreated  int64   `json:"dateCreated"`
	}
	out := []identity{}
	for _, f := range u.Identities {
		out = append(out, identity{f.Subject, f.Provider, f.Type, nil, true, f.Since.UnixMilli()})
	}
	text, err := json.Marshal(out)
	if err != nil {
		panic(err) // texts and numbers alone
	}
	return string(text)
}

// federationLife is how long a user may take at the provider.
const federationLife = 10 * time.Minute

// Federation is a sign-in that is under way at an identity provider. It goes there
// and back as the request's state, sealed.
type Federation struct {
	Pool     string
	Client   string
	Provider string
	Nonce    string
	Browser  string // digest of what the browser is known by
	Query    string // the authorize request that it is about
	Once     string
	Expires  time.Time
}

const federationLabel = "federation"

// ErrNoFederation is the refusal of a state that no sign-in of this browser has.
var ErrNoFederation = Refuse("NotAuthorizedException", "Invalid state")

// BeginFederation returns where to send a browser, known by browser, to sign in at the
// provider for a client; query comes back with it, and hint is who is about to sign in,
// or "". The error may be an *idp.Error.
func (s *Service) BeginFederation(ctx context.Context, app App, provider, browser, query, hint, redirectURI string) (string, error) {
	rp, err := s.relyingParty(app, provider, redirectURI)
	if err != nil {
		return "", err
	}
	f := Federation{Pool: app.pool.ID, Client: app.client.ID, Provider: provider, Browser: digest(browser), Query: query, Expires: s.now().Add(federationLife)}
	for _, value := range []*string{&f.Nonce, &f.Once} {
		if *value, err = s.RandomToken(); err != nil {
			return "", err
		}
	}
	state, err := s.box.Seal(federationLabel, f)
	if err != nil {
		return "", err
	}
	return rp.AuthorizeURL(ctx, base64.RawURLEncoding.EncodeToString(state), f.Nonce, hint)
}

// OpenFederation reads the state that a browser came back with, once. A *Refusal says
// that it is none of this pool and this browser, or that it took too long.
func (s *Service) OpenFederation(poolID, browser, state string) (Federation, error) {
	var f Federation
	sealed, err := base64.RawURLEncoding.DecodeString(state)
	switch {
	case err != nil || s.box.Open(federationLabel, sealed, &f) != nil:
		return f, ErrNoFederation.because("the state was not given out here")
	case f.Pool != poolID:
		return f, ErrNoFederation.because("the state is another pool's")
	case f.Browser != digest(browser):
		return f, ErrNoFederation.because("the state was given to another browser (or cookies are off)")
	case !s.now().Before(f.Expires):
		return f, ErrNoFederation.because("the sign-in took longer than " + federationLife.String())
	}
	return f, s.cfg.Store.Update(func(tx *store.Tx) error {
		once := onceOnly{id: digest(f.Once), expires: f.Expires}
		err := once.spend(s, tx)
		if errors.Is(err, ErrInvalidSession) {
			return ErrNoFederation.because("the state was used already")
		}
		return err
	})
}

// relyingParty is the pool as a client of the provider.
func (s *Service) relyingParty(app App, provider, redirectURI string) (idp.Provider, error) {
	i := slices.IndexFunc(app.idps, func(p IdentityProvider) bool { return p.Name == provider })
	if i < 0 || app.idps[i].Type == ProviderSAML {
		return idp.Provider{}, &idp.Error{Code: "invalid_request", Description: "The client has no such identity provider", Reason: "the client has no identity provider " + audit.Clip(provider) + " that the local AWS can sign in at"}
	}
	d := app.idps[i].Details
	rp := idp.Provider{
		Name: provider, Issuer: d["oidc_issuer"], ClientID: d["client_id"], ClientSecret: d["client_secret"], Scopes: strings.Fields(d["authorize_scopes"]),
		Authorize: d["authorize_url"], Token: d["token_url"], UserInfo: d["attributes_url"], JWKS: d["jwks_uri"],
		UserInfoMethod: d["attributes_request_method"], RedirectURI: redirectURI, HTTP: s.providers, Now: s.now,
	}
	if app.idps[i].Type == ProviderGoogle { // as its issuer says: its people API is no OpenID Connect
		rp.Issuer, rp.UserInfoMethod = googles["oidc_issuer"], "GET"
		rp.Authorize, rp.Token, rp.UserInfo, rp.JWKS = "", "", "", ""
		if !slices.Contains(rp.Scopes, "openid") {
			rp.Scopes = append([]string{"openid"}, rp.Scopes...)
		}
	}
	return rp, nil
}

// FederatedSignIn lets a user in who comes back from an identity provider with a code:
// made at the first sign-in, and brought up to date at each. The error is an *idp.Error
// or a *Refusal when it says why not.
//
// https://docs.aws.amazon.com/cognito/latest/developerguide/cognito-user-pools-specifying-attribute-mapping.html
func (s *Service) FederatedSignIn(app App, f Federation, code, redirectURI string, browser CodeRequest) (SignedIn, error) {
	rp, err := s.relyingParty(app, f.Provider, redirectURI)
	if err != nil {
		return SignedIn{}, err
	}
	claims, err := rp.SignIn(app.call.context(), code, f.Nonce)
	if err != nil {
		return SignedIn{}, err
	}
	provider := app.idps[slices.IndexFunc(app.idps, func(p IdentityProvider) bool { return p.Name == f.Provider })]
	mapped, err := s.mapped(app, provider, claims)
	if err != nil {
		return SignedIn{}, err
	}
	subject, _ := claims["sub"].(string)
	u, fresh, err := s.externalUser(app, provider, subject, mapped)
	if err != nil {
		return SignedIn{}, err
	}
	in := admission{app: app, browser: &browser, authTime: s.now(), second: true} // a second factor is the provider's concern
	err = s.cfg.Store.Update(func(tx *store.Tx) error {
		current, found, err := users.Get(tx, app.pool.userKey(u.Username))
		switch {
		case err != nil:
			return err
		case fresh && found, !fresh && (!found || current.Sub != u.Sub):
			return errEntryExists(u.Username)
		case !fresh:
			if err := current.update(app.pool, mapped); err != nil {
				return err
			}
			u = current
		}
		if err := s.saveUser(tx, app.pool, u); err != nil {
			return err
		}
		return s.admit(tx, &in, u)
	})
	if err != nil {
		return SignedIn{}, err
	}
	in.first = fresh
	if fresh {
		if err := s.postConfirmation(app.pool, app.call, triggers.SourceConfirmSignUp, app.client.ID, u); err != nil {
			return SignedIn{}, errors.Join(err, s.EndSession(app, in.out.Session))
		}
	}
	return s.admitted(in)
}

// errEntryExists: the name that a provider's user would have is another's.
func errEntryExists(username string) *Refusal {
	return Invalid("Already found an entry for username %s", username)
}

// externalUser finds the user of a provider, or makes the one that is to be saved.
func (s *Service) externalUser(app App, provider IdentityProvider, subject string, mapped map[string]string) (u user, fresh bool, err error) {
	p := app.pool
	username := provider.Name + "_" + subject
	if err := checkUsername(username); err != nil {
		return user{}, false, err
	}
	found := false
	err = s.cfg.Store.View(func(tx *store.Tx) (err error) {
		u, found, err = users.Get(tx, p.userKey(username))
		return err
	})
	if err != nil {
		return user{}, false, err
	}
	if found {
		is := func(f federated) bool { return f.Provider == provider.Name && f.Subject == subject }
		if !slices.ContainsFunc(u.Identities, is) {
			return user{}, false, errEntryExists(username).because("a user of that name is not this one of the provider")
		}
		return u, false, u.update(p, mapped) // to be refused as early as it can be
	}
	sub, err := s.random.UUID()
	if err != nil {
		return user{}, false, err
	}
	now := s.now()
	u = user{
		Username: username, Sub: sub, Status: statusExternal, Enabled: true, Attributes: map[string]string{}, Created: now,
		Identities: []federated{{provider.Name, provider.Type, subject, now}},
	}
	maps.Copy(u.Attributes, mapped)
	if err := required(p, u); err != nil {
		return user{}, false, err
	}
	// What the function asks to confirm or verify is for sign-ups; here it may refuse.
	_, err = s.preSignUp(p, app.call, triggers.SourceExternalProvider, app.client.ID, u)
	return u, true, err
}

// required refuses a user whom the provider has not told enough about.
func required(p pool, u user) error {
	if missing := p.attributes().Missing(u.Attributes); len(missing) > 0 {
		return Invalid("attributes required: [%s]", strings.Join(missing, ", "))
	}
	return nil
}

// update brings a provider's user up to date: what is mapped is overwritten.
func (u *user) update(p pool, mapped map[string]string) error {
	if !u.Enabled {
		return errDisabled
	}
	if !u.active() {
		return Invalid("User is in status %s", u.Status)
	}
	u.Attributes = maps.Clone(u.Attributes)
	for _, name := range slices.Sorted(maps.Keys(mapped)) {
		if d, _ := p.attributes().Find(name); !d.Mutable {
			return Invalid("user.%s: Attribute cannot be updated.", name)
		}
		u.Attributes[name] = mapped[name]
	}
	return required(p, *u)
}

// mapped are the attributes that the claims bring: those of the mapping whose claims
// are there, in the form of the pool's schema. An address is not verified because a
// provider names it; email_verified is, when it is mapped.
func (s *Service) mapped(app App, provider IdentityProvider, claims map[string]any) (map[string]string, error) {
	attributes := map[string]string{}
	for attribute, claim := range provider.AttributeMapping {
		value, given := claimText(attribute, claims[claim])
		if attribute == "username" || !given {
			continue
		}
		// The two that no user writes are the provider's to say where they are mapped.
		if !app.client.mayWrite(attribute) && attribute != "email_verified" && attribute != "phone_number_verified" {
			return nil, Refuse("NotAuthorizedException", "A client attempted to write unauthorized attribute").because("the client may not write attribute " + attribute + ", which is mapped")
		}
		attributes[attribute] = value
	}
	for _, address := range []string{"email", "phone_number"} {
		verified := address + "_verified"
		_, named := attributes[address]
		switch value, given := attributes[verified]; {
		case given:
			attributes[verified] = strconv.FormatBool(strings.EqualFold(value, "true"))
		case named:
			attributes[verified] = "false"
		}
	}
	if err := app.pool.attributes().Check(attributes); err != nil {
		return nil, Invalid("user.%s", err)
	}
	return attributes, checkFormats(attributes)
}

// claimText is a claim as an attribute's value: text as it is, the formatted address,
// and JSON for lists and objects.
func claimText(attribute string, claim any) (string, bool) {
	switch v := claim.(type) {
	case nil:
		return "", false
	case string:
		return v, v != ""
	case bool, json.Number:
		return fmt.Sprint(v), true
	case map[string]any:
		if formatted, ok := v["formatted"].(string); ok && attribute == "address" {
			return formatted, formatted != ""
		}
	}
	text, err := json.Marshal(claim)
	return string(text), err == nil
}
