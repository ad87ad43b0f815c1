// Package access answers, from what is declared in a local AWS, who may call what: for
// every route of every stage and every kind of caller whether the request would be let
// through to the function, which API Gateway must be permitted to invoke, and which
// statement says so.
//
// Nothing is looked up in settings, and nothing is decided here: credentials are those
// that the identity pools and IAM would give, and each cell is a question to the gateway,
// which decides it by the code that real requests go through. What a table cannot know
// is said in the cell or in the notes: what a Lambda authorizer's code answers, and what
// depends on rates, quotas or the body.
package access

import (
	"fmt"
	"slices"
	"strings"

	"auth-api/infra/localaws"
	"auth-api/infra/localaws/gateway"
	"auth-api/infra/localaws/gateway/openapi"
	"auth-api/infra/localaws/store"
)

// Elsewhere is an address on the internet at large, from which callers call unless a
// table is asked for another: one of those that are reserved for documentation (RFC 5737).
const Elsewhere = "192.0.2.1"

// Table says who may call the routes of one stage.
type Table struct {
	API     string   `json:"api"` // its name
	Stage   string   `json:"stage"`
	From    string   `json:"from"` // address that the callers call from
	Callers []Caller `json:"callers"`
	Routes  []Row    `json:"routes"` // in the order of their paths, then methods
	Notes   []string `json:"notes,omitempty"`
}

// Row is one method of one route.
type Row struct {
	Method         string `json:"method"` // never ANY: such a route has a row for each of its methods
	Path           string `json:"path"`   // as declared, such as /users/{id}
	Any            bool   `json:"any,omitempty"`
	Authorization  string `json:"authorization"` // NONE, AWS_IAM, COGNITO_USER_POOLS, CUSTOM
	APIKeyRequired bool   `json:"apiKeyRequired"`
	Cells          []Cell `json:"cells"` // one for each of the table's callers, in their order
}

// Access is what a caller may do with a route.
type Access string

// What a caller may do.
const (
	Refused Access = "refused" // never gets through
	Some    Access = "some"    // gets through on some of the route's paths: see Cell.Paths
	Asks    Access = "asks"    // the Lambda authorizer Cell.Authorizer decides
	Allowed Access = "allowed" // gets through
)

// Cell is what one caller may do with one route, and why.
type Cell struct {
	Caller     string `json:"caller"`
	Access     Access `json:"access"`
	Key        bool   `json:"key,omitempty"`        // with an API key on top
	Authorizer string `json:"authorizer,omitempty"` // of Asks
	Status     int    `json:"status,omitempty"`     // of Refused: what the gateway answers
	Error      string `json:"error,omitempty"`      // of Refused: x-amzn-ErrorType
	Reason     string `json:"reason"`               // which statement decided, or what is missing
	Paths      *Paths `json:"paths,omitempty"`      // of Some
}

// Paths are what was asked for, where not all is decided alike: the route's own path
// stands for one that no policy speaks of, the others are as policies have them.
type Paths struct {
	Allowed []string `json:"allowed"`
	Refused []string `json:"refused"`
}

// Of returns a table for each stage that is declared, for callers at this address;
// empty means Elsewhere.
func Of(aws *localaws.Server, from string) ([]Table, error) {
	if from == "" {
		from = Elsewhere
	}
	b := builder{aws: aws, from: from}
	if err := aws.Store.View(b.read); err != nil {
		return nil, fmt.Errorf("working out who may call what: %w", err)
	}
	tables := []Table{}
	for _, stage := range b.stages {
		t, err := b.table(stage)
		if err != nil {
			return nil, fmt.Errorf("working out who may call stage %s of %s: %w", stage.name, stage.api, err)
		}
		tables = append(tables, t)
	}
	return tables, nil
}

// stage is a stage to ask about.
type stage struct {
	api, apiID, name string
	disabled         bool // the API's execute-api endpoint: callers come by another name
}

// builder is what the declared resources say that the questions need.
type builder struct {
	aws    *localaws.Server
	from   string
	stages []stage
	people []person
	paths  map[string]string // what policies speak of, by an example of it
	looks  bool              // whether a policy looks at where requests come from
	tags   bool              // whether one looks at the caller's tags
	notes  []string
}

