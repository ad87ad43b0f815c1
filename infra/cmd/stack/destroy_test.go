package main

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"auth-api/infra/cmd/internal/cli"
	"auth-api/infra/cmd/internal/workspace"
)

const (
	poolURN  = "urn:pulumi:dev::auth-api::auth-api:identity:Identity$aws:cognito/userPool:UserPool::users"
	tableURN = "urn:pulumi:dev::auth-api::aws:dynamodb/table:Table::orders"
)

func stateOf(resources ...string) string {
	return `{"version": 3, "deployment": {"resources": [` + strings.Join(resources, ",") + `]}}`
}

// What is protected is found before anything is deleted.
func TestAProtectedStackIsNotDestroyed(t *testing.T) {
	for _, test := range []struct {
		name, resource string
		says           []string
	}{
		{"a pool by Pulumi", `{"urn": "` + poolURN + `", "type": "aws:cognito/userPool:UserPool", "id": "us-west-2_A", "custom": true, "protect": true}`, []string{
			"destroying stack dev: nothing was deleted: the user pool users (us-west-2_A) is protected, with all its users",
			"set deletionProtection: false in auth-api:identity of Pulumi.dev.yaml, run make up STACK=dev, and then make destroy STACK=dev again"}},
		{"a pool by AWS", `{"urn": "` + poolURN + `", "type": "aws:cognito/userPool:UserPool", "id": "us-west-2_A", "custom": true, "inputs": {"deletionProtection": "ACTIVE"}}`, []string{"the user pool users (us-west-2_A) is protected"}},
		{"something else", `{"urn": "` + tableURN + `", "type": "aws:dynamodb/table:Table", "id": "orders", "custom": true, "protect": true}`, []string{
			tableURN + " is protected; pulumi state unprotect '" + tableURN + "' --stack dev unlocks it"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := newCheckout(t)
			c.answers("stack-export", stateOf(test.resource))
			c.is(cli.Failed, test.says, "destroy", "--stack", "dev", "--", "--yes")
			if calls := c.calls(); strings.Contains(calls, "destroy") {
				t.Errorf("Pulumi was called as\n%s", calls)
			}
			tagged(t)
			c.is(cli.OK, nil, "destroy", "--stack", "dev", "--", "--yes", "--exclude-protected")
			if calls := c.calls(); !strings.Contains(calls, "destroy --stack dev --yes --exclude-protected\n") {
				t.Errorf("Pulumi was called as\n%s", calls)
			}
		})
	}
}

// tagged is AWS with these resources, of which it hands out one at a time.
func tagged(t *testing.T, arns ...string) (asked *[]string) {
	t.Helper()
	asked = new([]string)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil || r.Header.Get("X-Amz-Target") != "ResourceGroupsTaggingAPI_20170126.GetResources" {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		*asked = append(*asked, string(body))
		at := len(*asked) - 1
		w.Header().Set("Content-Type", "application/x-amz-json-1.1")
		switch {
		case len(arns) == 0:
			fmt.Fprint(w, `{"ResourceTagMappingList": []}`)
		case at+1 < len(arns):
			fmt.Fprintf(w, `{"ResourceTagMappingList": [{"ResourceARN": %q}], "PaginationToken": "more"}`, arns[at])
		default:
			fmt.Fprintf(w, `{"ResourceTagMappingList": [{"ResourceARN": %q}], "PaginationToken": ""}`, arns[at])
		}
	}))
	t.Cleanup(server.Close)
	t.Setenv("AWS_ENDPOINT_URL", server.URL)
	return asked
}

func TestWhatIsLeftOnAWS(t *testing.T) {
	c := newCheckout(t)
	c.answers("stack-export", stateOf(`{"urn": "urn:pulumi:dev::auth-api::auth-api:api:Api$aws:apigateway/account:Account::gateway-logs", "type": "aws:apigateway/account:Account", "id": "api-gateway-account", "custom": true, "retainOnDelete": true}`))
	asked := tagged(t)
	c.is(cli.OK, []string{
		"Kept, as it belongs to the account and not to this stack alone: gateway-logs (aws:apigateway/account:Account, api-gateway-account).",
		"Nothing with the tags project=auth-api and stack=dev is left in us-west-2.",
	}, "destroy", "--stack", "dev", "--", "--yes")
	if len(*asked) != 1 || !strings.Contains((*asked)[0], `"TagFilters":[{"Key":"project","Values":["auth-api"]},{"Key":"stack","Values":["dev"]}]`) {
		t.Errorf("AWS was asked %q", *asked)
	}

	tagged(t, "arn:aws:logs:us-west-2:111122223333:log-group:b", "arn:aws:kms:us-west-2:111122223333:key/a")
	c.is(cli.OK, []string{"Left with the tags project=auth-api and stack=dev in us-west-2, where AWS may take some minutes to forget what is deleted:\n  arn:aws:kms:us-west-2:111122223333:key/a\n  arn:aws:logs:us-west-2:111122223333:log-group:b\n"}, "destroy", "--stack", "dev", "--", "--yes")

	t.Log("twice: what is gone is looked for all the same")
	c.answers("stack-export", "")
	c.answers("stack-export.code", "255")
	c.answers("stack-ls", "[]")
	c.calls()
	tagged(t)
	c.is(cli.OK, []string{"Stack dev does not exist: there is nothing to destroy.", "Nothing with the tags"}, "destroy", "--stack", "dev")
	if calls := c.calls(); strings.Contains(calls, "destroy") {
		t.Errorf("Pulumi was called as\n%s", calls)
	}
}

