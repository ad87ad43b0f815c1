// Package ssm is the local AWS's Parameter Store: the parameters that the stack
// declares, for those who are granted to read them. Every request is signed and
// authorized as on AWS.
//
// Every value is sealed where it is kept, and is in no list, log or error. A
// parameter has its current version alone: older ones, which AWS keeps a hundred of,
// and labels are answered with ParameterVersionNotFound.
//
// A SecureString is sealed with the account's AWS managed key, alias/aws/ssm. Its key
// policy lets everybody in the account who may use Parameter Store decrypt with it,
// so that no kms:Decrypt is asked for, as on AWS; another keyId is refused by name.
// https://docs.aws.amazon.com/systems-manager/latest/userguide/secure-string-parameter-kms-encryption.html
package ssm

import (
	"crypto/cipher"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"golang.org/x/crypto/chacha20poly1305"

	"auth-api/infra/localaws/iam"
	"auth-api/infra/localaws/store"
)

// Config says what a Service works with. All but Now and Rand is required.
type Config struct {
	Store *store.Store
	Now   func() time.Time // nil means time.Now
	Rand  io.Reader        // nil means crypto/rand

	Account, Region string

	IAM *iam.Service // admits requests
}

// Service is the Parameter Store of one account in one region. It is safe for use by
// many goroutines.
type Service struct {
	cfg  Config
	aead cipher.AEAD
}

// keys holds the key that values are sealed with.
var keys = store.Table[[]byte]{Name: "ssm.keys"}

// sealed is a parameter's value as it is kept.
type sealed struct {
	Value    []byte    `json:"value"` // nonce and ciphertext
	Modified time.Time `json:"modified"`
}

// values holds the values by the names of their parameters.
var values = store.Table[sealed]{Name: "ssm.values"}

// New returns a Service. At the first start it makes the key that seals values and
// keeps it in the store.
func New(c Config) (*Service, error) {
	if c.Store == nil || c.Account == "" || c.Region == "" || c.IAM == nil {
		return nil, errors.New("starting ssm: a store, an account, a region and IAM are required")
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Rand == nil {
		c.Rand = rand.Reader
	}
	s := &Service{cfg: c}
	var key []byte
	err := c.Store.Update(func(tx *store.Tx) (err error) {
		var found bool
		if key, found, err = keys.Get(tx, "master"); err != nil || found {
			return err
		}
		key = make([]byte, chacha20poly1305.KeySize)
		if _, err := io.ReadFull(c.Rand, key); err != nil {
			return fmt.Errorf("making the key that seals values: %w", err)
		}
		return keys.Put(tx, "master", key)
	})
	if err == nil {
		s.aead, err = chacha20poly1305.NewX(key)
	}
	if err != nil {
		return nil, fmt.Errorf("starting ssm: %w", err)
	}
	return s, nil
}

// label binds a sealed value to its parameter and version: nobody can put one in
// another's place.
func label(name string, version int) []byte { return []byte(strconv.Itoa(version) + " " + name) }

func (s *Service) seal(name string, version int, value string) ([]byte, error) {
	nonce := make([]byte, s.aead.NonceSize())
	if _, err := io.ReadFull(s.cfg.Rand, nonce); err != nil {
		return nil, fmt.Errorf("sealing the value of parameter %s: %w", name, err)
	}
	return s.aead.Seal(nonce, nonce, []byte(value), label(name, version)), nil
}

func (s *Service) open(name string, version int, sealed []byte) (string, error) {
	n := s.aead.NonceSize()
	if len(sealed) < n {
		return "", fmt.Errorf("opening the value of parameter %s: it is too short", name)
	}
	plain, err := s.aead.Open(nil, sealed[:n], sealed[n:], label(name, version))
	if err != nil {
		return "", fmt.Errorf("opening the value of parameter %s: %w", name, err)
	}
	return string(plain), nil
}

// ARN is the ARN of the parameter or path of this name: a leading slash is the one
// after "parameter".
//
// https://docs.aws.amazon.com/systems-manager/latest/userguide/sysman-paramstore-access.html
func (s *Service) ARN(name string) string {
	return "arn:aws:ssm:" + s.cfg.Region + ":" + s.cfg.Account + ":parameter/" + strings.TrimPrefix(name, "/")
}
