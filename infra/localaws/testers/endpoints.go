package testers

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"auth-api/infra/localaws/audit"
	"auth-api/infra/localaws/clock"
	"auth-api/infra/localaws/userpool"
)

// Prefix is the address that all of this is under; no AWS API has such a path.
const Prefix = "/_local"

// Parameter is one of an endpoint's query parameters.
type Parameter struct {
	Name string `json:"name"`
	Does string `json:"does"`
}

// Endpoint is one address for testers.
type Endpoint struct {
	Method string      `json:"method"`
	Path   string      `json:"path"`
	Does   string      `json:"does"`
	Query  []Parameter `json:"query,omitempty"`
	Body   string      `json:"body,omitempty"` // what is to be posted, as application/json

	serve func(*Service, *call) (any, error)
}

var (
	poolParameter  = Parameter{"pool", "of this user pool alone, such as us-west-2_Ab12Cd34E"}
	toParameter    = Parameter{"to", "to this user name or address alone"}
	limitParameter = Parameter{"limit", "the newest so many, at least 1"}
)

// Endpoints is the table of all of them; routing is by it.
func Endpoints() []Endpoint {
	return []Endpoint{
		{Method: "GET", Path: Prefix + "/", Does: "This table, as JSON.", serve: (*Service).serveIndex},
		{Method: "GET", Path: Prefix + "/health", Does: "The process's id, region, address and time, and how far its clock is off.",
			serve: func(s *Service, _ *call) (any, error) { return s.Health(), nil }},
		{Method: "GET", Path: Prefix + "/resources", Does: "The ids of all that is declared, by kind. Kinds that begin with recorded. are recorded only: nothing enforces them.",
			Query: []Parameter{{"stack", "declared by this stack alone, as PROJECT/STACK"}},
			serve: func(s *Service, c *call) (any, error) { return s.Resources(c.query["stack"]) }},
		{Method: "GET", Path: Prefix + "/mailbox", Does: "The last thousand messages that AWS would have sent, with their codes, newest last.", Query: []Parameter{toParameter},
			serve: func(s *Service, c *call) (any, error) {
				return map[string]any{"messages": s.cfg.Mailbox.For(c.query["to"])}, nil
			}},
		{Method: "DELETE", Path: Prefix + "/mailbox", Does: "Throws messages away; the codes in them stay good.", Query: []Parameter{toParameter},
			serve: func(s *Service, c *call) (any, error) {
				return map[string]any{"deleted": s.cfg.Mailbox.Empty(c.query["to"])}, nil
			}},
		{Method: "GET", Path: Prefix + "/requests", Does: "The last thousand requests, newest last: who asked, what was decided and why. Not in it are queries and headers, the functions' own polling, and requests to /_local that were answered.",
			Query: []Parameter{
				{"decision", "allow or deny"}, {"service", "whose service contains this, such as execute-api or InitiateAuth"}, {"caller", "whose caller contains this"},
				{"since", "those after the one with this id; all when none of this id is held any more"}, limitParameter,
			}, serve: (*Service).serveRequests},
		{Method: "GET", Path: Prefix + "/explain", Does: "One of these requests with every gate of API Gateway on its way, every statement that was looked at, and what is answered; decided again, by what is declared now.",
			Query: []Parameter{{"request", "the id of the request, as the answer had it in x-amzn-RequestId, or as much of its beginning as no other has"}}, serve: (*Service).serveExplain},
		{Method: "GET", Path: Prefix + "/users", Does: "The user pools' users: names, status, attributes, groups, times, whether declared, until when locked. Never a password, hash or code.", Query: []Parameter{poolParameter},
			serve: (*Service).serveUsers},
		{Method: "GET", Path: Prefix + "/tokens", Does: "The last thousand ID and access tokens since the start, and the sign-ins with a refresh token: ids, use, client, user, issued, expires, revoked. Never a token.",
			Query: []Parameter{poolParameter, {"user", "of the user with this name or sub alone"}, {"use", "id, access or refresh"}, limitParameter}, serve: (*Service).serveTokens},
		{Method: "GET", Path: Prefix + "/usage", Does: "What API keys used of usage plans, by day (UTC): used, limit, remaining. Keys by name and id, never by value.",
			serve: func(s *Service, _ *call) (any, error) {
				usage, err := s.cfg.Gateway.UsageView()
				return map[string]any{"usage": usage}, err
			}},
		{Method: "GET", Path: Prefix + "/clock", Does: "What the local AWS's clock shows, and how far it was moved.",
			serve: func(s *Service, _ *call) (any, error) { return s.clockView(), nil }},
		{Method: "POST", Path: Prefix + "/clock", Does: "Moves the clock, forward or back; it runs on from there.", Body: `{"advance": "6m"}, {"set": "2026-12-01T00:00:00Z"} or {"reset": true}`,
			serve: (*Service).serveClock},
		{Method: "POST", Path: Prefix + "/reset", Does: "Brings everything back to how it was just after the stack was brought up.", Body: `{}`,
			serve: (*Service).serveReset},
	}
}

