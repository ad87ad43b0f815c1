package inspect_test

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"auth-api/infra/cmd/internal/friendly"
	"auth-api/infra/cmd/internal/inspect"
	"auth-api/infra/localaws/access"
)

const root = "../../../.."

// Every stack file of the repository can be looked at, whatever it is for.
func TestEveryStackFileCanBeLookedAt(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(root, "Pulumi.*.yaml"))
	if err != nil || len(files) < 2 {
		t.Fatalf("the stack files are %v %v", files, err)
	}
	for _, file := range files {
		name := strings.TrimSuffix(strings.TrimPrefix(filepath.Base(file), "Pulumi."), ".yaml")
		t.Run(name, func(t *testing.T) {
			tables, err := inspect.Planned(root, name, "")
			if err != nil {
				t.Fatal(err)
			}
			if len(tables) == 0 || len(tables[0].Routes) == 0 || len(tables[0].Callers) < 4 {
				t.Errorf("%+v", tables)
			}
		})
	}
}

// checkout is a project with this stack file and two functions.
func checkout(t *testing.T, file string) string {
	t.Helper()
	return friendly.Checkout(t, map[string]string{"x": file}, "no-auth", "require-auth")
}

const article = `config:
  aws:region: eu-central-1
  auth-api:routes:
    - {method: GET, path: /no-auth, function: no-auth, apiKeyRequired: true}
    - {method: GET, path: /require-auth, function: require-auth, authorization: AWS_IAM, callers: [authenticated], apiKeyRequired: true}
  auth-api:identity: {guests: true, demoUser: tom}
  auth-api:demoPassword: {secure: AAABAB0}
`

// words are a row's cells in short.
func words(t *testing.T, tables []access.Table, route string) string {
	t.Helper()
	for _, r := range tables[0].Routes {
		if r.Method+" "+r.Path == route {
			var out []string
			for _, c := range r.Cells {
				out = append(out, string(c.Access))
			}
			return strings.Join(out, " ")
		}
	}
	t.Fatalf("there is no route %s", route)
	return ""
}

// A stack for AWS, in another region, with a secret that nobody can read here.
func TestAStackWithSecrets(t *testing.T) {
	tables, err := inspect.Planned(checkout(t, article), "x", "")
	if err != nil {
		t.Fatal(err)
	}
	// anonymous, key only, guest, authenticated, and two functions
	if got := words(t, tables, "GET /require-auth"); got != "refused refused refused allowed refused refused" {
		t.Errorf("it is %s", got)
	}
}

func TestAWrongStackFileIsRefusedByName(t *testing.T) {
	for _, test := range []struct{ from, to, says string }{
		{"AWS_IAM", "AWS_IAMM", `"AWS_IAMM"`},
		{"auth-api:routes", "auth-api:rootes", "auth-api:rootes"},
		{"guests: true", "guests: maybe", "guests"},
		{"config:", "config: [", "Pulumi.x.yaml"},
	} {
		_, err := inspect.Planned(checkout(t, strings.Replace(article, test.from, test.to, 1)), "x", "")
		if err == nil || !strings.Contains(err.Error(), test.says) || !strings.HasPrefix(err.Error(), "working out who could call stack x: ") {
			t.Errorf("with %s the error is %v", test.to, err)
		}
	}
	if _, err := inspect.Planned(checkout(t, article), "y", ""); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("without a stack file the error is %v", err)
	}
}

// state is the export of a stack on AWS, changed.
func state(t *testing.T, change func(resources []map[string]any) []map[string]any) []byte {
	t.Helper()
	data, err := os.ReadFile("testdata/deployed.json")
	if err != nil {
		t.Fatal(err)
	}
	var export map[string]any
	if err := json.Unmarshal(data, &export); err != nil {
		t.Fatal(err)
	}
	deployment, _ := export["deployment"].(map[string]any)
	var resources []map[string]any
	for _, r := range deployment["resources"].([]any) {
		resources = append(resources, r.(map[string]any))
	}
	deployment["resources"] = change(resources)
	if data, err = json.Marshal(export); err != nil {
		t.Fatal(err)
	}
	return data
}

func same(r []map[string]any) []map[string]any { return r }

// What is deployed and what the program would deploy are the same doors, though ids and
// the account differ.
func TestTheStateOfAStackOnAWS(t *testing.T) {
	deployed, err := inspect.Deployed(state(t, same), "")
	if err != nil {
		t.Fatal(err)
	}
	planned, err := inspect.Planned(checkout(t, article), "x", "")
	if err != nil {
		t.Fatal(err)
	}
	if got := words(t, deployed, "GET /require-auth"); got != "refused refused refused allowed refused refused" {
		t.Errorf("it is %s", got)
	}
	if changes := access.Diff(deployed, planned); len(changes) != 0 {
		t.Errorf("there are changes: %+v", changes)
	}
	if len(deployed[0].Notes) != 0 {
		t.Errorf("notes: %q", deployed[0].Notes)
	}
}

