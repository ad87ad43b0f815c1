package iam_test

import (
	"fmt"
	"strings"
	"testing"

	"auth-api/infra/localaws/authz"
	"auth-api/infra/localaws/iam"
	"auth-api/infra/localaws/store"
)

const (
	basicExecution = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"
	ownPolicies    = "arn:aws:iam::000000000000:policy/"
)

func denies(action, resource string) string {
	return strings.Replace(allows(action, resource), `"Allow"`, `"Deny"`, 1)
}

// managed declares a managed policy and returns its ARN.
func (w *world) managed(t testing.TB, name, document string) string {
	t.Helper()
	p := iam.Policy{Name: name, Path: "/team/", Policy: document}
	p.ARN = w.PolicyARN(p)
	w.update(t, func(tx *store.Tx) error { return iam.Policies.Put(tx, p.ARN, p) })
	return p.ARN
}

// attach does as the provider does.
func (w *world) attach(role, arn string) error {
	a := iam.RolePolicyAttachment{Role: role, PolicyARN: arn}
	return w.db.Update(func(tx *store.Tx) error {
		if err := iam.RolePolicyAttachments.Put(tx, role+"/"+arn, a); err != nil {
			return err
		}
		return w.RolePolicyAttachmentDeclared(tx, a)
	})
}

// change declares the role app anew.
func (w *world) change(t testing.TB, change func(*iam.Role)) {
	t.Helper()
	r := iam.Role{Name: "app", AssumeRolePolicy: trust, UniqueID: "AROAAPP"}
	change(&r)
	w.update(t, func(tx *store.Tx) error { return iam.Roles.Put(tx, "app", r) })
}

