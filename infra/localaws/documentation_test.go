package localaws_test

import (
	"flag"
	"os"
	"strings"
	"testing"

	"auth-api/infra/localaws/testers"
)

var update = flag.Bool("update", false, "write what TESTING.md takes from the code")

// between puts text between the comment that begins with begin and the one that is end.
func between(t *testing.T, doc, begin, end, text string) string {
	t.Helper()
	from := strings.Index(doc, begin)
	to := strings.Index(doc, end)
	if from < 0 || to < from {
		t.Fatalf("TESTING.md has no %s ... %s", begin, end)
	}
	from += strings.Index(doc[from:], "\n") + 1
	return doc[:from] + "\n" + text + "\n" + doc[to:]
}

func TestDocumentation(t *testing.T) {
	data, err := os.ReadFile("TESTING.md")
	if err != nil {
		t.Fatal(err)
	}
	example, err := os.ReadFile("awstest/example_test.go")
	if err != nil {
		t.Fatal(err)
	}
	want := between(t, string(data), "<!-- addresses:", "<!-- end of addresses -->", testers.Markdown())
	want = between(t, want, "<!-- example:", "<!-- end of example -->", "```go\n"+string(example)+"```\n")
	if *update {
		if err := os.WriteFile("TESTING.md", []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if string(data) != want {
		t.Error("TESTING.md says something else than the code; go test ./infra/localaws -run Documentation -update writes it")
	}
}
