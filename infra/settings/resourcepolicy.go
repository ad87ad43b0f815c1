package settings

import (
	"net/netip"
	"regexp"
)

// ResourcePolicy says from where the API may be called at all, whoever calls. The zero
// value says: from everywhere.
//
// See https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-resource-policies.html.
type ResourcePolicy struct {
	AllowedIPs     []string // CIDRs
	VPCEndpointIDs []string // not empty: the API is private, and answers these endpoints alone
}

// Restricts tells whether the policy keeps anybody out.
func (r ResourcePolicy) Restricts() bool { return len(r.AllowedIPs)+len(r.VPCEndpointIDs) > 0 }

// maxAddresses keeps the policy below the 8192 characters that AWS allows one.
const maxAddresses = 100

var vpcEndpoint = regexp.MustCompile(`^vpce-([0-9a-f]{8}|[0-9a-f]{17})$`)

func readResourcePolicy(o object, target Target) ResourcePolicy {
	var r ResourcePolicy
	o.child("resourcePolicy", "From where the API may be called at all, before anything else is asked. It opens nothing: routes still ask for what they ask for, and AWS_IAM for the caller's own permission.", func(o object) {
		r.AllowedIPs = o.texts("allowedIps", nil, "CIDRs such as 203.0.113.0/24 or 2001:db8::/32", "Requests from other addresses get 403. On the local AWS callers come from 127.0.0.1 or ::1. AWS's provider keeps an API's policy when the setting goes: to lift it, say 0.0.0.0/0 and ::/0.", func(key, text string) {
			prefix, err := netip.ParsePrefix(text)
			switch {
			case err != nil:
				o.p.add(key, "is %q: legal are CIDRs such as 203.0.113.0/24; one address is 203.0.113.7/32", text)
			case prefix != prefix.Masked():
				o.p.add(key, "is %q, an address within a network: that network is %s", text, prefix.Masked())
			case prefix.Addr().Is4In6():
				o.p.add(key, "is %q: write the address as IPv4", text)
			}
		})
		r.VPCEndpointIDs = o.texts("vpcEndpointIds", nil, "ids of interface endpoints, such as vpce-0123456789abcdef0", "Makes the API private: it answers requests that come through these VPC endpoints of execute-api, and has no address on the Internet. Not on the local AWS, which has no VPC.", func(key, text string) {
			if !vpcEndpoint.MatchString(text) {
				o.p.add(key, "is %q: legal are ids of interface endpoints, such as vpce-0123456789abcdef0", text)
			}
		}, cost("0.01 USD an hour and availability zone for the endpoint"))
		for i, list := range [][]string{r.AllowedIPs, r.VPCEndpointIDs} {
			name := []string{"allowedIps", "vpcEndpointIds"}[i]
			if len(list) > maxAddresses {
				o.p.add(o.at(name), "has %d entries: at most %d fit the 8192 characters that AWS allows the policy of an API; use wider networks, or a web ACL's IP set", len(list), maxAddresses)
			}
			if o.emptyList(name) {
				o.p.add(o.at(name), "is empty, which would let in nobody: leave it away to let in everybody")
			}
		}
		switch {
		case len(r.AllowedIPs) > 0 && len(r.VPCEndpointIDs) > 0:
			o.p.add(o.key, "has both allowedIps and vpcEndpointIds: the one is for an API on the Internet, the other for a private one")
		case len(r.VPCEndpointIDs) > 0 && target == Local:
			o.p.add(o.at("vpcEndpointIds"), "is for AWS: the local AWS has no VPC endpoints, and nobody could call")
		}
	})
	return r
}
