package main

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"auth-api/infra/cmd/internal/cli"
	"auth-api/infra/cmd/internal/workspace"
	"auth-api/infra/localaws/awstest"
	"auth-api/infra/verify"
	"github.com/aws/aws-sdk-go-v2/credentials"
)

func run(t *testing.T, args ...string) (code int, out, complaint string) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	c := command()
	c.SetOut(&stdout)
	c.SetErr(&stderr)
	code = cli.Run(t.Context(), c, args)
	return code, stdout.String(), stderr.String()
}

func TestTheCommandLine(t *testing.T) {
	here, err := workspace.Find()
	if err != nil {
		t.Fatal(err)
	}
	stacks, err := here.Stacks()
	if err != nil {
		t.Fatal(err)
	}
	for line, says := range map[string]string{
		"--json --markdown":    "verify: --json and --markdown cannot be had at once; --junit goes with either\n",
		"--rate -1":            "verify: --rate is -1; legal are numbers from 0, which is no limit on local stacks and 20 on AWS\n",
		"--max-quota 0":        "verify: --max-quota is 0; legal are numbers from 1\n",
		"--list --junit x":     "verify: --list tries nothing, so that there is nothing for --junit\n",
		"--list --only V-XX-1": "verify: choosing checks: there is no \"V-XX-1\"; --list shows those there are\n",
		"--stack nowhere":      "verify: STACK is \"nowhere\", and there is no Pulumi.nowhere.yaml; there are " + strings.Join(stacks, ", ") + "\n",
		"--onyl V-IAM-01":      "verify: unknown flag: --onyl (verify --help shows what there is)\n",
		"V-IAM-01":             "verify: unknown command \"V-IAM-01\" for \"verify\" (verify --help shows how)\n",
	} {
		code, out, complaint := run(t, strings.Fields(line)...)
		if complaint != says || code == 0 || out != "" {
			t.Errorf("verify %s: code %d, %q %q; want %q", line, code, complaint, out, says)
		}
		if code != notRun {
			t.Errorf("verify %s: code %d", line, code)
		}
	}
	_, help, _ := run(t, "--help")
	for _, want := range []string{"Exit codes: 0 the stack holds, 1 it does not, 2 it could not be tried", "AUTH_API_PASSWORD", "verify --only V-IAM-01,V-KEY-01"} {
		if !strings.Contains(help, want) {
			t.Errorf("--help does not tell %q", want)
		}
	}
	for _, line := range strings.Split(help, "\n") {
		if utf8.RuneCountInString(line) > 100 {
			t.Errorf("--help has a line of %d: %s", utf8.RuneCountInString(line), line)
		}
	}
}

func TestTheList(t *testing.T) {
	code, out, complaint := run(t, "--list")
	if code != 0 || complaint != "" {
		t.Fatalf("code %d, %s", code, complaint)
	}
	for _, c := range verify.Checks() {
		for _, want := range []string{c.ID, c.Title, c.Doc} {
			if !strings.Contains(out, want) {
				t.Errorf("it does not tell %q", want)
			}
		}
	}
	if _, one, _ := run(t, "--list", "--only", "v-iam-01"); strings.Contains(one, "V-IAM-02") || !strings.Contains(one, "V-IAM-01") {
		t.Errorf("one alone: %s", one)
	}
	var checks []verify.Check
	if _, out, _ := run(t, "--list", "--json"); json.Unmarshal([]byte(out), &checks) != nil || len(checks) != len(verify.Checks()) {
		t.Errorf("as JSON: %s", out)
	}
}

// target is a stack in a local AWS, as the command would find it.
func target(s *awstest.Stack) verify.Target {
	return verify.Target{Name: "local", Outputs: s.Outputs, Admin: credentials.NewStaticCredentialsProvider("test", "test", "")}
}

