package settings

import (
	"slices"
	"strings"
)

// Access is what one kind of caller may invoke, as patterns METHOD/path of execute-api
// ARNs.
//
// In such a pattern * stands for anything, slashes too, so the pattern of GET
// /users/{id} also covers GET /users/{id}/secrets. Where a pattern covers a route that
// the caller has no right to, the route's own pattern is in Deny, and IAM lets a denial
// win over any number of permissions.
type Access struct {
	Allow, Deny []string
	Unless      []Unless // of the routes that ask for tags
}

// Conflict is a pair of routes, by their places in the table, of which a caller may
// call one and not the other, though every IAM policy that denies the one denies the
// other too.
type Conflict struct {
	Granted, Refused int
}

// AccessOf works out what a caller may invoke of routes with authorization AWS_IAM.
// Routes of other kinds do not ask IAM.
//
// Credentials are of one role. So that nobody loses a right by joining a group, who is in
// one may call what everybody may who has signed in, and what is for the group.
func AccessOf(routes []Route, caller Caller) (Access, []Conflict) {
	return accessWhere(routes, func(r Route) bool { return grants(r, caller) })
}

// accessWhere is AccessOf for whoever may call the routes that may tells.
func accessWhere(routes []Route, may func(Route) bool) (Access, []Conflict) {
	var granted, refused []int
	patterns := make([]string, len(routes))
	for i, r := range routes {
		patterns[i] = Pattern(r)
		switch {
		case r.Authorization != IAM || r.Method == "" || r.Path == "":
		case may(r):
			granted = append(granted, i)
		default:
			refused = append(refused, i)
		}
	}
	var access Access
	var conflicts []Conflict
	for _, g := range granted {
		access.Allow = append(access.Allow, patterns[g])
	}
	for _, d := range refused {
		leaks := slices.ContainsFunc(granted, func(g int) bool {
			return overlap(patterns[g], patterns[d]) && covers(routes[g], routes[d])
		})
		if !leaks {
			continue
		}
		access.Deny = append(access.Deny, patterns[d])
		for _, g := range granted {
			if overlap(patterns[d], patterns[g]) && overlap(patterns[d], typical(routes[g])) {
				conflicts = append(conflicts, Conflict{Granted: g, Refused: d})
			}
		}
	}
	unless, untold := unlessTagged(routes, granted)
	access.Unless = unless
	return access, append(conflicts, untold...)
}

// grants tells whether a route lets a caller in.
func grants(r Route, caller Caller) bool {
	return r.Authorization == IAM && r.Method != "" && r.Path != "" &&
		(slices.Contains(r.Callers, caller) || caller != Guest && slices.Contains(r.Callers, Authenticated))
}

// Pattern is the end of a route's execute-api ARN: METHOD/path, with * for what a
// request may choose.
func Pattern(r Route) string {
	return fill(r, "*")
}

// typical is a request for the route and for no other that is more particular: what it
// may choose is something that no route names.
func typical(r Route) string {
	return fill(r, "\x00")
}

func fill(r Route, with string) string {
	method := r.Method
	if method == "ANY" {
		method = with
	}
	parts := slices.Clone(segments(r.Path))
	for i, part := range parts {
		if isParameter(part) {
			parts[i] = with
		}
	}
	return method + "/" + strings.Join(parts, "/")
}

// covers tells whether permission for the route granted lets requests for the route
// other pass too, when their patterns overlap.
func covers(granted, other Route) bool {
	// Both take some of the same requests. API Gateway gives those to the more
	// particular route; if that is granted, and no longer paths are in play, all is well.
	g, o := segments(granted.Path), segments(other.Path)
	greedy := func(parts []string) bool { return len(parts) > 0 && isGreedy(parts[len(parts)-1]) }
	if len(g) != len(o) || greedy(g) || greedy(o) {
		// A route without anything to choose is one path, and that is its own.
		return strings.Contains(Pattern(granted), "*")
	}
	return !overlap(Pattern(other), typical(granted)) || granted.Method == "ANY" && other.Method != "ANY"
}

// overlap tells whether some text matches both patterns.
func overlap(a, b string) bool {
	// Most pairs of routes differ in what stands before the first *, or after the last.
	for i := 0; i < len(a) && i < len(b) && a[i] != '*' && b[i] != '*'; i++ {
		if a[i] != b[i] {
			return false
		}
	}
	for i, j := len(a)-1, len(b)-1; i >= 0 && j >= 0 && a[i] != '*' && b[j] != '*'; i, j = i-1, j-1 {
		if a[i] != b[j] {
			return false
		}
	}
	// next[j] tells whether a[i+1:] and b[j:] overlap, this[j] the same of a[i:].
	next := make([]bool, len(b)+1)
	for i := len(a); i >= 0; i-- {
		this := make([]bool, len(b)+1)
		for j := len(b); j >= 0; j-- {
			switch {
			case i < len(a) && a[i] == '*':
				this[j] = next[j] || j < len(b) && this[j+1]
			case j < len(b) && b[j] == '*':
				this[j] = this[j+1] || i < len(a) && next[j]
			case i == len(a) || j == len(b):
				this[j] = i == len(a) && j == len(b)
			default:
				this[j] = a[i] == b[j] && next[j+1]
			}
		}
		next = this
	}
	return next[0]
}
