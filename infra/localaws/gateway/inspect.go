package gateway

import (
	"fmt"
	"time"

	"auth-api/infra/localaws/gateway/limits"
	"auth-api/infra/localaws/gateway/openapi"
)

// What testers and documentation read of the gateway.

// Usage returns what the key used of the plan on each day from from to to, both
// included, in UTC, as API Gateway's GetUsage does.
//
// https://docs.aws.amazon.com/apigateway/latest/api/API_GetUsage.html
func (s *Service) Usage(planID, keyID string, from, to time.Time) ([]limits.DayUsage, error) {
	c, err := s.state()
	if err != nil {
		return nil, err
	}
	p := c.plans[planID]
	if p == nil {
		return nil, fmt.Errorf("reading usage: there is no usage plan %q", planID)
	}
	return s.limits.Usage(planID, keyID, p.quota, from, to)
}

// Route is one method of a deployed API, for testers and documentation.
type Route struct {
	Method         string   `json:"method"`
	Path           string   `json:"path"`
	Authorization  string   `json:"authorization"`
	Scopes         []string `json:"scopes,omitempty"`
	APIKeyRequired bool     `json:"apiKeyRequired"`
	Function       string   `json:"function,omitempty"` // ARN; empty for a mock
	UserPools      []string `json:"-"`                  // whose tokens the route's Cognito authorizer takes
}

// RouteOf returns the route that serves the path below the stage for this method, and the
// zero Route when none does.
func (s *Service) RouteOf(apiID, stageName, method, path string) (Route, error) {
	c, err := s.state()
	if err != nil {
		return Route{}, err
	}
	st, so := c.find(apiID, stageName, true)
	if so.refused() {
		return Route{}, so.fault
	}
	m, _ := st.api.Match(method, path)
	if m == nil {
		return Route{}, nil
	}
	return routeOf(m), nil
}

// Routes returns what the stage of the API serves, in the order of paths and methods.
func (s *Service) Routes(apiID, stageName string) ([]Route, error) {
	c, err := s.state()
	if err != nil {
		return nil, err
	}
	st := c.stages[apiID+"/"+stageName]
	switch {
	case st == nil:
		return nil, fmt.Errorf("reading routes: there is no stage %q of an API %q", stageName, apiID)
	case st.fault != nil:
		return nil, st.fault
	}
	routes := make([]Route, len(st.api.Methods))
	for i, m := range st.api.Methods {
		routes[i] = routeOf(m)
	}
	return routes, nil
}

func routeOf(m *openapi.Method) Route {
	r := Route{Method: m.HTTPMethod, Path: m.ResourcePath, Authorization: m.AuthorizationType, Scopes: m.AuthorizationScopes, APIKeyRequired: m.APIKeyRequired, Function: m.Integration.Function}
	if m.AuthorizationType == openapi.AuthCognito {
		r.UserPools = m.Authorizer.UserPools
	}
	return r
}
