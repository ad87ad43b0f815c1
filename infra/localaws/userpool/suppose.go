package userpool

import (
	"encoding/json"

	"auth-api/infra/localaws/store"
	"auth-api/infra/localaws/userpool/jwt"
)

// SupposedSubject is the sub of the user that Suppose speaks of, which no user has.
const SupposedSubject = "00000000-0000-4000-8000-000000000000"

// Suppose returns the claims of the ID token and of the access token that a user in
// these groups would get through the client, with these scopes in the access token. What
// a pre token generation function would change is not in them, and no such user is made.
func (s *Service) Suppose(poolID, clientID string, groups, scopes []string) (id, access jwt.Claims, err error) {
	var roles []string
	var preferred string
	err = s.cfg.Store.View(func(tx *store.Tx) error {
		groups, roles, preferred, err = groupClaims(tx, user{Groups: groups}, poolID)
		return err
	})
	if err != nil {
		return id, access, err
	}
	now := s.now()
	common := jwt.Claims{Subject: SupposedSubject, Issuer: s.Issuer(poolID), ClientID: clientID, Username: SupposedSubject, Groups: groups, AuthTime: now, IssuedAt: now}
	all := map[string]any{"sub": common.Subject, "iss": common.Issuer}
	if len(groups) > 0 {
		all["cognito:groups"] = groups
	}
	access = common
	access.TokenUse, access.Scopes = "access", scopes
	if access.All, err = asRead(all); err != nil {
		return id, access, err
	}
	id = common
	id.TokenUse = "id"
	if len(roles) > 0 {
		all["cognito:roles"] = roles
	}
	if preferred != "" {
		all["cognito:preferred_role"] = preferred
	}
	all["aud"], all["cognito:username"] = clientID, common.Username
	id.All, err = asRead(all)
	return id, access, err
}

// asRead returns claims as they are read from a token.
func asRead(claims map[string]any) (read map[string]any, err error) {
	data, err := json.Marshal(claims)
	if err == nil {
		err = json.Unmarshal(data, &read)
	}
	return read, err
}
