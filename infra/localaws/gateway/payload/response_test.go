package payload

import (
	"strings"
	"testing"
)

func FuzzProxyResponse(f *testing.F) {
	for _, s := range []string{`{}`, `{"statusCode":"201"}`, `{"headers":{"a":true},"multiValueHeaders":{"a":["b"]},"body":"x","isBase64Encoded":true}`, `null`, `{"headers":{"":1}}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, payload []byte) {
		r, err := DecodeResponse(payload)
		if err != nil {
			return
		}
		if r.StatusCode < 200 || r.StatusCode > 599 {
			t.Fatalf("accepted the status %d", r.StatusCode)
		}
		for name, values := range r.Headers {
			if strings.ContainsAny(name+strings.Join(values, ""), "\r\n\x00") {
				t.Fatalf("accepted the header %q: %q", name, values)
			}
		}
	})
}

func FuzzAuthorizerResponse(f *testing.F) {
	f.Add([]byte(`{"principalId":"tom","policyDocument":{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"execute-api:Invoke","Resource":"*"}]},"context":{"a":1}}`))
	f.Add([]byte(`{"principalId":"","policyDocument":null}`))
	f.Fuzz(func(t *testing.T, payload []byte) {
		v, err := DecodeAuthorizerResponse(payload)
		if err == nil && (v.PrincipalID == "" || v.Policy == nil) {
			t.Fatalf("accepted an answer without principal or policy: %q", payload)
		}
	})
}
