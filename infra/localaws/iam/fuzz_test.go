package iam_test

import (
	"encoding/xml"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"auth-api/infra/localaws/iam"
	"auth-api/infra/localaws/sigv4"
	"auth-api/infra/localaws/store"
)

// No form, however it is made, gets anything but an answer in AWS's form, and no
// credentials without a token or a signature.
func FuzzServeSTS(f *testing.F) {
	w := newWorld(f)
	w.update(f, func(tx *store.Tx) error {
		return iam.Roles.Put(tx, "target", iam.Role{Name: "target", AssumeRolePolicy: trusting("*", ""), UniqueID: "AROATARGET"})
	})
	w.TrustWebIdentities(func(string) (iam.WebIdentity, error) {
		return iam.WebIdentity{}, &iam.TokenError{Code: "InvalidIdentityToken"}
	})
	for _, seed := range [][2]string{
		{"", "Action=AssumeRole&Version=2011-06-15&RoleSessionName=a&RoleArn=" + target},
		{"", "Action=AssumeRoleWithWebIdentity&Version=2011-06-15&RoleSessionName=ab&WebIdentityToken=x&DurationSeconds=-1&RoleArn=" + target},
		{"", "Action=GetCallerIdentity&Version=2011-06-15"}, {"Action=GetCallerIdentity&Version=2011-06-15", ""}, {"", "Action=AssumeRole&Version=2011-06-15&RoleArn=%zz"},
		{"", "Action=%00&Version=%ff"}, {"", strings.Repeat("a=b&", 50)}, {"%", ";"}, {"", "Action=<x>&Version=]]>"},
	} {
		f.Add(seed[0], seed[1], "AWS4-HMAC-SHA256 Credential=a/20260901/us-west-2/sts/aws4_request, SignedHeaders=host, Signature=0")
		f.Add(seed[0], seed[1], "")
	}
	f.Fuzz(func(t *testing.T, query, form, authorization string) {
		r := httptest.NewRequest("POST", "/", strings.NewReader(form))
		r.RequestURI, r.URL.RawQuery = "/?"+query, query
		if authorization != "" {
			r.Header["Authorization"] = []string{authorization}
			r.Header.Set("X-Amz-Date", "20260901T120000Z")
		}
		answer := httptest.NewRecorder()
		w.ServeSTS(answer, r, []byte(form))
		if answer.Code < 400 || answer.Code >= 500 {
			t.Fatalf("nobody has a key, and is answered %d %s", answer.Code, answer.Body)
		}
		for d := xml.NewDecoder(answer.Body); ; {
			if _, err := d.Token(); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				t.Fatalf("the answer is no XML: %v", err)
			}
		}
	})
}

// Whoever has made up a key or a session token is nobody.
func FuzzSessionToken(f *testing.F) {
	w := newWorld(f)
	w.role(f, "worker", "AROAWORKERWORKERWORKE", trustLambda)
	c, err := w.AssumeServiceRole("arn:aws:iam::"+account+":role/worker", "lambda.amazonaws.com", "worker")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(c.AccessKeyID, c.SessionToken)
	f.Add(c.AccessKeyID, "")
	f.Add("test", "x")
	f.Add("", c.SessionToken+"=")
	f.Fuzz(func(t *testing.T, key, token string) {
		forged := c
		forged.AccessKeyID, forged.SessionToken, forged.SecretAccessKey = key, token, "guessed"
		if strings.ContainsFunc(key+token, func(r rune) bool { return r <= ' ' || r > '~' }) || strings.ContainsAny(key, "/,=") || key == "" {
			return // cannot stand in these headers
		}
		caller, err := w.authenticate(t, forged)
		var refusal *sigv4.Error
		if caller != nil || !errors.As(err, &refusal) || refusal.Status < 400 || refusal.Status >= http.StatusInternalServerError {
			t.Errorf("key %q, token %q: %+v, %v", key, token, caller, err)
		}
	})
}
