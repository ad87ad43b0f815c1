//go:build e2e

package e2e

import (
	"compress/gzip"
	"io"
	"os"
	"path/filepath"
	"testing"

	"auth-api/infra/client"
	"auth-api/infra/cmd/internal/daemon"
	"auth-api/infra/cmd/internal/review"
	"auth-api/infra/cmd/internal/workspace"
)

// testdata/upgrades has, for each release of the layout, by its commit, the local stack as
// it was brought up then: its state, as pulumi stack export writes it, and the local AWS's
// store, with a user ada in the pool. A release that moves names, or changes what of a
// resource cannot be changed, adds one of the commit before.
func TestAStackOfAnEarlierReleaseComesUp(t *testing.T) {
	releases, err := filepath.Glob(filepath.Join("testdata", "upgrades", "*"))
	if err != nil || len(releases) == 0 {
		t.Fatalf("the releases are %v %v", releases, err)
	}
	c := checkout(t)
	c.make("tools")
	for _, release := range releases {
		t.Run(filepath.Base(release), func(t *testing.T) {
			c := &copied{t, c.root, c.port}
			if err := os.RemoveAll(filepath.Join(c.root, ".auth-api")); err != nil {
				t.Fatal(err)
			}
			dir := daemon.Dir(c.root)
			if err := os.MkdirAll(dir, 0o700); err != nil {
				t.Fatal(err)
			}
			unpack(t, filepath.Join(release, "local-aws.db.gz"), filepath.Join(dir, "local-aws.db"))
			state := filepath.Join(t.TempDir(), "state.json")
			unpack(t, filepath.Join(release, "state.json.gz"), state)

			ws := workspace.Workspace{Root: c.root}
			stack, err := ws.Stack("local")
			if err != nil {
				t.Fatal(err)
			}
			running, _, err := daemon.Start(t.Context(), filepath.Join(c.root, "bin", "local"), dir, c.port, stack.Region)
			if err != nil {
				t.Fatal(err)
			}
			p, err := ws.Pulumi(stack, running)
			if err != nil {
				t.Fatal(err)
			}
			for _, args := range [][]string{{"stack", "select", "--create", "--stack", "local"}, {"stack", "import", "--stack", "local", "--file", state}} {
				if out, err := p.Command(t.Context(), append(args, "--non-interactive")...).CombinedOutput(); err != nil {
					t.Fatalf("pulumi %s: %v\n%s", args[1], err, out)
				}
			}

			t.Log("nothing that holds data is deleted or replaced")
			out, err := p.Command(t.Context(), "preview", "--stack", "local", "--json", "--non-interactive").Output()
			if err != nil {
				t.Fatalf("pulumi preview: %v\n%s", err, out)
			}
			changes, err := review.Preview(out)
			if err != nil {
				t.Fatal(err)
			}
			if changes.Unchanged == 0 {
				t.Error("no resource stays as it is: the state was not taken for this stack's")
			}
			for _, change := range changes.Changes {
				if change.LosesData() {
					t.Errorf("%s %s (%s): %v", change.Op, change.Name, change.Type, change.Properties)
				}
			}

			t.Log("it comes up, and ada signs in")
			c.make("up")
			c.make("preview", "ARGS=--expect-no-changes")
			if _, err := client.NewDirectory(c.outputs()).SignIn(t.Context(), "ada", "Analytical1"); err != nil {
				t.Errorf("a user of the release: %v", err)
			}
			c.call(0, "-as", "demouser", "GET", "/require-auth").has("velvet rope")
			c.make("destroy")
			c.make("down")
		})
	}
}

func unpack(t *testing.T, from, to string) {
	t.Helper()
	in, err := os.Open(from)
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	unzipped, err := gzip.NewReader(in)
	if err != nil {
		t.Fatal(err)
	}
	data, err := io.ReadAll(unzipped)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(to, data, 0o600); err != nil {
		t.Fatal(err)
	}
}
