package userpool

import (
	"cmp"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"auth-api/infra/localaws/store"
)

// PoolDeclared checks a pool that is made or changed, and makes its signing key when
// it has none. It is called inside the provider's transaction.
func (s *Service) PoolDeclared(tx *store.Tx, id string, p Pool) error {
	err := checkPool(p)
	if err == nil {
		err = s.checkLambdaConfig(p)
	}
	if err != nil {
		return fmt.Errorf("declaring user pool %s: %w", id, err)
	}
	if _, found, err := keyTable.Get(tx, id); err != nil || found {
		return err
	}
	key, err := s.cfg.NewKey()
	if err != nil {
		return fmt.Errorf("declaring user pool %s: making its signing key: %w", id, err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return fmt.Errorf("declaring user pool %s: keeping its signing key: %w", id, err)
	}
	tx.Declares()
	return keyTable.Put(tx, id, der)
}

func checkPool(p Pool) error {
	if len(p.AliasAttributes) > 0 && len(p.UsernameAttributes) > 0 {
		return errors.New("aliasAttributes and usernameAttributes exclude each other")
	}
	for _, check := range []struct {
		key    string
		values []string
		legal  []string
	}{
		{"aliasAttributes", p.AliasAttributes, []string{"email", "phone_number", "preferred_username"}},
		{"usernameAttributes", p.UsernameAttributes, []string{"email", "phone_number"}},
		{"autoVerifiedAttributes", p.AutoVerifiedAttributes, []string{"email", "phone_number"}},
		{"deletionProtection", some(p.DeletionProtection), []string{"ACTIVE", "INACTIVE"}},
		{"userPoolTier", some(p.Tier), []string{"LITE", "ESSENTIALS", "PLUS"}},
		{"mfaConfiguration", some(p.MFAConfiguration), []string{"OFF", "OPTIONAL", "ON"}},
	} {
		if err := oneOf(check.key, check.values, check.legal); err != nil {
			return err
		}
	}
	if err := checkMFA(p); err != nil {
		return err
	}
	if u := p.UserAttributeUpdateSettings; u != nil {
		const key = "userAttributeUpdateSettings.attributesRequireVerificationBeforeUpdates"
		if err := oneOf(key, u.AttributesRequireVerificationBeforeUpdates, []string{"email", "phone_number"}); err != nil {
			return err
		}
		for _, name := range u.AttributesRequireVerificationBeforeUpdates {
			if !slices.Contains(p.AutoVerifiedAttributes, name) {
				return fmt.Errorf("%s: %q is not among autoVerifiedAttributes", key, name)
			}
		}
	}
	if t := p.VerificationMessageTemplate; t != nil {
		if err := oneOf("verificationMessageTemplate.defaultEmailOption", some(t.DefaultEmailOption), []string{"CONFIRM_WITH_CODE"}); err != nil {
			return err
		}
	}
	if w := p.PasswordPolicy; w != nil {
		for _, r := range []struct {
			key            string
			value, lo, hi  int
			zeroIsADefault bool
		}{
			{"passwordPolicy.minimumLength", w.MinimumLength, 6, 99, true},
			{"passwordPolicy.passwordHistorySize", w.PasswordHistorySize, 0, 24, false},
			{"passwordPolicy.temporaryPasswordValidityDays", w.TemporaryPasswordValidityDays, 0, 365, false},
		} {
			if r.value == 0 && r.zeroIsADefault {
				continue
			}
			if r.value < r.lo || r.value > r.hi {
				return fmt.Errorf("%s: %d is not between %d and %d", r.key, r.value, r.lo, r.hi)
			}
		}
	}
	if err := checkSettings(p); err != nil {
		return err
	}
	return p.attributes().Legal()
}

func some(s string) []string {
	if s == "" {
		return nil
	}
	return []string{s}
}

func oneOf(key string, values, legal []string) error {
	for _, v := range values {
		if !slices.Contains(legal, v) {
			return fmt.Errorf("%s: %q is not one of %s", key, v, strings.Join(legal, ", "))
		}
	}
	return nil
}

// PoolDeleted drops the pool's key and everything that belonged to its users. It is
// called inside the provider's transaction.
func (s *Service) PoolDeleted(tx *store.Tx, id string) error {
	tx.Declares()
	prefix := id + "/"
	return errors.Join(
		keyTable.Delete(tx, id),
		drop(tx, users, prefix, nil),
		drop(tx, names, prefix, nil),
		drop(tx, attempts, prefix, nil),
		drop(tx, families, prefix, nil),
		drop(tx, refreshTokens, prefix, nil),
		drop(tx, sessions, prefix, nil),
		drop(tx, authCodes, prefix, nil),
		drop(tx, groupTimes, prefix, nil),
	)
}

// The flows that a client may name. Custom authentication and sign-in by choice of
// factor are refused: the local AWS has neither.
//
// https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_CreateUserPoolClient.html
var authFlows = []string{
	"ALLOW_ADMIN_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH", "ALLOW_USER_PASSWORD_AUTH", "ALLOW_USER_SRP_AUTH",
	"ADMIN_NO_SRP_AUTH", "USER_PASSWORD_AUTH",
}

// ClientDeclared checks a client that is made or changed, and gives it its secret
// when it asks for one and has none. It is called inside the provider's transaction,
// before the client is put.
func (s *Service) ClientDeclared(tx *store.Tx, id string, c *Client) error {
	fail := func(err error) error { return fmt.Errorf("declaring user pool client %s: %w", id, err) }
	p, found, err := getPool(tx, c.UserPoolID)
	if err != nil {
		return err
	}
	if !found {
		return fail(fmt.Errorf("userPoolId: user pool %q does not exist", c.UserPoolID))
	}
	if err := checkClient(p, *c); err != nil {
		return fail(err)
	}
	custom, err := customScopes(tx, p.ID)
	if err != nil {
		return err
	}
	if err := checkScopes(c.AllowedOAuthScopes, custom); err != nil {
		return fail(err)
	}
	if err := checkProviders(tx, *c); err != nil {
		return fail(err)
	}
	if c.GenerateSecret && c.ClientSecret == "" {
		if c.ClientSecret, err = s.random.Pick("abcdefghijklmnopqrstuvwxyz0123456789", 52); err != nil {
			return fail(err)
		}
	}
	if !c.GenerateSecret {
		c.ClientSecret = ""
	}
	return nil
}

func checkClient(p pool, c Client) error {
	for _, check := range []struct {
		key    string
		values []string
		legal  []string
	}{
		{"allowedOauthFlows", c.AllowedOAuthFlows, []string{"code", clientCredentials}},
		{"explicitAuthFlows", c.ExplicitAuthFlows, authFlows},
		{"preventUserExistenceErrors", some(c.PreventUserExistenceErrors), []string{"ENABLED", "LEGACY"}},
	} {
		if err := oneOf(check.key, check.values, check.legal); err != nil {
			return err
		}
	}
	if slices.ContainsFunc(c.AllowedOAuthScopes, func(s string) bool { return s == "email" || s == "phone" || s == "profile" }) &&
		!slices.Contains(c.AllowedOAuthScopes, "openid") {
		return errors.New("allowedOauthScopes: email, phone and profile need openid beside them")
	}
	legacy := slices.ContainsFunc(c.ExplicitAuthFlows, func(f string) bool { return !strings.HasPrefix(f, "ALLOW_") })
	if legacy && slices.ContainsFunc(c.ExplicitAuthFlows, func(f string) bool { return strings.HasPrefix(f, "ALLOW_") }) {
		return errors.New("explicitAuthFlows: values that begin with ALLOW_ cannot stand beside those that do not")
	}
	if err := checkClientCredentials(c); err != nil {
		return err
	}
	if c.AllowedOAuthFlowsUserPoolClient && slices.Contains(c.AllowedOAuthFlows, "code") && len(c.CallbackURLs) == 0 {
		return errors.New("callbackUrls: the code flow needs one at least")
	}
	for key, urls := range map[string][]string{"callbackUrls": c.CallbackURLs, "logoutUrls": c.LogoutURLs} {
		for _, u := range urls {
			if err := checkCallback(u); err != nil {
				return fmt.Errorf("%s: %q: %w", key, u, err)
			}
		}
	}
	if c.DefaultRedirectURI != "" && !slices.Contains(c.CallbackURLs, c.DefaultRedirectURI) {
		return fmt.Errorf("defaultRedirectUri: %q is not among callbackUrls", c.DefaultRedirectURI)
	}
	for key, names := range map[string][]string{"readAttributes": c.ReadAttributes, "writeAttributes": c.WriteAttributes} {
		for _, name := range names {
			if _, ok := p.attributes().Find(name); !ok {
				return fmt.Errorf("%s: the pool has no attribute %q", key, name)
			}
		}
	}
	if u := c.TokenValidityUnits; u != nil {
		for key, unit := range map[string]string{"accessToken": u.AccessToken, "idToken": u.IDToken, "refreshToken": u.RefreshToken} {
			if err := oneOf("tokenValidityUnits."+key, some(unit), []string{"seconds", "minutes", "hours", "days"}); err != nil {
				return err
			}
		}
	}
	if c.AccessTokenValidity < 0 || c.IDTokenValidity < 0 || c.RefreshTokenValidity < 0 {
		return errors.New("accessTokenValidity, idTokenValidity and refreshTokenValidity must not be negative")
	}
	access, id, refresh := client{Client: c}.lifetimes()
	for _, r := range []struct {
		key           string
		value, lo, hi time.Duration
	}{
		{"accessTokenValidity", access, 5 * time.Minute, 24 * time.Hour},
		{"idTokenValidity", id, 5 * time.Minute, 24 * time.Hour},
		{"refreshTokenValidity", refresh, time.Hour, 3650 * 24 * time.Hour},
	} {
		if r.value < r.lo || r.value > r.hi {
			return fmt.Errorf("%s: %s is not between %s and %s", r.key, r.value, r.lo, r.hi)
		}
	}
	if refresh < access || refresh < id {
		return errors.New("refreshTokenValidity: refresh tokens must not expire before access and ID tokens")
	}
	if c.AuthSessionValidity != 0 && (c.AuthSessionValidity < 3 || c.AuthSessionValidity > 15) {
		return fmt.Errorf("authSessionValidity: %d is not between 3 and 15 minutes", c.AuthSessionValidity)
	}
	if r := c.RefreshTokenRotation; r != nil {
		if err := oneOf("refreshTokenRotation.feature", []string{r.Feature}, []string{"ENABLED", "DISABLED"}); err != nil {
			return err
		}
		if r.RetryGracePeriodSeconds < 0 || r.RetryGracePeriodSeconds > 60 {
			return fmt.Errorf("refreshTokenRotation.retryGracePeriodSeconds: %d is not between 0 and 60", r.RetryGracePeriodSeconds)
		}
		if r.Feature == "ENABLED" && slices.Contains(c.ExplicitAuthFlows, "ALLOW_REFRESH_TOKEN_AUTH") {
			return errors.New("explicitAuthFlows: ALLOW_REFRESH_TOKEN_AUTH cannot stand beside refresh token rotation")
		}
	}
	return nil
}

// checkCallback: https, or http on loopback, or an app's own scheme; absolute and
// without a fragment.
//
// https://docs.aws.amazon.com/cognito/latest/developerguide/cognito-user-pools-app-idp-settings.html
func checkCallback(raw string) error {
	u, err := url.Parse(raw)
	switch {
	case err != nil:
		return errors.New("it is not a URL")
	case u.Scheme == "":
		return errors.New("it must be absolute")
	case strings.Contains(raw, "#"):
		return errors.New("it must not have a fragment")
	case strings.Contains(raw, "*"):
		return errors.New("it must not have a wildcard")
	case u.Scheme == "http" && !loopback(u.Hostname()):
		return errors.New("http is for localhost alone; use https")
	case (u.Scheme == "http" || u.Scheme == "https") && u.Host == "":
		return errors.New("it has no host")
	case slices.Contains([]string{"javascript", "data", "vbscript", "file", "blob", "about"}, strings.ToLower(u.Scheme)):
		return fmt.Errorf("scheme %q is not for redirects", u.Scheme)
	}
	return nil
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// ClientDeleted drops the client's tokens and codes. It is called inside the
// provider's transaction with the client as it was.
func (s *Service) ClientDeleted(tx *store.Tx, id string, c Client) error {
	prefix := c.UserPoolID + "/"
	return errors.Join(
		drop(tx, families, prefix, func(f family) bool { return f.ClientID != id }),
		drop(tx, refreshTokens, prefix, func(r refreshToken) bool { return r.ClientID != id }),
		drop(tx, authCodes, prefix, func(a authCode) bool { return a.ClientID != id }),
	)
}

var domainPrefix = regexp.MustCompile(`^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$`)

// DomainDeclared checks a hosted sign-in's domain: its prefix must be free, and a
// pool has one. It is called inside the provider's transaction, before the domain is put.
func (s *Service) DomainDeclared(tx *store.Tx, id string, d Domain) error {
	fail := func(format string, args ...any) error {
		return fmt.Errorf("declaring user pool domain %s: %w", id, fmt.Errorf(format, args...))
	}
	if !domainPrefix.MatchString(d.Domain) {
		return fail("domain: %q is not a prefix of 1 to 63 lower-case letters, digits and hyphens", d.Domain)
	}
	for _, word := range []string{"aws", "amazon", "cognito"} {
		if strings.Contains(d.Domain, word) {
			return fail("domain: %q must not contain the word %q", d.Domain, word)
		}
	}
	if d.ManagedLoginVersion > 1 {
		return fail("managedLoginVersion: %d is not supported by the local AWS; use 1", d.ManagedLoginVersion)
	}
	if _, found, err := Pools.Get(tx, d.UserPoolID); err != nil || !found {
		return cmp.Or(err, fail("userPoolId: user pool %q does not exist", d.UserPoolID))
	}
	all, err := Domains.All(tx)
	if err != nil {
		return err
	}
	for _, other := range all {
		switch {
		case other.Value.Domain == d.Domain && other.Value.UserPoolID != d.UserPoolID:
			return fail("domain: %q is already associated with user pool %s", d.Domain, other.Value.UserPoolID)
		case other.Value.Domain != d.Domain && other.Value.UserPoolID == d.UserPoolID:
			return fail("userPoolId: user pool %s already has the domain %q", d.UserPoolID, other.Value.Domain)
		}
	}
	return nil
}

// DomainDeleted takes a domain back: whoever is signed in there has to sign in again
// at the next one. It is called inside the provider's transaction.
func (s *Service) DomainDeleted(tx *store.Tx, _ string, d Domain) error {
	return drop(tx, sessions, d.UserPoolID+"/", nil)
}
