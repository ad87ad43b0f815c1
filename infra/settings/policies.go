package settings

import (
	"hash/fnv"
	"slices"
)

// What IAM allows a role. See https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html.
const (
	// MaxInlinePolicy is how many characters of a role's inline policies the routes may
	// take. IAM allows 10,240 for all of a role; the rest is left to its others.
	MaxInlinePolicy = 8192

	// MaxManagedPolicy is how many characters IAM allows a managed policy.
	MaxManagedPolicy = 6144

	// PolicyParts is over how many managed policies a caller's routes are spread when
	// they are too many for an inline one. IAM allows a role ten of them.
	PolicyParts = 8
)

// Policies spreads what a caller may invoke over as many policies as IAM needs: one,
// which fits a role as an inline policy, or PolicyParts, for managed ones. prefix is what
// stands before a pattern in an ARN.
//
// Each pattern has its place by its own text, whatever else there is: a route that comes
// or goes changes one of the policies, and the number of policies does not grow with the
// routes. A denial counts wherever it stands.
func (a Access) Policies(prefix string) []Access {
	if a.size(prefix) <= MaxInlinePolicy {
		return []Access{a}
	}
	parts := make([]Access, PolicyParts)
	for _, pattern := range a.Allow {
		p := &parts[placeOf(pattern)]
		p.Allow = append(p.Allow, pattern)
	}
	for _, pattern := range a.Deny {
		p := &parts[placeOf(pattern)]
		p.Deny = append(p.Deny, pattern)
	}
	for _, unless := range a.Unless {
		for _, pattern := range unless.Deny {
			p := &parts[placeOf(pattern)]
			at := slices.IndexFunc(p.Unless, func(u Unless) bool { return u.Tag == unless.Tag && u.Value == unless.Value })
			if at < 0 {
				at, p.Unless = len(p.Unless), append(p.Unless, Unless{Tag: unless.Tag, Value: unless.Value})
			}
			p.Unless[at].Deny = append(p.Unless[at].Deny, pattern)
		}
	}
	for i := range parts {
		slices.Sort(parts[i].Allow)
		slices.Sort(parts[i].Deny)
	}
	return parts
}

func placeOf(pattern string) int {
	h := fnv.New32a()
	h.Write([]byte(pattern)) // never fails
	return int(h.Sum32() % PolicyParts)
}

// size is how many characters the policy has, at most: with what stands around the
// patterns of its statements.
func (a Access) size(prefix string) int {
	const around, condition = 250, 170 // of a statement with a condition
	n := around
	lists := [][]string{a.Allow, a.Deny}
	for _, unless := range a.Unless {
		n += condition + len(unless.Tag) + len(unless.Value)
		lists = append(lists, unless.Deny)
	}
	for _, list := range lists {
		for _, pattern := range list {
			n += len(prefix) + len(pattern) + len(`"",`)
		}
	}
	return n
}
