package access

import (
	"cmp"
	"slices"
)

// Change is a cell that differs between two tables.
type Change struct {
	API    string `json:"api"`
	Stage  string `json:"stage"`
	Method string `json:"method"`
	Path   string `json:"path"`
	Caller Caller `json:"caller"`
	// Before and After are nil where there is no such route. Where there is no such caller
	// they are the cells of what the caller is then: a member of a group that is not there
	// is authenticated, and whoever else is not known has a key alone.
	Before *Cell `json:"before,omitempty"`
	After  *Cell `json:"after,omitempty"`
	// Wider says that something is let through that was not before. It is false only
	// where everything that is let through was let through before.
	Wider bool `json:"wider"`
}

// Diff returns what each caller may do differently, in the order of routes and callers.
// Nothing may be done with a route that is not there; how a refusal is answered is no
// difference. A lone table is compared with a lone table, whatever its API is called.
func Diff(before, after []Table) []Change {
	changes := []Change{}
	for _, pair := range pairs(before, after) {
		was, is := pair[0], pair[1]
		callers := slices.Clone(is.Callers)
		for _, c := range was.Callers {
			if column(is, c.Name) < 0 {
				callers = append(callers, c)
			}
		}
		api, stage := cmp.Or(is.API, was.API), cmp.Or(is.Stage, was.Stage)
		for _, r := range routes(was, is) {
			for _, c := range callers {
				old, now := cellOf(was, r, c), cellOf(is, r, c)
				within, without := covers(old, now), covers(now, old)
				if within && without {
					continue
				}
				changes = append(changes, Change{API: api, Stage: stage, Method: r.method, Path: r.path, Caller: c, Before: old, After: now, Wider: !within})
			}
		}
	}
	return changes
}

// pairs puts tables of the same stage together, with an empty one for what is missing.
func pairs(before, after []Table) [][2]Table {
	if len(before) == 1 && len(after) == 1 {
		return [][2]Table{{before[0], after[0]}}
	}
	var out [][2]Table
	find := func(in []Table, t Table) (Table, bool) {
		i := slices.IndexFunc(in, func(o Table) bool { return o.API == t.API && o.Stage == t.Stage })
		if i < 0 {
			return Table{}, false
		}
		return in[i], true
	}
	for _, t := range after {
		was, _ := find(before, t)
		out = append(out, [2]Table{was, t})
	}
	for _, t := range before {
		if _, still := find(after, t); !still {
			out = append(out, [2]Table{t, {}})
		}
	}
	return out
}

type route struct{ path, method string }

// routes are those of both tables, in order.
func routes(was, is Table) []route {
	var out []route
	for _, r := range slices.Concat(was.Routes, is.Routes) {
		out = append(out, route{r.Path, r.Method})
	}
	slices.SortFunc(out, func(a, b route) int { return cmp.Or(cmp.Compare(a.path, b.path), cmp.Compare(a.method, b.method)) })
	return slices.Compact(out)
}

// cellOf is what the caller may do with the route, or nil.
func cellOf(t Table, r route, c Caller) *Cell {
	i := slices.IndexFunc(t.Routes, func(row Row) bool { return row.Path == r.path && row.Method == r.method })
	if i < 0 {
		return nil
	}
	at := column(t, c.Name)
	if at < 0 && c.Kind == Group {
		at = slices.IndexFunc(t.Callers, func(o Caller) bool { return o.Kind == Authenticated })
	}
	if at < 0 {
		at = slices.IndexFunc(t.Callers, func(o Caller) bool { return o.Kind == KeyOnly })
	}
	if at < 0 {
		return nil
	}
	return &t.Routes[i].Cells[at]
}

func column(t Table, name string) int {
	return slices.IndexFunc(t.Callers, func(c Caller) bool { return c.Name == name })
}

// covers reports whether everything that b lets through is let through by a.
func covers(a, b *Cell) bool {
	switch {
	case b == nil || b.Access == Refused:
		return true
	case a == nil || a.Access == Refused, a.Key && !b.Key:
		return false
	case a.Access == Allowed:
		return true
	case a.Access == Asks:
		return b.Access == Asks && a.Authorizer == b.Authorizer
	case a.Access == Some && b.Access == Some && a.Authorizer == b.Authorizer:
		// All that b allows a allows, and a refuses nothing that b does not refuse.
		return subset(b.Paths.Allowed, a.Paths.Allowed) && subset(a.Paths.Refused, b.Paths.Refused)
	}
	return false
}

func subset(a, b []string) bool {
	return !slices.ContainsFunc(a, func(s string) bool { return !slices.Contains(b, s) })
}
