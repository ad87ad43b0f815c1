package userpool

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"auth-api/infra/localaws/declared"
	"auth-api/infra/localaws/store"
	"auth-api/infra/localaws/userpool/idp"
)

// IdentityProvider is another place where users of a pool may sign in
// (aws:cognito/identityProvider:IdentityProvider). Its id is POOL:NAME.
//
// https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_CreateIdentityProvider.html
type IdentityProvider struct {
	UserPoolID       string            `json:"userPoolId" aws:"required,replace"`
	Name             string            `json:"providerName" aws:"required,replace"`
	Type             string            `json:"providerType" aws:"required,replace"`      // Google, OIDC, SAML
	Details          map[string]string `json:"providerDetails" aws:"required,secret"`    // client_secret among them
	AttributeMapping map[string]string `json:"attributeMapping,omitempty" aws:"default"` // attribute of the pool → claim
	Identifiers      []string          `json:"idpIdentifiers,omitempty"`
}

// IdentityProviders are the identity providers that are declared.
const IdentityProviders declared.Kind[IdentityProvider] = "cognito.IdentityProvider"

// The types of identity providers. SAML is recorded: the local AWS signs nobody in by it.
const (
	ProviderGoogle = "Google"
	ProviderOIDC   = "OIDC"
	ProviderSAML   = "SAML"
)

// ownUsers is how a client names the pool's own users among its providers.
const ownUsers = "COGNITO"

// googles are the details of Google that AWS knows, and that nothing overrides.
var googles = map[string]string{
	"attributes_url":                "https://people.googleapis.com/v1/people/me?personFields=",
	"attributes_url_add_attributes": "true",
	"authorize_url":                 "https://accounts.google.com/o/oauth2/v2/auth",
	"oidc_issuer":                   "https://accounts.google.com",
	"token_request_method":          "POST",
	"token_url":                     "https://www.googleapis.com/oauth2/v4/token",
}

// What a provider's details may say, by type.
var providerDetails = map[string]struct{ required, optional []string }{
	ProviderOIDC: {
		[]string{"client_id", "client_secret", "authorize_scopes", "attributes_request_method", "oidc_issuer"},
		[]string{"authorize_url", "token_url", "attributes_url", "jwks_uri", "attributes_url_add_attributes"},
	},
	ProviderGoogle: {[]string{"client_id", "client_secret", "authorize_scopes"}, slices.Sorted(maps.Keys(googles))},
	ProviderSAML: {nil, []string{
		"MetadataURL", "MetadataFile", "IDPSignout", "IDPInit", "RequestSigningAlgorithm", "EncryptedResponses",
		"SSORedirectBindingURI", "SLORedirectBindingURI", "ActiveEncryptionCertificate",
	}},
}

var (
	providerName = regexp.MustCompile(`^[^_\p{Z}][\p{L}\p{M}\p{S}\p{N}\p{P}][^_\p{Z}]+$`)
	identifier   = regexp.MustCompile(`^[\w\s+=.@-]{1,40}$`)
)

const maxIdentifiers = 50

