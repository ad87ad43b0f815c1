package userpool

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"net/url"
	"slices"
	"strings"
	"time"

	"auth-api/infra/localaws/audit"
	"auth-api/infra/localaws/store"
	"auth-api/infra/localaws/userpool/password"
)

// App is an app client with its pool, as they were declared when a request came in:
// who an operation is called by. Service.App finds it.
type App struct {
	pool   pool
	client client
	call   call
	idps   []IdentityProvider // those of the client that are declared, in its order
}

// Extra is what a caller hands to the pool's Lambda functions, and to nothing else.
type Extra struct{ ClientMetadata, ValidationData map[string]string }

// call is the call of the API or the visit of a page that an operation belongs to.
type call struct {
	ctx context.Context
	Extra
}

func (c call) context() context.Context {
	if c.ctx == nil {
		return context.Background()
	}
	return c.ctx
}

// During returns the app client with what its functions are to be told in this call.
func (a App) During(ctx context.Context, e Extra) App {
	a.call = call{ctx, e}
	return a
}

// App returns the app client with this id; a *Refusal when there is none.
func (s *Service) App(clientID string) (App, error) {
	var a App
	err := s.cfg.Store.View(func(tx *store.Tx) error {
		var found bool
		var err error
		if a.client, found, err = getClient(tx, clientID); err != nil {
			return err
		}
		if found {
			if a.client.AllowedOAuthScopes, err = a.client.scopesOf(tx); err != nil {
				return err
			}
			if a.idps, err = a.client.providers(tx); err != nil {
				return err
			}
			a.pool, found, err = getPool(tx, a.client.UserPoolID)
		}
		if err == nil && !found {
			return Refuse("ResourceNotFoundException", "User pool client "+audit.Clip(clientID)+" does not exist.")
		}
		return err
	})
	return a, err
}

// ClientID and PoolID are the ids that AWS gave out.
func (a App) ClientID() string { return a.client.ID }

// PoolID is the id of the pool that the client belongs to.
func (a App) PoolID() string { return a.pool.ID }

// Client is the client's declaration.
func (a App) Client() Client { return a.client.Client }

// Pool is the pool's declaration.
func (a App) Pool() Pool { return a.pool.Pool }

// PasswordPolicy is what the pool asks of passwords, with Cognito's defaults filled in.
func (a App) PasswordPolicy() password.Policy { return a.pool.policy() }

// SignUpOpen says whether people may sign up by themselves.
func (a App) SignUpOpen() bool {
	return a.pool.AdminCreateUserConfig == nil || !a.pool.AdminCreateUserConfig.AllowAdminCreateUserOnly
}

// RequiredAttributes are those that every user of the pool must have, sorted.
func (a App) RequiredAttributes() []string { return a.pool.attributes().Missing(nil) }

// KnowsSecret compares a client secret in constant time; a client without one sends none.
func (a App) KnowsSecret(secret string) bool {
	return hmac.Equal([]byte(digest(secret)), []byte(digest(a.client.ClientSecret)))
}

// CheckSecretHash refuses a caller who does not know the client's secret: hash is the
// keyed hash of a name and the client's id. Any of the names will do; they are the
// same user's.
//
// https://docs.aws.amazon.com/cognito/latest/developerguide/signing-up-users-in-your-app.html#cognito-user-pools-computing-secret-hash
func (a App) CheckSecretHash(hash string, names ...string) error {
	unable := Refuse("NotAuthorizedException", "Unable to verify secret hash for client "+a.client.ID)
	switch {
	case a.client.ClientSecret == "" && hash == "":
		return nil
	case a.client.ClientSecret == "":
		return unable.because("the client has no secret, but a secret hash was sent")
	case hash == "":
		return Refuse("NotAuthorizedException", "Client "+a.client.ID+" is configured with secret but SECRET_HASH was not received")
	}
	ok := false
	for _, name := range names {
		m := hmac.New(sha256.New, []byte(a.client.ClientSecret))
		m.Write([]byte(name + a.client.ID))
		if hmac.Equal([]byte(base64.StdEncoding.EncodeToString(m.Sum(nil))), []byte(hash)) {
			ok = true
		}
	}
	if !ok {
		return unable
	}
	return nil
}

