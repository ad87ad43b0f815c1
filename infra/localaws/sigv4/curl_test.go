package sigv4_test

import (
	"errors"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// What curl signs by itself passes too. Where curl is not installed there is nothing
// to compare with.
func TestSignedByCurl(t *testing.T) {
	curl, err := exec.LookPath("curl")
	if err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal("NOT CHECKED AGAINST CURL: it is not on PATH; install the package curl")
		}
		t.Skip("curl is not installed")
	}
	v := serve(t)
	for _, args := range [][]string{
		{"/prod/x"},
		{"/"},
		{"/prod/x?a=0&a=1&b=2&empty="}, // sorted: older curls do not sort, and AWS refuses them then
		{"/prod/a-b_c.d~e"},
		{"-X", "DELETE", "/prod/x"},
		{"-H", "Content-Type: application/json", "-d", `{"a": "b  c"}`, "/prod/x"},
		{"-H", "X-Test:   a   b  ", "/prod/x"},
	} {
		v.mu.Lock()
		v.opt.Now, v.err = time.Now(), errors.New("the request did not come in")
		v.mu.Unlock()
		path := args[len(args)-1]
		command := append([]string{"-sS", "--path-as-is", "--globoff", "--noproxy", "*", "--aws-sigv4", "aws:amz:us-west-2:execute-api",
			"--user", testKey + ":" + testSecret, "-H", "x-amz-security-token: " + testToken}, args[:len(args)-1]...)
		if out, err := exec.Command(curl, append(command, v.URL+path)...).CombinedOutput(); err != nil {
			t.Fatalf("curl %q: %v\n%s", args, err, out)
		}
		v.mu.Lock()
		if v.err != nil {
			t.Errorf("curl %s: %v", strings.Join(args, " "), v.err)
		}
		v.mu.Unlock()
	}
}
