package plan_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// dependencies are the packages that a program is compiled from. Go keeps a test's
// verdict while the files that it opened are unchanged: what go list reads, in a process
// of its own, is opened here too.
func dependencies(t *testing.T, program string) []string {
	t.Helper()
	out, err := exec.Command("go", "list", "-deps", "-json=ImportPath,Dir,Module", program).Output()
	if err != nil {
		t.Fatalf("listing what %s is compiled from: %v", program, err)
	}
	all := []string{}
	for d := json.NewDecoder(strings.NewReader(string(out))); d.More(); {
		var p struct {
			ImportPath, Dir string
			Module          *struct{ Main bool }
		}
		if err := d.Decode(&p); err != nil {
			t.Fatal(err)
		}
		all = append(all, p.ImportPath)
		if p.Module == nil || !p.Module.Main {
			continue
		}
		files, err := filepath.Glob(filepath.Join(p.Dir, "*.go"))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range append(files, p.Dir) {
			f, err := os.Open(file)
			if err != nil {
				t.Fatal(err)
			}
			f.Close()
		}
	}
	return all
}

// The component and EC2's package take minutes to compile. The network is a program of
// its own so that nobody waits for them who brings up the main one.
func TestTheMainProgramDoesNotLinkTheNetwork(t *testing.T) {
	heavy := func(program string) []string {
		found := []string{}
		for _, path := range dependencies(t, program) {
			if strings.Contains(path, "pulumi-awsx") || strings.HasSuffix(path, "/go/aws/ec2") {
				found = append(found, path)
			}
		}
		return found
	}
	if found := heavy("auth-api/infra"); len(found) > 0 {
		t.Errorf("the main program links %s", strings.Join(found, ", "))
	}
	if found := heavy("auth-api/infra/network/plan"); len(found) > 0 {
		t.Errorf("the plan links %s", strings.Join(found, ", "))
	}
	if found := heavy("auth-api/infra/network"); len(found) < 2 { // or nothing is found where it is
		t.Errorf("the network links %v alone", found)
	}
}
