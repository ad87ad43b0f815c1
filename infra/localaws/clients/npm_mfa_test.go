package clients_test

import (
	"cmp"
	"errors"
	"testing"

	"auth-api/infra/localaws/store"
	"auth-api/infra/localaws/userpool"
)

// The library's callbacks for a second factor.
func TestAmazonCognitoIdentityJSWithASecondFactor(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	s := newSite(t, extended(t))
	if err := s.AWS.Store.Update(func(tx *store.Tx) error {
		pool, found, err := userpool.Pools.Get(tx, s.Outputs.UserPoolID)
		if err != nil || !found {
			return cmp.Or(err, errors.New("there is no such pool"))
		}
		pool.MFAConfiguration, pool.SoftwareTokenMFA = "OPTIONAL", &userpool.SoftwareTokenMFA{Enabled: true}
		if err := s.AWS.UserPools.PoolDeclared(tx, s.Outputs.UserPoolID, pool); err != nil {
			return err
		}
		return userpool.Pools.Put(tx, s.Outputs.UserPoolID, pool)
	}); err != nil {
		t.Fatalf("offering a second factor: %v", err)
	}
	s.saw(n.run(t, s.told(input{}), "identity-js-mfa.mjs"),
		[]seen{
			{Step: "setting up with another code", Type: "EnableSoftwareTokenMFAException", Body: "Code mismatch and fail enable Software Token MFA"},
			{Step: "setUserMfaPreference", Body: "SUCCESS"},
			{Step: "totpRequired", Body: "SOFTWARE_TOKEN_MFA"},
			{Step: "another code", Type: "CodeMismatchException", Body: "Invalid code received for user"},
			{Step: "the preferred factor", Body: "SOFTWARE_TOKEN_MFA"},
		},
		s.calls())
}
