package api

import (
	"strings"

	"auth-api/infra/settings"
)

// permissionPattern is the end of the source ARN of a function's invoke permission:
// the narrowest METHOD/path that takes in all routes of the function.
//
// A function gets one permission, however many routes lead to it: a function's policy
// is limited to 20 KB, and the number of resources must not grow with the routes. With
// one route, or with several that have the method and the shape in common, that says
// exactly what may call; else it is wider than the routes, though never wider than this
// API, whose document alone decides which route leads where.
func permissionPattern(routes []settings.Route) string {
	patterns := make([][]string, len(routes))
	for i, r := range routes {
		patterns[i] = strings.Split(settings.Pattern(r), "/")
	}
	common := patterns[0]
	for _, other := range patterns[1:] {
		merged := make([]string, 0, len(common))
		for i := range min(len(common), len(other)) {
			if common[i] == other[i] {
				merged = append(merged, common[i])
			} else {
				merged = append(merged, "*")
			}
		}
		if len(common) != len(other) { // what is longer goes on in the last *
			merged[len(merged)-1] = "*"
		}
		common = merged
	}
	return strings.Join(common, "/")
}