// Managed policies and boundaries decide as inline ones do, and are named when they
// did. The role app has an inline policy that allows GET x, and nothing else.
func TestManagedPoliciesAndBoundaries(t *testing.T) {
	x, y := api+"/prod/GET/x", api+"/prod/GET/y"
	denied := func(because string) string {
		return "User: arn:aws:sts::000000000000:assumed-role/app/CognitoIdentityCredentials is not authorized to perform: %s on resource: %s " + because
	}
	none := denied("because no identity-based policy allows the %[1]s action")
	outside := denied("because no permissions boundary allows the %[1]s action")
	for _, c := range []struct {
		name             string
		attached         string // a managed policy of the account
		boundary         string // likewise
		byRole           bool   // attached by the role's own managedPolicyArns
		aws, awsBoundary string // AWS's own
		inline           string // of the role's own inlinePolicies
		resource         string // a statement of the resource's policy
		action, asked    string
		allowed          bool
		says             string // the message, or who allows
	}{
		{name: "inline alone", asked: x, allowed: true, says: "routes of role app allows"},
		{name: "nobody allows", asked: y, says: none},
		{name: "attached", attached: allows(invoke, y), asked: y, allowed: true, says: ownPolicies + "team/attached allows"},
		{name: "attached, elsewhere", attached: allows(invoke, x), asked: y, says: none},
		{name: "attached by the role", attached: allows(invoke, y), byRole: true, asked: y, allowed: true, says: ownPolicies + "team/attached allows"},
		{name: "the role's own inline policy", inline: allows(invoke, y), asked: y, allowed: true, says: "mine of role app allows"},
		{name: "attached denies what is inline", attached: denies(invoke, x), asked: x, says: denied("with an explicit deny in an identity-based policy")},
		{name: "AWS's own", aws: basicExecution, action: "logs:PutLogEvents", asked: "arn:aws:logs:us-west-2:000000000000:log-group:g:log-stream:s", allowed: true, says: basicExecution + " allows"},
		{name: "AWS's own allows no more", aws: basicExecution, action: "logs:DeleteLogGroup", asked: "arn:aws:logs:us-west-2:000000000000:log-group:g", says: none},
		{name: "AWS's own for a VPC", aws: "arn:aws:iam::aws:policy/service-role/AWSLambdaVPCAccessExecutionRole", action: "ec2:CreateNetworkInterface", asked: "arn:aws:ec2:us-west-2:000000000000:subnet/s", allowed: true},
		{name: "AWS's own for X-Ray", aws: "arn:aws:iam::aws:policy/AWSXRayDaemonWriteAccess", action: "xray:PutTraceSegments", asked: "*", allowed: true},

		{name: "within the boundary", boundary: allows("execute-api:*", "*"), asked: x, allowed: true, says: "routes of role app allows"},
		{name: "outside the boundary", boundary: allows("execute-api:*", y), asked: x, says: outside},
		{name: "a boundary allows nothing by itself", boundary: allows("*", "*"), asked: y, says: none},
		{name: "the boundary denies", boundary: `{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}, {"Effect": "Deny", "Action": "*", "Resource": "` + x + `"}]}`, asked: x, says: denied("with an explicit deny in a permissions boundary")},
		{name: "a condition in the boundary", boundary: strings.Replace(allows("*", "*"), `"Resource"`, `"Condition": {"IpAddress": {"aws:SourceIp": "203.0.113.7"}}, "Resource"`, 1), asked: x, allowed: true},
		{name: "a condition in the boundary that does not hold", boundary: strings.Replace(allows("*", "*"), `"Resource"`, `"Condition": {"IpAddress": {"aws:SourceIp": "198.51.100.7"}}, "Resource"`, 1), asked: x, says: outside},
		{name: "AWS's own as boundary", awsBoundary: basicExecution, asked: x, says: outside},
		{name: "a resource policy that names the role is bounded", boundary: allows("logs:*", "*"), resource: `{"Effect": "Allow", "Principal": {"AWS": "` + roleARN + `"}, "Action": "*", "Resource": "*"}`, asked: y, says: outside},
		{name: "a resource policy that names the session is not", boundary: allows("logs:*", "*"), resource: `{"Effect": "Allow", "Principal": {"AWS": "arn:aws:sts::000000000000:assumed-role/app/CognitoIdentityCredentials"}, "Action": "*", "Resource": "*"}`, asked: y, allowed: true},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			role := iam.Role{PermissionsBoundary: c.awsBoundary}
			if c.attached != "" {
				c.aws = w.managed(t, "attached", c.attached)
			}
			if c.boundary != "" {
				role.PermissionsBoundary = w.managed(t, "boundary", c.boundary)
			}
			if c.byRole {
				role.ManagedPolicyARNs, c.aws = []string{c.aws}, ""
			}
			if c.inline != "" {
				role.InlinePolicies = []iam.InlinePolicy{{Name: "mine", Policy: c.inline}}
			}
			w.change(t, func(r *iam.Role) {
				r.PermissionsBoundary, r.ManagedPolicyARNs, r.InlinePolicies = role.PermissionsBoundary, role.ManagedPolicyARNs, role.InlinePolicies
			})
			if c.aws != "" {
				if err := w.attach("app", c.aws); err != nil {
					t.Fatal(err)
				}
			}
			caller, err := w.authenticate(t, w.assume(t, webIdentity()))
			if err != nil {
				t.Fatal(err)
			}
			var resource *authz.Policy
			if c.resource != "" {
				resource = resourcePolicy(t, c.resource)
			}
			request := iam.Request{Action: c.action, Resource: c.asked, SourceIP: "203.0.113.7"}
			if request.Action == "" {
				request.Action = invoke
			}
			d, steps := w.Explain(caller, request, resource)
			if again := w.Authorize(caller, request, resource); again != d {
				t.Errorf("Authorize says %+v, Explain %+v", again, d)
			}
			told := d.Reason
			if !c.allowed {
				told = iam.AccessDenied(caller, request, d)
				if strings.Contains(c.says, "%s") {
					masked := strings.Replace(request.Resource, "execute-api:us-west-2:000000000000", "execute-api:us-west-2:********0000", 1)
					c.says = fmt.Sprintf(c.says, request.Action, masked)
				}
			}
			if d.Allowed != c.allowed || !strings.Contains(told, c.says) {
				t.Errorf("allowed %v: %s\nwant    %v: %s", d.Allowed, told, c.allowed, c.says)
			}
			for _, name := range []string{c.aws, role.PermissionsBoundary} {
				if name != "" && !explained(steps, name) {
					t.Errorf("%s is not among the steps %+v", name, steps)
				}
			}
		})
	}
}

func explained(steps []authz.Step, name string) bool {
	for _, s := range steps {
		if s.Policy == name {
			return true
		}
	}
	return false
}

// A managed policy changes under the roles that have it.
func TestAChangedManagedPolicyIsSeenAtOnce(t *testing.T) {
	w := newWorld(t)
	arn := w.managed(t, "shared", allows(invoke, api+"/prod/GET/y"))
	if err := w.attach("app", arn); err != nil {
		t.Fatal(err)
	}
	caller, err := w.authenticate(t, w.assume(t, webIdentity()))
	if err != nil {
		t.Fatal(err)
	}
	y := iam.Request{Action: invoke, Resource: api + "/prod/GET/y"}
	if d := w.Authorize(caller, y, nil); !d.Allowed {
		t.Error(d.Reason)
	}
	w.managed(t, "shared", denies(invoke, "*"))
	if d := w.Authorize(caller, y, nil); d.Kind != authz.ExplicitDeny || d.Policy != arn {
		t.Errorf("%+v", d)
	}
	w.managed(t, "shared", "{}")
	if d := w.Authorize(caller, iam.Request{Action: invoke, Resource: api + "/prod/GET/x"}, nil); d.Allowed || !strings.Contains(d.Reason, arn) {
		t.Errorf("a policy that cannot be read may hide a denial, and the decision is %+v", d)
	}
}

