package srp_test

import (
	"encoding/base64"
	"encoding/hex"
	"errors"
	"strings"
	"testing"
	"time"

	cognitosrp "github.com/alexrudd/cognito-srp/v4"

	"auth-api/infra/localaws/userpool/internal/srp"
)

const pool = "us-west-2_Pool12345"

// A client that others wrote proves its password, and no other one.
func TestSignatureIsTheClients(t *testing.T) {
	salt := []byte{0x8a, 1, 2, 3}
	client, err := cognitosrp.NewCognitoSRP("ann", "demoPASS123", pool, "client", nil)
	if err != nil {
		t.Fatal(err)
	}
	a, b, block := client.GetAuthParams()["SRP_A"], strings.Repeat("5e", 64), []byte("the secret block")
	for _, password := range []string{"demoPASS123", "demoPASS124"} {
		verifier := srp.Verifier(pool, "ann", password, salt)
		answers, err := client.PasswordVerifierChallenge(map[string]string{
			"USER_ID_FOR_SRP": "ann", "USERNAME": "ann", "SALT": hex.EncodeToString(salt), "SRP_B": srp.B(verifier, b), "SECRET_BLOCK": "dGhlIHNlY3JldCBibG9jaw==",
		}, time.Date(2026, 2, 3, 4, 5, 6, 0, time.UTC))
		if err != nil {
			t.Fatal(err)
		}
		want, err := srp.Signature(pool, "ann", a, b, verifier, block, answers["TIMESTAMP"])
		if err != nil {
			t.Fatal(err)
		}
		if same := answers["PASSWORD_CLAIM_SIGNATURE"] == base64.StdEncoding.EncodeToString(want); same != (password == "demoPASS123") {
			t.Errorf("for a verifier of %s the signatures are the same: %v", password, same)
		}
	}
	if len(srp.NobodysVerifier([]byte("seed"))) != len(srp.Verifier(pool, "ann", "x", salt)) {
		t.Error("a verifier of nobody has another length")
	}
}

func FuzzCheckA(f *testing.F) {
	for _, seed := range []string{"", "0", "ff", "xyz", "-1", strings.Repeat("f", 801)} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, a string) {
		err := srp.CheckA(a)
		if err != nil && !errors.Is(err, srp.ErrA) {
			t.Errorf("%q: %v", a, err)
		}
		if _, signing := srp.Signature(pool, "ann", a, "5e", "2", nil, ""); err != nil && !errors.Is(signing, srp.ErrA) {
			t.Errorf("%q is refused, and yet there is a signature for it", a)
		}
		if zero := strings.Trim(a, "0") == ""; zero && err == nil {
			t.Errorf("%q is zero", a)
		}
	})
}
