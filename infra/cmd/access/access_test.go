package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"auth-api/infra/cmd/internal/cli"
	"auth-api/infra/cmd/internal/friendly"
	"auth-api/infra/cmd/internal/inspect"
	"auth-api/infra/localaws/access"
)

var update = flag.Bool("update", false, "write the golden files anew")

// article is the article's stack; menu has routes of every kind beside.
const (
	article = `config:
  aws:region: us-west-2
  auth-api:target: local
  auth-api:stageName: dev
  auth-api:routes:
    - {method: GET, path: /no-auth, function: no-auth, apiKeyRequired: true}
    - {method: GET, path: /require-auth, function: require-auth, authorization: AWS_IAM, callers: [authenticated], apiKeyRequired: true}
  auth-api:identity: {guests: true}
`
	menu = `config:
  aws:region: us-west-2
  auth-api:target: local
  auth-api:stageName: dev
  auth-api:routes:
    - {method: GET, path: /open, function: no-auth, public: true}
    - {method: ANY, path: "/things/{id}", function: no-auth, authorization: AWS_IAM, callers: [guest]}
    - {method: GET, path: "/tokens", function: no-auth, authorization: COGNITO_USER_POOLS, apiKeyRequired: true}
    - {method: GET, path: "/notes/{rest+}", function: no-auth, authorization: COGNITO_USER_POOLS, scopes: [aws.cognito.signin.user.admin]}
    - {method: GET, path: /require-auth, function: require-auth, authorization: AWS_IAM, callers: [authenticated, guest]}
  auth-api:identity: {guests: true}
`
)

// checkout is a project with the stacks article and menu.
func checkout(t *testing.T) string {
	t.Helper()
	return friendly.Checkout(t, map[string]string{"article": article, "menu": menu}, "no-auth", "require-auth")
}

// run runs the command and returns its exit code and what it says.
func run(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	return friendly.Run(t, command(), args...)
}

// terminal is a page of 80 columns.
func terminal(out *bytes.Buffer) *cli.Page {
	p := newPage(out)
	p.Width = 80
	return p
}

// golden holds text against a file of testdata.
func golden(t *testing.T, file, text string) {
	t.Helper()
	friendly.Golden(t, *update, filepath.Join("testdata", file), text)
}

func TestWhatIsPrinted(t *testing.T) {
	folder, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	dir := checkout(t)
	for file, args := range map[string][]string{
		"article.txt": {"--stack", "article"}, "article-why.txt": {"--stack", "article", "--why"},
		"article.json": {"--stack", "article", "--json"}, "article.md": {"--stack", "article", "--markdown", "--why"},
		"menu.txt": {"--stack", "menu"}, "menu.md": {"--stack", "menu", "--markdown"},
	} {
		t.Chdir(dir)
		code, out, complaint := run(t, append(args, "--planned")...)
		if code != cli.OK || complaint != "" {
			t.Fatalf("%s: exit code %d: %s", file, code, complaint)
		}
		t.Chdir(folder)
		golden(t, file, out)
	}
}

func TestWhatAChangeIsSaidToDo(t *testing.T) {
	dir := checkout(t)
	planned := map[string][]access.Table{}
	for name, file := range map[string]string{"article": article, "menu": menu} {
		if err := os.WriteFile(filepath.Join(dir, "Pulumi.x.yaml"), []byte(file), 0o600); err != nil {
			t.Fatal(err)
		}
		tables, err := inspect.Planned(dir, "x", "")
		if err != nil {
			t.Fatal(err)
		}
		planned[name] = tables
	}
	for file, pair := range map[string][2]string{"wider": {"article", "menu"}, "narrower": {"menu", "article"}} {
		a := answer{Stack: "x", Source: fromProgram, Tables: planned[pair[1]], Changes: access.Diff(planned[pair[0]], planned[pair[1]]), compared: true}
		for form, print := range map[string]func(*bytes.Buffer) error{
			"txt":  func(b *bytes.Buffer) error { return a.text(terminal(b), false) },
			"md":   func(b *bytes.Buffer) error { return a.markdown(newPage(b), false) },
			"json": func(b *bytes.Buffer) error { return newPage(b).JSON(a.json()) },
		} {
			var out bytes.Buffer
			if err := print(&out); err != nil {
				t.Fatal(err)
			}
			golden(t, file+"."+form, out.String())
		}
	}
	same := answer{Stack: "x", Tables: planned["menu"], Changes: access.Diff(planned["menu"], planned["menu"]), compared: true}
	var out bytes.Buffer
	if err := same.text(terminal(&out), false); err != nil || out.String() != "Who may call what: no changes.\n" {
		t.Errorf("%q %v", out.String(), err)
	}
	out.Reset()
	if err := newPage(&out).JSON(same.json()); err != nil || !strings.Contains(out.String(), `"changes": []`) {
		t.Errorf("%q %v", out.String(), err)
	}
}

