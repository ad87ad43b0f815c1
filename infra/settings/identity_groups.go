package settings

import (
	"regexp"
	"slices"
	"strings"
)

// Group is a group of users with a role of its own.
//
// See https://docs.aws.amazon.com/cognito/latest/developerguide/role-based-access-control.html.
type Group struct {
	Description string
	Precedence  *int // of several groups, that with the lowest gives the role; nil: after all others
}

// What an identity gets whose token names no one role: see Identity.AmbiguousRole.
const (
	AmbiguousAuthenticated = "authenticated"
	AmbiguousDeny          = "deny"
)

// groupName is what can be part of a role's name. Cognito takes more.
var groupName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$`)

// GroupRole is the part after PROJECT-STACK of the name of a group's role.
func GroupRole(group string) string { return "group-" + group }

// checkGroupRoles finds groups whose role would have the name of a function's.
func checkGroupRoles(o object, s *Settings) {
	for _, group := range sortedKeys(s.Identity.Groups) {
		for _, function := range s.FunctionNames() {
			if GroupRole(group) == FunctionRole(function) {
				o.p.add(o.at("identity.groups."+group), "would have a role of the same name as the function %s: give the group another name", function)
			}
		}
	}
}

func readGroups(o object, id *Identity) {
	o.named("groups", "NAME", "Groups of users, which routes may name as callers. Each has a role of its own, which may call what authenticated may and what names the group. Credentials are of one role: a user in several groups has that of the lowest precedence alone. A group that is taken away, or renamed, takes its memberships along.", func(name string, o object) {
		g := Group{Description: o.text("description", "", "is a text of at most 2048 characters", "What the group is for.")}
		if precedence := o.integer("precedence", 0, 0, maxCount, "The lower, the sooner its role is a user's who is in several groups. Where the lowest two are equal, ambiguousRole says.", byDefault("after all that have one")); o.has("precedence") {
			g.Precedence = &precedence
		}
		if len([]rune(g.Description)) > 2048 {
			o.p.add(o.at("description"), "has more than 2048 characters")
		}
		switch {
		case o.p.page != nil:
		case !groupName.MatchString(name):
			o.p.add(o.key, "is no group's name: legal are 1 to 64 letters, digits, hyphens and underscores, no hyphen or underscore first")
		case slices.Contains([]Caller{Authenticated, Guest}, Caller(name)):
			o.p.add(o.key, "is no group's name: %s are callers already", joined([]string{string(Authenticated), string(Guest)}))
		}
		if id.Groups == nil {
			id.Groups = map[string]Group{}
		}
		id.Groups[name] = g
	})
	if len(id.Groups) > 100 {
		// So many are an IAM role each, of 1000 that a fresh account may have.
		o.p.add(o.at("groups"), "has %d groups: at most 100 are legal, since each has a role", len(id.Groups))
	}
	id.AmbiguousRole = o.choice("ambiguousRole", AmbiguousAuthenticated, []string{AmbiguousAuthenticated, AmbiguousDeny},
		"With groups: what signed-in users get whose token names no one role, because they are in no group or the lowest precedence is that of two. authenticated is safe, since that role may do no more than any group's; deny gives no credentials, and shuts out who is in no group.")
	if o.has("ambiguousRole") && len(id.Groups) == 0 {
		o.p.add(o.at("ambiguousRole"), "is for stacks with groups, and there are none")
	}
	id.DemoGroups = o.texts("demoGroups", nil, "names of groups", "Groups that demoUser is in.", func(key, group string) {
		if _, ok := id.Groups[group]; !ok {
			o.p.add(key, "is %q: legal are %s", group, orNone(sortedKeys(id.Groups), "groups"))
		}
	})
	if len(id.DemoGroups) > 0 && id.DemoUser == "" {
		o.p.add(o.at("demoGroups"), "is set, but %s names no user", o.at("demoUser"))
	}
}

// Callers are all that routes may name: who has signed in, guests, and the groups.
func (id Identity) Callers() []Caller {
	out := []Caller{Authenticated, Guest}
	for _, group := range sortedKeys(id.Groups) {
		out = append(out, Caller(group))
	}
	return out
}

func joinedCallers(callers []Caller) string {
	names := make([]string, len(callers))
	for i, caller := range callers {
		names[i] = string(caller)
	}
	return joined(names)
}

// orNone lists the names, or says that there are none.
func orNone(names []string, of string) string {
	if len(names) == 0 {
		return "none, as there are no " + of
	}
	return joined(names)
}

var tagName = regexp.MustCompile(`^[\pL\pN _.:/=+@-]{1,128}$`)

// readPrincipalTags reads the session tags of signed-in callers. A claim that users may
// set themselves is refused: whoever decides by the tag would let them in by their own
// word.
func readPrincipalTags(o object, id Identity) map[string]string {
	tags := o.table("principalTags", "claims of the ID token", "Tags of signed-in callers' credentials, by claims of their ID token: routes ask for them by callerTags, and policies compare them by aws:PrincipalTag/TAG. Legal claims are "+claimRule+".", func(key, tag, claim string) {
		if !tagName.MatchString(tag) || strings.HasPrefix(strings.ToLower(tag), "aws:") {
			o.p.add(key, "is no tag's name: legal are 1 to 128 letters, digits, spaces and _ . : / = + - @, without aws: in front")
		}
		if fault := claimFault(id, claim); fault != "" {
			o.p.add(key, "is %q: %s", claim, fault)
		}
	})
	if len(tags) > 50 {
		o.p.add(o.at("principalTags"), "has %d tags: credentials carry at most 50", len(tags))
	}
	return tags
}

const claimRule = "sub, aud, email, cognito:username, custom:NAME of attributes that are not writable and, with the trigger preTokenGeneration, claims that it adds"

func claimFault(id Identity, claim string) string {
	custom, isCustom := strings.CutPrefix(claim, customPrefix)
	own, declared := id.Attributes[custom]
	switch {
	// A new address counts once it is verified.
	case slices.Contains([]string{"sub", "aud", "email", "cognito:username"}, claim):
		return ""
	case isCustom && !declared:
		return "there is no identity.attributes." + custom
	case isCustom && own.Writable:
		return "users may set it themselves (identity.attributes." + custom + ".writable), and so any right that follows from the tag"
	case isCustom:
		return ""
	case slices.Contains(StandardAttributes, claim):
		return "users may set it themselves, and so any right that follows from the tag"
	case claim == "" || strings.HasPrefix(claim, "cognito:") || id.Triggers.PreTokenGeneration == "":
		return "legal are " + claimRule
	}
	return ""
}
