package main

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"auth-api/infra/cmd/internal/cli"
)

// pulumi puts a CLI on PATH that knows one stack, dev, with these outputs, and a checkout
// around the test that has dev, local and old.
func pulumi(t *testing.T, outputs string) {
	t.Helper()
	bin, root := t.TempDir(), t.TempDir()
	write := func(path, text string, mode os.FileMode) {
		if err := os.WriteFile(path, []byte(text), mode); err != nil {
			t.Fatal(err)
		}
	}
	write(filepath.Join(bin, "outputs.json"), outputs, 0o600)
	write(filepath.Join(bin, "pulumi"), `#!/bin/sh
case "$*" in
  "stack output --json --show-secrets --stack dev --non-interactive") cat '`+bin+`/outputs.json' ;;
  *) echo "error: no stack named '$6' found" >&2; exit 255 ;;
esac
`, 0o700)
	write(filepath.Join(bin, "pulumi-language-go"), "#!/bin/sh\n", 0o700)
	write(filepath.Join(root, "Pulumi.yaml"), "name: auth-api\n", 0o600)
	write(filepath.Join(root, "Pulumi.dev.yaml"), "config: {}\n", 0o600)
	write(filepath.Join(root, "Pulumi.local.yaml"), "config: {auth-api:target: local}\n", 0o600)
	t.Setenv("PATH", bin+string(os.PathListSeparator)+os.Getenv("PATH"))
	t.Chdir(root)
}

// told runs the command and returns what it printed.
func told(args ...string) (code int, out, complaint string) {
	var stdout, stderr bytes.Buffer
	c := command()
	c.SetOut(&stdout)
	c.SetErr(&stderr)
	code = cli.Run(context.Background(), c, append([]string{"web-config"}, args...))
	return code, stdout.String(), stderr.String()
}

const devOutputs = `{
  "apiUrl": "https://a1.execute-api.us-west-2.amazonaws.com/dev", "apiKey": "KEY", "region": "us-west-2", "userPoolId": "us-west-2_A", "userPoolClientId": "C",
  "identityPoolId": "us-west-2:I", "hostedUiUrl": "https://x.auth.us-west-2.amazoncognito.com", "issuer": "https://cognito-idp.us-west-2.amazonaws.com/us-west-2_A",
  "webUrl": "https://app.example/", "callbackUrls": ["https://app.example/"], "signOutUrls": ["https://app.example/"], "guests": true, "demoPassword": "SECRET",
  "routes": {"GET /a": {"method": "GET", "path": "/a", "authorization": "NONE", "apiKeyRequired": true}}
}`

func TestWebConfig(t *testing.T) {
	pulumi(t, devOutputs)
	const hosted = `"domain": "x.auth.us-west-2.amazoncognito.com"`
	for args, want := range map[string][]string{
		"":                        {"REGION=us-west-2\n", "API_KEY=KEY\n", "CALLBACK_URLS=https://app.example/\n", "GUESTS=true\n"},
		"--prefix VITE_":          {"VITE_API_URL=https://a1.execute-api.us-west-2.amazonaws.com/dev\n"},
		"-json":                   {`"apiKey": "KEY"`, `"cognitoIdentityUrl": "https://cognito-identity.us-west-2.amazonaws.com"`, `"path": "/a"`},
		"--amplify":               {hosted, `"responseType": "code"`},
		"--json --prefix= --port": nil, // --port wants a number
	} {
		code, out, complaint := told(append([]string{"--stack", "dev"}, strings.Fields(args)...)...)
		if want == nil {
			if code != cli.Usage || out != "" {
				t.Errorf("%s: %d %q", args, code, out)
			}
			continue
		}
		if code != cli.OK || complaint != "" || strings.Contains(out, "SECRET") {
			t.Errorf("%s: %d\n%s%s", args, code, complaint, out)
		}
		for _, text := range want {
			if !strings.Contains(out, text) {
				t.Errorf("%s: it lacks %s:\n%s", args, text, out)
			}
		}
		if strings.Contains(args, "json") || strings.Contains(args, "amplify") {
			if !json.Valid([]byte(out)) {
				t.Errorf("%s: it is no JSON:\n%s", args, out)
			}
		}
	}
}

