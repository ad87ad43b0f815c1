package identitypool

import (
	"errors"
	"fmt"
	"sort"
	"strings"

	"auth-api/infra/localaws/userpool/jwt"
)

// login is a verified login: a user of a user pool, signed in through a client that
// the identity pool takes.
type login struct {
	provider string // cognito-idp.REGION.amazonaws.com/POOL
	claims   jwt.Claims
}

func (l login) subject() string { return l.claims.Subject }

const unsupportedProvider = "Token is not from a supported provider of this identity pool."

// verify verifies the tokens of a Logins map, which is keyed by provider name. The
// answers are those of AWS; there is no page that lists them.
func (s *Service) verify(p Pool, tokens map[string]string) ([]login, error) {
	logins := make([]login, 0, len(tokens))
	for provider, token := range tokens {
		l, err := s.verifyOne(p, provider, token)
		if err != nil {
			return nil, err
		}
		logins = append(logins, l)
	}
	sort.Slice(logins, func(i, j int) bool { return logins[i].provider < logins[j].provider })
	return logins, nil
}

func (s *Service) verifyOne(p Pool, provider, token string) (login, error) {
	userPoolID, known := s.userPool(p, provider)
	if !known {
		return login{}, notAuthorized(unsupportedProvider, fmt.Sprintf("the identity pool has no provider %q", provider))
	}
	claims, err := s.cfg.Tokens.VerifyToken(userPoolID, token)
	var expired *jwt.ExpiredError
	switch {
	case errors.As(err, &expired):
		return login{}, notAuthorized(fmt.Sprintf("Invalid login token. Token expired: %d >= %d", expired.Now.Unix(), expired.Expired.Unix()), err.Error())
	case errors.Is(err, jwt.ErrIssuer):
		return login{}, notAuthorized("Invalid login token. Issuer doesn't match providerName", err.Error())
	case errors.Is(err, jwt.ErrSignature):
		return login{}, notAuthorized("Invalid login token. Couldn't verify signed token.", err.Error())
	case errors.Is(err, jwt.ErrMalformed):
		return login{}, notAuthorized("Invalid login token. Not a valid OpenId Connect identity token.", err.Error())
	case err != nil:
		return login{}, fmt.Errorf("verifying a login token: %w", err)
	case claims.TokenUse != "id":
		return login{}, notAuthorized("Invalid login token. Missing a required claim: aud", "the token is an "+claims.TokenUse+" token; an identity pool takes ID tokens")
	}
	config, known := provides(p, provider, claims.ClientID)
	if !known {
		return login{}, notAuthorized(unsupportedProvider, "the identity pool does not take tokens of client "+claims.ClientID)
	}
	if config.ServerSideTokenCheck {
		out, err := s.cfg.Tokens.SignedOut(userPoolID, claims)
		if err != nil {
			return login{}, fmt.Errorf("checking whether the user has signed out: %w", err)
		}
		if out {
			return login{}, notAuthorized(signedOutMessage, "the user has signed out, or is disabled or gone, and the provider has serverSideTokenCheck")
		}
	}
	return login{provider: provider, claims: claims}, nil
}

// signedOutMessage answers a signed-out user. AWS documents the check, not the words.
const signedOutMessage = "Invalid login token. Token is not valid."

// userPool returns the user pool of a provider of the identity pool.
func (s *Service) userPool(p Pool, provider string) (string, bool) {
	id, ok := strings.CutPrefix(provider, "cognito-idp."+s.cfg.Region+".amazonaws.com/")
	if !ok {
		return "", false
	}
	for _, c := range p.CognitoIdentityProviders {
		if c.ProviderName == provider {
			return id, true
		}
	}
	return "", false
}

// provides returns the identity pool's provider for a client.
func provides(p Pool, provider, clientID string) (Provider, bool) {
	for _, c := range p.CognitoIdentityProviders {
		if c.ProviderName == provider && c.ClientID == clientID {
			return c, true
		}
	}
	return Provider{}, false
}
