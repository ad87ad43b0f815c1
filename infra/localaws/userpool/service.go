// Package userpool is the local AWS's Amazon Cognito user pools: users with their
// passwords, codes and groups, what they may do, and the tokens that they are given.
// It knows no HTTP: package api serves its operations as the user pool API, package
// hosted as sign-in pages and OAuth 2.0 endpoints. Every operation decides here, and
// says no with a *Refusal.
//
// The pages that its answers are taken from:
//   - operations: https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/
//   - tokens: https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-using-tokens-with-identity-providers.html
//   - user existence errors: https://docs.aws.amazon.com/cognito/latest/developerguide/cognito-user-pool-managing-errors.html
package userpool

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/alexedwards/argon2id"

	"auth-api/infra/localaws/store"
	"auth-api/infra/localaws/userpool/idp"
	"auth-api/infra/localaws/userpool/jwt"
	"auth-api/infra/localaws/userpool/lockout"
	"auth-api/infra/localaws/userpool/password"
	"auth-api/infra/localaws/userpool/random"
	"auth-api/infra/localaws/userpool/sealed"
)

// Config is what a Service needs. Store, Region and Mail are required.
type Config struct {
	Store *store.Store
	// Now is the clock; time.Now when nil.
	Now func() time.Time
	// Rand gives every random byte but those inside RSA keys and argon2id salts;
	// crypto/rand when nil.
	Rand io.Reader
	// Region is the AWS region that pool ids and issuers name.
	Region string
	// Account is the AWS account's number, as it stands in pools' ARNs.
	Account string
	// Mail is given every message that Cognito would send by email or SMS. It may be
	// called inside a store transaction (for declared users), so it must not begin one.
	Mail func(context.Context, Message)
	// Invoke calls a Lambda function with an event on behalf of the pool whose ARN is
	// sourceARN. It returns what the function answered, and functionError when that is
	// the function's own error. An error that wraps an *InvokeError says why Lambda did
	// not run the function. When nil, pools that name a function are refused.
	Invoke func(ctx context.Context, functionARN string, event []byte, sourceARN string) (payload []byte, functionError string, err error)
	// AfterFunc runs f after d and returns a function that prevents it, as
	// time.AfterFunc does, which it is when nil: how long a function may take.
	AfterFunc func(d time.Duration, f func()) (stop func() bool)
	// Issued is told of every ID and access token that is given out; nil tells nobody. It
	// must not block.
	Issued func(Issued)
	// Providers makes the requests to identity providers; a transport like
	// http.DefaultTransport when nil. Whatever it is, requests are bounded in time and size.
	Providers http.RoundTripper
	// PasswordHash are argon2id's parameters; 19 MiB, two passes and one lane when nil,
	// as OWASP's password storage cheat sheet asks for at least.
	PasswordHash *argon2id.Params
	// NewKey makes a pool's signing key; a new RSA key of 2048 bits when nil.
	NewKey func() (*rsa.PrivateKey, error)
}

// Service is the user pools of one local AWS. It is safe for use by many goroutines.
type Service struct {
	cfg       Config
	random    *random.Source
	box       *sealed.Box
	passwords *password.Hasher
	keys      jwt.Cache
	providers *http.Client // for requests to identity providers

	sweepMu   sync.Mutex
	nextSweep time.Time
}

// secrets holds the key that everything sealed or keyed by this room derives from.
var secrets = store.Table[[]byte]{Name: "userpool.secrets"}