func resourceOf(kind, id string, inputs map[string]any) map[string]any {
	return map[string]any{"urn": "urn:pulumi:dev::auth-api::" + kind + "::added", "custom": true, "id": id, "type": kind, "inputs": inputs}
}

func TestWhatIsInTheStateCounts(t *testing.T) {
	everything := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`
	for name, test := range map[string]struct {
		added map[string]any
		guest string // what guests may with GET /require-auth
		note  string
		err   string
	}{
		"a wildcard policy":             {added: resourceOf("aws:iam/rolePolicy:RolePolicy", "auth-api-dev-guest:added", map[string]any{"name": "added", "role": "auth-api-dev-guest", "policy": everything}), guest: "allowed"},
		"one that waits to be deleted":  {added: map[string]any{"delete": true, "custom": true, "type": "aws:iam/rolePolicy:RolePolicy", "id": "x", "urn": "urn:pulumi:dev::auth-api::aws:iam/rolePolicy:RolePolicy::x"}, guest: "refused", note: "not considered: 1 replaced resources that Pulumi has still to delete"},
		"one that is still to be made":  {added: map[string]any{"pendingReplacement": true, "custom": true, "type": "aws:iam/rolePolicy:RolePolicy", "id": "auth-api-dev-guest:added", "urn": "urn:pulumi:dev::auth-api::aws:iam/rolePolicy:RolePolicy::x", "inputs": map[string]any{"name": "added", "role": "auth-api-dev-guest", "policy": everything}}, guest: "refused", note: "not considered: 1 deleted resources that Pulumi has still to make anew"},
		"a type that has no say":        {added: resourceOf("aws:nothing/thing:Thing", "x", nil), guest: "refused", note: "not considered: resources of type aws:nothing/thing:Thing"},
		"a type that would have a say":  {added: resourceOf("aws:iam/userPolicy:UserPolicy", "x", nil), err: "does not know the resource type aws:iam/userPolicy:UserPolicy"},
		"a property that is not known":  {added: resourceOf("aws:iam/rolePolicy:RolePolicy", "x:y", map[string]any{"name": "y", "role": "auth-api-dev-guest", "policy": everything, "boundary": "x"}), err: "boundary: the local AWS does not know this property"},
		"a default that is not known":   {added: resourceOf("aws:iam/rolePolicy:RolePolicy", "x:y", map[string]any{"__defaults": []string{"boundary"}, "name": "y", "role": "auth-api-dev-guest", "policy": everything, "boundary": "x"}), guest: "allowed"},
		"a function's property":         {added: resourceOf("aws:lambda/function:Function", "other", map[string]any{"name": "other", "role": "arn:aws:iam::123456789012:role/auth-api-dev-no-auth-role", "runtime": "provided.al2023", "handler": "bootstrap", "unheardOf": true, "code": map[string]any{"4dabf18193072939515e22adb298388d": "0def7320c3a5731c473e5ecbe6d01bc7"}}), guest: "refused"},
		"a policy that nobody can read": {added: resourceOf("aws:iam/rolePolicy:RolePolicy", "x:y", map[string]any{"name": "y", "role": "auth-api-dev-guest", "policy": map[string]any{"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", "ciphertext": "v1:AAAA"}}), err: "restoring added (aws:iam/rolePolicy:RolePolicy): "},
		"an asset":                      {added: resourceOf("aws:iam/rolePolicy:RolePolicy", "x:y", map[string]any{"policy": map[string]any{"4dabf18193072939515e22adb298388d": "c44067f5952c0a294b673a41bacd8c17"}}), err: "known are secrets, archives and outputs"},
	} {
		t.Run(name, func(t *testing.T) {
			tables, err := inspect.Deployed(state(t, func(r []map[string]any) []map[string]any { return append(r, test.added) }), "")
			if test.err != "" {
				if err == nil || !strings.Contains(err.Error(), test.err) {
					t.Errorf("the error is %v, want %s", err, test.err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if got := strings.Fields(words(t, tables, "GET /require-auth"))[2]; got != test.guest {
				t.Errorf("guests: %s", got)
			}
			if notes := strings.Join(tables[0].Notes, "; "); notes != test.note {
				t.Errorf("the notes are %q, want %q", notes, test.note)
			}
		})
	}
}

func TestNothingIsDeployed(t *testing.T) {
	for _, export := range [][]byte{[]byte(`{"version":3,"deployment":{}}`), state(t, func([]map[string]any) []map[string]any { return nil }), nil} {
		if _, err := inspect.Deployed(export, ""); !errors.Is(err, inspect.ErrNotDeployed) {
			t.Errorf("the error is %v", err)
		}
	}
}
