package settings

import (
	"fmt"
	"slices"
	"strings"
)

// OpenDoors tells of paths that are protected under one method and open under others,
// because API Gateway chooses the route by path and method together: beside POST /admin
// with AWS_IAM, an open ANY /{rest+} answers GET /admin. That is legal, and seldom meant.
func OpenDoors(routes []Route) []string {
	var warnings []string
	var told []string // paths whose doors have been told of
	for i, r := range routes {
		if r.Authorization == None || slices.Contains(told, r.Path) {
			continue
		}
		told = append(told, r.Path)
		opened := map[int][]string{} // open route → the methods that it answers at this path
		for _, method := range methods {
			if method == "ANY" || method == "OPTIONS" { // preflights are open by design
				continue
			}
			if by := answers(routes, method, r.Path); by >= 0 && routes[by].Path != r.Path && routes[by].Authorization == None {
				opened[by] = append(opened[by], method)
			}
		}
		for by := range routes {
			if len(opened[by]) == 0 {
				continue
			}
			door, instead := fmt.Sprintf("routes[%d] (%s)", by, routes[by]), fmt.Sprintf("protect routes[%d]", by)
			if routes[by].Web {
				door, instead = fmt.Sprintf("the web client's %s", routes[by]), "give the route another path"
			}
			warnings = append(warnings, fmt.Sprintf("routes[%d] (%s) asks for %s, but %s of %s needs no authorization: %s answers it; declare the method on the path, or %s",
				i, r, r.Authorization, strings.Join(opened[by], ", "), r.Path, door, instead))
		}
	}
	return warnings
}

// MethodsAt are the methods but OPTIONS that API Gateway finds a route for at a path.
func MethodsAt(routes []Route, path string) []string {
	var out []string
	for _, method := range methods {
		if method != "ANY" && method != "OPTIONS" && answers(routes, method, path) >= 0 {
			out = append(out, method)
		}
	}
	return out
}

// answers returns the place of the route that API Gateway gives a request to, -1 for
// none: an exact part comes before {name}, and that before {name+}; at the same path a
// method of its own comes before ANY. Parts of path that a request may choose match only
// parameters.
func answers(routes []Route, method, path string) int {
	best, rank := -1, ""
	for i, r := range routes {
		if r.Method != method && r.Method != "ANY" {
			continue
		}
		this, fits := fit(segments(r.Path), segments(path))
		if r.Method == "ANY" {
			this += "z"
		}
		if fits && (best < 0 || this < rank) {
			best, rank = i, this
		}
	}
	return best
}

// fit tells whether a template takes a path, and ranks it: the more particular template
// sorts first.
func fit(template, path []string) (rank string, fits bool) {
	for i, part := range template {
		switch {
		case i >= len(path):
			return "", false
		case isGreedy(part):
			return rank + "c", true
		case isGreedy(path[i]):
			return "", false // the path stands for longer ones too
		case isParameter(part):
			rank += "b"
		case part == path[i]:
			rank += "a"
		default:
			return "", false
		}
	}
	return rank, len(template) == len(path)
}
