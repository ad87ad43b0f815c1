package provider_test

import (
	"strings"
	"testing"
)

const (
	managedPolicy = "aws:iam/policy:Policy"
	attachment    = "aws:iam/rolePolicyAttachment:RolePolicyAttachment"
)

const mayLog = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"logs:PutLogEvents","Resource":"*"}]}`

// A managed policy from its making to its end, attached to one role and the boundary
// of another.
func TestAManagedPolicysLife(t *testing.T) {
	e, _ := start(t, t.TempDir(), 0)
	policy := e.create(managedPolicy, "may-log", map[string]any{"name": "may-log", "path": "/team/", "policy": mayLog})
	if got := policy.outputs["arn"].StringValue(); got != "arn:aws:iam::000000000000:policy/team/may-log" || string(policy.id) != got || !strings.HasPrefix(policy.outputs["policyId"].StringValue(), "ANPA") {
		t.Errorf("%s %v", policy.id, policy.outputs)
	}
	if _, err := e.try(managedPolicy, "twin", map[string]any{"name": "May-Log", "policy": mayLog}); err == nil || !strings.Contains(err.Error(), "EntityAlreadyExists: A policy called May-Log already exists") {
		t.Errorf("two policies of one name: %v", err)
	}
	r := e.create(role, "handler", map[string]any{"assumeRolePolicy": trust})
	bounded := e.create(role, "bounded", map[string]any{"assumeRolePolicy": trust, "permissionsBoundary": string(policy.id)})
	attached := e.create(attachment, "attached", map[string]any{"role": string(r.id), "policyArn": string(policy.id)})
	aws := e.create(attachment, "aws", map[string]any{"role": string(r.id), "policyArn": "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"})
	if d := e.diff(policy, map[string]any{"name": "may-log", "path": "/team/", "policy": mayLog}); len(d.ChangedKeys) > 0 {
		t.Errorf("nothing changed but the attachments, and the plan shows %v", d.ChangedKeys)
	}
	if d := e.diff(policy, map[string]any{"name": "may-log", "path": "/team/", "policy": strings.Replace(mayLog, "Put", "Get", 1)}); len(d.ChangedKeys) != 1 || len(d.ReplaceKeys) > 0 {
		t.Errorf("a document is changed in place, and the plan shows %v", d)
	}
	for _, test := range []struct {
		r    one
		says string
	}{
		{policy, "DeleteConflict: Cannot delete a policy attached to entities. (role "},
		{r, "DeleteConflict: Cannot delete entity, must detach all policies first."},
		{attached, ""},
		{policy, "permissions boundary of role "},
		{bounded, ""}, {policy, ""}, {aws, ""}, {r, ""},
	} {
		err := e.delete(test.r)
		if test.says == "" && (err != nil || e.stands(test.r)) {
			t.Errorf("deleting %s: %v", test.r.urn.Name(), err)
		}
		if test.says != "" && (err == nil || !strings.Contains(err.Error(), test.says) || !e.stands(test.r)) {
			t.Errorf("deleting %s: %v, want %q and that it stands", test.r.urn.Name(), err, test.says)
		}
	}
	for name, m := range map[string]map[string]any{
		"NoSuchEntity: The role with name nobody":   {"role": "nobody", "policyArn": "arn:aws:iam::aws:policy/AWSXRayDaemonWriteAccess"},
		"NoSuchEntity: Policy arn:aws:iam::0000000": {"role": string(e.create(role, "another", map[string]any{"assumeRolePolicy": trust}).id), "policyArn": "arn:aws:iam::000000000000:policy/gone"},
	} {
		if _, err := e.try(attachment, "it", m); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%v: %v", m, err)
		}
	}
	if _, says := e.check(attachment, "it", nil, props(map[string]any{"role": "r", "policyArn": "arn:aws:iam::aws:policy/ReadOnlyAccess"})); !strings.Contains(says, "ReadOnlyAccess is not known to the local AWS") {
		t.Errorf("it says %q", says)
	}
}
