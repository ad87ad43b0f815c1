//go:build e2e

// Package e2e uses the project as its users do: make targets, the real Pulumi CLI,
// the real program, the local AWS in a process of its own, and HTTP. It works in a
// copy of the checkout, on a free port, and leaves nothing running.
package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"auth-api/infra/client"
	"auth-api/infra/cmd/internal/daemon"
	"auth-api/infra/cmd/internal/workspace"
	"auth-api/infra/internal/named"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"
)

// TestTheArticlesStack is one story, told in order: each step stands on the one before.
func TestTheArticlesStack(t *testing.T) {
	c := checkout(t)

	t.Log("make up brings the stack up")
	said := c.make("up")
	for _, want := range []string{"Stack local is up", "/execute-api/", "demouser"} {
		if !strings.Contains(said, want) {
			t.Errorf("make up does not say %q:\n%s", want, said)
		}
	}
	o := c.outputs()

	t.Log("who may call what")
	key := map[string]string{"x-api-key": o.APIKey}
	c.get(o.APIURL+"/no-auth", key).is(200, "Open for All!", "")
	c.get(o.APIURL+"/no-auth", nil).is(403, `{"message":"Forbidden"}`, "ForbiddenException")
	c.get(o.APIURL+"/require-auth", key).is(403, `{"message":"Missing Authentication Token"}`, "MissingAuthenticationTokenException")
	c.call(4, "-as", "guest", "GET", "/require-auth").has(`"Message":"User: arn:aws:sts::000000000000:assumed-role/`, "is not authorized to perform: execute-api:Invoke on resource: arn:aws:execute-api:us-west-2:********0000:")
	c.call(0, "-as", "demouser", "GET", "/require-auth").has("You're past the velvet rope!")
	c.call(4, "-as", "demouser", "-forge", "GET", "/require-auth").has("The request signature we calculated does not match")
	c.call(4, "-as", "demouser", "-no-key", "GET", "/require-auth").has(`{"message":"Forbidden"}`)

	t.Log("the commands that make up prints work when pasted")
	pasted := regexp.MustCompile(`(?m)^  (go run .*?)  +# (\d+)`).FindAllStringSubmatch(said, -1)
	if len(pasted) != 3 {
		t.Errorf("make up prints %d commands to try, not 3:\n%s", len(pasted), said)
	}
	for _, p := range pasted {
		out, err := c.command("sh", "-c", p[1]).CombinedOutput()
		if !strings.Contains(string(out), p[2]) {
			t.Errorf("%s: %v, and its output does not say %s:\n%s", p[1], err, p[2], out)
		}
	}

	if said := c.make("call", "ROUTE=GET /require-auth"); !strings.Contains(said, "velvet rope") {
		t.Errorf("make call without AS is not the demo user:\n%s", said)
	}

	t.Log("a second preview shows no change")
	if said := c.make("preview", "ARGS=--expect-no-changes"); !strings.HasSuffix(strings.TrimSpace(said), "Who may call what: no changes.") {
		t.Errorf("the preview does not end with who may call what:\n%s", said)
	}
	if said := c.make("access"); !strings.Contains(said, "as deployed") || !regexp.MustCompile(`(?m)^GET /require-auth +403 +403 +403 +key +403$`).MatchString(said) {
		t.Errorf("make access says\n%s", said)
	}

	t.Log("a new user signs up, and survives kill -9 of the local AWS")
	c.signUp(o, "ada", "Analytical1")
	c.kill()
	if out, err := c.command("make", "up").CombinedOutput(); err != nil { // without LOCAL_PORT: it comes back where it was
		t.Fatalf("make up after kill -9: %v\n%s", err, out)
	}
	if again := c.outputs(); again.APIURL != o.APIURL {
		t.Errorf("after kill -9 the API is at %s, not %s", again.APIURL, o.APIURL)
	}
	if _, err := client.NewDirectory(o).SignIn(context.Background(), "ada", "Analytical1"); err != nil {
		t.Errorf("after kill -9: %v", err)
	}
	c.make("down")
	if out, err := c.command("make", "up").CombinedOutput(); err != nil {
		t.Fatalf("make up after make down: %v\n%s", err, out)
	}
	if again := c.outputs(); again.APIURL != o.APIURL {
		t.Errorf("after make down the API is at %s, not %s", again.APIURL, o.APIURL)
	}
	c.call(0, "-as", "demouser", "GET", "/require-auth").has("velvet rope")

	t.Log("a route that is added shows in the preview, and works after make up")
	file := filepath.Join(c.root, "Pulumi.local.yaml")
	before := read(t, file)
	added := regexp.MustCompile(`(?m)^(  auth-api:routes:\n)`).ReplaceAllString(before,
		"$1    - {method: GET, path: /hello, function: no-auth, authorization: AWS_IAM, apiKeyRequired: true}\n")
	if added == before {
		t.Fatal("Pulumi.local.yaml has no auth-api:routes list to add to")
	}
	write(t, file, added)
	if said := c.make("preview", "PLAN=plan.json"); !strings.Contains(said, "/hello") || !strings.Contains(said, "WIDER     GET /hello (new): authenticated allowed with an API key") {
		t.Errorf("the preview does not show the new route, and who may call it:\n%s", said)
	}
	if said := c.make("preview-comment"); !strings.Contains(said, "| **WIDER** | `GET /hello` | authenticated |") || !strings.Contains(said, "| ~ update | `rest` |") {
		t.Errorf("the comment does not show the new route, and who may call it:\n%s", said)
	}
	c.make("up", "PLAN=plan.json")
	c.drifts(o)
	c.call(0, "-as", "demouser", "GET", "/hello").has("Open for All!")
	c.call(4, "-as", "guest", "GET", "/hello").has("is not authorized")

	t.Log("a route that is removed answers as an unknown path")
	write(t, file, before)
	if out, err := c.command("make", "up", "PLAN=plan.json").CombinedOutput(); err == nil || !strings.Contains(string(out), "violates plan") {
		t.Errorf("what was not previewed is done all the same: %v\n%s", err, out)
	}
	c.call(0, "-as", "demouser", "GET", "/hello").has("Open for All!")
	c.make("up")
	c.get(o.APIURL+"/hello", key).is(403, `{"message":"Missing Authentication Token"}`, "MissingAuthenticationTokenException")

	t.Log("a handler that is changed is deployed")
	handler := filepath.Join(c.root, "functions", "no-auth", "handler.go")
	write(t, handler, strings.ReplaceAll(read(t, handler), "Open for All!", "Open for everybody!"))
	c.make("up")
	c.get(o.APIURL+"/no-auth", key).is(200, "Open for everybody!", "")

	t.Log("a wrong setting is refused by name, and the stack stands as it was")
	write(t, file, strings.Replace(before, "AWS_IAM", "AWS_IAMM", 1))
	if said := c.fails("up"); !strings.Contains(said, `"AWS_IAMM"`) || !strings.Contains(said, "authorization") {
		t.Errorf("the error does not name the setting and the value:\n%s", said)
	}
	c.get(o.APIURL+"/no-auth", key).is(200, "Open for everybody!", "")
	write(t, file, before)

	t.Log("make destroy leaves nothing")
	if said := c.make("destroy"); !strings.Contains(said, "Nothing of stack local is left in the local AWS") {
		t.Errorf("make destroy does not say that nothing is left:\n%s", said)
	}
	c.get(o.APIURL+"/no-auth", key).is(403, `{"message":"Forbidden"}`, "ForbiddenException")
	c.make("down")
	c.make("down")

	log := read(t, daemon.LogFile(daemon.Dir(c.root)))
	for _, want := range []string{"decision=allow", "decision=deny"} {
		if !strings.Contains(log, want) {
			t.Errorf("the log has no %s", want)
		}
	}
	for what, secret := range map[string]string{"the API key": o.APIKey, "the demo user's password": o.DemoPassword, "another password": "Analytical1"} {
		if strings.Contains(log, secret) {
			t.Errorf("the local AWS's log holds %s", what)
		}
	}
}

