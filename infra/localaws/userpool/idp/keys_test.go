package idp

import (
	"bytes"
	"crypto/rsa"
	"encoding/base64"
	"fmt"
	"strings"
	"testing"
)

// A key that would take seconds of the processor for each sign-in is left out, and so is
// what signs nothing.
func TestKeysThatAreLeftOut(t *testing.T) {
	modulus := func(bits int) string {
		return base64.RawURLEncoding.EncodeToString(append(bytes.Repeat([]byte{0xff}, bits/8-1), 0x01))
	}
	rsaKey := func(bits int, more string) string {
		return fmt.Sprintf(`{"kty":"RSA","n":"%s","e":"AQAB"%s}`, modulus(bits), more)
	}
	for _, c := range []struct {
		name, keys string
		want       int // -1: an error
	}{
		{"a usual one", rsaKey(2048, ""), 1},
		{"the largest", rsaKey(maxModulus, ""), 1},
		{"a larger one beside", rsaKey(maxModulus+8, "") + "," + rsaKey(4096, `,"use":"sig"`), 1},
		{"a huge one alone", rsaKey(1<<20, ""), -1},
		{"one for encryption", rsaKey(2048, `,"use":"enc"`), -1},
		{"a secret", `{"kty":"oct","k":"c2VjcmV0"}`, -1},
		{"none", "", -1},
		{"an unknown kind beside", `{"kty":"PQ","x":"AA"},` + rsaKey(2048, ""), 1},
		{"something else", `1,[],null,` + rsaKey(2048, ""), 1},
	} {
		got, err := readKeys([]byte(`{"keys":[` + c.keys + `]}`))
		if (err != nil) != (c.want < 0) || err == nil && len(got) != c.want {
			t.Errorf("%s: %d keys, %v", c.name, len(got), err)
		}
		for _, key := range got {
			if k, ok := key.(*rsa.PublicKey); ok && k.N.BitLen() > maxModulus {
				t.Errorf("%s: a key of %d bits was taken", c.name, k.N.BitLen())
			}
		}
	}
}

func FuzzReadKeys(f *testing.F) {
	f.Add([]byte(`{"keys":[{"kty":"RSA","n":"AQAB","e":"AQAB"}]}`))
	f.Add([]byte(`{"keys":[{"kty":"EC","crv":"P-256","x":"AA","y":"AA"}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) > answerLimit {
			t.Skip()
		}
		keys, err := readKeys(data)
		if (len(keys) == 0) != (err != nil) {
			t.Fatalf("%d keys, %v", len(keys), err)
		}
		if err != nil && strings.Contains(err.Error(), string(data)) && len(data) > 8 {
			t.Errorf("the error repeats what the provider says: %v", err)
		}
	})
}
