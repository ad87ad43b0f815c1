package identitypool

import (
	"errors"
	"fmt"

	"auth-api/infra/localaws/iam"
	"auth-api/infra/localaws/store"
	"auth-api/infra/localaws/userpool/jwt"
)

// Suppose returns the credentials that the pool would give a guest, or with claims the
// user whose ID token has them, from the provider cognito-idp.REGION.amazonaws.com/POOL.
// Role and trust are chosen and checked as for anybody; the claims are taken as verified,
// and no identity is made. An identity that would get none is refused with an error that
// errors.As finds a *NoCredentials in.
func (s *Service) Suppose(poolID, provider string, claims *jwt.Claims) (iam.Credentials, error) {
	identityID := s.cfg.Region + ":" + nobody
	var p Pool
	if err := s.cfg.Store.View(func(tx *store.Tx) (err error) { p, err = s.pool(tx, poolID); return err }); err != nil {
		return iam.Credentials{}, fmt.Errorf("asking for credentials: %w", err)
	}
	var logins []login
	switch {
	case claims == nil && !p.AllowUnauthenticatedIdentities:
		return iam.Credentials{}, noCredentials(guestsOff())
	case claims != nil:
		if _, known := provides(p, provider, claims.ClientID); !known {
			return iam.Credentials{}, noCredentials(notAuthorized(unsupportedProvider, "the identity pool does not take tokens of client "+claims.ClientID))
		}
		logins = []login{{provider: provider, claims: *claims}}
	}
	_, out, err := s.give(identityID, identity{Pool: poolID}, logins, "")
	return out.Credentials, noCredentials(err)
}

// nobody is the id of the identity that Suppose speaks of, after the region.
const nobody = "00000000-0000-4000-8000-000000000000"

// NoCredentials says why an identity gets none.
type NoCredentials struct{ Reason string }

func (e *NoCredentials) Error() string { return "no credentials: " + e.Reason }

// noCredentials keeps the reason of a refusal; any other error stays as it is.
func noCredentials(err error) error {
	var why *refusal
	if errors.As(err, &why) {
		return &NoCredentials{why.reason}
	}
	return err
}
