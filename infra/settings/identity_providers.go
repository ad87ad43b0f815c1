package settings

import (
	"fmt"
	"net/url"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// IdentityProvider is where people have an account already with which they may sign in.
//
// See https://docs.aws.amazon.com/cognito/latest/developerguide/cognito-user-pools-identity-federation.html.
type IdentityProvider struct {
	Type             string // Google, OIDC, SAML
	ClientID         string // Google and OIDC: that this stack's user pool has there
	ClientSecret     string // Google and OIDC: a secret
	Issuer           string // OIDC
	Scopes           []string
	MetadataURL      string            // SAML: this or MetadataFile
	MetadataFile     string            // SAML: below the repository's folder
	AttributeMapping map[string]string // attribute of the user pool → claim
}

// The kinds of identity providers, by Cognito's names.
const (
	Google = "Google"
	OIDC   = "OIDC"
	SAML   = "SAML"
)

var (
	providerName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9.-]{1,30}[A-Za-z0-9]$`)
	// Cognito keeps these for itself and for the providers that it knows by name.
	reservedProviders = []string{"COGNITO", "Facebook", "SignInWithApple", "LoginWithAmazon"}
)

func readProviders(o object, target Target, own map[string]Attribute) map[string]IdentityProvider {
	var out map[string]IdentityProvider
	o.named("providers", "NAME", "Where people have an account already with which they may sign in on the hosted page. The output identityProviderUrl is what each has to know of this stack.", func(name string, o object) {
		p := IdentityProvider{
			Type: o.choice("type", "", []string{Google, OIDC, SAML}, "What it speaks; one of type Google is called Google.", required,
				cost("0.015 USD a month and user who signs in by one of type OIDC or SAML, above 50 users; those of Google count as the user pool's own")),
			ClientID:     o.text("clientId", "", "is a text of at most 256 characters", "Google and OIDC: what the user pool is called there. The secret that goes with it is in providerSecrets."),
			Issuer:       o.text("issuer", "", "is an https URL", "OIDC: its address, below which it tells of itself (/.well-known/openid-configuration)."),
			Scopes:       o.texts("scopes", []string{"openid", "email", "profile"}, "texts", "Google and OIDC: what it is asked to tell; openid is among them.", nil),
			MetadataURL:  o.text("metadataUrl", "", "is an https URL", "SAML: the address of its metadata."),
			MetadataFile: o.text("metadataFile", "", "is a path below the repository's folder", "SAML: a file with its metadata, in place of metadataUrl."),
			AttributeMapping: o.table("attributeMapping", "claims", "Attributes of the user pool, by what the provider calls them. Attributes of the stack's own must be mutable and writable, as Cognito sets them anew at each sign-in in the client's name.", func(key, attribute, claim string) {
				custom, isCustom := strings.CutPrefix(attribute, customPrefix)
				switch a := own[custom]; {
				case attribute == "username":
					o.p.add(key, "is not for settings: the user name is the provider's sub, or NameID")
				case !hasAttribute(own, attribute):
					o.p.add(key, "is no attribute of the user pool: legal are %s, %sNAME of identity.attributes", joined(StandardAttributes), customPrefix)
				case isCustom && !(a.Mutable && a.Writable):
					o.p.add(key, "is an attribute that Cognito could not set at each sign-in: identity.attributes.%s must be mutable and writable", custom)
				case claim == "":
					o.p.add(key, "is empty: legal is what the provider calls the attribute")
				}
			}, byDefault("email, by the name that the type has for it")),
		}
		if out == nil {
			out = map[string]IdentityProvider{}
		}
		if o.p.page != nil {
			return
		}
		p.check(o, name, target)
		p.complete()
		out[name] = p
	})
	return out
}

// check tells what is wrong with a provider.
func (p IdentityProvider) check(o object, name string, target Target) {
	switch {
	case !o.has("type"):
		o.p.add(o.at("type"), "is missing: legal are %s", joined([]string{Google, OIDC, SAML}))
	case !providerName.MatchString(name) || slices.ContainsFunc(reservedProviders, func(r string) bool { return strings.EqualFold(r, name) }):
		o.p.add(o.key, "is no provider's name: legal are 3 to 32 letters, digits, hyphens and dots, neither of them first or last, and not %s", joined(reservedProviders))
	case (p.Type == Google) != (name == Google) && p.Type != "":
		o.p.add(o.key, "has type %s: the provider of type Google, and no other, is called Google", p.Type)
	}
	fields := map[string][]string{
		Google: {"clientId", "scopes"},
		OIDC:   {"clientId", "issuer", "scopes"},
		SAML:   {"metadataUrl", "metadataFile"},
	}
	for _, field := range []string{"clientId", "issuer", "scopes", "metadataUrl", "metadataFile"} {
		if p.Type != "" && o.has(field) && !slices.Contains(fields[p.Type], field) {
			o.p.add(o.at(field), "is not for type %s, which has %s", p.Type, joined(fields[p.Type]))
		}
	}
	if p.Type == SAML {
		switch {
		case (p.MetadataURL == "") == (p.MetadataFile == ""):
			o.p.add(o.key, "needs one of metadataUrl and metadataFile")
		case p.MetadataFile != "" && !filepath.IsLocal(p.MetadataFile):
			o.p.add(o.at("metadataFile"), "is %q: legal is a path below the repository's folder", p.MetadataFile)
		}
	}
	if p.Type == Google || p.Type == OIDC {
		if n := len(p.ClientID); n < 1 || n > 256 {
			o.p.add(o.at("clientId"), "has %d characters: legal are 1 to 256, what the user pool is called at the provider", n)
		}
		if !slices.Contains(p.Scopes, "openid") {
			o.p.add(o.at("scopes"), "lacks openid, without which the provider tells nothing of who signs in")
		}
		for i, scope := range p.Scopes {
			if scope == "" || strings.ContainsAny(scope, " \t\r\n") {
				o.p.add(fmt.Sprintf("%s[%d]", o.at("scopes"), i), "is %q: legal is a scope, without spaces", scope)
			}
		}
	}
	if p.Type == OIDC && p.Issuer == "" {
		o.p.add(o.at("issuer"), "is missing: legal is an https URL")
	}
	for _, address := range []struct{ field, text string }{{"issuer", p.Issuer}, {"metadataUrl", p.MetadataURL}} {
		if fault := secureURL(address.text, target); address.text != "" && fault != "" {
			o.p.add(o.at(address.field), "is %q: %s", address.text, fault)
		}
	}
}

// secureURL says what is wrong with the address of somebody whose word is taken. On the
// local AWS it may be one of this machine's.
func secureURL(text string, target Target) string {
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Host == "" || u.User != nil || u.Fragment != "":
		return "legal is an https URL"
	case u.Scheme == "https":
		return ""
	case target == Local && u.Scheme == "http" && (u.Hostname() == "localhost" || u.Hostname() == "127.0.0.1"):
		return ""
	}
	return "legal is an https URL, since what comes from there is believed"
}

// complete adds what Cognito asks for, or would add itself.
func (p *IdentityProvider) complete() {
	if p.Type == SAML {
		p.Scopes = nil
	}
	mapping := map[string]string{"email": "email"}
	if p.Type == SAML {
		mapping["email"] = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress"
	} else {
		mapping["username"] = "sub"
	}
	for attribute, claim := range p.AttributeMapping {
		mapping[attribute] = claim
	}
	p.AttributeMapping = mapping
}

// readProviderSecrets reads the secrets of the providers, which no error ever shows.
func readProviderSecrets(o object, s *Settings, secret bool) {
	const name = "providerSecrets"
	v, ok := o.field(name, kindMapping+" of texts", "", nil, "The secrets that identity.providers of type Google and OIDC share with this stack, by the providers' names: set each with `pulumi config set --secret --path 'auth-api:providerSecrets.NAME'`; on AWS they are refused in plain text.", nil)
	given, isMapping := v.(map[string]any)
	if ok && !isMapping {
		o.p.add(o.at(name), "is no mapping of providers' names to secrets")
	}
	if len(given) > 0 && !secret && s.Target == AWS {
		o.p.add(o.at(name), "is in plain text: set each with `pulumi config set --secret --path '%s.NAME'`", o.at(name))
	}
	for _, provider := range sortedKeys(given) {
		if p, known := s.Identity.Providers[provider]; !known || p.Type == SAML {
			o.p.add(o.at(name)+"."+provider, "is the secret of no provider of type Google or OIDC: identity.providers has %s", orNone(sortedKeys(s.Identity.Providers), "providers"))
		}
	}
	for _, provider := range sortedKeys(s.Identity.Providers) {
		p := s.Identity.Providers[provider]
		if p.Type != Google && p.Type != OIDC {
			continue
		}
		text, isText := given[provider].(string)
		switch _, there := given[provider]; {
		case !there:
			o.p.add(o.at(name)+"."+provider, "is missing: set it with `pulumi config set --secret --path '%s.%s'`", o.at(name), provider)
		case !isText || text == "":
			o.p.add(o.at(name)+"."+provider, "is no text")
		}
		p.ClientSecret = text
		s.Identity.Providers[provider] = p
	}
}