func (s *Service) serveIndex(*call) (any, error) {
	return map[string]any{"endpoints": Endpoints()}, nil
}

func (s *Service) serveRequests(c *call) (any, error) {
	f := audit.Filter{Decision: c.query["decision"], Service: c.query["service"], Caller: c.query["caller"], Since: c.query["since"]}
	if err := c.oneOf("decision", "allow", "deny"); err != nil {
		return nil, err
	}
	var err error
	if f.Limit, err = c.limit(); err != nil {
		return nil, err
	}
	return map[string]any{"requests": s.cfg.Requests.List(f)}, nil
}

func (s *Service) serveUsers(c *call) (any, error) {
	users, err := s.cfg.UserPools.Inspect(c.query["pool"])
	var no *userpool.Refusal
	if errors.As(err, &no) {
		return nil, &problem{http.StatusNotFound, no.Message}
	}
	return map[string]any{"users": users}, err
}

func (s *Service) serveTokens(c *call) (any, error) {
	f := TokenFilter{Pool: c.query["pool"], User: c.query["user"], Use: c.query["use"]}
	if err := c.oneOf("use", "id", "access", "refresh"); err != nil {
		return nil, err
	}
	var err error
	if f.Limit, err = c.limit(); err != nil {
		return nil, err
	}
	tokens, err := s.Tokens(f)
	return map[string]any{"tokens": tokens}, err
}

// clockChange is what is posted to the clock: one of the three.
type clockChange struct {
	Advance *string `json:"advance"`
	Set     *string `json:"set"`
	Reset   *bool   `json:"reset"`
}

func (s *Service) serveClock(c *call) (any, error) {
	change, err := decode[clockChange](c.body)
	if err != nil {
		return nil, err
	}
	if err := change.apply(s.cfg.Clock); err != nil {
		return nil, &problem{http.StatusBadRequest, err.Error()}
	}
	s.clockMoved()
	return s.clockView(), nil
}

func (change clockChange) apply(to *clock.Clock) error {
	given := 0
	for _, there := range []bool{change.Advance != nil, change.Set != nil, change.Reset != nil} {
		if there {
			given++
		}
	}
	switch {
	case given != 1:
		return fmt.Errorf("moving the clock: the body has %d of advance, set and reset; legal is one", given)
	case change.Advance != nil:
		d, err := clock.ParseDuration(*change.Advance)
		if err != nil {
			return fmt.Errorf("moving the clock: advance: %w", err)
		}
		return to.Advance(d)
	case change.Set != nil:
		t, err := time.Parse(time.RFC3339, *change.Set)
		if err != nil {
			return fmt.Errorf("moving the clock: set: it is no time; legal are such as 2026-12-01T00:00:00Z (RFC 3339)")
		}
		return to.Set(t)
	case !*change.Reset:
		return errors.New("moving the clock: reset is false; legal is true")
	}
	to.Reset()
	return nil
}

func (s *Service) serveReset(c *call) (any, error) {
	if _, err := decode[struct{}](c.body); err != nil {
		return nil, err
	}
	err := s.Reset(c.r.Context())
	if errors.Is(err, errBusy) {
		return nil, &problem{http.StatusServiceUnavailable, err.Error()}
	}
	return map[string]any{"reset": true}, err
}

// call is a request that was routed.
type call struct {
	r     *http.Request
	query map[string]string
	body  []byte
}

func (c *call) oneOf(name string, legal ...string) error {
	value, given := c.query[name]
	if !given {
		return nil
	}
	for _, l := range legal {
		if value == l {
			return nil
		}
	}
	return &problem{http.StatusBadRequest, fmt.Sprintf("the parameter %s is %q; legal are %s", name, audit.Clip(value), join(legal))}
}

func (c *call) limit() (int, error) {
	text, given := c.query["limit"]
	if !given {
		return 0, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		return 0, &problem{http.StatusBadRequest, fmt.Sprintf("the parameter limit is %q; legal are whole numbers from 1", audit.Clip(text))}
	}
	return n, nil
}

// readQuery takes the parameters that the endpoint has, each once, and no other.
func (e Endpoint) readQuery(raw string) (map[string]string, error) {
	values, err := url.ParseQuery(raw)
	if err != nil {
		return nil, &problem{http.StatusBadRequest, "the query cannot be read"}
	}
	var legal []string
	query := map[string]string{}
	for _, p := range e.Query {
		legal = append(legal, p.Name)
		if given := values[p.Name]; len(given) == 1 {
			query[p.Name] = given[0]
		} else if len(given) > 1 {
			return nil, &problem{http.StatusBadRequest, "the parameter " + p.Name + " is given more than once"}
		}
		delete(values, p.Name)
	}
	for name := range values {
		if len(legal) == 0 {
			return nil, &problem{http.StatusBadRequest, fmt.Sprintf("there is no parameter %q; %s %s takes none", audit.Clip(name), e.Method, e.Path)}
		}
		return nil, &problem{http.StatusBadRequest, fmt.Sprintf("there is no parameter %q; legal are %s", audit.Clip(name), join(legal))}
	}
	return query, nil
}
