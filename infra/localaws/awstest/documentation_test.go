package awstest_test

import (
	"os"
	"os/exec"
	"strings"
	"testing"
)

// The lines for curl in TESTING.md do what they say.
func TestTheExampleForCurl(t *testing.T) {
	for _, tool := range []string{"sh", "curl", "sed", "tail"} {
		if _, err := exec.LookPath(tool); err != nil {
			if os.Getenv("CI") != "" {
				t.Fatalf("there is no %s on PATH", tool)
			}
			t.Skipf("NOT CHECKED: there is no %s on PATH", tool)
		}
	}
	doc, err := os.ReadFile("../TESTING.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, found := strings.Cut(string(doc), "```sh\n")
	script, _, closed := strings.Cut(rest, "```")
	if !found || !closed {
		t.Fatal("TESTING.md has no lines for sh")
	}
	s := open(t, nil)
	cmd := exec.CommandContext(t.Context(), "sh", "-eu")
	cmd.Stdin = strings.NewReader(script)
	cmd.Env = append(os.Environ(), "LOCAL="+s.AWS.URL(), "CLIENT="+s.Outputs.UserPoolClientID, "NO_PROXY=*")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	at := 0
	for _, want := range []string{`"UserConfirmed":false`, `"offset": "25h0m0s"`, "ExpiredCodeException", `"reason": "ExpiredCodeException: the code expired`, `"offset": "0s"`, `"username": "ann"`, `"status": "CONFIRMED"`, `"reset": true`} {
		i := strings.Index(string(out[at:]), want)
		if i < 0 {
			t.Fatalf("%s does not follow in\n%s", want, out)
		}
		at += i
	}
	if users := s.Users(); len(users) != 1 {
		t.Errorf("the users are %+v", users)
	}
}
