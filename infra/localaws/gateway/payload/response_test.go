package payload

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestMalformedResponsesAreRefusedWithoutTheirValues(t *testing.T) {
	for payload, want := range map[string]string{
		`[]`:                               "it is not one JSON object",
		`null`:                             "it is not one JSON object",
		`{} {}`:                            "it is not one JSON object",
		`{"statuscode":200}`:               "statuscode: no such key is known",
		`{"statusCode":"1e2"}`:             "statusCode: it must be a number from 200 to 599",
		`{"statusCode":"+200"}`:            "statusCode: it must be a number from 200 to 599",
		`{"statusCode":0200}`:              "it is not one JSON object",
		`{"statusCode":199}`:               "statusCode: it must be a number from 200 to 599",
		`{"statusCode":600}`:               "statusCode: it must be a number from 200 to 599",
		`{"body":{"secret":1}}`:            "body: it must not be a object",
		`{"body":314159}`:                  "body: it must not be a number",
		`{"isBase64Encoded":"secret"}`:     "isBase64Encoded: it must not be a string",
		`{"headers":{"A":1}}`:              `the header "A" must have a name and text that HTTP allows`,
		`{"multiValueHeaders":{"A":[{}]}}`: `the header "A" must have a name and text that HTTP allows`,
	} {
		_, err := DecodeResponse([]byte(payload))
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "secret") || strings.Contains(err.Error(), "314159") {
			t.Errorf("%s: the error is %v, want one with %q and no value", payload, err, want)
		}
	}
}

func TestClaims(t *testing.T) {
	got := Claims(map[string]any{
		"exp": json.Number("1795346400"), "iat": 1795342800.0, "nbf": time.Unix(1795342800, 0), "auth_time": json.Number("1795342800"), "when": time.Unix(7, 0),
		"email_verified": true, "none": nil, "groups": []string{"a", "b"}, "mixed": []any{"a", json.Number("1"), false}, "size": 1.5, "address": map[string]any{"formatted": "<1 & 2>"},
	})
	want := map[string]any{"claims": map[string]string{
		"exp": "Sun Nov 22 11:20:00 UTC 2026", "iat": "Sun Nov 22 10:20:00 UTC 2026", "nbf": "Sun Nov 22 10:20:00 UTC 2026", "auth_time": "1795342800", "when": "7",
		"email_verified": "true", "none": "", "groups": "a,b", "mixed": "a,1,false", "size": "1.5", "address": `{"formatted":"<1 & 2>"}`,
	}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

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