// On a terminal of 80 columns no line is longer, and every route is told whole.
func TestATerminal(t *testing.T) {
	tables, err := inspect.Planned(checkout(t), "menu", "")
	if err != nil {
		t.Fatal(err)
	}
	a := answer{Stack: "menu", Source: fromProgram, Tables: tables, fresh: true}
	for _, why := range []bool{false, true} {
		var out bytes.Buffer
		if err := a.text(terminal(&out), why); err != nil {
			t.Fatal(err)
		}
		for _, line := range strings.Split(out.String(), "\n") {
			if n := len([]rune(line)); n > 80 {
				t.Errorf("a line of %d columns: %s", n, line)
			}
		}
		for _, want := range []string{"ANY /things/{id}", "GET /notes/{rest+}", "G: access token aws.cognito.signin.user.admin", notDeployed} {
			if !strings.Contains(out.String(), want) {
				t.Errorf("there is no %q in\n%s", want, out.String())
			}
		}
	}
}

func TestTheCommandLine(t *testing.T) {
	t.Chdir(checkout(t))
	for _, test := range []struct {
		args []string
		code int
		says string
	}{
		{[]string{"--json", "--markdown"}, cli.Usage, "cannot be had at once"},
		{[]string{"--planned", "--changes"}, cli.Usage, "say one of them"},
		{[]string{"--planned", "--expect-no-changes"}, cli.Usage, "say one of them"},
		{[]string{"--from", "here"}, cli.Usage, `--from is "here"`},
		{[]string{"extra"}, cli.Usage, "extra"},
		{[]string{"--stack", "none", "--planned"}, cli.Failed, "there are article, menu"},
	} {
		code, _, complaint := run(t, test.args...)
		if code != test.code || !strings.Contains(complaint, test.says) {
			t.Errorf("%v: exit code %d, %q; want %d, %q", test.args, code, complaint, test.code, test.says)
		}
	}
	if code, out, _ := run(t, "--help"); code != cli.OK || !strings.Contains(out, "--expect-no-changes") {
		t.Errorf("--help: %d %s", code, out)
	}
}

// Names that somebody chose to do harm command neither the terminal nor the page.
func TestHostileNames(t *testing.T) {
	hostile := "\x1b[2J|<script>`*x*`"
	cell := access.Cell{Caller: hostile, Access: access.Asks, Authorizer: hostile, Reason: hostile}
	a := answer{Stack: hostile, Source: fromState, Tables: []access.Table{{
		API: hostile, Stage: hostile, Callers: []access.Caller{{Name: hostile, Kind: access.Guest}}, Notes: []string{hostile},
		Routes: []access.Row{{Method: "GET", Path: "/" + hostile, Cells: []access.Cell{cell}}},
	}}}
	var text, markdown, printed bytes.Buffer
	for _, err := range []error{a.text(terminal(&text), true), a.markdown(newPage(&markdown), true), newPage(&printed).JSON(a.json())} {
		if err != nil {
			t.Fatal(err)
		}
	}
	if strings.Contains(text.String(), "\x1b") || strings.Contains(markdown.String(), "\x1b") {
		t.Error("an escape sequence gets out")
	}
	spans := regexp.MustCompile("(?m)`` [^\n]*? ``") // code is shown as it is
	if left := spans.ReplaceAllString(markdown.String(), ""); strings.Contains(strings.ReplaceAll(left, `\<script`, ""), "<script") {
		t.Errorf("HTML gets out:\n%s", markdown.String())
	}
	if !json.Valid(printed.Bytes()) {
		t.Errorf("no JSON:\n%s", printed.String())
	}
}
