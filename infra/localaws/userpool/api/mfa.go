package api

import (
	"strings"

	"auth-api/infra/localaws/audit"
	"auth-api/infra/localaws/userpool"
)

// The operations of the second factor: setting up a software token, preferring it, and
// answering its challenges.

// challenged answers a sign-in that waits for the second factor.
func (c *call) challenged(username string, f userpool.FactorChallenge) (any, error) {
	out := &authResponse{ChallengeName: f.Name, Session: f.Session, ChallengeParameters: map[string]string{"USER_ID_FOR_SRP": username}}
	if f.Name == userpool.ChallengeMFASetup {
		out.ChallengeParameters["MFAS_CAN_SETUP"] = `["` + userpool.ChallengeSoftwareToken + `"]`
		return c.allow(username, "the password is right; a second factor must be set up", out)
	}
	if f.Device != "" {
		out.ChallengeParameters["FRIENDLY_DEVICE_NAME"] = f.Device
	}
	return c.allow(username, "the password is right; the software token's code is asked for", out)
}

// respondFactor answers SOFTWARE_TOKEN_MFA or MFA_SETUP.
func (c *call) respondFactor(name, session string, r map[string]string) (any, error) {
	if err := needs(r, "USERNAME"); err != nil {
		return nil, err
	}
	if session == "" {
		return nil, userpool.Invalid("Missing required parameter Session")
	}
	if err := c.app.CheckSecretHash(r["SECRET_HASH"], r["USERNAME"]); err != nil {
		return nil, err
	}
	answer := userpool.FactorResponse{Session: session, Username: r["USERNAME"], Code: r["SOFTWARE_TOKEN_MFA_CODE"]}
	if name == userpool.ChallengeMFASetup {
		in, err := c.pools.RespondMFASetup(c.app, answer, nil)
		return c.signedIn(in, err, "signed in; a software token was set up")
	}
	if err := needs(r, "SOFTWARE_TOKEN_MFA_CODE"); err != nil {
		return nil, err
	}
	in, err := c.pools.RespondSoftwareToken(c.app, answer, nil)
	return c.signedIn(in, err, "signed in with a software token")
}

// eitherOf refuses a request that is not authorized by exactly one of the two.
func eitherOf(accessToken, session string) error {
	switch {
	case accessToken == "" && session == "":
		return userpool.Invalid("AccessToken or Session is required")
	case accessToken != "" && session != "":
		return userpool.Invalid("AccessToken and Session exclude each other")
	}
	return nil
}

// associateSoftwareToken: https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_AssociateSoftwareToken.html
func (c *call) associateSoftwareToken() (any, error) {
	var in struct{ AccessToken, Session string }
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	if err := eitherOf(in.AccessToken, in.Session); err != nil {
		return nil, err
	}
	var token userpool.AssociatedToken
	var err error
	if in.Session != "" {
		token, err = c.pools.AssociateSoftwareToken(in.Session)
	} else {
		var b userpool.Bearer
		if b, err = c.bearer(in.AccessToken); err == nil {
			token, err = b.AssociateSoftwareToken()
		}
	}
	if err != nil {
		return nil, err
	}
	return c.allow(token.Username, "a software token was associated; it is yet to be verified", struct {
		SecretCode string
		Session    string `json:",omitempty"`
	}{token.Secret, token.Session})
}

// verifySoftwareToken: https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_VerifySoftwareToken.html
func (c *call) verifySoftwareToken() (any, error) {
	var in struct {
		AccessToken, Session string
		UserCode             string `required:"userCode"`
		FriendlyDeviceName   string
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	const invalid = "1 validation error detected: Value at '%s' failed to satisfy constraint: Member must %s"
	switch code := in.UserCode; {
	case strings.Trim(code, "0123456789") != "":
		return nil, userpool.Invalid(invalid, "userCode", "satisfy regular expression pattern: [0-9]+")
	case len(code) != 6:
		return nil, userpool.Invalid(invalid, "userCode", "have length equal to 6")
	case len(in.FriendlyDeviceName) > 131072:
		return nil, userpool.Invalid(invalid, "friendlyDeviceName", "have length less than or equal to 131072")
	}
	if err := eitherOf(in.AccessToken, in.Session); err != nil {
		return nil, err
	}
	var username, next string
	var err error
	if in.Session != "" {
		username, next, err = c.pools.VerifySoftwareToken(in.Session, in.UserCode, in.FriendlyDeviceName)
	} else {
		var b userpool.Bearer
		if b, err = c.bearer(in.AccessToken); err == nil {
			username, err = b.Username(), b.VerifySoftwareToken(in.UserCode, in.FriendlyDeviceName)
		}
	}
	if err != nil {
		return nil, err
	}
	return c.allow(username, "the software token is verified", struct {
		Status  string
		Session string `json:",omitempty"`
	}{"SUCCESS", next})
}

// setUserMFAPreference: https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_SetUserMFAPreference.html
func (c *call) setUserMFAPreference() (any, error) {
	var in struct {
		AccessToken string `required:"accessToken"`
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	b, err := c.bearer(in.AccessToken)
	if err != nil {
		return nil, err
	}
	return c.preferFactor("", b.SetMFAPreference)
}

// adminSetUserMFAPreference: https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_AdminSetUserMFAPreference.html
func (c *call) adminSetUserMFAPreference(a userpool.Admin) (any, error) {
	var in struct {
		Username string `required:"username"`
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	return c.preferFactor(audit.Clip(in.Username), func(want userpool.MFAPreference) error { return a.SetMFAPreference(in.Username, want) })
}

// preferFactor sets which second factor is asked for.
func (c *call) preferFactor(username string, set func(userpool.MFAPreference) error) (any, error) {
	type preference = struct{ Enabled, PreferredMfa bool }
	var in struct {
		SoftwareTokenMfaSettings *preference
		SMSMfaSettings           *preference
		EmailMfaSettings         *preference
		WebAuthnMfaSettings      *preference
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	given := in.SoftwareTokenMfaSettings != nil
	for _, other := range []struct {
		name string
		*preference
	}{{"SMSMfaSettings", in.SMSMfaSettings}, {"EmailMfaSettings", in.EmailMfaSettings}, {"WebAuthnMfaSettings", in.WebAuthnMfaSettings}} {
		if other.preference == nil {
			continue
		}
		given = true // SDKs send those that they leave off, too
		if other.Enabled || other.PreferredMfa {
			return nil, userpool.Invalid("%s is not supported by the local AWS, whose one factor is SoftwareTokenMfaSettings", other.name)
		}
	}
	if !given {
		return nil, userpool.Invalid("SoftwareTokenMfaSettings is missing: there is no preference to set")
	}
	if s := in.SoftwareTokenMfaSettings; s != nil {
		if err := set(userpool.MFAPreference{Enabled: s.Enabled, Preferred: s.PreferredMfa}); err != nil {
			return nil, err
		}
	}
	return c.allow(username, "the preferred second factor is set", struct{}{})
}
