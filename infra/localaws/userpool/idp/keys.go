package idp

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/lestrrat-go/jwx/v3/jwk"
)

// maxModulus is how many bits an RSA key of a provider may have. Checking one signature
// under a key of a million bits takes seconds, and cannot be given up.
const maxModulus = 8192

// keys are those that a provider signs ID tokens with, fetched anew for each sign-in: a
// provider may have changed them. (oidc.RemoteKeySet takes keys of any size.)
type keys struct {
	url    string
	client *http.Client
}

// VerifySignature returns the payload of a token that one of the keys has signed.
func (k keys) VerifySignature(ctx context.Context, token string) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, k.url, nil)
	if err != nil {
		return nil, err
	}
	answer, err := k.client.Do(request)
	if err != nil {
		return nil, fmt.Errorf("fetching the provider's keys: %w", withoutURL(err))
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("fetching the provider's keys: it answers %d", answer.StatusCode)
	}
	data, err := io.ReadAll(answer.Body)
	if err != nil {
		return nil, fmt.Errorf("fetching the provider's keys: %w", withoutURL(err))
	}
	public, err := readKeys(data)
	if err != nil {
		return nil, fmt.Errorf("reading the provider's keys: %w", err)
	}
	return (&oidc.StaticKeySet{PublicKeys: public}).VerifySignature(ctx, token)
}

// readKeys reads a JWK set (RFC 7517): the keys for signatures, of kinds and sizes that
// are checked in no time. Others are left out.
func readKeys(data []byte) ([]crypto.PublicKey, error) {
	var set struct{ Keys []json.RawMessage }
	if err := json.Unmarshal(data, &set); err != nil {
		return nil, errors.New("they are no JWK set")
	}
	var public []crypto.PublicKey
	for _, one := range set.Keys {
		key, err := jwk.ParseKey(one)
		if err != nil { // of a kind that is not known, which section 5 wants ignored
			continue
		}
		if use, given := key.KeyUsage(); given && use != "sig" {
			continue
		}
		var raw any
		if err := jwk.Export(key, &raw); err != nil {
			continue
		}
		switch raw := raw.(type) {
		case *rsa.PublicKey:
			if raw.N.BitLen() <= maxModulus {
				public = append(public, raw)
			}
		case *ecdsa.PublicKey, ed25519.PublicKey:
			public = append(public, raw)
		}
	}
	if len(public) == 0 {
		return nil, fmt.Errorf("there is none for signatures; RSA keys of at most %d bits, elliptic curves and Ed25519 are legal", maxModulus)
	}
	return public, nil
}
