package settings

import (
	"fmt"
	"regexp"
	"slices"
)

// ResourceServer is something that access tokens open, with the scopes by which they say
// how far.
//
// See https://docs.aws.amazon.com/cognito/latest/developerguide/cognito-user-pools-define-resource-servers.html.
type ResourceServer struct {
	Name   string            // for people
	Scopes map[string]string // scope → what it is for
}

// MachineClient is a client for programs that act for themselves: it has a secret, and
// gets access tokens by the client credentials grant.
type MachineClient struct {
	Scopes []string // IDENTIFIER/SCOPE that it may ask for
}

var (
	serverIdentifier = regexp.MustCompile(`^[\x21\x23-\x5B\x5D-\x7E]{1,256}$`)
	scopeName        = regexp.MustCompile(`^[\x21\x23-\x2E\x30-\x5B\x5D-\x7E]{1,256}$`)
	serverName       = regexp.MustCompile(`^[\w\s+=,.@-]{1,256}$`)
	clientName       = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$`)
)

func readScopes(o object, id *Identity) {
	o.named("resourceServers", "IDENTIFIER", "What access tokens open: each scope here is IDENTIFIER/SCOPE in tokens, in routes' scopes, in webScopes and in machineClients.", func(name string, o object) {
		server := ResourceServer{
			Name: o.text("name", name, "are 1 to 256 letters, digits, spaces and + = , . @ - _", "For people.", byDefault("the identifier")),
			Scopes: o.table("scopes", "what each is for", "Scopes, and what each is for.", func(key, scope, text string) {
				if !scopeName.MatchString(scope) {
					o.p.add(key, "is no scope's name: legal are 1 to 256 printable characters of ASCII without spaces, quotation marks, slashes and backslashes")
				}
				if n := len([]rune(text)); n < 1 || n > 256 {
					o.p.add(key, "has %d characters: legal are 1 to 256, which say what the scope is for", n)
				}
			}),
		}
		switch {
		case o.p.page != nil:
		case !serverIdentifier.MatchString(name):
			o.p.add(o.key, "is no identifier: legal are 1 to 256 printable characters of ASCII without spaces, quotation marks and backslashes")
		case !serverName.MatchString(server.Name):
			o.p.add(o.at("name"), "is %q: legal are 1 to 256 letters, digits, spaces and + = , . @ - _", server.Name)
		case len(server.Scopes) == 0:
			o.p.add(o.at("scopes"), "is missing: a resource server here has at least one scope")
		case len(server.Scopes) > 100:
			o.p.add(o.at("scopes"), "has %d scopes: at most 100 are legal", len(server.Scopes))
		}
		if id.ResourceServers == nil {
			id.ResourceServers = map[string]ResourceServer{}
		}
		id.ResourceServers[name] = server
	})
	if len(id.ResourceServers) > 25 {
		o.p.add(o.at("resourceServers"), "has %d resource servers: a user pool has at most 25", len(id.ResourceServers))
	}
	check := func(o object) func(key, scope string) {
		return func(key, scope string) {
			if custom := id.CustomScopes(); !slices.Contains(custom, scope) {
				o.p.add(key, "is %q: legal are %s", scope, orNone(custom, "resourceServers"))
			}
		}
	}
	id.WebScopes = o.texts("webScopes", nil, "scopes of resourceServers", "Scopes of resourceServers that the web client may ask for, besides openid, email, phone and profile.", check(o))
	o.named("machineClients", "NAME", "Clients for programs that act for themselves. Each has a secret, told in the output machineClients, and gets access tokens by the client credentials grant.", func(name string, o object) {
		client := MachineClient{Scopes: o.texts("scopes", nil, "scopes of resourceServers", "What the client may ask for.", check(o), required)}
		switch {
		case o.p.page != nil:
		case !clientName.MatchString(name):
			o.p.add(o.key, "is no client's name: legal are 1 to 64 letters, digits, hyphens and underscores, no hyphen or underscore first")
		case !o.has("scopes") || o.emptyList("scopes"):
			o.p.add(o.at("scopes"), "is missing: such a client gets tokens for scopes alone; legal are %s", orNone(id.CustomScopes(), "resourceServers"))
		}
		if id.MachineClients == nil {
			id.MachineClients = map[string]MachineClient{}
		}
		id.MachineClients[name] = client
	}, cost("Cognito, about 6 USD a client and month and 0.00225 USD a token"))
}

// CustomScopes are the scopes of the resource servers as tokens name them.
func (id Identity) CustomScopes() []string {
	var out []string
	for _, identifier := range sortedKeys(id.ResourceServers) {
		for _, scope := range sortedKeys(id.ResourceServers[identifier].Scopes) {
			out = append(out, identifier+"/"+scope)
		}
	}
	return out
}

// checkScopes checks the scopes of the routes against those that tokens can have.
func checkScopes(o object, routes []Route, id Identity) {
	legal := append(slices.Clone(scopes), id.CustomScopes()...)
	for i, r := range routes {
		for j, scope := range r.Scopes {
			if !slices.Contains(legal, scope) {
				o.p.add(fmt.Sprintf("%s[%d].scopes[%d]", o.at("routes"), i, j), "is %q: legal are %s", scope, joined(legal))
			}
		}
	}
}
