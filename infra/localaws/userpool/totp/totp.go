// Package totp makes and checks the codes of software tokens: six digits from a secret
// and the time, every 30 seconds others (RFC 6238).
//
// https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-settings-mfa-totp.html
package totp

import (
	"crypto/hmac"
	"encoding/base32"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/hotp"

	"auth-api/infra/localaws/userpool/random"
)

const (
	stepSeconds = 30
	secretBytes = 32 // the 52 characters that Cognito's secrets have
)

var base32Secret = base32.StdEncoding.WithPadding(base32.NoPadding)

// NewSecret makes a token's secret: in base32, as authenticator apps take it.
func NewSecret(source *random.Source) (string, error) {
	b, err := source.Bytes(secretBytes)
	return base32Secret.EncodeToString(b), err
}

// Why Check does not take a code.
var (
	// ErrWrong: it is not a code of the secret at the time.
	ErrWrong = errors.New("wrong code")
	// ErrUsed: it, or a later one, was taken before.
	ErrUsed = errors.New("the code has been used")
)

// Check checks a code against a secret: it may be of the step of now, the one before or
// the one after. It returns the step of a code that is right, which must be after the
// step used last; it returns ErrWrong or ErrUsed of any other code. Another error is the
// secret's.
func Check(secret, code string, now time.Time, used int64) (step int64, err error) {
	code = strings.TrimSpace(code)
	current := now.Unix() / stepSeconds
	no := ErrWrong
	for at := current - 1; at <= current+1; at++ {
		want, err := hotp.GenerateCodeCustom(secret, uint64(at), hotp.ValidateOpts{Digits: otp.DigitsSix, Algorithm: otp.AlgorithmSHA1})
		if err != nil {
			return 0, fmt.Errorf("making the code of a software token: %w", err)
		}
		switch {
		case !hmac.Equal([]byte(want), []byte(code)) || step > 0:
		case at <= used:
			no = ErrUsed
		default:
			step = at
		}
	}
	if step > 0 {
		return step, nil
	}
	return 0, no
}
