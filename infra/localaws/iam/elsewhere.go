package iam

import (
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
)

// elsewhere says why a request may come from a web page that has nothing to do with
// this machine, or "". Such a page is not to use the administrator's key, which is no
// secret unless somebody chose it: it could read and change all there is here.
//
// A browser names the page's origin itself. A page under a name that was rebound to
// loopback has the same origin as the local AWS, and so is known by the name it asks
// for: what public DNS can resolve is none of this machine's.
func elsewhere(r *http.Request) string {
	switch origin := r.Header.Get("Origin"); {
	case origin != "":
		u, err := url.Parse(origin)
		if err != nil || !own(u.Hostname(), netip.Addr.IsLoopback) {
			return "a page of another origin than this machine"
		}
	case r.Header.Get("Sec-Fetch-Site") == "cross-site": // pictures and links name no origin
		return "a page of another site"
	}
	host, _, err := net.SplitHostPort(r.Host)
	if err != nil {
		host = r.Host
	}
	if !own(strings.Trim(host, "[]"), netip.Addr.IsValid) { // nobody can rebind an address
		return "a request for another name than this machine's"
	}
	return ""
}

// own reports whether a host is this machine, by an address that is right or by a name
// that is in no public zone (RFC 6761, section 6.3; .internal is reserved by ICANN).
func own(host string, right func(netip.Addr) bool) bool {
	if address, err := netip.ParseAddr(host); err == nil {
		return right(address.Unmap())
	}
	name := strings.ToLower(host)
	return name == "localhost" || strings.HasSuffix(name, ".localhost") || strings.HasSuffix(name, ".internal")
}
