package clients_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"auth-api/infra/client"
	"auth-api/infra/localaws/store"
	"auth-api/infra/localaws/userpool"
)

// node is Node with the packages of package-lock.json.
type node struct{ path, modules string }

// installed installs the packages, once for each lockfile.
var installed = sync.OnceValues(install)

func newNode(t *testing.T) node {
	t.Helper()
	n := node{path: tool(t, "node", "nodejs")}
	tool(t, "npm", "npm")
	version, err := exec.CommandContext(t.Context(), n.path, "--version").Output()
	if err != nil {
		t.Fatalf("asking node for its version: %v", err)
	}
	if major, err := strconv.Atoi(strings.Split(strings.TrimPrefix(string(version), "v"), ".")[0]); err != nil || major < 18 {
		missing(t, fmt.Sprintf("node is %s; 18 or later is needed", strings.TrimSpace(string(version))))
	}
	if n.modules, err = installed(); errors.Is(err, errNoRegistry) {
		missing(t, err.Error())
	} else if err != nil {
		t.Fatal(err)
	}
	return n
}

var errNoRegistry = errors.New("npm reached no registry")

// install runs npm ci in a folder of its own, which takes its name only when all of it
// is there: tests of another run may be waiting for the same.
func install() (modules string, err error) {
	fail := func(err error) (string, error) { return "", fmt.Errorf("installing the packages from npm: %w", err) }
	lock, err := os.ReadFile("package-lock.json")
	if err != nil {
		return fail(err)
	}
	root, err := filepath.Abs("../../..")
	if err != nil {
		return fail(err)
	}
	sum := sha256.Sum256(lock)
	name := hex.EncodeToString(sum[:8])
	cache := filepath.Join(root, ".auth-api", "npm")
	modules = filepath.Join(cache, name, "node_modules")
	if _, err := os.Stat(modules); err == nil {
		return modules, nil
	}
	if err := os.MkdirAll(cache, 0o755); err != nil {
		return fail(err)
	}
	dir, err := os.MkdirTemp(cache, name+".")
	if err != nil {
		return fail(err)
	}
	defer os.RemoveAll(dir) // nothing is left when it got its name
	for _, file := range []string{"package.json", "package-lock.json", ".npmrc"} {
		data, err := os.ReadFile(file)
		if err != nil {
			return fail(err)
		}
		if err := os.WriteFile(filepath.Join(dir, file), data, 0o600); err != nil {
			return fail(err)
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	npm := exec.CommandContext(ctx, "npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--no-update-notifier", "--fetch-retries=1", "--fetch-retry-mintimeout=1000", "--loglevel=error")
	npm.Dir = dir
	if out, err := npm.CombinedOutput(); err != nil {
		if unreachable.Match(out) {
			err = errNoRegistry
		} else {
			err = fmt.Errorf("npm ci: %w\n%s", err, out)
		}
		return fail(err)
	}
	if err := os.Rename(dir, filepath.Join(cache, name)); err != nil && !errors.Is(err, fs.ErrExist) {
		return fail(err)
	}
	return modules, nil
}

// unreachable are the errors of npm that tell of the network. Any other, such as a
// package that is not the one that was locked, fails the test.
var unreachable = regexp.MustCompile(`code (ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ENETUNREACH|EHOSTUNREACH|ETIMEDOUT|ERR_SOCKET_TIMEOUT)`)

// run runs a program of this folder and returns what it saw. The program finds its
// packages beside it, where they are not: the folder that it runs in links to them.
func (n node) run(t *testing.T, told string, program string, args ...string) []seen {
	t.Helper()
	dir := t.TempDir()
	if err := os.Symlink(n.modules, filepath.Join(dir, "node_modules")); err != nil {
		t.Fatal(err)
	}
	programs, err := filepath.Glob("*.mjs")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range programs {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	command := exec.CommandContext(t.Context(), n.path, append([]string{program}, args...)...)
	command.Dir, command.Env = dir, isolated(dir)
	command.Stdin = strings.NewReader(told)
	var complaint bytes.Buffer
	command.Stderr = &complaint
	out, err := command.Output()
	if err != nil {
		t.Fatalf("node %s: %v\n%s%s", program, err, out, complaint.String())
	}
	var steps []seen
	for line := range bytes.Lines(out) {
		var step seen
		if err := json.Unmarshal(line, &step); err != nil {
			t.Fatalf("node %s printed %q", program, line)
		}
		steps = append(steps, step)
	}
	return steps
}

func TestAWSSDKForJavaScript(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	s := newSite(t, extended(t))
	s.saw(n.run(t, s.told(input{}), "aws-sdk.mjs"),
		[]seen{
			{Step: "a wrong password", Type: "NotAuthorizedException", Body: wrongPassword},
			{Step: "identity", Body: s.user.Identity.ID},
		},
		s.calls(),
		[]seen{
			{presigned, 200, "", s.welcome()},
			{Step: "a weak password", Type: "InvalidPasswordException", Body: "Password did not conform with policy: Password not long enough"},
			{Step: "signing in before the code", Type: "UserNotConfirmedException", Body: "User is not confirmed."},
			{Step: "another code", Type: "CodeMismatchException", Body: "Invalid verification code provided, please try again."},
			{Step: "the password of before", Type: "NotAuthorizedException", Body: wrongPassword},
			{Step: "GetUser", Body: "newcomer"},
			{Step: "refreshing after RevokeToken", Type: "NotAuthorizedException", Body: "Refresh Token has been revoked"},
			{Step: "GetUser after GlobalSignOut", Type: "NotAuthorizedException", Body: "Access Token has been revoked"},
			{Step: "credentials after RevokeToken", Type: "NotAuthorizedException", Body: "Invalid login token. Token is not valid."},
		})
}

func TestAWS4(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	s := newSite(t, extended(t))
	s.saw(n.run(t, s.told(input{}), "aws4.mjs"), s.calls(), []seen{{presigned, 200, "", s.welcome()}})
}

func TestAmazonCognitoIdentityJS(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	s := newSite(t, extended(t))
	const temporary = "temporaryPASS123"
	s.invite("invited", temporary)
	s.saw(n.run(t, s.told(input{TemporaryPassword: temporary}), "identity-js.mjs"),
		[]seen{{Step: "a wrong password", Type: "NotAuthorizedException", Body: wrongPassword}},
		s.calls(),
		[]seen{
			{Step: "getSession keeps the tokens", Body: "true"},
			{Step: "refreshSession renews them", Body: "true"},
			{Step: "getUserAttributes", Body: s.Outputs.DemoUser + "@example.com"},
			{Step: "a weak password", Type: "InvalidPasswordException", Body: "Password did not conform with policy: Password not long enough"},
			{Step: "signUp", Body: "newcomer"},
			{Step: "signing in before the code", Type: "UserNotConfirmedException", Body: "User is not confirmed."},
			{Step: "another code", Type: "CodeMismatchException", Body: "Invalid verification code provided, please try again."},
			{Step: "confirmRegistration", Body: "SUCCESS"},
			{Step: "changePassword", Body: "SUCCESS"},
			{Step: "the password of before", Type: "NotAuthorizedException", Body: wrongPassword},
			{Step: "forgotPassword", Body: "n***@e***"},
			{Step: "resetting by another code", Type: "CodeMismatchException", Body: "Invalid verification code provided, please try again."},
			{Step: "confirmPassword", Body: "SUCCESS"},
			{Step: "globalSignOut", Body: "SUCCESS"},
			{Step: "newPasswordRequired", Body: `{"known":"invited@example.com","required":[]}`},
			{Step: "a weak password of one's own", Type: "InvalidPasswordException", Body: "Password did not conform with policy: Password not long enough"},
			{Step: "completeNewPasswordChallenge", Body: "invited"},
			{Step: "credentials after signOut", Type: "NotAuthorizedException", Body: "Invalid login token. Token is not valid."},
			{Step: "refreshing after globalSignOut", Type: "NotAuthorizedException", Body: "Refresh Token has been revoked"},
		})
}

// invite makes a user with a temporary password.
func (s *site) invite(username, password string) {
	s.t.Helper()
	user := userpool.DeclaredUser{
		UserPoolID: s.Outputs.UserPoolID, Username: username, TemporaryPassword: password, MessageAction: "SUPPRESS",
		Attributes: map[string]string{"email": username + "@example.com"},
	}
	if err := s.AWS.Store.Update(func(tx *store.Tx) error {
		return s.AWS.UserPools.UserDeclared(tx, user.UserPoolID+"/"+username, nil, &user)
	}); err != nil {
		s.t.Fatal(err)
	}
}

// What the signers from npm make of hostile targets.
func TestWhatSignersFromNPMSign(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	s := newSite(t, extended(t))
	for _, signer := range []string{"smithy", "aws4"} {
		t.Run(signer, func(t *testing.T) {
			p, s := newTap(t, s), s.within(t)
			c := s.user.Identity.Credentials
			n.run(t, s.told(input{
				Outputs:     client.Outputs{APIURL: strings.Replace(s.Outputs.APIURL, s.Outputs.AWSEndpoint, p.URL, 1)},
				Credentials: credentialsJSON(c),
				Targets:     targets(),
			}), "targets.mjs", signer)
			p.judge(signer, c, s.Outputs.Region, func(x target) bool { return x.Why == normalized })
		})
	}
}

func credentialsJSON(c aws.Credentials) map[string]string {
	return map[string]string{"accessKeyId": c.AccessKeyID, "secretAccessKey": c.SecretAccessKey, "sessionToken": c.SessionToken}
}

// The lockfiles name no registry, and nothing that Node 18 does not run.
func TestLockfile(t *testing.T) {
	for _, dir := range []string{".", "../../../functions/web/client"} {
		t.Run(filepath.Base(dir), func(t *testing.T) { checkLockfile(t, dir) })
	}
}

func checkLockfile(t *testing.T, dir string) {
	data, err := os.ReadFile(filepath.Join(dir, "package-lock.json"))
	if err != nil {
		t.Fatal(err)
	}
	var lock struct {
		Packages map[string]struct {
			Version, Resolved, Integrity string
			Engines                      struct{ Node string }
			HasInstallScript             bool
		}
	}
	if err := json.Unmarshal(data, &lock); err != nil {
		t.Fatal(err)
	}
	older := regexp.MustCompile(`>=\s*(19|[2-9][0-9])`)
	for _, name := range slices.Sorted(maps.Keys(lock.Packages)) {
		p := lock.Packages[name]
		if name != "" && !strings.HasPrefix(p.Integrity, "sha512-") {
			t.Errorf("%s has the integrity %q", name, p.Integrity)
		}
		if p.Resolved != "" {
			t.Errorf("%s is resolved to an address; remove the lockfile and let npm install make it again, with the .npmrc beside it", name)
		}
		if older.MatchString(p.Engines.Node) && !strings.Contains(p.Engines.Node, "^18") {
			t.Errorf("%s %s asks for Node %s; Node 18 must do", name, p.Version, p.Engines.Node)
		}
		if p.HasInstallScript {
			t.Errorf("%s has an install script, which is never run", name)
		}
	}
	var manifest struct{ Dependencies, DevDependencies, Overrides map[string]string }
	if data, err = os.ReadFile(filepath.Join(dir, "package.json")); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, &manifest); err != nil {
		t.Fatal(err)
	}
	exact := regexp.MustCompile(`^[0-9]+\.[0-9]+\.[0-9]+$`)
	for _, versions := range []map[string]string{manifest.Dependencies, manifest.DevDependencies, manifest.Overrides} {
		for name, version := range versions {
			if !exact.MatchString(version) {
				t.Errorf("package.json has %s at %q, want one version", name, version)
			}
		}
	}
}