func TestWhatIsPrintedAndHowItEnds(t *testing.T) {
	s := awstest.Deploy(t, awstest.Article(t))
	other := target(s)
	other.Outputs.CallbackURLs = []string{"https://other.example.com/"} // so that one check fails
	gone := target(s)
	gone.Outputs.APIURL = "http://localhost:1/execute-api/x/dev"
	for name, test := range map[string]struct {
		target verify.Target
		o      options
		code   int
		says   []string
		not    []string
	}{
		"holds":             {target(s), options{}, 0, []string{"RESULT  ID", "V-IAM-01  GET /require-auth  nobody", "Stack local holds.", "V-TLS-01 V-TLS-02"}, []string{"FAILS", "ERROR", "\x1b"}},
		"every result":      {target(s), options{verbose: true}, 0, []string{"nobody, /require-auth/", "skipped  V-TLS-01"}, []string{"\nSkipped\n"}},
		"one alone":         {target(s), options{only: []string{"V-KEY-01"}}, 0, []string{"V-KEY-01", "1 checks"}, []string{"V-KEY-02"}},
		"does not hold":     {other, options{}, doesNotHold, []string{"FAILS   V-DOC-04  deployment", "Stack local does not hold: V-DOC-04.", "The web client sends codes to registered addresses alone (critical)"}, nil},
		"nothing to reach":  {gone, options{}, notRun, nil, nil},
		"as JSON":           {other, options{json: true}, doesNotHold, []string{`"id": "V-DOC-04"`, `"result": "fails"`, `"stack": "local"`}, nil},
		"in Markdown":       {other, options{markdown: true}, doesNotHold, []string{"### Verify: stack local **does not hold**", "| FAILS | V-DOC-04", "<details>"}, nil},
		"a user that is no": {target(s), options{user: "eve"}, notRun, nil, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("AUTH_API_PASSWORD", "Wrong-pass1")
			test.o.maxQuota = 1
			var out, complaint bytes.Buffer
			err := test.o.attack(t.Context(), test.target, &out, &complaint)
			code := 0
			var exit *cli.ExitError
			switch {
			case errors.As(err, &exit):
				code = exit.Code
			case err != nil:
				code = notRun // as the command has it
			}
			if code != test.code {
				t.Errorf("exit code %d, want %d: %v\n%s", code, test.code, err, out.String())
			}
			for _, want := range test.says {
				if !strings.Contains(out.String(), want) {
					t.Errorf("there is no %q in\n%s", want, out.String())
				}
			}
			for _, not := range test.not {
				if strings.Contains(out.String(), not) {
					t.Errorf("there is %q in\n%s", not, out.String())
				}
			}
			for _, secret := range []string{s.Outputs.APIKey, s.Outputs.DemoPassword, "Wrong-pass1"} {
				if strings.Contains(out.String()+complaint.String()+errText(err), secret) {
					t.Error("it prints a secret")
				}
			}
		})
	}
}

func errText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

func report() verify.Report {
	return verify.Report{Stack: "x", Results: []verify.Result{
		{ID: "V-IAM-01", Title: "Unsigned requests are refused", Severity: verify.Critical, Outcome: verify.Holds, Route: "GET /a", Caller: "nobody", Expected: "refused", Got: "403"},
		{ID: "V-IAM-01", Title: "Unsigned requests are refused", Severity: verify.Critical, Outcome: verify.Holds, Route: "GET /b", Caller: "nobody", Expected: "refused", Got: "403"},
		{ID: "V-IAM-02", Title: "Guests are refused", Severity: verify.Critical, Outcome: verify.Fails, Route: "GET /a|b", Caller: "guest", Expected: "refused", Got: "200", Note: "a <script>\x1b[2J"},
		{ID: "V-KEY-01", Title: "Keys", Severity: verify.High, Outcome: verify.Broken, Note: "no answer"},
		{ID: "V-TLS-01", Title: "https", Severity: verify.High, Outcome: verify.Skipped, Note: "local"},
	}}
}

func TestTheReports(t *testing.T) {
	file := filepath.Join(t.TempDir(), "verify.xml")
	o := options{junit: file, markdown: true}
	var out bytes.Buffer
	if err := o.print(report(), &out); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var suites junitSuites
	if err := xml.Unmarshal(data, &suites); err != nil {
		t.Fatal(err)
	}
	if suites.Tests != 5 || suites.Failures != 1 || suites.Errors != 1 || suites.Skipped != 1 {
		t.Errorf("the JUnit report counts %+v", suites)
	}
	if text := out.String(); !strings.Contains(text, `GET /a\|b`) || strings.Contains(text, "<script>") || strings.Contains(text, "\x1b") {
		t.Errorf("the Markdown is not inert: %s", text)
	}
	out.Reset()
	if err := printText(&out, cli.Style{}, 80, report(), false); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(out.String(), "\n")
	for _, line := range lines {
		if utf8.RuneCountInString(line) > 80 && !strings.Contains(line, "https://") {
			t.Errorf("%d columns: %q", utf8.RuneCountInString(line), line)
		}
	}
	if strings.Contains(out.String(), "\x1b") {
		t.Error("a note commands the terminal")
	}
	if n := slices.IndexFunc(lines, func(l string) bool { return strings.Contains(l, "2 routes") }); n < 0 {
		t.Errorf("results that ended alike are not together:\n%s", out.String())
	}
	if err := (&options{junit: filepath.Join(t.TempDir(), "no", "where.xml")}).print(report(), &out); err == nil || !strings.HasPrefix(err.Error(), "writing the JUnit report: ") {
		t.Errorf("a file that cannot be written: %v", err)
	}
}
