package settings

import (
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"unicode"
)

// Identity is who can sign in, and how.
type Identity struct {
	AliasAttributes    []string // what a user may sign in with besides the user name; fixed once the pool is made
	SelfSignUp         bool     // whether people may register themselves
	Guests             bool     // whether the identity pool takes callers that have not signed in
	CallbackURLs       []string // where the hosted sign-in may send a code to; the first is the web client
	SignOutURLs        []string // where the hosted sign-out may lead to
	DomainPrefix       string   // of the hosted sign-in; empty: derived from project, stack, account and region
	PasswordPolicy     PasswordPolicy
	UserPasswordAuth   bool   // whether the client may send passwords to the user pool API (USER_PASSWORD_AUTH); SRP always may
	DeletionProtection bool   // whether the user pool, and so its users, can be deleted
	DemoUser           string // a user of the stack's own, made once a password is known
}

// PasswordPolicy is what a user's password must have.
//
// See https://docs.aws.amazon.com/cognito/latest/developerguide/managing-users-passwords.html.
type PasswordPolicy struct {
	MinimumLength                 int
	RequireLowercase              bool
	RequireUppercase              bool
	RequireNumbers                bool
	RequireSymbols                bool
	TemporaryPasswordValidityDays int
}

// symbols are the characters that Cognito counts as such.
const symbols = "^$*.[]{}()?-\"!@#%&/\\,><':;|_~`+="

// Lacks says what of the policy a password does not have, without the password. It is
// empty when the password will do.
func (p PasswordPolicy) Lacks(password string) string {
	var missing []string
	need := func(required bool, what string, is func(rune) bool) {
		if required && !strings.ContainsFunc(password, is) {
			missing = append(missing, what)
		}
	}
	if n := len([]rune(password)); n < p.MinimumLength {
		missing = append(missing, fmt.Sprintf("a length of %d", p.MinimumLength))
	} else if n > 256 {
		missing = append(missing, "a length of at most 256")
	}
	need(p.RequireLowercase, "a lower-case letter", func(r rune) bool { return 'a' <= r && r <= 'z' })
	need(p.RequireUppercase, "an upper-case letter", func(r rune) bool { return 'A' <= r && r <= 'Z' })
	need(p.RequireNumbers, "a digit", func(r rune) bool { return '0' <= r && r <= '9' })
	need(p.RequireSymbols, "a symbol", func(r rune) bool { return strings.ContainsRune(symbols, r) })
	return strings.Join(missing, ", ")
}

var aliases = []string{"email", "phone_number", "preferred_username"}

