// Package iam is the local AWS's IAM and STS: the roles that the stack declares with
// their policies, temporary credentials for them, and who a signed request is from.
//
// Temporary credentials are stateless, as on AWS: the session token holds the
// session, sealed with a key that is kept in the store, and the secret access key is
// derived from the access key id. They outlive a restart of the local AWS, and no
// session takes memory. A session whose role was deleted or made anew is refused.
package iam

import (
	"crypto/rand"
	"encoding/base32"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"auth-api/infra/localaws/audit"
	"auth-api/infra/localaws/authz"
	"auth-api/infra/localaws/sigv4"
	"auth-api/infra/localaws/store"
)

// Config says what a Service works with. Store, Account and Region are required.
type Config struct {
	Store *store.Store
	Now   func() time.Time // nil means time.Now
	Rand  io.Reader        // nil means crypto/rand

	Account string // twelve digits
	Region  string

	// The key pair of the account's administrator; both empty means test and test.
	AdminAccessKeyID, AdminSecretAccessKey string
}

// Service knows roles, policies and credentials. It is safe for use by many goroutines.
type Service struct {
	store           *store.Store
	now             func() time.Time
	rand            io.Reader
	account, region string
	admin           struct{ id, secret string }

	keys     sealingKeys
	signing  sigv4.Keys
	sessions sessionCache
	roles    atomic.Pointer[roleView]

	webIdentities func(token string) (WebIdentity, error) // nil until TrustWebIdentities
}

// New returns a Service. At the first start it makes the key that seals sessions and
// keeps it in the store.
func New(c Config) (*Service, error) {
	if len(c.Account) != 12 || strings.Trim(c.Account, "0123456789") != "" {
		return nil, fmt.Errorf("starting iam: account %q is not legal; legal are twelve digits", c.Account)
	}
	if c.Store == nil || c.Region == "" {
		return nil, fmt.Errorf("starting iam: a store and a region are required")
	}
	if (c.AdminAccessKeyID == "") != (c.AdminSecretAccessKey == "") {
		return nil, fmt.Errorf("starting iam: the administrator's access key id and secret access key must be given together")
	}
	s := &Service{store: c.Store, now: c.Now, rand: c.Rand, account: c.Account, region: c.Region}
	if s.now == nil {
		s.now = time.Now
	}
	if s.rand == nil {
		s.rand = rand.Reader
	}
	s.admin.id, s.admin.secret = c.AdminAccessKeyID, c.AdminSecretAccessKey
	if s.admin.id == "" {
		s.admin.id, s.admin.secret = "test", "test"
	}
	var err error
	if s.keys, err = loadKeys(s.store, s.rand); err != nil {
		return nil, fmt.Errorf("starting iam: %w", err)
	}
	return s, nil
}

// CognitoIdentity is the identity pool's identity behind a session.
type CognitoIdentity struct {
	IdentityID             string `json:"id"`   // REGION:UUID
	IdentityPoolID         string `json:"pool"` // REGION:UUID
	AuthenticationType     string `json:"type"` // authenticated, unauthenticated
	AuthenticationProvider string `json:"provider,omitempty"`
	Subject                string `json:"sub,omitempty"` // the user's sub in the user pool; empty for guests
}

// Caller is who signed a request.
type Caller struct {
	Account       string
	ARN           string // arn:aws:sts::ACCOUNT:assumed-role/ROLE/SESSION or arn:aws:iam::ACCOUNT:root
	UserID        string // AROA…:SESSION, or the account for its administrator
	AccessKeyID   string
	RoleName      string // empty for the administrator, as are RoleARN and SessionName
	RoleARN       string
	SessionName   string
	Cognito       *CognitoIdentity // nil when no identity pool gave the credentials
	PrincipalTags map[string]string
	Administrator bool
	IssuedAt      time.Time // of the session; zero for the administrator, as is Expiration
	Expiration    time.Time

	service           string // that the session is of
	federatedProvider string
	sessionPolicies   []authz.Source
}

// Authenticate verifies a request's signature, made for service in this region, and
// says who made it. A refusal is a *sigv4.Error; any other error is the local AWS's
// own. The outcome goes into the request's record.
func (s *Service) Authenticate(r *http.Request, body []byte, service string) (*Caller, error) {
	var caller *Caller
	_, err := sigv4.Verify(r, body, sigv4.Options{Service: service, Region: s.region, Now: s.now(), Keys: &s.signing},
		func(c sigv4.Credential) (secret string, err error) {
			caller, secret, err = s.lookUp(c)
			return secret, err
		})
	if err == nil && caller.Administrator {
		if why := elsewhere(r); why != "" {
			err = sigv4.UnknownKey("the administrator's key is not taken from " + why)
		}
	}
	record := audit.From(r.Context())
	if err != nil {
		record.Deny(describe(err))
		return nil, err
	}
	record.Caller(caller.ARN)
	return caller, nil
}

// describe adds what a developer needs to know to what the client is told.
func describe(err error) string {
	if e, ok := err.(*sigv4.Error); ok && e.Debug != "" {
		return e.Error() + " (" + e.Debug + ")"
	}
	return err.Error()
}

// lookUp finds the caller and the secret access key that belong to a credential.
func (s *Service) lookUp(c sigv4.Credential) (*Caller, string, error) {
	if c.AccessKeyID == s.admin.id {
		if c.SessionToken != "" {
			return nil, "", sigv4.UnknownKey("the administrator's key has no session token")
		}
		return &Caller{
			Account: s.account, ARN: "arn:aws:iam::" + s.account + ":root", UserID: s.account,
			AccessKeyID: c.AccessKeyID, Administrator: true,
		}, s.admin.secret, nil
	}
	if c.SessionToken == "" {
		return nil, "", sigv4.UnknownKey("no such access key without a session token: " + audit.Clip(c.AccessKeyID))
	}
	session, err := s.open(c.AccessKeyID, c.SessionToken)
	if err != nil {
		return nil, "", sigv4.UnknownKey(err.Error())
	}
	if !s.now().Before(session.Expires) {
		return nil, "", sigv4.ExpiredToken("the session ended at " + session.Expires.Format(time.RFC3339))
	}
	role, err := s.role(session.Role)
	switch {
	case err != nil:
		return nil, "", err
	case role == nil || role.uniqueID != session.RoleID:
		return nil, "", sigv4.UnknownKey("the session's role " + session.Role + " is gone or was made anew since")
	}
	return &Caller{
		Account:       s.account,
		ARN:           "arn:aws:sts::" + s.account + ":assumed-role/" + role.name + "/" + session.Name,
		UserID:        role.uniqueID + ":" + session.Name,
		AccessKeyID:   c.AccessKeyID,
		service:       session.Service,
		RoleName:      role.name,
		RoleARN:       role.arn,
		SessionName:   session.Name,
		Cognito:       session.Cognito,
		PrincipalTags: session.Tags,
		IssuedAt:      session.Issued,
		Expiration:    session.Expires,

		federatedProvider: session.Provider,
		sessionPolicies:   session.policies,
	}, session.secret, nil
}

// randomID returns prefix and n random letters and digits, as AWS's ids have them.
func (s *Service) randomID(prefix string, n int) (string, error) {
	b := make([]byte, n)
	if _, err := io.ReadFull(s.rand, b); err != nil {
		return "", fmt.Errorf("making an id: %w", err)
	}
	return prefix + base32.StdEncoding.EncodeToString(b)[:n], nil
}
