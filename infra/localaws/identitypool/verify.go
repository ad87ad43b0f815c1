package identitypool

import (
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/lestrrat-go/jwx/v3/jwa"
	"github.com/lestrrat-go/jwx/v3/jws"

	"auth-api/infra/localaws/audit"
	"auth-api/infra/localaws/iam"
	"auth-api/infra/localaws/store"
)

// VerifyOpenIDToken says whose OpenID token this is, as GetOpenIdToken gave it. STS
// asks this for AssumeRoleWithWebIdentity, the second half of the basic flow. A
// refusal is an *iam.TokenError.
//
// https://docs.aws.amazon.com/cognito/latest/developerguide/authentication-flow.html
func (s *Service) VerifyOpenIDToken(token string) (iam.WebIdentity, error) {
	message, err := jws.ParseString(token)
	var claims struct {
		Issuer     string      `json:"iss"`
		Pool       string      `json:"aud"`
		IdentityID string      `json:"sub"`
		Methods    []string    `json:"amr"`
		Expires    int64       `json:"exp"`
		Tags       sessionTags `json:"https://aws.amazon.com/tags"`
	}
	if err == nil {
		err = json.Unmarshal(message.Payload(), &claims)
	}
	// The library reads JWS's JSON form, too, which STS does not.
	if err != nil || strings.Count(token, ".") != 2 || strings.ContainsAny(token, "{ \n") {
		return iam.WebIdentity{}, &iam.TokenError{Code: "InvalidIdentityToken", Message: "The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)", Reason: "the token cannot be read"}
	}
	if claims.Issuer != "https://"+federation {
		return iam.WebIdentity{}, &iam.TokenError{Code: "InvalidIdentityToken", Message: "No OpenIDConnect provider found in your account for " + audit.Clip(claims.Issuer), Reason: "the token is of another issuer"}
	}
	invalid := func(reason string) (iam.WebIdentity, error) {
		return iam.WebIdentity{}, &iam.TokenError{Code: "InvalidIdentityToken", Message: "The web identity token that was passed could not be validated.", Reason: reason}
	}
	var key *rsa.PrivateKey
	var id identity
	var known bool
	err = s.cfg.Store.View(func(tx *store.Tx) error {
		encoded, found, err := signingKeys.Get(tx, "openid")
		if err != nil || !found {
			return err
		}
		if key, err = x509.ParsePKCS1PrivateKey(encoded); err != nil {
			return err
		}
		id, known, err = identities.Get(tx, claims.IdentityID)
		return err
	})
	switch {
	case err != nil:
		return iam.WebIdentity{}, fmt.Errorf("verifying an OpenID token: %w", err)
	case key == nil:
		return invalid("no token was ever given")
	}
	if _, err := jws.Verify([]byte(token), jws.WithKey(jwa.RS256(), &key.PublicKey)); err != nil {
		return invalid("the token's signature does not match")
	}
	now := s.cfg.Now().Unix()
	switch {
	case now >= claims.Expires:
		return iam.WebIdentity{}, &iam.TokenError{Code: "ExpiredTokenException", Message: fmt.Sprintf("Token expired: current date/time %d must be before the expiration date/time %d", now, claims.Expires), Reason: "the token is over"}
	case !known || id.Pool != claims.Pool || len(claims.Methods) == 0:
		return invalid("the token's identity " + claims.IdentityID + " is gone")
	}
	who := &iam.CognitoIdentity{
		IdentityID: claims.IdentityID, IdentityPoolID: claims.Pool, AuthenticationType: claims.Methods[0],
		AuthenticationProvider: strings.Join(claims.Methods[1:], ","),
	}
	if i := slices.IndexFunc(claims.Methods, func(m string) bool { return strings.Contains(m, ":CognitoSignIn:") }); i >= 0 {
		_, who.Subject, _ = strings.Cut(claims.Methods[i], ":CognitoSignIn:")
	}
	var tags map[string]string
	for tag, values := range claims.Tags.PrincipalTags {
		if len(values) != 1 {
			return invalid("the token's tag " + tag + " has not one value")
		}
		if tags == nil {
			tags = map[string]string{}
		}
		tags[tag] = values[0]
	}
	return iam.WebIdentity{
		Provider: federation, Cognito: who, Tags: tags,
		Claims: map[string][]string{"aud": {claims.Pool}, "amr": claims.Methods, "sub": {claims.IdentityID}},
	}, nil
}
