package settings

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Unless is a denial for all callers but those whose credentials carry a tag.
type Unless struct {
	Tag, Value string
	Deny       []string // patterns METHOD/path
}

// tagValue is what a session tag may hold; neither a wildcard nor a policy variable.
var tagValue = regexp.MustCompile(`^[\pL\pN _.:/=+@-]{1,256}$`)

// readCallerTags reads the tags that callers must carry besides being let in.
func readCallerTags(o object, r Route) map[string]string {
	tags := o.table("callerTags", "values", "For AWS_IAM: tags that the callers' credentials must carry besides, each with its value. The tags are those of identity.principalTags, and so follow the claims of the caller's token.", func(key, tag, value string) {
		if !tagValue.MatchString(value) {
			o.p.add(key, "is %q: legal are 1 to 256 letters, digits, spaces and _ . : / = + - @", value)
		}
	})
	switch {
	case !o.has("callerTags"):
	case r.Authorization != IAM && r.Authorization != "":
		o.p.add(o.at("callerTags"), "is for authorization %s alone, and the route's is %s", IAM, r.Authorization)
	case slices.Contains(r.Callers, Guest):
		o.p.add(o.at("callerTags"), "is for callers that have signed in: guests' credentials carry no tags")
	case len(tags) == 0:
		o.p.add(o.at("callerTags"), "names no tags")
	default:
		return tags
	}
	return nil
}

// checkCallerTags checks the tags that routes ask for against those that there are.
func checkCallerTags(o object, routes []Route, identity Identity) {
	for i, r := range routes {
		for _, tag := range sortedKeys(r.CallerTags) {
			if _, there := identity.PrincipalTags[tag]; !there {
				o.p.add(fmt.Sprintf("%s[%d].callerTags.%s", o.at("routes"), i, tag), "is no tag of callers: identity.principalTags has %s", orNone(sortedKeys(identity.PrincipalTags), "tags"))
			}
		}
	}
	for _, caller := range identity.Callers() {
		granted := slices.DeleteFunc(indices(routes), func(i int) bool { return !grants(routes[i], caller) })
		if _, conflicts := unlessTagged(routes, granted); len(conflicts) > 0 {
			c := conflicts[0]
			o.p.add(fmt.Sprintf("%s[%d]", o.at("routes"), c.Refused), "(%s) asks for callerTags, and IAM cannot tell it from %s[%d] (%s), which does not ask for them: give both the same callerTags, or one of them another path",
				routes[c.Refused], o.at("routes"), c.Granted, routes[c.Granted])
			return // other callers meet the same two
		}
	}
}

func indices(routes []Route) []int {
	out := make([]int, len(routes))
	for i := range routes {
		out[i] = i
	}
	return out
}

// unlessTagged are the denials of the routes among granted that ask for tags. They stand
// beside the permissions: whatever pattern allows such a route, a caller without its tags
// is denied it, as is one without any. A denial that would meet a request for another
// granted route, which does not ask for these tags, is a conflict.
func unlessTagged(routes []Route, granted []int) (out []Unless, conflicts []Conflict) {
	for _, d := range granted {
		for _, tag := range sortedKeys(routes[d].CallerTags) {
			value := routes[d].CallerTags[tag]
			at := slices.IndexFunc(out, func(u Unless) bool { return u.Tag == tag && u.Value == value })
			if at < 0 {
				at, out = len(out), append(out, Unless{Tag: tag, Value: value})
			}
			out[at].Deny = append(out[at].Deny, Pattern(routes[d]))
			for _, g := range granted {
				if routes[g].CallerTags[tag] != value && overlap(Pattern(routes[d]), typical(routes[g])) {
					conflicts = append(conflicts, Conflict{Granted: g, Refused: d})
				}
			}
		}
	}
	slices.SortFunc(out, func(a, b Unless) int { return strings.Compare(a.Tag+"\x00"+a.Value, b.Tag+"\x00"+b.Value) })
	return out, conflicts
}