// New returns the Service over what the store holds. It fails when a required field
// of the Config is missing or the store cannot be read.
func New(cfg Config) (*Service, error) {
	switch {
	case cfg.Store == nil:
		return nil, errors.New("making the user pool service: Config.Store is missing")
	case cfg.Region == "":
		return nil, errors.New("making the user pool service: Config.Region is missing")
	case cfg.Mail == nil:
		return nil, errors.New("making the user pool service: Config.Mail is missing; without it nobody could ever confirm a sign-up")
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Rand == nil {
		cfg.Rand = rand.Reader
	}
	if cfg.PasswordHash == nil {
		cfg.PasswordHash = &argon2id.Params{Memory: 19 * 1024, Iterations: 2, Parallelism: 1, SaltLength: 16, KeyLength: 32}
	}
	if cfg.AfterFunc == nil {
		cfg.AfterFunc = func(d time.Duration, f func()) func() bool { return time.AfterFunc(d, f).Stop }
	}
	if cfg.NewKey == nil {
		cfg.NewKey = func() (*rsa.PrivateKey, error) { return rsa.GenerateKey(rand.Reader, 2048) }
	}
	s := &Service{cfg: cfg, random: random.New(cfg.Rand), providers: idp.NewHTTP(cfg.Providers)}
	if err := s.begin(); err != nil {
		return nil, fmt.Errorf("making the user pool service: %w", err)
	}
	return s, nil
}

// begin reads the store's secret, or makes one, and what derives from it.
func (s *Service) begin() error {
	master, err := secrets.Ensure(s.cfg.Store, "master", func() ([]byte, error) { return s.random.Bytes(32) })
	if err != nil {
		return err
	}
	if s.box, err = sealed.New(master, s.random); err != nil {
		return err
	}
	s.passwords, err = password.NewHasher(s.cfg.PasswordHash, s.random)
	return err
}

func (s *Service) now() time.Time { return s.cfg.Now() }

// RandomToken returns 256 random bits, fit for URLs and cookies.
func (s *Service) RandomToken() (string, error) { return s.random.Token() }

// MAC is a hash over the parts, kept apart from one another, with a key that never
// leaves the store. What it is for is the label.
func (s *Service) MAC(label string, parts ...string) []byte { return s.box.MAC(label, parts...) }

// digest is how random tokens are kept: whoever reads the store cannot use them.
func digest(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}

// spent remembers sealed values that were used up, until they would have expired.
var spent = store.Table[time.Time]{Name: "userpool.spent"}

// sweep deletes what has expired, at most once an hour of the clock. Nothing relies
// on it but the size of the store.
func (s *Service) sweep(tx *store.Tx) error {
	now := s.now()
	s.sweepMu.Lock()
	due := !now.Before(s.nextSweep)
	if due {
		s.nextSweep = now.Add(time.Hour)
	}
	s.sweepMu.Unlock()
	if !due {
		return nil
	}
	return errors.Join(
		sweepTable(tx, spent, func(t time.Time) bool { return now.After(t) }),
		sweepTable(tx, attempts, func(a lockout.Count) bool { return now.After(a.Forgotten()) }),
		sweepTable(tx, families, func(f family) bool { return now.After(f.Expires) }),
		sweepTable(tx, refreshTokens, func(r refreshToken) bool { return now.After(r.Expires) }),
		sweepTable(tx, authCodes, func(c authCode) bool { return now.After(c.Expires.Add(time.Hour)) }),
		sweepTable(tx, sessions, func(h browserSession) bool { return now.After(h.Expires) }),
	)
}

func sweepTable[T any](tx *store.Tx, table store.Table[T], over func(T) bool) error {
	items, err := table.List(tx, "")
	if err != nil {
		return err
	}
	for _, item := range items {
		if over(item.Value) {
			if err := table.Delete(tx, item.Key); err != nil {
				return err
			}
		}
	}
	return nil
}

// drop deletes everything of the table whose key begins with prefix and that keep
// does not want; a nil keep wants nothing.
func drop[T any](tx *store.Tx, table store.Table[T], prefix string, keep func(T) bool) error {
	items, err := table.List(tx, prefix)
	if err != nil {
		return err
	}
	for _, item := range items {
		if keep != nil && keep(item.Value) {
			continue
		}
		if err := table.Delete(tx, item.Key); err != nil {
			return err
		}
	}
	return nil
}
