package review_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"auth-api/infra/cmd/internal/review"
)

// outcome is what the engine tells of a resource once it was looked at. It blinds secrets.
func outcome(op, token, name string, before, after m, differ ...string) m {
	s := m{"op": op, "urn": "urn:pulumi:dev::auth-api::auth-api:api:Api$" + token + "::" + name, "type": token, "diffs": differ, "detailedDiff": nil}
	if before != nil {
		s["old"] = m{"type": token, "inputs": before, "outputs": before}
	}
	if after != nil {
		s["new"] = m{"type": token, "inputs": after, "outputs": after}
	}
	return m{"sequence": 1, "resOutputsEvent": m{"metadata": s, "planning": true}}
}

func said(severity, urn, message string) m {
	return m{"diagnosticEvent": m{"severity": severity, "urn": urn, "prefix": severity + ": ", "message": message + "\n"}}
}

func summary(counts m) m { return m{"summaryEvent": m{"isPreview": true, "resourceChanges": counts}} }

// streamed is what Pulumi prints with events: an object a line.
func streamed(t testing.TB, events ...m) []byte {
	t.Helper()
	var out bytes.Buffer
	for _, e := range append([]m{{"preludeEvent": m{"config": m{"aws:region": "us-west-2"}}}}, events...) {
		if err := json.NewEncoder(&out).Encode(e); err != nil {
			t.Fatal(err)
		}
	}
	return out.Bytes()
}

// blind is a secret as an event has it: whatever it is, it looks the same.
func blind() m {
	return m{"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", "ciphertext": "[secret]"}
}

func drifted(t *testing.T, r review.Review) string {
	t.Helper()
	var out bytes.Buffer
	if err := r.Drift(&out); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// Pulumi's JSON leaves out the resources whose provider tells no detailed differences; its
// events do not.
func TestARefreshNamesEveryResourceThatDiffers(t *testing.T) {
	r, err := review.Refresh(streamed(t,
		m{"resourcePreEvent": m{"metadata": m{"op": "refresh", "urn": "urn:pulumi:dev::auth-api::aws:iam/role:Role::stays"}}},
		outcome("same", "aws:iam/role:Role", "stays", m{"a": 1}, m{"a": 1}),
		outcome("refresh", "auth-api:api:Api", "api", m{}, m{}),
		outcome("delete", "aws:cognito/user:User", "demo", m{"username": "demo"}, nil),
		outcome("update", "aws:apigateway/usagePlan:UsagePlan", "plan", m{"quotaSettings": m{"limit": 5000}}, m{"quotaSettings": m{"limit": 1000}}, "quotaSettings.limit"),
		outcome("update", "aws:iam/role:Role", "guest", m{"tags": m{"stack": "dev"}}, m{"tags": m{"stack": "dev", "by.hand": "x"}}, `tags["by.hand"]`),
		outcome("update", "aws:cloudwatch/logGroup:LogGroup", "web", m{"retentionInDays": 30}, m{}, "retentionInDays"),
		outcome("update", "aws:ssm/parameter:Parameter", "config", m{"value": blind(), "version": 1}, m{"value": blind(), "version": 2}, "value"),
		outcome("update", "aws:lambda/function:Function", "f", m{"environment": m{"variables": m{"A": "1", "B": blind(), "C": blind()}}}, m{"environment": m{"variables": m{"A": "2", "B": blind(), "C": blind()}}}, "environment.variables.A", "environment.variables.B"),
		outcome("update", "aws:kms/key:Key", "k", m{"policy": "p"}, m{"policy": "p"}, "policy", "__defaults"),
		outcome("update", "aws:kms/key:Key", "silent", m{}, m{}),
		said("warning", "", "a warning"),
		summary(m{"same": 1, "update": 7, "delete": 1}),
		m{"cancelEvent": m{}},
	))
	if err != nil {
		t.Fatal(err)
	}
	const want = `  plan (aws:apigateway/usagePlan:UsagePlan)
    quotaSettings.limit: deployed as 5000, and is 1000
  web (aws:cloudwatch/logGroup:LogGroup)
    retentionInDays: deployed as 30, and is nothing
  demo (aws:cognito/user:User) is gone
  guest (aws:iam/role:Role)
    tags.by.hand: deployed as nothing, and is x
  k (aws:kms/key:Key)
    policy: deployed as p, and is something else
  silent (aws:kms/key:Key) differs; Pulumi does not tell in what
  f (aws:lambda/function:Function)
    environment.variables.A: deployed as 1, and is 2
    environment.variables.B: deployed as [secret], and is another [secret]
  config (aws:ssm/parameter:Parameter)
    value: deployed as [secret], and is another [secret]
    version: deployed as 1, and is 2
`
	if d := cmp.Diff(want, drifted(t, r)); d != "" {
		t.Error(d)
	}
	if r.Unnamed != 0 || r.Unchanged != 1 || !slices.Equal(r.Warnings, []string{"a warning"}) || len(r.Errors) != 0 {
		t.Errorf("%+v", r)
	}
}

// A Pulumi that knows no such events prints one object, as before; what it counts and does
// not name is counted.
func TestAPulumiThatNamesNotAll(t *testing.T) {
	r, err := review.Refresh([]byte(`{"steps": [{"op": "delete", "urn": "urn:pulumi:dev::auth-api::aws:cognito/user:User::demo"}], "changeSummary": {"same": 35, "update": 2, "delete": 1}}`))
	if err != nil || r.Unnamed != 2 || len(r.Changes) != 1 {
		t.Errorf("%+v, %v", r, err)
	}
}

// A refresh that was cut short is not one that found nothing.
func TestARefreshThatWasCutShort(t *testing.T) {
	whole := streamed(t, outcome("same", "aws:iam/role:Role", "guest", m{}, m{}), summary(m{"same": 1}))
	if _, err := review.Refresh(whole); err != nil {
		t.Fatal(err)
	}
	lines := bytes.SplitAfter(whole, []byte("\n"))
	for name, text := range map[string][]byte{
		"nothing at all": nil, "without its end": bytes.Join(lines[:2], nil), "within a line": whole[:len(whole)-9], "not JSON": []byte("error: no"),
	} {
		if r, err := review.Refresh(text); err == nil || !strings.HasPrefix(err.Error(), "reading what the refresh printed: ") {
			t.Errorf("%s: %+v, %v", name, r, err)
		}
	}
}

// When the provider dies, each resource that was still to be looked at fails with it.
func TestAnErrorIsToldOnce(t *testing.T) {
	urn := func(name string) string { return "urn:pulumi:dev::auth-api::aws:iam/role:Role::" + name }
	var events []m
	for i := range 30 {
		events = append(events, said("error", urn(fmt.Sprint("r", i)), fmt.Sprintf("Preview failed: error reading from server: read tcp 127.0.0.1:%d->127.0.0.1:36559: read: connection reset by peer", 60000+i)),
			said("error", urn(fmt.Sprint("s", i)), `Preview failed: connection error: desc = "transport: Error while dialing: dial tcp 127.0.0.1:36559: connect: connection refused"`))
	}
	r, err := review.Refresh(streamed(t, append(events, said("error", "", "preview failed"))...))
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"r0 (aws:iam/role:Role) and 59 more: error reading from server: read tcp 127.0.0.1:60000->127.0.0.1:36559: read: connection reset by peer"}
	if !slices.Equal(r.Errors, want) || !r.Away {
		t.Errorf("away is %v; %d errors: %q", r.Away, len(r.Errors), r.Errors)
	}

	r, err = review.Refresh(streamed(t, said("error", urn("a"), "Preview failed: no access"), said("error", urn("b"), "Preview failed: no access"), said("error", urn("c"), "throttled"), said("error", "", "preview failed")))
	if err != nil {
		t.Fatal(err)
	}
	if want := []string{"a (aws:iam/role:Role) and 1 more: no access", "c (aws:iam/role:Role): throttled"}; !slices.Equal(r.Errors, want) || r.Away {
		t.Errorf("away is %v; %q", r.Away, r.Errors)
	}
	const expired = "reading IAM Role (%s): operation error IAM: GetRole, https response error StatusCode: 403, RequestID: %s, api error ExpiredToken: The security token included in the request is expired"
	r, err = review.Refresh(streamed(t, said("error", urn("a"), fmt.Sprintf(expired, "a", "1-1")), said("error", urn("b"), fmt.Sprintf(expired, "b", "2-2"))))
	if want := []string{"a (aws:iam/role:Role) and 1 more: " + fmt.Sprintf(expired, "a", "1-1")}; err != nil || !slices.Equal(r.Errors, want) || r.Away {
		t.Errorf("away is %v; %q, %v", r.Away, r.Errors, err)
	}
	r, err = review.Refresh(streamed(t, said("error", "", "preview failed")))
	if err != nil || !slices.Equal(r.Errors, []string{"preview failed"}) {
		t.Errorf("alone, it is %q, %v", r.Errors, err)
	}
}

