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
func dependencies(t *testing.T, module, program string) []string {
	t.Helper()
	list := exec.Command("go", "list", "-deps", "-json=ImportPath,Dir,Module", program)
	list.Dir = module
	out, err := list.Output()
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
	heavy := func(module, program string) []string {
		found := []string{}
		for _, path := range dependencies(t, module, program) {
			if strings.Contains(path, "pulumi-awsx") || strings.HasSuffix(path, "/go/aws/ec2") {
				found = append(found, path)
			}
		}
		return found
	}
	if found := heavy("../../..", "./infra"); len(found) > 0 {
		t.Errorf("the main program links %s", strings.Join(found, ", "))
	}
	if found := heavy("..", "./plan"); len(found) > 0 {
		t.Errorf("the plan links %s", strings.Join(found, ", "))
	}
	if found := heavy("..", "."); len(found) < 2 { // or nothing is found where it is
		t.Errorf("the network links %v alone", found)
	}
}

// Pulumi fetches a plugin for every provider that a program's go.mod names, linked or
// not: the main program's names AWS's alone.
func TestTheMainProgramAsksForNoOtherPlugin(t *testing.T) {
	data, err := os.ReadFile("../../../go.mod")
	if err != nil {
		t.Fatal(err)
	}
	providers := []string{}
	for _, word := range strings.Fields(string(data)) {
		if strings.HasPrefix(word, "github.com/pulumi/pulumi-") {
			providers = append(providers, word)
		}
	}
	if len(providers) != 1 || providers[0] != "github.com/pulumi/pulumi-aws/sdk/v6" {
		t.Errorf("it names %v", providers)
	}
}
