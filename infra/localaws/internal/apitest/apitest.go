// Package apitest is the fixture of the service APIs' tests: an IAM with roles whose
// credentials the real SDK signs with, and a server on loopback.
package apitest

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/smithy-go"

	"auth-api/infra/internal/sdkhttp"
	"auth-api/infra/localaws/audit"
	"auth-api/infra/localaws/iam"
	"auth-api/infra/localaws/store"
)

// The account and region of every World.
const (
	Account = "000000000000"
	Region  = "us-west-2"
)

const trust = `{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "lambda.amazonaws.com"}}}`

// World is an IAM on a store of its own. Its clock is the machine's plus what was
// added with Advance, as the SDK signs with the machine's.
type World struct {
	Store *store.Store
	File  string // of the store
	IAM   *iam.Service

	t testing.TB

	mu     sync.Mutex
	ahead  time.Duration
	record *audit.Record
}

// New returns a World that ends with the test.
func New(t testing.TB) *World {
	t.Helper()
	w := &World{t: t, File: filepath.Join(t.TempDir(), "db")}
	var err error
	if w.Store, err = store.Open(w.File); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = w.Store.Close() })
	if w.IAM, err = iam.New(iam.Config{Store: w.Store, Now: w.Now, Account: Account, Region: Region}); err != nil {
		t.Fatal(err)
	}
	return w
}

// Now is the World's clock.
func (w *World) Now() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return time.Now().Add(w.ahead)
}

// Advance moves the World's clock.
func (w *World) Advance(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.ahead += d
}

// Update changes the store, and fails the test when that fails.
func (w *World) Update(change func(tx *store.Tx) error) {
	w.t.Helper()
	if err := w.Store.Update(change); err != nil {
		w.t.Fatal(err)
	}
}

// Allow is a policy that allows the action on the resource; Deny denies it.
func Allow(action, resource string) string { return statement("Allow", action, resource) }

// Deny is a policy that denies the action on the resource.
func Deny(action, resource string) string { return statement("Deny", action, resource) }

func statement(effect, action, resource string) string {
	return `{"Version": "2012-10-17", "Statement": {"Effect": "` + effect + `", "Action": "` + action + `", "Resource": "` + resource + `"}}`
}

// Role declares an execution role with these inline policies and returns credentials
// of a session named "it".
func (w *World) Role(name string, policies ...string) aws.CredentialsProvider {
	w.t.Helper()
	return Role(w.t, w.IAM, w.Update, name, policies...)
}

// Role is World.Role for an IAM of another fixture, whose store update changes.
func Role(t testing.TB, service *iam.Service, update func(func(tx *store.Tx) error), name string, policies ...string) aws.CredentialsProvider {
	t.Helper()
	update(func(tx *store.Tx) error {
		if err := iam.Roles.Put(tx, name, iam.Role{Name: name, AssumeRolePolicy: trust, UniqueID: "AROA" + name}); err != nil {
			return err
		}
		for i, document := range policies {
			id := string(rune('a' + i))
			if err := iam.RolePolicies.Put(tx, name+":"+id, iam.RolePolicy{Name: id, Role: name, Policy: document}); err != nil {
				return err
			}
		}
		return nil
	})
	c, err := service.AssumeServiceRole("arn:aws:iam::"+Account+":role/"+name, "lambda.amazonaws.com", "it")
	if err != nil {
		t.Fatal(err)
	}
	return credentials.NewStaticCredentialsProvider(c.AccessKeyID, c.SecretAccessKey, c.SessionToken)
}

// Session is the ARN of the session that Role gives credentials of.
func Session(role string) string { return "arn:aws:sts::" + Account + ":assumed-role/" + role + "/it" }

// Administrator signs as the account's administrator.
func Administrator() aws.CredentialsProvider {
	return credentials.NewStaticCredentialsProvider("test", "test", "")
}

// Serve serves an API on loopback and returns its address.
func (w *World) Serve(api func(rw http.ResponseWriter, r *http.Request, body []byte)) string {
	w.t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			w.t.Error(err)
		}
		record := &audit.Record{RequestID: "11111111-2222-3333-4444-555555555555"}
		api(rw, r.WithContext(audit.With(r.Context(), record)), body)
		w.mu.Lock()
		w.record = record
		w.mu.Unlock()
	}))
	w.t.Cleanup(server.Close)
	return server.URL
}

// Decision is what the last request's record says of it.
func (w *World) Decision() (decision, reason string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.record.Decision()
}

// Config is that of an SDK client of the address. It asks once.
func Config(address string, c aws.CredentialsProvider) aws.Config {
	return aws.Config{Region: Region, Credentials: c, BaseEndpoint: aws.String(address), RetryMaxAttempts: 1, HTTPClient: sdkhttp.Client()}
}

// Sign signs a request as the SDK does, now.
func Sign(t testing.TB, r *http.Request, body []byte, service string, c aws.CredentialsProvider) {
	t.Helper()
	keys, err := c.Retrieve(t.Context())
	if err == nil {
		sum := sha256.Sum256(body)
		err = v4.NewSigner().SignHTTP(t.Context(), keys, r, hex.EncodeToString(sum[:]), service, Region, time.Now())
	}
	if err != nil {
		t.Fatal(err)
	}
	r.RequestURI = r.URL.RequestURI()
}

// Refused fails the test unless err is the API's error of this code and message. An
// empty code wants no error.
func Refused(t testing.TB, err error, code, message string) {
	t.Helper()
	var refusal smithy.APIError
	switch {
	case code == "" && err == nil:
	case code == "" || !errors.As(err, &refusal):
		t.Errorf("got %v, want %s: %s", err, code, message)
	case refusal.ErrorCode() != code || refusal.ErrorMessage() != message:
		t.Errorf("got  %s: %s\nwant %s: %s", refusal.ErrorCode(), refusal.ErrorMessage(), code, message)
	}
}