func TestManagedPoliciesAreChecked(t *testing.T) {
	w := newWorld(t)
	exact := func(n int) string { // a policy of n characters without white space
		document := allows("s3:Get", "*")
		bare := len(strings.Join(strings.Fields(document), ""))
		return strings.Replace(document, "s3:Get", "s3:Get"+strings.Repeat("x", n-bare), 1)
	}
	for _, c := range []struct {
		policy iam.Policy
		want   string
	}{
		{iam.Policy{Name: "p", Policy: allows("*", "*")}, ""},
		{iam.Policy{Name: "p", Policy: exact(6144)}, ""},
		{iam.Policy{Name: "p", Policy: exact(6144) + strings.Repeat(" \n\t", 1000)}, ""},
		{iam.Policy{Name: "p", Policy: exact(6145)}, "policy p: policy: checking the policy: it has 6145 characters without white space; legal are 6144"},
		{iam.Policy{Name: "p", Path: "/a/b/", Policy: allows("*", "*")}, ""},
		{iam.Policy{Name: "p", Path: "a/", Policy: allows("*", "*")}, `path "a/" is not legal`},
		{iam.Policy{Name: "p/q", Policy: allows("*", "*")}, `name "p/q" is not legal`},
		{iam.Policy{Name: "p", Policy: trust}, `"Principal" and "NotPrincipal" are legal in resource-based policies only`},
	} {
		checkError(t, w.CheckManagedPolicy(c.policy), c.want)
	}
	for arn, want := range map[string]string{
		basicExecution:         "",
		ownPolicies + "p":      "",
		ownPolicies + "team/p": "",
		"arn:aws:iam::aws:policy/AdministratorAccess": "arn:aws:iam::aws:policy/AdministratorAccess is not known to the local AWS; of AWS's own policies it knows arn:aws:iam::aws:policy/AWSXRayDaemonWriteAccess, " + basicExecution,
		"arn:aws:iam::111111111111:policy/p":          "is not legal; legal are " + ownPolicies + "PATH/NAME",
		ownPolicies:                                   "is not legal",
		"p":                                           `"p" is not legal`,
	} {
		checkError(t, w.CheckRolePolicyAttachment(iam.RolePolicyAttachment{Role: "app", PolicyARN: arn}), want)
		checkError(t, w.CheckRole(iam.Role{Name: "r", AssumeRolePolicy: trust, PermissionsBoundary: arn}), want)
		checkError(t, w.CheckRole(iam.Role{Name: "r", AssumeRolePolicy: trust, ManagedPolicyARNs: []string{arn}}), want)
	}
	half := exact(6000)
	for _, c := range []struct {
		role iam.Role
		want string
	}{
		{iam.Role{ManagedPolicyARNs: []string{}}, "managedPolicyArns is empty"},
		{iam.Role{ManagedPolicyARNs: make([]string, 11)}, "LimitExceeded: Cannot exceed quota for PoliciesPerRole: 10"},
		{iam.Role{InlinePolicies: []iam.InlinePolicy{{}}}, `inlinePolicies[0]: name "" is not legal`},
		{iam.Role{InlinePolicies: []iam.InlinePolicy{{"a", half}, {"a", half}}}, `inlinePolicies[1]: name "a" stands twice`},
		{iam.Role{InlinePolicies: []iam.InlinePolicy{{"a", half}, {"b", "{}"}}}, `inlinePolicies[1]: policy: parsing the policy: "Statement" is missing`},
		{iam.Role{InlinePolicies: []iam.InlinePolicy{{"a", half}, {"b", half}}}, "LimitExceeded: Maximum policy size of 10240 bytes exceeded for role r: its inline policies have 12000 characters"},
	} {
		c.role.Name, c.role.AssumeRolePolicy = "r", trust
		checkError(t, w.CheckRole(c.role), c.want)
	}
}

func checkError(t *testing.T, err error, want string) {
	t.Helper()
	if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
		t.Errorf("got %v, want %s", err, want)
	}
}

