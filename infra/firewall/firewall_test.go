package firewall

import (
	"os"
	"strings"
	"testing"
)

// Resources that are registered by their type's name get the provider of all others only
// when they ask for the same version of it.
func TestTheVersionIsTheOneInGoMod(t *testing.T) {
	mod, err := os.ReadFile("../../go.mod")
	if err != nil {
		t.Fatal(err)
	}
	if want := "github.com/pulumi/pulumi-aws/sdk/v6 v" + Version + "\n"; !strings.Contains(string(mod), want) {
		t.Errorf("go.mod has another version of pulumi-aws than %s", Version)
	}
}