func TestADestroyThatFailsCanGoOn(t *testing.T) {
	c := newCheckout(t)
	c.answers("stack-export", stateOf())
	c.answers("destroy.code", "1")
	c.is(cli.Failed, []string{"pulumi destroy failed", "what is not deleted yet is still in the stack's state: make destroy STACK=dev goes on"}, "destroy", "--stack", "dev", "--", "--yes")
	c.answers("destroy.code", "0")
	c.answers("stack-export", "no JSON")
	c.is(cli.Failed, []string{"reading the stack's state"}, "destroy", "--stack", "dev", "--", "--yes")
}

// Ctrl-C on a terminal has Pulumi stop and say that all is deleted.
func TestADestroyThatStopsHalfwayIsNotDone(t *testing.T) {
	c := newCheckout(t)
	const pool, kept = `{"urn": "` + poolURN + `", "type": "aws:cognito/userPool:UserPool", "id": "us-west-2_A", "custom": true}`,
		`{"urn": "urn:pulumi:dev::auth-api::aws:apigateway/account:Account::account", "type": "aws:apigateway/account:Account", "id": "a", "custom": true, "retainOnDelete": true}`
	c.answers("stack-export", stateOf(pool, kept))
	c.is(cli.Failed, []string{"destroying stack dev: it was interrupted, whatever Pulumi says above: 1 resource is still in the stack's state; make destroy STACK=dev goes on"}, "destroy", "--stack", "dev", "--", "--yes")
	tagged(t)
	c.is(cli.OK, nil, "destroy", "--stack", "dev", "--", "--yes", "--target", poolURN) // of its own will
	c.answers("stack-export", stateOf(kept, `{"urn": "urn:pulumi:dev::auth-api::pulumi:providers:aws::default", "type": "pulumi:providers:aws", "id": "x", "custom": true}`))
	c.is(cli.OK, nil, "destroy", "--stack", "dev", "--", "--yes")
}

// The lock of a Pulumi that was killed is taken away, and no other.
func TestTheLockOfTheDead(t *testing.T) {
	host, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	dead := exec.Command("true")
	if err := dead.Run(); err != nil { // it has ended, and nobody has its number yet
		t.Fatal(err)
	}
	for _, test := range []struct {
		name  string
		locks []string
		stays bool
	}{
		{"of a process that is gone", []string{lock(dead.Process.Pid, host)}, false},
		{"of one that is at work", []string{lock(os.Getpid(), host)}, true},
		{"of both", []string{lock(dead.Process.Pid, host), lock(os.Getpid(), host)}, true},
		{"of another machine", []string{lock(dead.Process.Pid, "elsewhere")}, true},
		{"of nobody", []string{"{}"}, true},
		{"that is not written yet", []string{""}, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := newCheckout(t)
			state := filepath.Join(c.root, ".auth-api", "state", ".pulumi")
			for i, text := range test.locks {
				c.write(filepath.Join(state, "locks", "organization", "auth-api", "mine", fmt.Sprintf("%d.json", i)), text)
			}
			other := filepath.Join(state, "locks", "organization", "auth-api", "other", "0.json")
			c.write(other, lock(dead.Process.Pid, host))
			note := filepath.Join(state, "stacks", "auth-api", "mine.json.attrs")
			c.write(note, "")
			c.write(note+"x", "")
			s := session{ws: workspace.Workspace{Root: c.root}, stack: workspace.Stack{Name: "mine", Local: true}, err: io.Discard}
			if err := s.unlock(); err != nil {
				t.Fatal(err)
			}
			left, err := filepath.Glob(filepath.Join(state, "locks", "organization", "auth-api", "mine", "*"))
			if err != nil || (len(left) == len(test.locks)) != test.stays {
				t.Errorf("there are %q, %v", left, err)
			}
			if _, err := os.Stat(note); (err == nil) != test.stays {
				t.Errorf("the empty note beside the state: %v", err)
			}
			if _, err := os.Stat(other); err != nil {
				t.Errorf("another stack's lock: %v", err)
			}
		})
	}
}

func lock(pid int, host string) string {
	return `{"pid": ` + strconv.Itoa(pid) + `, "username": "u", "hostname": "` + host + `", "timestamp": "2026-11-22T20:00:00Z"}`
}