func (b *builder) read(tx *store.Tx) error {
	stages, err := gateway.Stages.All(tx)
	if err != nil {
		return err
	}
	for _, s := range stages {
		api, _, err := gateway.RestAPIs.Get(tx, s.Value.RestAPI)
		if err != nil {
			return err
		}
		b.stages = append(b.stages, stage{api.Name, s.Value.RestAPI, s.Value.StageName, api.DisableExecuteAPIEndpoint})
	}
	slices.SortFunc(b.stages, func(a, b stage) int { return strings.Compare(a.api+"\x00"+a.name, b.api+"\x00"+b.name) })
	if err := b.readPolicies(tx); err != nil {
		return err
	}
	return b.readPeople(tx)
}

// table asks for every route and caller of a stage.
func (b *builder) table(s stage) (Table, error) {
	routes, err := b.aws.Gateway.Routes(s.apiID, s.name)
	if err != nil {
		return Table{}, err
	}
	t := Table{API: s.api, Stage: s.name, From: b.from, Notes: slices.Clone(b.notes)}
	if b.looks {
		t.Notes = append(t.Notes, "a policy looks at where requests come from: this is for callers at "+b.from)
	}
	if s.disabled {
		t.Notes = append(t.Notes, "the execute-api endpoint is disabled: this is for callers who come by a domain name of the API's own")
	}
	if b.tags {
		t.Notes = append(t.Notes, "a policy looks at callers' tags: this is for callers who have none")
	}
	callers, err := b.callers(routes)
	if err != nil {
		return Table{}, err
	}
	for _, c := range callers {
		t.Callers = append(t.Callers, c.Caller)
	}
	spoken := map[string]map[string][]example{}
	for _, r := range routes {
		for _, verb := range verbs(r.Method) {
			if spoken[verb] == nil {
				if spoken[verb], err = b.spoken(s, verb); err != nil {
					return Table{}, err
				}
			}
			paths, err := b.examples(s, r, verb, spoken[verb])
			if err != nil {
				return Table{}, err
			}
			if len(paths) == 0 {
				continue // another route of this method takes all of its paths
			}
			row := Row{Method: verb, Path: r.Path, Any: r.Method == "ANY", Authorization: r.Authorization, APIKeyRequired: r.APIKeyRequired}
			for _, c := range callers {
				cell, err := b.cell(s, verb, paths, c)
				if err != nil {
					return Table{}, err
				}
				row.Cells = append(row.Cells, cell)
			}
			t.Routes = append(t.Routes, row)
		}
	}
	return t, nil
}

func verbs(method string) []string {
	if method == "ANY" {
		return openapi.AnyMethods()
	}
	return []string{method}
}

// cell asks for one caller on each of these paths.
func (b *builder) cell(s stage, verb string, paths []example, c asker) (Cell, error) {
	var first Cell
	all := Paths{}
	for i, path := range paths {
		q := c.question
		q.OwnDomain, q.Invoke = s.disabled, true
		q.APIID, q.Stage, q.Method, q.Path, q.SourceIP = s.apiID, s.name, verb, path.by(q.Caller), b.from
		r, err := b.aws.Gateway.Ask(q)
		if err != nil {
			return Cell{}, err
		}
		cell := Cell{Caller: c.Name, Access: Refused, Reason: b.reason(s, verb, q.Path, r.Reason)}
		switch {
		case !r.Allowed:
			cell.Status, cell.Error = r.Answer.Status, r.Answer.Code
			if r.Authorizer != "" {
				cell.Reason += ", where the Lambda authorizer " + r.Authorizer + " lets it in"
			}
			if c.NoCredentials != "" && r.Route.Authorization == openapi.AuthIAM {
				cell.Reason = "gets no credentials: " + c.NoCredentials
			}
		case r.Authorizer != "":
			cell.Access, cell.Authorizer, cell.Key = Asks, r.Authorizer, r.Route.APIKeyRequired
		default:
			cell.Access, cell.Key = Allowed, r.Route.APIKeyRequired
		}
		if i == 0 {
			first = cell
		}
		if cell.Access == Refused {
			all.Refused = append(all.Refused, path.of)
			continue
		}
		all.Allowed = append(all.Allowed, path.of)
		first.Key, first.Authorizer = cell.Key, cell.Authorizer // alike on all paths of a route
	}
	if len(all.Allowed) > 0 && len(all.Refused) > 0 {
		first.Access, first.Status, first.Error, first.Paths = Some, 0, "", &all
		first.Reason = "policies tell the route's paths apart: allowed on " + strings.Join(all.Allowed, ", ") + "; refused on " + strings.Join(all.Refused, ", ")
	}
	return first, nil
}
