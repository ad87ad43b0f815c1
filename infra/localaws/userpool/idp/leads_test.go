package idp

import "testing"

// An issuer on the internet names no endpoint of this machine, however it spells it; an
// issuer of this machine may.
func TestIssuersThatLeadToThisMachine(t *testing.T) {
	const outside, here = "https://idp.example.com", "http://127.0.0.1:9000"
	for _, endpoint := range []string{
		"http://localhost:4566/x", "https://localhost:8443/x", "https://LocalHost:8443/x", "https://localhost.:8443/x", "https://a.localhost/x", "https://127.0.0.1/x",
		"https://127.1.2.3/x", "https://[::1]/x", "https://[::ffff:127.0.0.1]/x", "https://0.0.0.0:8443/x", "https://[::]/x", "https://[::ffff:0.0.0.0]/x",
		"https://127.1/x", "https://2130706433/x", "https://0x7f.1/x",
	} {
		if leads(outside, endpoint) == nil {
			t.Errorf("%s may lead to %s", outside, endpoint)
		}
	}
	for issuer, endpoints := range map[string][]string{
		outside: {"https://idp.example.com/x", "https://keys.example.net/x", "https://localhost.example.com/x", "https://203.0.113.7/x", "https://127.example.com"},
		here:    {"http://127.0.0.1:9000/x", "http://localhost:1/x", "https://idp.example.com/x"},
	} {
		for _, endpoint := range endpoints {
			if err := leads(issuer, endpoint); err != nil {
				t.Errorf("%s to %s: %v", issuer, endpoint, err)
			}
		}
	}
}
