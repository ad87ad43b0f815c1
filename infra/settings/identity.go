package settings

import (
	"slices"
	"strings"
	"unicode"
)

// Identity is who can sign in, and how.
type Identity struct {
	UserPoolName       string   // empty: the stack's; fixed once the pool is made
	ReplaceUserPool    string   // id of the user pool that may be replaced, with the loss of its users; empty: none
	AliasAttributes    []string // what a user may sign in with besides the user name; fixed once the pool is made
	Attributes         map[string]Attribute
	SelfSignUp         bool     // whether people may register themselves
	Guests             bool     // whether the identity pool takes callers that have not signed in
	CallbackURLs       []string // where the hosted sign-in may send a code to, beside the web client; without one the first is it
	SignOutURLs        []string // where the hosted sign-out may lead to, beside the web client
	DomainPrefix       string   // of the hosted sign-in; empty: derived from project, stack, account and region
	PasswordPolicy     PasswordPolicy
	UserPasswordAuth   bool   // whether the client may send passwords to the user pool API (USER_PASSWORD_AUTH); SRP always may
	DeletionProtection bool   // whether the user pool, and so its users, is kept from being deleted
	DemoUser           string // a user of the stack's own, made once a password is known

	Groups        map[string]Group
	AmbiguousRole string            // see AmbiguousAuthenticated
	DemoGroups    []string          // that DemoUser is in
	PrincipalTags map[string]string // session tag → claim of the ID token

	ResourceServers map[string]ResourceServer // by their identifiers
	WebScopes       []string                  // IDENTIFIER/SCOPE that the web client may ask for
	MachineClients  map[string]MachineClient

	Providers map[string]IdentityProvider

	Tier             string // LITE, ESSENTIALS, PLUS
	MFA              string // OFF, OPTIONAL, REQUIRED
	ThreatProtection string // OFF, AUDIT, ENFORCED
	Tokens           Tokens
	Email            Email
	Triggers         Triggers
}

var aliases = []string{"email", "phone_number", "preferred_username"}

// readIdentity reads who can sign in. functions are those that can be triggers.
func readIdentity(o object, target Target, functions []string) Identity {
	var id Identity
	o.child("identity", "Who can sign in, and how.", func(o object) {
		id = Identity{
			UserPoolName:    o.text("userPoolName", "", poolNameRule, "Name of the user pool, fixed once it is made: a stack that was renamed names the former one here, to keep its users.", byDefault("PROJECT-STACK")),
			ReplaceUserPool: o.text("replaceUserPool", "", "is a user pool's id, such as us-west-2_abcdefghi", "The user pool that may be replaced, with the loss of all its users, by its id. Without it, what would replace the pool is refused. It names one pool, so that it opens nothing for the next."),
			AliasAttributes: o.texts("aliasAttributes", []string{"email", "preferred_username"}, joined(aliases), "What a user may sign in with besides the user name; fixed once the user pool is made, see replaceUserPool.", func(key, alias string) {
				if !slices.Contains(aliases, alias) {
					o.p.add(key, "is %q: legal are %s", alias, joined(aliases))
				}
			}),
			Attributes:       readAttributes(o),
			SelfSignUp:       o.boolean("selfSignUp", true, "Whether people may register themselves."),
			Guests:           o.boolean("guests", false, "Whether callers that have not signed in get credentials too, which open only routes with the caller guest."),
			CallbackURLs:     o.urls("callbackUrls", "Where the hosted sign-in may send a code to, matched exactly. Without web, the first is the web client, and must be a sign-out URL too."),
			SignOutURLs:      o.urls("signOutUrls", "Where the hosted sign-out may lead to, matched exactly."),
			DomainPrefix:     o.text("domainPrefix", "", domainRule, "Of the hosted sign-in, unique in its region among all accounts.", byDefault("derived from project, stack, account and region")),
			UserPasswordAuth: o.boolean("userPasswordAuth", false, "Whether the client may send passwords to the user pool API, rather than prove them by SRP."),
			DemoUser:         o.text("demoUser", "", "is a user name", "The user is made once demoPassword is set, on the local AWS always."),
			// Users that are lost are lost for good; on the local AWS they are play.
			DeletionProtection: o.boolean("deletionProtection", target == AWS, "Whether neither Pulumi nor AWS deletes the user pool.", byDefault("true on AWS, false on the local AWS")),
			PasswordPolicy:     readPasswordPolicy(o),
		}
		readGroups(o, &id)
		readScopes(o, &id)
		id.Providers = readProviders(o, target, id.Attributes)
		readProtection(o, &id)
		id.Triggers = readTriggers(o, functions)
		id.PrincipalTags = readPrincipalTags(o, id)
		checkIdentity(o, id)
	})
	return id
}

// checkIdentity checks what the settings of identity say of one another.
func checkIdentity(o object, id Identity) {
	if id.UserPoolName != "" && !poolName.MatchString(id.UserPoolName) {
		o.p.add(o.at("userPoolName"), "is %q: legal %s", id.UserPoolName, poolNameRule)
	}
	if id.ReplaceUserPool != "" && !poolID.MatchString(id.ReplaceUserPool) {
		o.p.add(o.at("replaceUserPool"), "is %q: legal is a user pool's id, such as us-west-2_abcdefghi", id.ReplaceUserPool)
	}
	if fault := domainFault(id.DomainPrefix); fault != "" {
		o.p.add(o.at("domainPrefix"), "is %q: %s", id.DomainPrefix, fault)
	}
	if fault := userFault(id.DemoUser, id.AliasAttributes); fault != "" {
		o.p.add(o.at("demoUser"), "is %q: %s", id.DemoUser, fault)
	}
	if id.Tier != "LITE" {
		return
	}
	for _, needs := range []struct {
		name   string
		wanted bool
	}{
		{"passwordPolicy.historySize", id.PasswordPolicy.HistorySize > 0},
		{"tokens.rotation", id.Tokens.Rotation},
		{"triggers.tokenVersion", id.Triggers.TokenVersion == "V2_0"},
	} {
		if needs.wanted {
			o.p.add(o.at(needs.name), "needs %s ESSENTIALS or PLUS, and it is LITE", o.at("tier"))
		}
	}
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
