package main

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"auth-api/infra/localaws/access"
	"auth-api/infra/localaws/gateway/openapi"
)

// view is a table as people read it: what is alike is told once.
type view struct {
	columns []column
	rows    []viewRow
}

// column is a caller, or functions that may all do the same.
type column struct {
	name  string
	index int      // of one of the callers, in the table
	means []string // the functions, when there are several
}

// viewRow is a route, for the methods that are decided alike.
type viewRow struct {
	route string // GET /users/{id}
	row   access.Row
}

func viewOf(t access.Table) view {
	return view{columns: columns(t), rows: rows(t)}
}

// width is how many columns of a terminal the table takes.
func (v view) width() int {
	total := utf8.RuneCountInString("ROUTE")
	for _, r := range v.rows {
		total = max(total, utf8.RuneCountInString(r.route))
	}
	for _, c := range v.columns {
		wide := utf8.RuneCountInString(c.name)
		for _, r := range v.rows {
			wide = max(wide, utf8.RuneCountInString(mark(r.row.Cells[c.index])))
		}
		total += 2 + wide
	}
	return total
}

// letter names a column where names do not fit: A to Z, then A1 and so on.
func letter(i int) string {
	name := string(rune('A' + i%26))
	if i >= 26 {
		name += fmt.Sprint(i / 26)
	}
	return name
}

// columns puts functions that may do the same into one.
func columns(t access.Table) []column {
	var out []column
	alike := map[string]int{} // index in out, by what the functions may do
	several := 0
	for i, c := range t.Callers {
		if c.Kind != access.Function {
			out = append(out, column{name: c.Name, index: i})
			continue
		}
		name := strings.TrimPrefix(strings.TrimPrefix(c.Name, "function "), t.API+"-")
		var may strings.Builder
		for _, r := range t.Routes {
			may.WriteString(mark(r.Cells[i]) + "\n")
		}
		if at, found := alike[may.String()]; found {
			out[at].means = append(out[at].means, name)
			continue
		}
		alike[may.String()] = len(out)
		out = append(out, column{index: i, means: []string{name}})
	}
	for i := range out {
		switch len(out[i].means) {
		case 0:
		case 1:
			out[i].name, out[i].means = "function "+out[i].means[0], nil
		default:
			out[i].name = "functions"
			if several++; several > 1 {
				out[i].name = fmt.Sprintf("functions %d", several)
			}
		}
	}
	return out
}

// rows puts the methods of an ANY route that are decided alike into one.
func rows(t access.Table) []viewRow {
	type group struct {
		first access.Row
		verbs []string
	}
	var groups []*group
	found := map[string]*group{}
	all := map[string]int{} // methods of an ANY route
	for _, r := range t.Routes {
		key := r.Method + " " + r.Path
		if r.Any {
			var may strings.Builder
			for _, c := range r.Cells {
				may.WriteString(mark(c) + "\n")
			}
			key = r.Path + "\n" + may.String()
			all[r.Path]++
		}
		if g := found[key]; g != nil {
			g.verbs = append(g.verbs, r.Method)
			continue
		}
		found[key] = &group{r, []string{r.Method}}
		groups = append(groups, found[key])
	}
	var out []viewRow
	for _, g := range groups {
		name := strings.Join(g.verbs, ",")
		if g.first.Any && len(g.verbs) == all[g.first.Path] {
			name = "ANY"
		}
		out = append(out, viewRow{name + " " + g.first.Path, g.first})
	}
	return out
}

// mark is a cell in a word.
func mark(c access.Cell) string {
	word := map[access.Access]string{access.Allowed: "yes", access.Some: "some", access.Asks: c.Authorizer + "?"}[c.Access]
	switch {
	case c.Access == access.Refused:
		return fmt.Sprint(c.Status)
	case c.Key && c.Access == access.Allowed:
		return "key"
	case c.Key:
		return word + " key"
	}
	return word
}

// describe is a cell in words; nil is one whose route is not there.
func describe(c *access.Cell) string {
	if c == nil {
		return "no such route"
	}
	key := ""
	if c.Key {
		key = " with an API key"
	}
	switch c.Access {
	case access.Allowed:
		return "allowed" + key
	case access.Some:
		return "allowed on " + strings.Join(c.Paths.Allowed, ", ") + key + ", refused on " + strings.Join(c.Paths.Refused, ", ")
	case access.Asks:
		return "authorizer " + c.Authorizer + " decides" + key
	}
	return "refused"
}

