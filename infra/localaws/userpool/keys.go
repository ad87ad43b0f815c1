package userpool

import (
	"auth-api/infra/localaws/store"
	"auth-api/infra/localaws/userpool/jwt"
)

// keyTable keeps signing keys as PKCS #8, under the pool's id.
var keyTable = store.Table[[]byte]{Name: "userpool.keys"}

// signingKey returns the pool's key, or nil when there is no such pool. It begins a
// transaction of its own when the key is not at hand.
func (s *Service) signingKey(poolID string) (*jwt.Key, error) {
	return s.keys.Key(s.cfg.Store.Generation(), poolID, func() (key *jwt.Key, err error) {
		err = s.cfg.Store.View(func(tx *store.Tx) error {
			if _, found, err := Pools.Get(tx, poolID); err != nil || !found {
				return err
			}
			der, found, err := keyTable.Get(tx, poolID)
			if err != nil || !found {
				return err
			}
			key, err = jwt.ParseKey(der)
			return err
		})
		return key, err
	})
}

// Issuer returns the issuer of a pool's tokens. It names AWS's host on the local AWS
// too, because clients and identity pools compare it to the pool's id and region.
func (s *Service) Issuer(poolID string) string {
	return "https://cognito-idp." + s.cfg.Region + ".amazonaws.com/" + poolID
}

// PoolARN returns the ARN of a pool, as policies and authorizers name it.
func (s *Service) PoolARN(poolID string) string {
	return "arn:aws:cognito-idp:" + s.cfg.Region + ":" + s.cfg.Account + ":userpool/" + poolID
}

// JWKS returns the pool's public key as a JSON Web Key Set (RFC 7517), or nil when
// there is no such pool.
func (s *Service) JWKS(poolID string) ([]byte, error) {
	key, err := s.signingKey(poolID)
	if err != nil || key == nil {
		return nil, err
	}
	return key.JWKS(), nil
}