// What is not said on standard output does not end up in the file that it is kept in.
func TestWebConfigOfAHostedSignInWithoutTLS(t *testing.T) {
	pulumi(t, strings.Replace(devOutputs, "https://x.auth.us-west-2.amazoncognito.com", "http://127.0.0.1:4566/auth/x", 1))
	code, out, complaint := told("--stack", "dev", "--amplify")
	if code != cli.OK || !json.Valid([]byte(out)) || strings.Contains(out, "oauth") || !strings.Contains(complaint, "https alone") {
		t.Errorf("%d\n%s%s", code, out, complaint)
	}
}

func TestWebConfigIsRefused(t *testing.T) {
	pulumi(t, strings.Replace(devOutputs, `"callbackUrls"`, `"formerName"`, 1))
	for args, want := range map[string]struct {
		code int
		text string
	}{
		"--stack local":                 {cli.Failed, "make up STACK=local brings it up"},
		"--stack nowhere":               {cli.Failed, "there is no Pulumi.nowhere.yaml; there are dev, local"},
		"--stack dev":                   {cli.Failed, "they lack callbackUrls; make up STACK=dev adds them"},
		"--json --amplify":              {cli.Usage, "--json and --amplify exclude each other"},
		"--json --prefix A_":            {cli.Usage, "--prefix is for variables"},
		"--stack dev surplus":           {cli.Usage, "unknown command"},
		"--stack dev --prefix VITE_=-x": {cli.Failed, "they lack"},
	} {
		code, out, complaint := told(strings.Fields(args)...)
		if code != want.code || out != "" || !strings.Contains(complaint, want.text) {
			t.Errorf("%s: %d %q, want %d with %q\n%s", args, code, complaint, want.code, want.text, out)
		}
	}
	pulumi(t, "{}")
	if code, out, complaint := told("--stack", "dev"); code != cli.Failed || out != "" || !strings.Contains(complaint, "it has none; make up STACK=dev brings it up") {
		t.Errorf("a stack without outputs: %d %q %s", code, complaint, out)
	}
}

// The commands of the page on clients elsewhere, as make would run them.
func TestTheCommandsOfThePage(t *testing.T) {
	root, err := filepath.Abs("../../..")
	if err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile(filepath.Join(root, "functions", "web", "CLIENTS.md"))
	if err != nil {
		t.Fatal(err)
	}
	commands := map[string][]string{} // file that it writes → arguments
	for line := range strings.Lines(string(page)) {
		line, file, writes := strings.Cut(strings.TrimSpace(line), " > ")
		if !writes || !strings.HasPrefix(line, "make web-config ") {
			continue
		}
		dry := exec.Command("sh", "-c", "make --no-print-directory -n "+strings.TrimPrefix(line, "make "))
		dry.Dir = root
		out, err := dry.Output()
		if err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		for said := range strings.Lines(string(out)) {
			if arguments, is := strings.CutPrefix(said, "bin/stack web-config "); is {
				commands[file] = strings.Fields(strings.ReplaceAll(arguments, "'", ""))
			}
		}
	}
	pulumi(t, devOutputs)
	for file, want := range map[string]string{".env.local": "VITE_API_KEY=KEY\n", "config.json": `"apiKey": "KEY"`, "amplify.json": `"Cognito": {`} {
		code, out, complaint := told(commands[file]...)
		if code != cli.OK || !strings.Contains(out, want) {
			t.Errorf("%s by %q: %d %s\n%s", file, commands[file], code, complaint, out)
		}
	}
	if len(commands) != 3 {
		t.Errorf("the page's commands are %v", commands)
	}
}
