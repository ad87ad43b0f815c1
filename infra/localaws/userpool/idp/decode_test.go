package idp

import (
	"encoding/json"
	"testing"
)

// Claims are one JSON object and nothing else, and what is read can be written.
func FuzzDecode(f *testing.F) {
	for _, body := range []string{`{"sub":"a","n":1e999}`, `{}{}`, `null`, `[]`, `{"a":{"b":[1,true,null]}}`, "\xff", ``} {
		f.Add([]byte(body))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		claims, err := decode(body)
		if err != nil {
			return
		}
		if claims == nil {
			t.Errorf("%q gives no claims and no error", body)
		}
		if _, err := json.Marshal(claims); err != nil {
			t.Errorf("%q: %v", body, err)
		}
	})
}