// Every example stack, those for AWS too, comes up on the local AWS, and a second
// deployment changes nothing.
func TestEveryExampleStandsStill(t *testing.T) {
	c := checkout(t)
	for name, file := range map[string]string{
		"dev": "Pulumi.dev.yaml", "prod": "Pulumi.prod.yaml", "all": filepath.Join("infra", "stack", "testdata", "all.yaml"),
	} {
		stack := "STACK=" + name + "-here"
		local := strings.Replace(read(t, filepath.Join(c.root, file)), "config:\n", "config:\n  auth-api:target: local\n", 1)
		local = strings.ReplaceAll(local, "deletionProtection: true", "deletionProtection: false") // or destroy would refuse
		write(t, filepath.Join(c.root, "Pulumi."+name+"-here.yaml"), local)
		c.make("up", stack)
		c.make("preview", stack, "ARGS=--expect-no-changes")
		c.make("destroy", stack)
	}
	c.make("down")
}

func TestAStackForAWSIsRefusedInOneLine(t *testing.T) {
	c := checkout(t)
	c.make("tools") // so that their compilation is not announced again
	noAWS := []string{"AWS_EC2_METADATA_DISABLED=true", "AWS_CONFIG_FILE=" + os.DevNull, "AWS_SHARED_CREDENTIALS_FILE=" + os.DevNull}
	credentials := []string{"AWS_ACCESS_KEY_ID=AKIAEXAMPLE", "AWS_SECRET_ACCESS_KEY=example"}
	for name, test := range map[string]struct {
		stack string
		env   []string
		says  string
	}{
		"without AWS credentials":     {"dev", nil, "no AWS credentials were found"},
		"without a state backend":     {"dev", append(credentials, "PULUMI_HOME="+t.TempDir()), "logged in to no state backend"},
		"with the local AWS attached": {"dev", append(credentials, "PULUMI_DEBUG_PROVIDERS=aws:1"), "PULUMI_DEBUG_PROVIDERS attaches Pulumi to a local AWS"},
		"without a stack file":        {"nowhere", nil, "there is no Pulumi.nowhere.yaml; there are dev, local"},
	} {
		t.Run(name, func(t *testing.T) {
			cmd := c.command("make", "up", "STACK="+test.stack)
			cmd.Env = append(append(cmd.Env, noAWS...), test.env...)
			out, err := cmd.CombinedOutput()
			if err == nil {
				t.Fatalf("make up succeeded:\n%s", out)
			}
			var lines []string
			for _, line := range strings.Split(strings.TrimSpace(string(out)), "\n") {
				if !strings.HasPrefix(line, "make") {
					lines = append(lines, line)
				}
			}
			if len(lines) != 1 || !strings.Contains(lines[0], test.says) {
				t.Errorf("want one line that says %q, got:\n%s", test.says, out)
			}
		})
	}
}