// uninvoked reports whether a function is not invoked, for want of a permission or because
// it is gone: that of the route, or of its Lambda authorizer.
func uninvoked(c access.Cell) bool {
	return c.Error == "InternalServerErrorException" || c.Error == "AuthorizerConfigurationException"
}

// legend explains the marks that the view has, and the columns.
func (v view) legend() []string {
	has := map[access.Access]bool{}
	var broken []string
	key, asks := false, []string{}
	for _, r := range v.rows {
		for _, c := range v.columns {
			cell := r.row.Cells[c.index]
			has[cell.Access], key = true, key || cell.Key
			if uninvoked(cell) && !slices.Contains(broken, mark(cell)) {
				broken = append(broken, mark(cell))
			}
			if cell.Access == access.Asks && !slices.Contains(asks, cell.Authorizer) {
				asks = append(asks, cell.Authorizer)
			}
		}
	}
	var out []string
	say := func(when bool, text string) {
		if when {
			out = append(out, text)
		}
	}
	say(has[access.Allowed], "yes: gets through")
	say(key, "key: gets through with an API key on top")
	say(has[access.Refused], "a status: is refused with it")
	say(broken != nil, strings.Join(broken, ", ")+": gets past the gates before, and API Gateway may not invoke the function: --why tells more")
	say(has[access.Some], "some: policies tell the route's paths apart")
	for _, name := range asks {
		say(true, name+"?: authorizer "+name+" decides, by its code")
	}
	for _, c := range v.columns {
		say(len(c.means) > 1, c.name+": "+strings.Join(c.means, ", "))
	}
	return out
}

// change is what changes alike for several methods and callers.
type change struct {
	methods       []string
	path, callers string
	before, after *access.Cell
	wider         bool
}

// route names the change's methods and path.
func (c change) route() string {
	if len(c.methods) == len(openapi.AnyMethods()) {
		return "ANY " + c.path
	}
	return strings.Join(c.methods, ",") + " " + c.path
}

// line tells the change: GET /x: guest refused → allowed.
func (c change) line() string {
	switch {
	case c.before == nil:
		return c.route() + " (new): " + c.callers + " " + describe(c.after)
	case c.after == nil:
		return c.route() + " (gone): " + c.callers + " was " + describe(c.before)
	}
	return c.route() + ": " + c.callers + " " + describe(c.before) + " → " + describe(c.after)
}

// grouped tells changes that are alike as one: first the callers of each route, then the
// methods of each path.
func (a answer) grouped() []change {
	type of struct{ api, stage, method, path, before, after string }
	callers := map[of][]access.Caller{}
	first := []access.Change{}
	key := func(c access.Change) of {
		return of{c.API, c.Stage, c.Method, c.Path, describe(c.Before), describe(c.After)}
	}
	for _, c := range a.Changes {
		if callers[key(c)] == nil {
			first = append(first, c)
		}
		callers[key(c)] = append(callers[key(c)], c.Caller)
	}
	var out []change
	at := map[of]int{}
	for _, c := range first {
		next := change{[]string{c.Method}, c.Path, a.names(c, callers[key(c)]), c.Before, c.After, c.Wider}
		k := key(c)
		k.method = next.callers
		if i, found := at[k]; found {
			out[i].methods = append(out[i].methods, c.Method)
			continue
		}
		at[k] = len(out)
		out = append(out, next)
	}
	return out
}

// names are those of a change's callers: everybody, when it is all callers of the stage.
func (a answer) names(c access.Change, callers []access.Caller) string {
	var all []access.Caller
	for _, t := range a.Tables {
		if t.API == c.API && t.Stage == c.Stage {
			all = t.Callers
		}
	}
	functions := func(list []access.Caller) (n int) {
		for _, c := range list {
			if c.Kind == access.Function {
				n++
			}
		}
		return n
	}
	var missing []access.Kind
	for _, c := range all {
		if !slices.ContainsFunc(callers, func(o access.Caller) bool { return o.Name == c.Name }) {
			missing = append(missing, c.Kind)
		}
	}
	switch {
	case len(all) > 2 && len(missing) == 0:
		return "everybody"
	case len(all) > 2 && len(missing) == 1 && missing[0] == access.Anonymous:
		return "everybody but anonymous"
	}
	together := functions(callers) > 1 && functions(callers) == functions(all)
	var names []string
	for _, caller := range callers {
		if caller.Kind == access.Function && together {
			continue
		}
		names = append(names, strings.Replace(caller.Name, "function "+c.API+"-", "function ", 1))
	}
	if together {
		names = append(names, "all functions")
	}
	return strings.Join(names, ", ")
}
