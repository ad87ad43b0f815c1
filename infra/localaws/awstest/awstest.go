// Package awstest brings a stack up in a local AWS inside a test: the real program,
// fed through Pulumi's mocks, the real handlers as processes, and a port of its own.
//
//	s := awstest.Deploy(t, awstest.Article(t))
//	resp := s.As("demouser").Get("/require-auth")
//
// Everything is stopped and removed when the test ends.
package awstest

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"auth-api/infra/client"
	"auth-api/infra/internal/named"
	"auth-api/infra/localaws"
	"github.com/alexedwards/argon2id"
)

// Settings are a stack file's config, without the project's name before the keys.
type Settings map[string]any

// Article returns the settings of Pulumi.local.yaml: the article's stack.
func Article(t testing.TB) Settings {
	t.Helper()
	settings, err := ReadArticle(root(t))
	if err != nil {
		t.Fatal(err)
	}
	return settings
}

const project = named.Example // whatever the checkout calls it

// Stack is a stack that is up.
type Stack struct {
	AWS     *localaws.Server
	Outputs client.Outputs

	t      testing.TB
	now    func() time.Time
	engine *engine
}

// Option changes the local AWS that a stack is brought up in.
type Option func(*localaws.Config)

// WithClock gives the local AWS this clock.
func WithClock(now func() time.Time) Option {
	return func(c *localaws.Config) { c.Now = now }
}

// WithConfig changes the local AWS's configuration in any way.
func WithConfig(change func(*localaws.Config)) Option { return change }

// Deploy brings a stack with these settings up in a local AWS of its own, and fails
// the test when that fails.
func Deploy(t testing.TB, settings Settings, options ...Option) *Stack {
	t.Helper()
	s, err := TryDeploy(t, settings, options...)
	if err != nil {
		t.Fatalf("deploying: %v", err)
	}
	return s
}

// TryDeploy is Deploy for settings that may be refused.
func TryDeploy(t testing.TB, settings Settings, options ...Option) (*Stack, error) {
	t.Helper()
	return deploy(t, root(t), settings, options)
}

// DeployIn is Deploy with the functions of folder/functions in the place of the
// repository's, for a test that needs what no function here does.
func DeployIn(t testing.TB, folder string, settings Settings, options ...Option) *Stack {
	t.Helper()
	folder, err := filepath.Abs(folder)
	if err != nil {
		t.Fatal(err)
	}
	s, err := deploy(t, folder, settings, options)
	if err != nil {
		t.Fatalf("deploying: %v", err)
	}
	return s
}

func deploy(t testing.TB, root string, settings Settings, options []Option) (*Stack, error) {
	t.Helper()
	aws := Start(t, options...)
	s := &Stack{AWS: aws, t: t, now: aws.Now, engine: newEngine(aws)}
	var err error
	if s.Outputs, err = s.engine.up(aws, root, settings); err != nil {
		return nil, err
	}
	return s, nil
}

// weakHashes makes signing up cheap: a test's passwords guard nothing.
func weakHashes(rooms *localaws.Rooms) {
	rooms.UserPool.PasswordHash = &argon2id.Params{Memory: 64, Iterations: 1, Parallelism: 1, SaltLength: 16, KeyLength: 32}
}

func root(t testing.TB) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for at := dir; ; at = filepath.Dir(at) {
		if _, err := os.Stat(filepath.Join(at, "Pulumi.yaml")); err == nil {
			return at
		}
		if at == filepath.Dir(at) {
			t.Fatalf("neither %s nor a folder above it has a Pulumi.yaml", dir)
		}
	}
}

// Caller calls the stack's API as somebody.
type Caller struct {
	Stack    *Stack
	Tokens   client.Tokens   // of a user
	Identity client.Identity // of a user or a guest
	APIKey   string          // sent when it is not empty
}

// Nobody calls unsigned, with the stack's API key.
func (s *Stack) Nobody() *Caller { return &Caller{Stack: s, APIKey: s.Outputs.APIKey} }

// Guest calls with a guest's credentials.
func (s *Stack) Guest() *Caller {
	s.t.Helper()
	return s.caller(client.Tokens{})
}

// As signs the demo user in and calls with the user's credentials.
func (s *Stack) As(user string) *Caller {
	s.t.Helper()
	if user != s.Outputs.DemoUser {
		s.t.Fatalf("signing in as %s: only the demo user's password is known; use SignIn", user)
	}
	return s.SignIn(user, s.Outputs.DemoPassword)
}

// SignIn signs a user in and calls with the user's credentials.
func (s *Stack) SignIn(user, password string) *Caller {
	s.t.Helper()
	tokens, err := s.Directory().SignIn(s.t.Context(), user, password)
	if err != nil {
		s.t.Fatal(err)
	}
	return s.caller(tokens)
}

// Directory signs users in at the stack's pools, on the local AWS's clock.
func (s *Stack) Directory() *client.Directory {
	d := client.NewDirectory(s.Outputs)
	d.Now = s.now
	return d
}

func (s *Stack) caller(tokens client.Tokens) *Caller {
	s.t.Helper()
	identity, err := s.Directory().Credentials(s.t.Context(), tokens.ID)
	if err != nil {
		s.t.Fatal(err)
	}
	return &Caller{Stack: s, Tokens: tokens, Identity: identity, APIKey: s.Outputs.APIKey}
}

// Answer is what came back.
type Answer struct {
	Status int
	Type   string // x-amzn-ErrorType
	Header http.Header
	Body   string
}

func (a Answer) String() string { return fmt.Sprintf("%d %s %s", a.Status, a.Type, a.Body) }

// Get calls GET path, below the stage.
func (c *Caller) Get(path string) Answer {
	c.Stack.t.Helper()
	return c.Send(c.Request(http.MethodGet, path, ""))
}

// Request returns a request as this caller would send it: with the key, and signed
// when the caller has credentials.
func (c *Caller) Request(method, path, body string) *http.Request {
	c.Stack.t.Helper()
	req, err := http.NewRequestWithContext(c.Stack.t.Context(), method, c.Stack.Outputs.APIURL+path, strings.NewReader(body))
	if err != nil {
		c.Stack.t.Fatal(err)
	}
	if c.APIKey != "" {
		req.Header.Set("X-Api-Key", c.APIKey)
	}
	if c.Identity.ID != "" {
		if err := c.Identity.Sign(req.Context(), req, []byte(body), c.Stack.Outputs.Region, c.Stack.now()); err != nil {
			c.Stack.t.Fatal(err)
		}
	}
	return req
}

// Send sends a request as it is.
func (c *Caller) Send(req *http.Request) Answer {
	c.Stack.t.Helper()
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		c.Stack.t.Fatal(err)
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		c.Stack.t.Fatal(err)
	}
	return Answer{Status: resp.StatusCode, Type: resp.Header.Get("x-amzn-ErrorType"), Header: resp.Header, Body: string(data)}
}