func TestATakenPortIsAnErrorThatSaysWhatToDo(t *testing.T) {
	c := checkout(t)
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	c.port = taken.Addr().(*net.TCPAddr).Port
	if said := c.fails("up"); !strings.Contains(said, "port "+strconv.Itoa(c.port)+" is taken") || !strings.Contains(said, "LOCAL_PORT=") {
		t.Errorf("make up does not say how to choose another port:\n%s", said)
	}
}

func TestPulumiUpWithoutMakeStaysAwayFromAWS(t *testing.T) {
	c := checkout(t)
	ws := workspace.Workspace{Root: c.root}
	stack, err := ws.Stack("local")
	if err != nil {
		t.Fatal(err)
	}
	p, err := ws.Pulumi(stack, daemon.State{})
	if err != nil {
		t.Fatal(err)
	}
	if out, err := p.Command(t.Context(), "stack", "select", "--create", "--stack", "local").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	out, err := p.Command(t.Context(), "up", "--stack", "local", "--yes", "--skip-preview", "--non-interactive").CombinedOutput()
	if err == nil || !strings.Contains(string(out), "make up STACK=local") {
		t.Errorf("a local stack without the local AWS: %v\n%s", err, out)
	}
}

// copied is a copy of the checkout that is under test.
type copied struct {
	t    *testing.T
	root string
	port int
}