// CheckFlow refuses a flow of InitiateAuth (USER_PASSWORD_AUTH, USER_SRP_AUTH or
// REFRESH_TOKEN_AUTH) or AdminInitiateAuth (ADMIN_USER_PASSWORD_AUTH too) that the
// client may not begin.
//
// https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_UserPoolClientType.html
func (a App) CheckFlow(flow string) error {
	if flow == "REFRESH_TOKEN_AUTH" && a.client.rotates() {
		return Invalid("Refresh token rotation is enabled for this client; use GetTokensFromRefreshToken")
	}
	if !a.client.allows(flow) {
		if flow == "ADMIN_USER_PASSWORD_AUTH" {
			return Invalid("Auth flow not enabled for this client")
		}
		return Invalid("%s flow not enabled for this client", flow)
	}
	return nil
}

// allows says whether the client lets a flow be begun: as ALLOW_x, or as x in the
// older form, where SRP and refresh are always on. A client that names none has SRP
// and refresh.
func (c client) allows(flow string) bool {
	if flow == "ADMIN_USER_PASSWORD_AUTH" && slices.Contains(c.ExplicitAuthFlows, "ADMIN_NO_SRP_AUTH") {
		return true // its name in the older form
	}
	if slices.Contains(c.ExplicitAuthFlows, "ALLOW_"+flow) || slices.Contains(c.ExplicitAuthFlows, flow) {
		return true
	}
	legacy := len(c.ExplicitAuthFlows) == 0 || !strings.HasPrefix(c.ExplicitAuthFlows[0], "ALLOW_")
	return legacy && (flow == "USER_SRP_AUTH" || flow == "REFRESH_TOKEN_AUTH")
}

// hidesUsers says whether the client must not learn which users exist.
func (c client) hidesUsers() bool { return c.PreventUserExistenceErrors == "ENABLED" }

func (c client) rotates() bool {
	return c.RefreshTokenRotation != nil && c.RefreshTokenRotation.Feature == "ENABLED"
}

// PoolOfDomain returns the id of the pool whose hosted sign-in has this prefix.
func (s *Service) PoolOfDomain(prefix string) (poolID string, found bool, err error) {
	err = s.cfg.Store.View(func(tx *store.Tx) error {
		d, ok, err := Domains.Get(tx, prefix)
		if err != nil || !ok {
			return err
		}
		poolID = d.UserPoolID
		_, found, err = getPool(tx, poolID)
		return err
	})
	return poolID, found, err
}

// DomainOf returns the prefix of the pool's hosted sign-in, or "".
func (s *Service) DomainOf(poolID string) (prefix string, err error) {
	err = s.cfg.Store.View(func(tx *store.Tx) error {
		domains, err := Domains.All(tx)
		for _, d := range domains {
			if d.Value.UserPoolID == poolID {
				prefix = d.ID
			}
		}
		return err
	})
	return prefix, err
}

// CallsBackTo says whether a client of the pool has a callback at this origin: pages
// of such an origin may read what the OAuth endpoints answer.
func (s *Service) CallsBackTo(poolID, origin string) (yes bool, err error) {
	err = s.cfg.Store.View(func(tx *store.Tx) error {
		all, err := Clients.All(tx)
		for _, c := range all {
			yes = yes || c.Value.UserPoolID == poolID && slices.ContainsFunc(c.Value.CallbackURLs, func(callback string) bool {
				u, err := url.Parse(callback)
				return err == nil && u.Scheme+"://"+u.Host == origin
			})
		}
		return err
	})
	return yes, err
}

// AuthSessionValidity is how long a challenge of the client may stay unanswered.
func (a App) AuthSessionValidity() time.Duration { return a.client.sessionLife() }
