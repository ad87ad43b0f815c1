package iam_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"auth-api/infra/localaws/audit"
	"auth-api/infra/localaws/iam"
	"auth-api/infra/localaws/sigv4"
)

// Everybody knows the administrator's key, and so does every web page that somebody
// visits on this machine: it must not get through with it, by CORS or under a name that
// was rebound to loopback. Credentials that are secret are good from everywhere.
func TestPagesFromElsewhereMayNotUseTheAdministratorsKey(t *testing.T) {
	w := newWorld(t)
	session := w.assume(t, webIdentity())
	for _, c := range []struct {
		host, origin, why string // why it is refused, or ""; instead of an origin, what Sec-Fetch-Site says
	}{
		{"localhost:4566", "none", ""},
		{"localhost:4566", "same-site", ""},
		{"localhost:4566", "cross-site", "another site"}, // a picture, or a link, with a presigned address
		{"localhost:4566", "", ""},
		{"127.0.0.1:4566", "", ""},
		{"localhost", "http://localhost:3000", ""},
		{"localhost:4566", "http://127.0.0.1:3000", ""},
		{"localhost:4566", "https://app.localhost", ""},
		{"[::1]:4566", "http://[::1]:3000", ""},
		{"192.168.1.7:4566", "", ""},
		{"host.docker.internal:4566", "", ""},
		{"localhost:4566", "https://evil.example", "another origin"},
		{"localhost:4566", "http://192.168.1.7", "another origin"},
		{"localhost:4566", "http://localhost.evil.example", "another origin"},
		{"localhost:4566", "http://evil.example/localhost", "another origin"},
		{"localhost:4566", "null", "another origin"},
		{"localhost:4566", "file://", "another origin"},
		{"localhost:4566", "http://[", "another origin"},
		{"evil.example:4566", "", "another name"},
		{"evil.example:4566", "http://evil.example:4566", "another origin"},
		{"localhost.evil.example", "", "another name"},
		{"127.0.0.1.evil.example:4566", "", "another name"},
		{"evil", "", "another name"},
	} {
		for _, who := range []iam.Credentials{{AccessKeyID: "test", SecretAccessKey: "test"}, session} {
			r := httptest.NewRequest("GET", "http://localhost/execute-api/a1b2c3/prod/x", nil)
			r.Host = c.host
			switch c.origin {
			case "":
			case "none", "same-site", "cross-site":
				r.Header.Set("Sec-Fetch-Site", c.origin)
			default:
				r.Header.Set("Origin", c.origin)
				r.Header.Set("Sec-Fetch-Site", "cross-site")
			}
			empty := sha256.Sum256(nil)
			if err := v4.NewSigner().SignHTTP(context.Background(), aws.Credentials{AccessKeyID: who.AccessKeyID, SecretAccessKey: who.SecretAccessKey, SessionToken: who.SessionToken},
				r, hex.EncodeToString(empty[:]), "execute-api", region, w.now); err != nil {
				t.Fatal(err)
			}
			r.RequestURI = r.URL.RequestURI()
			record := &audit.Record{}
			caller, err := w.Authenticate(r.WithContext(audit.With(r.Context(), record)), nil, "execute-api")
			if c.why == "" || who.SessionToken != "" {
				if err != nil {
					t.Errorf("%s for %s from %q: %v", who.AccessKeyID, c.host, c.origin, err)
				}
				continue
			}
			refused(t, err, sigv4.CodeUnknownKey)
			if _, reason := record.Decision(); caller != nil || !strings.Contains(reason, c.why) {
				t.Errorf("for %s from %q: %+v, and the record says %q", c.host, c.origin, caller, reason)
			}
		}
	}
}
