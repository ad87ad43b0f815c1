package named_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"auth-api/infra/internal/named"
)

// A stack file is the same as before but for the name, wherever it stands.
func TestAStackFileByAnotherName(t *testing.T) {
	const file = `# auth-api:routes are what counts.
config:
  aws:region: us-west-2
  auth-api:routes:
    - {method: GET, path: "/auth-api:x", function: no-auth, public: true}
  # No auth-api:web here.
  # auth-api:permissionsBoundary: auth-api-ci-boundary
  "auth-api:functions":
    no-auth: {vpc: {network: acme/auth-api-network/dev}, grants: [{invoke: "arn:aws:lambda:us-west-2:111122223333:function:auth-api:live"}]}
  another-auth-api:x: 1
`
	const want = `# shop:routes are what counts.
config:
  aws:region: us-west-2
  shop:routes:
    - {method: GET, path: "/auth-api:x", function: no-auth, public: true}
  # No shop:web here.
  # shop:permissionsBoundary: shop-ci-boundary
  "shop:functions":
    no-auth: {vpc: {network: acme/shop-network/dev}, grants: [{invoke: "arn:aws:lambda:us-west-2:111122223333:function:auth-api:live"}]}
  another-auth-api:x: 1
`
	for _, test := range []struct{ text, name, want string }{{file, "shop", want}, {want, "auth-api", file}, {file, "auth-api", file}} {
		if got, err := named.GiveStack(test.text, test.name); err != nil || got != test.want {
			t.Errorf("%v, as %s it is\n%s", err, test.name, got)
		}
	}
	if _, err := named.GiveStack("config: {}\n", "shop"); err == nil || !strings.Contains(err.Error(), "it has no routes") {
		t.Errorf("a file of something else: %v", err)
	}
}

func TestReadingTheName(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "Pulumi.yaml")
	if _, err := named.Of(dir); err == nil || !strings.Contains(err.Error(), "reading the project's name") {
		t.Errorf("without a file: %v", err)
	}
	for text, want := range map[string]string{
		"name: shop\nruntime: go\n": "shop", "runtime: go\nname: \"my-shop\"\n": "my-shop", "  name: inner\n": "", "names: x\n": "", "": "",
	} {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		got, err := named.Of(dir)
		if got != want || (err == nil) != (want != "") {
			t.Errorf("%q: %q, %v", text, got, err)
		}
		if read, err := named.Read(file); want != "" && (err != nil || !strings.Contains(read, "name: auth-api\n")) || want == "" && err == nil {
			t.Errorf("%q is read as %q, %v", text, read, err)
		}
	}
}
