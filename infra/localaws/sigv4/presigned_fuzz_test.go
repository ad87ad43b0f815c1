package sigv4

import (
	"net/http"
	"slices"
	"strings"
	"testing"
)

func FuzzPresigned(f *testing.F) {
	good := "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=a%2F20260901%2Fr%2Fs%2Faws4_request&X-Amz-Date=20260901T120000Z&X-Amz-Expires=60&X-Amz-SignedHeaders=host&X-Amz-Signature=0"
	for _, seed := range []string{
		good, strings.ReplaceAll(good, "%2F", "/"), good + "&" + good, strings.Replace(good, "60", "604801", 1), strings.Replace(good, "60", "-1", 1),
		good + "&X-Amz-Security-Token=%zz", "X-Amz-Signature", "X-Amz-Algorithm=&X-Amz-Credential=%2F%2F%2F%2F", "X-Amz-Credential=a;X-Amz-Signature=b",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, query string) {
		r := &http.Request{Method: "GET", RequestURI: "/?" + query, Host: "api.example", Header: http.Header{}}
		s, refusal := read(r)
		if refusal != nil {
			if refusal.Status != http.StatusForbidden && refusal.Status != http.StatusBadRequest || refusal.Message == "" {
				t.Fatalf("%+v", refusal)
			}
			return
		}
		if !s.Presigned || s.AccessKeyID == "" || s.signature == "" || !slices.Contains(s.SignedHeaders, "host") || s.expires < 0 || s.expires > week {
			t.Fatalf("%q was read as %+v", query, s)
		}
		// The signature itself is not among what is signed, or none could be right.
		canonical, _ := s.canonicalRequest(r, "hash")
		if lines := strings.Split(string(canonical), "\n"); slices.ContainsFunc(strings.Split(lines[2], "&"), func(p string) bool { return strings.HasPrefix(p, "X-Amz-Signature=") }) {
			t.Fatalf("the canonical query of %q holds the signature: %s", query, lines[2])
		}
	})
}