func TestQuotasAndReferences(t *testing.T) {
	w := newWorld(t)
	for i := range 10 {
		if err := w.attach("app", w.managed(t, fmt.Sprint("p", i), allows("s3:*", "*"))); err != nil {
			t.Fatal(err)
		}
	}
	arn := w.managed(t, "p10", allows("s3:*", "*"))
	checkError(t, w.attach("app", arn), "LimitExceeded: Cannot exceed quota for PoliciesPerRole: 10")
	checkError(t, w.attach("nobody", arn), "NoSuchEntity: The role with name nobody cannot be found")
	checkError(t, w.attach("app", ownPolicies+"gone"), "NoSuchEntity: Policy "+ownPolicies+"gone does not exist or is not attachable")

	inTx := func(do func(tx *store.Tx) error) error { return w.db.Update(do) }
	checkError(t, inTx(func(tx *store.Tx) error {
		return w.RoleDeclared(tx, "other", iam.Role{PermissionsBoundary: ownPolicies + "gone"})
	}), "NoSuchEntity")
	checkError(t, inTx(func(tx *store.Tx) error {
		return w.RoleDeclared(tx, "other", iam.Role{ManagedPolicyARNs: []string{arn}})
	}), "")
	checkError(t, inTx(func(tx *store.Tx) error { return w.RoleDeclared(tx, "app", iam.Role{ManagedPolicyARNs: []string{arn}}) }), "say it in one place")
	checkError(t, inTx(func(tx *store.Tx) error {
		return w.RoleDeclared(tx, "app", iam.Role{InlinePolicies: []iam.InlinePolicy{{"a", allows("*", "*")}}})
	}), "say it in one place")

	w.policy(t, "app", "large", allows("s3:"+strings.Repeat("x", 9990), "*"))
	checkError(t, inTx(func(tx *store.Tx) error { return w.RolePolicyDeclared(tx, iam.RolePolicy{Role: "app", Name: "large"}) }), "LimitExceeded: Maximum policy size of 10240 bytes exceeded for role app")
	checkError(t, inTx(func(tx *store.Tx) error { return w.RolePolicyDeclared(tx, iam.RolePolicy{Role: "nobody"}) }), "NoSuchEntity")

	for _, c := range []struct {
		name string
		do   func(tx *store.Tx) error
		want string
	}{
		{"a policy that is attached", func(tx *store.Tx) error { return w.PolicyDeleted(tx, ownPolicies+"team/p3") }, "DeleteConflict: Cannot delete a policy attached to entities. (role app)"},
		{"one that is not", func(tx *store.Tx) error { return w.PolicyDeleted(tx, arn) }, ""},
		{"a role with inline policies", func(tx *store.Tx) error { return w.RoleDeleted(tx, "app", iam.Role{}) }, "DeleteConflict: Cannot delete entity, must delete policies first."},
		{"a role by force", func(tx *store.Tx) error { return w.RoleDeleted(tx, "app", iam.Role{ForceDetachPolicies: true}) }, ""},
		{"and the policy then", func(tx *store.Tx) error { return w.PolicyDeleted(tx, ownPolicies+"team/p3") }, ""},
		{"what was attached went too", func(tx *store.Tx) error {
			attached, err := iam.RolePolicyAttachments.All(tx)
			inline, err2 := iam.RolePolicies.All(tx)
			if err != nil || err2 != nil || len(attached)+len(inline) > 0 {
				return fmt.Errorf("%v %v are left, %v %v", attached, inline, err, err2)
			}
			return nil
		}, ""},
		{"a boundary", func(tx *store.Tx) error {
			if err := iam.Roles.Put(tx, "bounded", iam.Role{PermissionsBoundary: arn}); err != nil {
				return err
			}
			return w.PolicyDeleted(tx, arn)
		}, "DeleteConflict: Cannot delete a policy attached to entities. (permissions boundary of role bounded)"},
		{"one that a role names itself", func(tx *store.Tx) error {
			if err := iam.Roles.Put(tx, "own", iam.Role{ManagedPolicyARNs: []string{arn}}); err != nil {
				return err
			}
			return w.PolicyDeleted(tx, arn)
		}, "DeleteConflict: Cannot delete a policy attached to entities. (role own)"},
		{"a role with attached policies", func(tx *store.Tx) error {
			if err := iam.RolePolicyAttachments.Put(tx, "x", iam.RolePolicyAttachment{Role: "app", PolicyARN: arn}); err != nil {
				return err
			}
			return w.RoleDeleted(tx, "app", iam.Role{})
		}, "DeleteConflict: Cannot delete entity, must detach all policies first."},
	} {
		t.Run(c.name, func(t *testing.T) { checkError(t, inTx(c.do), c.want) })
	}
}