// CheckIdentityProvider refuses, by name, what AWS would not take or the local AWS
// could not honour, as early as the preview. No error holds a value of the details
// that is secret.
func CheckIdentityProvider(v IdentityProvider) error {
	legal, known := providerDetails[v.Type]
	switch n := len([]rune(v.Name)); {
	case !known:
		return fmt.Errorf("providerType: %q is not supported by the local AWS; supported are Google, OIDC and SAML", v.Type)
	case n < 3 || n > 32 || !providerName.MatchString(v.Name) || strings.EqualFold(v.Name, ownUsers):
		return fmt.Errorf("providerName: %q is not legal; legal are 3 to 32 characters without spaces and underscores, and not COGNITO", v.Name)
	case v.Type == ProviderGoogle && v.Name != ProviderGoogle:
		return fmt.Errorf("providerName: %q is not legal; a provider of type Google is called Google", v.Name)
	case len(v.Identifiers) > maxIdentifiers:
		return fmt.Errorf("idpIdentifiers: %d are not legal; legal are %d at most", len(v.Identifiers), maxIdentifiers)
	}
	for _, name := range legal.required {
		if v.Details[name] == "" {
			return fmt.Errorf("providerDetails.%s: it is required of type %s", name, v.Type)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(v.Details)) {
		if !slices.Contains(legal.required, name) && !slices.Contains(legal.optional, name) {
			return fmt.Errorf("providerDetails: the local AWS does not know %q of type %s; it knows %s", name, v.Type, strings.Join(slices.Concat(legal.required, legal.optional), ", "))
		}
		if want, fixed := googles[name]; v.Type == ProviderGoogle && fixed && v.Details[name] != want {
			return fmt.Errorf("providerDetails.%s: %q is not legal; of Google it is %q", name, v.Details[name], want)
		}
	}
	for i, id := range v.Identifiers {
		if !identifier.MatchString(id) || slices.Contains(v.Identifiers[:i], id) {
			return fmt.Errorf("idpIdentifiers[%d]: %q is not legal; legal are 1 to 40 letters, digits, spaces and any of _+=.@-, each once", i, id)
		}
	}
	if claim, mapped := v.AttributeMapping["username"]; mapped && claim != "sub" && v.Type != ProviderSAML {
		return fmt.Errorf("attributeMapping.username: %q is not legal; the username comes from sub", claim)
	}
	switch v.Type {
	case ProviderOIDC:
		return checkOIDC(v.Details)
	case ProviderSAML:
		if (v.Details["MetadataURL"] == "") == (v.Details["MetadataFile"] == "") {
			return errors.New("providerDetails: MetadataURL or MetadataFile is required of type SAML, one of the two")
		}
	}
	return nil
}

func checkOIDC(details map[string]string) error {
	for _, name := range []string{"oidc_issuer", "authorize_url", "token_url", "attributes_url", "jwks_uri"} {
		if details[name] == "" {
			continue
		}
		if err := idp.CheckURL(details[name]); err != nil {
			shown := fmt.Sprintf(": %q", details[name])
			if strings.Contains(details[name], "@") { // a password may stand before it
				shown = ""
			}
			return fmt.Errorf("providerDetails.%s%s: %w", name, shown, err)
		}
	}
	if err := oneOf("providerDetails.attributes_request_method", []string{details["attributes_request_method"]}, []string{"GET", "POST"}); err != nil {
		return err
	}
	if err := oneOf("providerDetails.attributes_url_add_attributes", some(details["attributes_url_add_attributes"]), []string{"false"}); err != nil {
		return err
	}
	if !slices.Contains(strings.Fields(details["authorize_scopes"]), "openid") {
		return fmt.Errorf("providerDetails.authorize_scopes: %q does not have openid", details["authorize_scopes"])
	}
	return nil
}

// IdentityProviderDeclared checks a provider that is made or changed against its pool.
// It is called inside the provider's transaction.
func (s *Service) IdentityProviderDeclared(tx *store.Tx, id string, v IdentityProvider) error {
	fail := func(err error) error { return fmt.Errorf("declaring identity provider %s: %w", id, err) }
	if err := CheckIdentityProvider(v); err != nil {
		return fail(err)
	}
	p, found, err := getPool(tx, v.UserPoolID)
	if err != nil || !found {
		return cmp.Or(err, fail(fmt.Errorf("userPoolId: user pool %q does not exist", v.UserPoolID)))
	}
	for _, name := range slices.Sorted(maps.Keys(v.AttributeMapping)) {
		if _, has := p.attributes().Find(name); name != "username" && (!has || name == "sub") {
			return fail(fmt.Errorf("attributeMapping: the pool has no attribute %q that can be set", name))
		}
	}
	all, err := IdentityProviders.All(tx)
	if err != nil {
		return err
	}
	for _, other := range all {
		if other.ID == id || other.Value.UserPoolID != v.UserPoolID {
			continue
		}
		if i := slices.IndexFunc(v.Identifiers, func(one string) bool { return slices.Contains(other.Value.Identifiers, one) }); i >= 0 {
			return fail(fmt.Errorf("idpIdentifiers: DuplicateProviderException: %q is one of provider %s", v.Identifiers[i], other.Value.Name))
		}
	}
	return nil
}

// checkProviders refuses a client that names a provider that its pool does not have.
func checkProviders(tx *store.Tx, c Client) error {
	all, err := IdentityProviders.All(tx)
	if err != nil {
		return err
	}
	legal := []string{ownUsers}
	for _, e := range all {
		if e.Value.UserPoolID == c.UserPoolID {
			legal = append(legal, e.Value.Name)
		}
	}
	for _, name := range c.SupportedIdentityProviders {
		if !slices.Contains(legal, name) {
			return fmt.Errorf("supportedIdentityProviders: InvalidParameterException: The provider %s does not exist for User Pool %s; %q is not one of %s", name, c.UserPoolID, name, strings.Join(legal, ", "))
		}
	}
	return nil
}

// providers are the client's that are declared by now, in the client's order.
func (c client) providers(tx *store.Tx) ([]IdentityProvider, error) {
	if !slices.ContainsFunc(c.SupportedIdentityProviders, func(name string) bool { return name != ownUsers }) {
		return nil, nil
	}
	all, err := IdentityProviders.All(tx)
	if err != nil {
		return nil, err
	}
	var out []IdentityProvider
	for _, name := range c.SupportedIdentityProviders {
		for _, e := range all {
			if e.Value.UserPoolID == c.UserPoolID && e.Value.Name == name {
				out = append(out, e.Value)
			}
		}
	}
	return out, nil
}
