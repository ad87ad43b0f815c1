package iam

import (
	"crypto/cipher"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"golang.org/x/crypto/chacha20poly1305"

	"auth-api/infra/localaws/authz"
	"auth-api/infra/localaws/store"
)

// Credentials are temporary credentials.
type Credentials struct {
	AccessKeyID, SecretAccessKey, SessionToken string
	Expiration                                 time.Time
}

// session is what a session token holds.
type session struct {
	Role     string            `json:"role"`
	RoleID   string            `json:"roleId"`
	Name     string            `json:"name"`
	Issued   time.Time         `json:"issued"`
	Expires  time.Time         `json:"expires"`
	Service  string            `json:"service,omitempty"`  // that works in it, such as lambda.amazonaws.com
	Provider string            `json:"provider,omitempty"` // the identity provider of a web identity
	Cognito  *CognitoIdentity  `json:"cognito,omitempty"`
	Policies []string          `json:"policies,omitempty"` // session policies as JSON
	Tags     map[string]string `json:"tags,omitempty"`

	key      string         // access key id that the session was sealed for
	secret   string         // the secret access key that belongs to it
	policies []authz.Source // Policies, parsed
}

// compile parses the session policies.
func (s *session) compile() error {
	for _, document := range s.Policies {
		p, err := authz.ParseIdentity(document)
		if err != nil {
			return fmt.Errorf("reading the session policy: %w", err)
		}
		s.policies = append(s.policies, authz.Source{Name: fmt.Sprintf("session policy %d", len(s.policies)), Policy: p})
	}
	return nil
}

// sealingKeys seals sessions and derives secret access keys.
type sealingKeys struct {
	aead    cipher.AEAD
	secrets []byte
}

// master is the key as it is kept in the store.
type master struct {
	Key []byte `json:"key"`
}

var masters = store.Table[master]{Name: "iam.sealing"}

// loadKeys reads the master key from the store, and makes it when there is none.
func loadKeys(db *store.Store, random io.Reader) (sealingKeys, error) {
	m, err := masters.Ensure(db, "master", func() (master, error) {
		key := make([]byte, 32)
		if _, err := io.ReadFull(random, key); err != nil {
			return master{}, fmt.Errorf("making the key that seals sessions: %w", err)
		}
		return master{Key: key}, nil
	})
	if err != nil {
		return sealingKeys{}, err
	}
	aead, err := chacha20poly1305.NewX(derive(m.Key, "session token"))
	if err != nil {
		return sealingKeys{}, fmt.Errorf("reading the key that seals sessions: %w", err)
	}
	return sealingKeys{aead: aead, secrets: derive(m.Key, "secret access key")}, nil
}

func derive(key []byte, purpose string) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(purpose))
	return h.Sum(nil)
}

// secretAccessKey returns the secret that belongs to an access key id: 40 characters.
func (k sealingKeys) secretAccessKey(accessKeyID string) string {
	return base64.StdEncoding.EncodeToString(derive(k.secrets, accessKeyID))[:40]
}

// issue makes credentials for a session.
func (s *Service) issue(in session) (Credentials, error) {
	id, err := s.randomID("ASIA", 16)
	if err != nil {
		return Credentials{}, err
	}
	plain, err := json.Marshal(in)
	if err != nil {
		return Credentials{}, fmt.Errorf("sealing a session: %w", err)
	}
	nonce := make([]byte, s.keys.aead.NonceSize(), s.keys.aead.NonceSize()+len(plain)+s.keys.aead.Overhead())
	if _, err := io.ReadFull(s.rand, nonce); err != nil {
		return Credentials{}, fmt.Errorf("sealing a session: %w", err)
	}
	return Credentials{
		AccessKeyID:     id,
		SecretAccessKey: s.keys.secretAccessKey(id),
		SessionToken:    base64.StdEncoding.EncodeToString(s.keys.aead.Seal(nonce, nonce, plain, []byte(id))),
		Expiration:      in.Expires,
	}, nil
}

// open reads a session token that was made together with the access key id.
func (s *Service) open(accessKeyID, token string) (*session, error) {
	if cached := s.sessions.get(token); cached != nil {
		if cached.key != accessKeyID {
			return nil, errors.New("the session token is another access key's")
		}
		return cached, nil
	}
	sealed, err := base64.StdEncoding.Strict().DecodeString(token)
	if err != nil || len(sealed) < s.keys.aead.NonceSize() {
		return nil, errors.New("the session token is no session token")
	}
	nonce, sealed := sealed[:s.keys.aead.NonceSize()], sealed[s.keys.aead.NonceSize():]
	plain, err := s.keys.aead.Open(nil, nonce, sealed, []byte(accessKeyID))
	if err != nil {
		return nil, errors.New("the session token is forged, or another access key's")
	}
	out := &session{key: accessKeyID, secret: s.keys.secretAccessKey(accessKeyID)}
	if err := json.Unmarshal(plain, out); err != nil {
		return nil, fmt.Errorf("reading the session token: %w", err)
	}
	if err := out.compile(); err != nil {
		return nil, err
	}
	s.sessions.put(token, out)
	return out, nil
}

// sessionCache keeps opened sessions, so that a caller's next request costs neither
// unsealing nor parsing. It holds a bounded number: when the young half is full it
// becomes the old half, and what was in that is forgotten.
type sessionCache struct {
	mu         sync.Mutex
	young, old map[string]*session
}

const maxYoungSessions = 512

func (c *sessionCache) get(token string) *session {
	c.mu.Lock()
	defer c.mu.Unlock()
	if found := c.young[token]; found != nil {
		return found
	}
	found := c.old[token]
	if found != nil {
		c.keep(token, found)
	}
	return found
}

func (c *sessionCache) put(token string, opened *session) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.keep(token, opened)
}

func (c *sessionCache) keep(token string, opened *session) {
	if c.young == nil || len(c.young) >= maxYoungSessions {
		c.young, c.old = make(map[string]*session), c.young
	}
	c.young[token] = opened
}