// A preview has the same forms, and a secret that changes is a change, too.
func TestAPreviewOfEvents(t *testing.T) {
	pre := func(op string, before, after m, differ ...string) m {
		e := outcome(op, "aws:ssm/parameter:Parameter", "config", before, after, differ...)
		return m{"resourcePreEvent": e["resOutputsEvent"]}
	}
	want := []review.Change{{Op: "update", Type: "aws:ssm/parameter:Parameter", Name: "config", Properties: []review.Property{{"value", "[secret]", "another [secret]"}}}}
	r, err := review.Preview(streamed(t, pre("update", m{"value": blind()}, m{"value": blind()}, "value"), summary(m{"update": 1})))
	if err != nil || !cmp.Equal(r.Changes, want) {
		t.Errorf("%v %s", err, cmp.Diff(want, r.Changes))
	}
	s := step("update", "aws:ssm/parameter:Parameter", "config", m{"value": "[secret]"}, m{"value": "[secret]"})
	s["detailedDiff"] = m{"value": m{"kind": "update"}}
	r, err = review.Preview(printed(t, s))
	if err != nil || !cmp.Equal(r.Changes, want) {
		t.Errorf("%v %s", err, cmp.Diff(want, r.Changes))
	}
}

func FuzzRefresh(f *testing.F) {
	f.Add(streamed(f, outcome("update", "aws:iam/role:Role", "guest", m{"a": blind()}, m{"a": m{"b": nil}}, "a[0]", "["), said("error", "x", "connection refused"), summary(m{"update": 2})))
	f.Add(printed(f, step("update", "aws:iam/role:Role", "guest", m{"a": "[1]"}, m{"a": m{"b": nil}})))
	f.Fuzz(func(t *testing.T, text []byte) {
		r, err := review.Refresh(text)
		if err != nil {
			return
		}
		out := drifted(t, r)
		if strings.ContainsAny(out, "\x1b\r\a") {
			t.Errorf("it commands the terminal: %q", out)
		}
		for _, c := range r.Changes {
			if !strings.Contains(out, c.Type) {
				t.Errorf("%s is not told in %q", c.Type, out)
			}
		}
	})
}