func readIdentity(o object, target Target) Identity {
	var id Identity
	o.child("identity", "Who can sign in, and how.", func(o object) {
		web := []string{"http://localhost:3000/"}
		id = Identity{
			AliasAttributes: o.texts("aliasAttributes", []string{"email", "preferred_username"}, joined(aliases), "What a user may sign in with besides the user name. A change replaces the user pool and loses its users.", func(key, alias string) {
				if !slices.Contains(aliases, alias) {
					o.p.add(key, "is %q: legal are %s", alias, joined(aliases))
				}
			}),
			SelfSignUp:       o.boolean("selfSignUp", true, "Whether people may register themselves."),
			Guests:           o.boolean("guests", false, "Whether callers that have not signed in get credentials too, which open only routes with the caller guest."),
			CallbackURLs:     o.urls("callbackUrls", web, "Where the hosted sign-in may send a code to, matched exactly. The first is the web client, and must be a sign-out URL too."),
			SignOutURLs:      o.urls("signOutUrls", web, "Where the hosted sign-out may lead to, matched exactly."),
			DomainPrefix:     o.text("domainPrefix", "", domainRule, "Of the hosted sign-in, unique in its region among all accounts.", byDefault("derived from project, stack, account and region")),
			UserPasswordAuth: o.boolean("userPasswordAuth", false, "Whether the client may send passwords to the user pool API, rather than prove them by SRP."),
			DemoUser:         o.text("demoUser", "", "is a user name", "The user is made once demoPassword is set, on the local AWS always."),
			// Users that are lost are lost for good; on the local AWS they are play.
			DeletionProtection: o.boolean("deletionProtection", target == AWS, "Whether neither Pulumi nor AWS deletes the user pool.", byDefault("true on AWS, false on the local AWS")),
		}
		o.child("passwordPolicy", "What a password must have.", func(o object) {
			id.PasswordPolicy = PasswordPolicy{
				MinimumLength:                 o.integer("minimumLength", 8, 6, 99, "Characters."),
				RequireLowercase:              o.boolean("requireLowercase", true, "A lower-case letter."),
				RequireUppercase:              o.boolean("requireUppercase", true, "An upper-case letter."),
				RequireNumbers:                o.boolean("requireNumbers", true, "A digit."),
				RequireSymbols:                o.boolean("requireSymbols", true, "A symbol."),
				TemporaryPasswordValidityDays: o.integer("temporaryPasswordValidityDays", 7, 1, 365, "How long a password that an administrator gave opens the first sign-in."),
			}
		})
		if len(id.CallbackURLs) > 0 && len(id.SignOutURLs) > 0 && !slices.Contains(id.SignOutURLs, id.CallbackURLs[0]) {
			o.p.add(o.at("signOutUrls"), "lacks %s, the first of callbackUrls: that is the web client's address, which people come back to when they sign out", id.CallbackURLs[0])
		}
		if fault := domainFault(id.DomainPrefix); fault != "" {
			o.p.add(o.at("domainPrefix"), "is %q: %s", id.DomainPrefix, fault)
		}
		if fault := userFault(id.DemoUser, id.AliasAttributes); fault != "" {
			o.p.add(o.at("demoUser"), "is %q: %s", id.DemoUser, fault)
		}
	})
	return id
}

func (o object) urls(name string, otherwise []string, doc string) []string {
	list := o.texts(name, otherwise, "https URLs, an app's own scheme, or http for localhost", doc, func(key, text string) {
		if fault := urlFault(text); fault != "" {
			o.p.add(key, "is %q: %s", text, fault)
		}
	})
	if o.emptyList(name) {
		o.p.add(o.at(name), "is empty: the hosted sign-in needs at least one URL")
	}
	return list
}

// urlFault says why Cognito would refuse a callback or sign-out URL.
//
// See https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_UserPoolClientType.html.
func urlFault(text string) string {
	u, err := url.Parse(text)
	switch {
	case err != nil:
		return "it cannot be read as a URL"
	case u.Scheme == "":
		return "it has no scheme: legal are https, http for localhost, or an app's own"
	case strings.ContainsAny(text, "*"):
		return "Cognito matches URLs exactly and knows no wildcards"
	case strings.Contains(text, "#"):
		return "it has a fragment, which Cognito refuses"
	case strings.ContainsFunc(text, unicode.IsSpace):
		return "it has a space"
	case len(text) > 1024:
		return "it has more than 1024 characters"
	case (u.Scheme == "https" || u.Scheme == "http") && u.Hostname() == "":
		return "it names no host"
	case u.Scheme == "http" && u.Hostname() != "localhost":
		return "http is for localhost alone: use https"
	}
	return ""
}

const domainRule = "are 1 to 63 lower-case letters, digits and hyphens, no hyphen first or last"

// ReservedDomainWords are what Cognito allows in no domain prefix.
var ReservedDomainWords = []string{"aws", "amazon", "cognito"}

var domainPrefix = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$`)

func domainFault(prefix string) string {
	if prefix == "" {
		return ""
	}
	if !domainPrefix.MatchString(prefix) {
		return "legal " + domainRule
	}
	for _, word := range ReservedDomainWords {
		if strings.Contains(prefix, word) {
			return fmt.Sprintf("it must not contain %s, which Cognito reserves", strings.Join(ReservedDomainWords, ", "))
		}
	}
	return ""
}

func userFault(name string, aliases []string) string {
	switch {
	case len([]rune(name)) > 128:
		return "it has more than 128 characters"
	case strings.ContainsFunc(name, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }):
		return "it has a space or a control character"
	case slices.Contains(aliases, "email") && strings.Contains(name, "@"):
		return "where email is an alias a user name cannot look like one"
	}
	return ""
}
