// Package client calls a deployed stack, on AWS or on a local AWS alike, by what the
// stack's outputs say: as nobody, as a guest, or as a user of the pool. The command
// line tools and the tests' fixture are built on it.
package client

import (
	"cmp"
	"maps"
	"slices"
	"strings"
)

// Outputs are the outputs of a stack that callers use, by their names in DESIGN.
type Outputs struct {
	APIURL           string `json:"apiUrl"`
	APIKey           string `json:"apiKey"`
	Region           string `json:"region"`
	UserPoolID       string `json:"userPoolId"`
	UserPoolClientID string `json:"userPoolClientId"`
	IdentityPoolID   string `json:"identityPoolId"`
	HostedUIURL      string `json:"hostedUiUrl"`
	Issuer           string `json:"issuer"`
	WebURL           string `json:"webUrl"`      // of the web client, and a callback and sign-out URL to the letter
	AWSEndpoint      string `json:"awsEndpoint"` // on local stacks alone
	DemoUser         string `json:"demoUser"`
	DemoPassword     string `json:"demoPassword"`
	Guests           bool   `json:"guests"` // whether who has not signed in gets credentials too

	IdentityProviderURL string                   `json:"identityProviderUrl"` // where identity providers send people back to, where there are any
	MachineClients      map[string]MachineClient `json:"machineClients"`      // clients for programs, by their names

	CallbackURLs []string `json:"callbackUrls"` // where the hosted sign-in may send a code of the web client's to
	SignOutURLs  []string `json:"signOutUrls"`  // where its sign-out may lead to

	Routes map[string]Route `json:"routes"` // by METHOD and path, such as GET /no-auth

	DomainURL     string            `json:"domainUrl"`     // the API at its own name, without a stage; empty: it has none
	CORSOrigins   []string          `json:"corsOrigins"`   // of the pages that may call the API, where any may
	PrincipalTags map[string]string `json:"principalTags"` // session tag → claim of the ID token
	UsagePlan     *UsagePlan        `json:"usagePlan"`     // of the API key; nil on stacks that did not tell it yet
	UserPoolFixed UserPoolFixed     `json:"userPoolFixed"`

	DefaultEndpoint *bool `json:"defaultEndpoint"` // whether apiUrl answers where there is a domain; nil: not told, so it does

	FunctionVersions map[string]Versions `json:"functionVersions"` // by function, of those that have versions
}

// UsagePlan are the limits of the API key.
type UsagePlan struct {
	RateLimit   float64 `json:"rateLimit"`  // requests a second
	BurstLimit  int     `json:"burstLimit"` // requests at once
	QuotaLimit  int     `json:"quotaLimit"` // requests a period
	QuotaPeriod string  `json:"quotaPeriod"`
}

// UserPoolFixed is what of the user pool cannot change.
type UserPoolFixed struct {
	Attributes map[string]Attribute `json:"attributes"`
}

// Attribute is an attribute of the pool's users.
type Attribute struct {
	Type     string `json:"type"`
	Required bool   `json:"required"`
	Min      int    `json:"min"`
	Max      int    `json:"max"`
}

// Versions are those of a function's versions that matter to its callers.
type Versions struct {
	Live     string `json:"live"`     // that they reach
	Next     string `json:"next"`     // that was published last
	Previous string `json:"previous"` // that was live before Live; empty: none
}

// MachineClient is what a program gets tokens with, by the client credentials grant.
type MachineClient struct {
	ID     string `json:"clientId"`
	Secret string `json:"clientSecret"`
}

// PasswordOf returns a user's password where the outputs have it, which is the demo
// user's; else it is empty.
func (o Outputs) PasswordOf(user string) string {
	if user == o.DemoUser {
		return o.DemoPassword
	}
	return ""
}

// RouteNames returns the names of the routes, by path and then by method.
func (o Outputs) RouteNames() []string {
	return slices.SortedFunc(maps.Keys(o.Routes), func(a, b string) int {
		x, y := o.Routes[a], o.Routes[b]
		return cmp.Or(strings.Compare(x.Path, y.Path), strings.Compare(x.Method, y.Method))
	})
}

// HasWebClient tells whether the stack serves a web client itself, at WebURL.
func (o Outputs) HasWebClient() bool {
	for _, r := range o.Routes {
		if r.Web {
			return true
		}
	}
	return false
}

// Route is a route as the stack declares it.
type Route struct {
	Method         string   `json:"method"`
	Path           string   `json:"path"`
	Authorization  string   `json:"authorization"`
	APIKeyRequired bool     `json:"apiKeyRequired"`
	Callers        []string `json:"callers"`
	Scopes         []string `json:"scopes"`
	Authorizer     string   `json:"authorizer"` // of authorization CUSTOM: its name

	Web bool `json:"web"` // whether it is the web client's own

	CallerTags map[string]string `json:"callerTags"` // that the callers' credentials must carry besides
}

// Route returns the route that answers this method and path, as API Gateway chooses
// it: an exact segment before a parameter, and a parameter before a greedy one.
func (o Outputs) Route(method, path string) (best Route, found bool) {
	path, _, _ = strings.Cut(path, "?")
	rank := ""
	for _, r := range o.Routes {
		if r.Method != method && r.Method != "ANY" {
			continue
		}
		// A method of its own comes before ANY at the same path.
		this, matches := match(r.Path, path)
		if r.Method == "ANY" {
			this += "z"
		}
		if matches && (!found || this < rank) {
			best, found, rank = r, true, this
		}
	}
	return best, found
}

// match tells whether the path fits the template, with a rank that sorts the more
// exact template first: one letter a segment, a for exact, b for {x}, c for {x+}.
func match(template, path string) (rank string, matches bool) {
	want, got := strings.Split(template, "/"), strings.Split(path, "/")
	for i, segment := range want {
		switch greedy := strings.HasSuffix(segment, "+}"); {
		case i >= len(got):
			return "", false
		case greedy:
			return rank + "c", true
		case strings.HasPrefix(segment, "{"):
			rank += "b"
		case segment == got[i]:
			rank += "a"
		default:
			return "", false
		}
	}
	return rank, len(want) == len(got)
}