// link makes a file appear at another place too, or copies it where that cannot be. Go
// puts a new file there when it builds the tool anew, and leaves the shared one as it is.
func link(t *testing.T, from, to string) {
	t.Helper()
	if os.Link(from, to) == nil {
		return
	}
	data, err := os.ReadFile(from)
	if err == nil {
		err = os.WriteFile(to, data, 0o755)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// checkout copies the files that git knows or would take, and shares the tools that
// make tools has built: the same code makes the same binaries, which Go finds up to date.
// Its local AWS is stopped at the end.
func checkout(t *testing.T) *copied {
	t.Helper()
	ws, err := workspace.Find()
	if err != nil {
		t.Fatal(err)
	}
	root := t.TempDir()
	git := exec.Command("git", "ls-files", "-co", "--exclude-standard", "-z")
	git.Dir = ws.Root
	list, err := git.Output()
	if err != nil {
		t.Fatalf("git ls-files: %v", err)
	}
	for _, name := range strings.Split(strings.TrimRight(string(list), "\x00"), "\x00") {
		data, err := os.ReadFile(filepath.Join(ws.Root, name))
		if os.IsNotExist(err) { // deleted, and not yet committed
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		if matched, _ := filepath.Match("Pulumi*.yaml", name); matched { // whatever the project is called
			text, err := named.Read(filepath.Join(ws.Root, name))
			if err != nil {
				t.Fatal(err)
			}
			data = []byte(text)
		}
		to := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
			t.Fatal(err)
		}
		info, err := os.Stat(filepath.Join(ws.Root, name))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(to, data, info.Mode().Perm()); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(filepath.Join(root, "bin"), 0o755); err != nil {
		t.Fatal(err)
	}
	tools, err := os.ReadDir(ws.Bin())
	if err != nil {
		t.Fatal(err)
	}
	for _, tool := range tools {
		link(t, filepath.Join(ws.Bin(), tool.Name()), filepath.Join(root, "bin", tool.Name()))
	}
	// make compares times: the copy of go.mod is younger than the CLI that was built by it.
	old := time.Now().AddDate(-1, 0, 0)
	if err := os.Chtimes(filepath.Join(root, "infra", "toolchain", "go.mod"), old, old); err != nil {
		t.Fatal(err)
	}
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c := &copied{t: t, root: root, port: free.Addr().(*net.TCPAddr).Port}
	free.Close()
	t.Cleanup(func() {
		if _, err := daemon.Stop(context.Background(), daemon.Dir(root)); err != nil {
			t.Errorf("stopping the local AWS: %v", err)
		}
	})
	return c
}

// command runs in the copy, without the Pulumi and AWS settings of whoever runs the test.
func (c *copied) command(name string, args ...string) *exec.Cmd {
	cmd := exec.Command(name, args...)
	cmd.Dir = c.root
	for _, entry := range os.Environ() {
		if !strings.HasPrefix(entry, "PULUMI_") && !strings.HasPrefix(entry, "AWS_") && !strings.HasPrefix(entry, "MAKE") && !strings.HasPrefix(entry, "AUTH_API_") {
			cmd.Env = append(cmd.Env, entry)
		}
	}
	return cmd
}

func (c *copied) make(target string, vars ...string) string {
	c.t.Helper()
	start := time.Now()
	out, err := c.command("make", append([]string{target, "LOCAL_PORT=" + strconv.Itoa(c.port)}, vars...)...).CombinedOutput()
	if err != nil {
		c.t.Fatalf("make %s: %v\n%s", target, err, out)
	}
	c.t.Logf("make %s %s took %.1f s", target, strings.Join(vars, " "), time.Since(start).Seconds())
	return string(out)
}

func (c *copied) fails(target string) string {
	c.t.Helper()
	out, err := c.command("make", target, "LOCAL_PORT="+strconv.Itoa(c.port)).CombinedOutput()
	if err == nil {
		c.t.Fatalf("make %s succeeded:\n%s", target, out)
	}
	return string(out)
}

func (c *copied) outputs() client.Outputs {
	c.t.Helper()
	cmd := c.command("make", "outputs")
	var complaint bytes.Buffer
	cmd.Stderr = &complaint
	out, err := cmd.Output()
	if err != nil {
		c.t.Fatalf("make outputs: %v\n%s", err, complaint.Bytes())
	}
	var o client.Outputs
	if err := json.Unmarshal(out, &o); err != nil {
		c.t.Fatalf("make outputs prints more than JSON: %v\n%s", err, out)
	}
	return o
}

// kill ends the local AWS without a chance to tidy up.
func (c *copied) kill() {
	c.t.Helper()
	state, running := daemon.Running(c.t.Context(), daemon.Dir(c.root))
	if !running {
		c.t.Fatal("the local AWS is not running")
	}
	if err := syscall.Kill(state.PID, syscall.SIGKILL); err != nil {
		c.t.Fatal(err)
	}
}

func (c *copied) signUp(o client.Outputs, user, password string) {
	c.t.Helper()
	users := cognitoidentityprovider.New(cognitoidentityprovider.Options{Region: o.Region, BaseEndpoint: aws.String(o.AWSEndpoint)})
	if _, err := users.SignUp(c.t.Context(), &cognitoidentityprovider.SignUpInput{
		ClientId: aws.String(o.UserPoolClientID), Username: aws.String(user), Password: aws.String(password),
		UserAttributes: []types.AttributeType{{Name: aws.String("email"), Value: aws.String(user + "@example.com")}},
	}); err != nil {
		c.t.Fatalf("signing up: %v", err)
	}
	var mailbox struct{ Messages []struct{ Code string } }
	resp := c.get(o.AWSEndpoint+"/_local/mailbox?to="+user, nil)
	if err := json.Unmarshal([]byte(resp.body), &mailbox); err != nil || len(mailbox.Messages) != 1 {
		c.t.Fatalf("the mailbox holds no code for %s: %s", user, resp.body)
	}
	if _, err := users.ConfirmSignUp(c.t.Context(), &cognitoidentityprovider.ConfirmSignUpInput{
		ClientId: aws.String(o.UserPoolClientID), Username: aws.String(user), ConfirmationCode: aws.String(mailbox.Messages[0].Code),
	}); err != nil {
		c.t.Fatalf("confirming the sign-up: %v", err)
	}
}

// answer is what came back, over HTTP or from a command.
type answer struct {
	t      *testing.T
	what   string
	status int
	kind   string
	body   string
}

func (c *copied) get(url string, headers map[string]string) answer {
	c.t.Helper()
	req, err := http.NewRequestWithContext(c.t.Context(), http.MethodGet, url, nil)
	if err != nil {
		c.t.Fatal(err)
	}
	for name, value := range headers {
		req.Header.Set(name, value)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		c.t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		c.t.Fatal(err)
	}
	return answer{c.t, url, resp.StatusCode, resp.Header.Get("x-amzn-ErrorType"), string(body)}
}

// call runs the call tool and expects its exit code.
func (c *copied) call(code int, args ...string) answer {
	c.t.Helper()
	out, err := c.command("bin/call", append([]string{"-stack", "local"}, args...)...).CombinedOutput()
	got := 0
	if exit, ok := err.(*exec.ExitError); ok {
		got = exit.ExitCode()
	}
	if got != code {
		c.t.Errorf("call %s: exit code %d, not %d\n%s", strings.Join(args, " "), got, code, out)
	}
	return answer{t: c.t, what: "call " + strings.Join(args, " "), body: string(out)}
}

func (a answer) is(status int, body, kind string) {
	a.t.Helper()
	if a.status != status || a.kind != kind || !strings.Contains(a.body, body) {
		a.t.Errorf("%s: %d %s %s; want %d %s %s", a.what, a.status, a.kind, a.body, status, kind, body)
	}
}

func (a answer) has(parts ...string) {
	a.t.Helper()
	for _, part := range parts {
		if !strings.Contains(a.body, part) {
			a.t.Errorf("%s: %q is not in\n%s", a.what, part, a.body)
		}
	}
}

func exists(file string) bool { _, err := os.Stat(file); return err == nil }

func read(t *testing.T, file string) string {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func write(t *testing.T, file, text string) {
	t.Helper()
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}
