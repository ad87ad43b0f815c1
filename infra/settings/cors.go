package settings

import (
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// CORS says which pages of other origins browsers let call the API.
//
// See https://fetch.spec.whatwg.org/#http-cors-protocol.
type CORS struct {
	Origins        []string // https://host[:port], or http:// on loopback; no wildcard
	Headers        []string // that a request may carry
	ExposedHeaders []string // that a page may read of an answer
	MaxAge         int      // seconds that a browser keeps the answer to a preflight request
}

// The environment variables by which functions are told of CORS.
const (
	OriginsVariable        = "CORS_ORIGINS"         // separated by commas
	ExposedHeadersVariable = "CORS_EXPOSED_HEADERS" // the same
)

// corsHeaders are what clients of the routes need: the signature's, the token's and the
// key's.
var corsHeaders = []string{"authorization", "content-type", "x-amz-content-sha256", "x-amz-date", "x-amz-security-token", "x-api-key"}

// readCORS reads cors, with origins beside those that it names.
func readCORS(o object, origins []string) *CORS {
	var c CORS
	o.child("cors", "Lets pages of other origins call the API: every path then answers OPTIONS, without authorization or key, unless a route does; answers of functions and errors of API Gateway carry the same headers. "+
		"Cookies are never allowed. With several origins, API Gateway's errors name whatever origin asked, since it cannot choose: they hold no data, and a page that the preflight refused sends neither signature nor key.", func(o object) {
		if len(o.fields) > 0 && !o.has("origins") && len(origins) == 0 {
			o.p.add(o.at("origins"), "is missing: legal is a list of origins")
		}
		if o.emptyList("origins") {
			o.p.add(o.at("origins"), "is empty: leave cors away to allow no page of another origin")
		}
		c.Origins = o.texts("origins", nil, "https://HOST, and http:// for localhost and 127.0.0.1", "Exactly these pages' origins: scheme, host and port, as browsers write them.", func(key, origin string) {
			if fault := originFault(origin); fault != "" {
				o.p.add(key, "is %q: %s", origin, fault)
			}
		}, required)
		c.Headers = o.texts("headers", corsHeaders, "names of headers", "What a page may send beside what browsers always let it.", func(key, name string) { checkHeader(o, key, name) })
		c.ExposedHeaders = o.texts("exposedHeaders", []string{"x-amzn-errortype", "x-amzn-requestid"}, "names of headers", "What a page may read of an answer beside what browsers always let it.", func(key, name string) { checkHeader(o, key, name) })
		c.MaxAge = o.integer("maxAge", 600, 0, 86_400, "Seconds that a browser keeps the answer to a preflight request; some keep it for 7200 at most.")
	})
	for _, origin := range origins {
		if !slices.Contains(c.Origins, origin) {
			c.Origins = append(c.Origins, origin)
		}
	}
	if len(c.Origins) == 0 {
		return nil
	}
	return &c
}

// checkCORS refuses what would tell a function otherwise than cors does.
func checkCORS(o object, s *Settings) {
	for _, name := range s.FunctionNames() {
		for _, variable := range []string{OriginsVariable, ExposedHeadersVariable} {
			if _, said := s.Functions[name].Environment[variable]; said {
				o.p.add(o.at("functions."+name+".environment."+variable), "is set by the program, as %s says", o.at("cors"))
			}
		}
	}
}

func checkHeader(o object, key, name string) {
	if !headerName.MatchString(name) {
		o.p.add(key, "is %q: legal are names of headers: letters, digits, - and _", name)
	}
}

// originFault says what is wrong with an origin. An origin that differs in a letter from
// what browsers send would never match.
func originFault(origin string) string {
	u, err := url.Parse(origin)
	switch {
	case origin == "*":
		return "every page of the Internet is none of an API's with authorization; legal are exact origins such as https://app.example.com"
	case err != nil || u.Host == "" || u.Opaque != "":
		return "legal is an origin such as https://app.example.com"
	case u.User != nil || u.Path != "" || u.RawQuery != "" || u.Fragment != "" || strings.ContainsAny(origin, "?#"):
		return "an origin is scheme, host and port alone, without a path or a slash at the end"
	case strings.Contains(u.Host, "*"):
		return "an origin has no wildcards: name each"
	case origin != strings.ToLower(origin):
		return "browsers write origins in lower case"
	case u.Scheme == "https" && u.Port() == "443", u.Scheme == "http" && u.Port() == "80", strings.HasSuffix(u.Host, ":"):
		return "browsers leave the scheme's own port away"
	case !originHost.MatchString(u.Host):
		return "its host is none of letters, digits, hyphens and dots; write other letters as xn--"
	case u.Scheme == "https", u.Scheme == "http" && isLoopback(u.Hostname()):
		return ""
	case u.Scheme == "http":
		return "http is for loopback alone (localhost, 127.0.0.1): others read and change what is sent"
	}
	return "its scheme is neither https nor, on loopback, http"
}

// originHost is a name or an IPv4 address, with or without a port.
var originHost = regexp.MustCompile(`^[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:[1-9][0-9]{0,4})?$`)

func isLoopback(host string) bool {
	address, err := netip.ParseAddr(host)
	return host == "localhost" || strings.HasSuffix(host, ".localhost") || err == nil && address.IsLoopback()
}
