package settings

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
)

// Entry is one setting, as the code that reads it says.
type Entry struct {
	Key     string // routes[].method, functions.NAME.memory
	Kind    string // text, choice, boolean, integer, number, list of …, mapping
	Legal   string // completes "legal"; empty where the kind says it
	Default string // empty: none
	Doc     string
	Cost    string // what it costs on AWS; empty: nothing of its own
	Details string // Markdown that only the reference has, of a section
}

// Reference lists every setting, in the order in which they are read. It is written by
// the code that reads stack files, so that the two cannot differ.
func Reference() []Entry {
	p := &problems{page: &page{}}
	read(p, "auth-api", "STACK", nil, nil, nil)
	return p.page.entries
}

// The kinds that reading knows by name.
const (
	kindText    = "text"
	kindChoice  = "choice"
	kindMapping = "mapping"
)

// note says more of a setting than its reader knows.
type note func(*Entry)

// cost names what a setting costs on AWS.
func cost(text string) note { return func(e *Entry) { e.Cost = text } }

// details adds Markdown, such as a table, to a section's text in the reference.
func details(markdown string) note { return func(e *Entry) { e.Details = markdown } }

// byDefault says in words what happens without the setting.
func byDefault(text string) note { return func(e *Entry) { e.Default = text } }

// required marks a setting without a default; that it is missing is told by the reader's
// caller.
func required(e *Entry) { e.Default = "required" }

// page collects the entries while the reference is written.
type page struct{ entries []Entry }

func (p *page) add(key, kind, legal string, otherwise any, doc string, notes []note) {
	if p == nil {
		return
	}
	_, key, _ = strings.Cut(key, ":") // the project's name
	for _, e := range p.entries {
		if e.Key == key {
			return
		}
	}
	e := Entry{Key: key, Kind: kind, Legal: legal, Default: written(otherwise), Doc: doc}
	for _, n := range notes {
		n(&e)
	}
	p.entries = append(p.entries, e)
}

// written is a default as a stack file would have it.
func written(v any) string {
	if v == nil || reflect.ValueOf(v).IsZero() && reflect.TypeOf(v).Kind() != reflect.Bool {
		return ""
	}
	if text, ok := v.(string); ok {
		return text
	}
	b, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprint(v)
	}
	return strings.ReplaceAll(string(b), `","`, `", "`)
}
