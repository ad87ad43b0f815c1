package identitypool

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/lestrrat-go/jwx/v3/jwa"
	"github.com/lestrrat-go/jwx/v3/jws"

	"auth-api/infra/localaws/store"
	"auth-api/infra/localaws/wire"
)

// openIDLife is how long an OpenID token is good for.
const openIDLife = 10 * time.Minute

// signingKeys holds the key that OpenID tokens are signed with, as PKCS #1.
var signingKeys = store.Table[[]byte]{Name: "identitypool.keys"}

// tagsClaim is the claim by which a token brings session tags: each a list of one value.
const tagsClaim = "https://aws.amazon.com/tags"

type sessionTags struct {
	PrincipalTags map[string][]string `json:"principal_tags"`
}

func tagLists(tags map[string]string) map[string][]string {
	out := map[string][]string{}
	for tag, value := range tags {
		out[tag] = []string{value}
	}
	return out
}

type getOpenIDTokenInput struct {
	IdentityID string `json:"IdentityId"`
	Logins     map[string]string
}

type getOpenIDTokenOutput struct {
	IdentityID string `json:"IdentityId"`
	Token      string
}

// getOpenIDToken gives the token of the basic flow, where the pool allows that flow.
//
// https://docs.aws.amazon.com/cognitoidentity/latest/APIReference/API_GetOpenIdToken.html
func (s *Service) getOpenIDToken(r *http.Request, in getOpenIDTokenInput) (out getOpenIDTokenOutput, err error) {
	identityID, id, p, logins, err := s.enter(in.IdentityID, in.Logins)
	if err != nil {
		return out, err
	}
	var attachment RoleAttachment
	err = s.cfg.Store.View(func(tx *store.Tx) (err error) {
		attachment, _, err = RoleAttachments.Get(tx, id.Pool)
		return err
	})
	switch {
	case err != nil:
		return out, err
	case !p.AllowClassicFlow:
		return out, wire.NewError("InvalidParameterException", "Basic (classic) flow is not enabled, please use enhanced flow.")
	case len(attachment.RoleMappings) > 0:
		return out, wire.NewError("InvalidParameterException", "Basic (classic) flow is not supported with RoleMappings, please use enhanced flow.")
	}
	key, err := s.signingKey()
	if err != nil {
		return out, err
	}
	tags, err := s.tagsOf(id.Pool, logins)
	if err != nil {
		return out, err
	}
	now := s.cfg.Now()
	contents := map[string]any{
		"iss": "https://" + federation,
		"aud": id.Pool,
		"sub": identityID,
		"amr": s.cognito(identityID, id, logins).AMR(),
		"iat": now.Unix(),
		"exp": now.Add(openIDLife).Unix(),
	}
	if len(tags) > 0 {
		// https://docs.aws.amazon.com/IAM/latest/UserGuide/id_session-tags.html#id_session-tags_adding-assume-role-idp
		contents[tagsClaim] = sessionTags{tagLists(tags)}
	}
	claims, err := json.Marshal(contents)
	if err != nil {
		return out, fmt.Errorf("making an OpenID token: %w", err)
	}
	sum := sha256.Sum256(x509.MarshalPKCS1PublicKey(&key.PublicKey))
	headers := jws.NewHeaders()
	for name, value := range map[string]any{jws.KeyIDKey: hex.EncodeToString(sum[:16]), jws.TypeKey: "JWS"} {
		if err := headers.Set(name, value); err != nil {
			return out, fmt.Errorf("making an OpenID token: %w", err)
		}
	}
	token, err := jws.Sign(claims, jws.WithKey(jwa.RS256(), key, jws.WithProtectedHeaders(headers)))
	if err != nil {
		return out, fmt.Errorf("making an OpenID token: %w", err)
	}
	record(r, identityID, logins)
	return getOpenIDTokenOutput{IdentityID: identityID, Token: string(token)}, nil
}

// signingKey returns the key from the store, and makes it when there is none.
func (s *Service) signingKey() (key *rsa.PrivateKey, err error) {
	err = s.cfg.Store.Update(func(tx *store.Tx) error {
		encoded, found, err := signingKeys.Get(tx, "openid")
		if err != nil {
			return err
		}
		if found {
			key, err = x509.ParsePKCS1PrivateKey(encoded)
			return err
		}
		if key, err = rsa.GenerateKey(rand.Reader, 2048); err != nil {
			return err
		}
		return signingKeys.Put(tx, "openid", x509.MarshalPKCS1PrivateKey(key))
	})
	if err != nil {
		return nil, fmt.Errorf("reading the key that signs OpenID tokens: %w", err)
	}
	return key, nil
}
