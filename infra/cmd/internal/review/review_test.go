package review_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"auth-api/infra/cmd/internal/review"
)

type m = map[string]any

const pool = "aws:cognito/userPool:UserPool"

func step(op, token, name string, before, after m) m {
	s := m{"op": op, "urn": "urn:pulumi:dev::auth-api::auth-api:api:Api$" + token + "::" + name}
	if before != nil {
		s["oldState"] = m{"type": token, "inputs": before, "outputs": before}
	}
	if after != nil {
		s["newState"] = m{"type": token, "inputs": after, "outputs": after}
	}
	return s
}

func printed(t testing.TB, steps ...m) []byte {
	t.Helper()
	text, err := json.Marshal(m{"steps": steps, "changeSummary": m{"same": 7}, "diagnostics": []m{
		{"message": "  a warning\n", "severity": "warning"}, {"message": "progress", "severity": "info"},
	}})
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func secret() m {
	return m{"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", "ciphertext": "v1:AAAA"}
}

func TestWhatAPreviewSays(t *testing.T) {
	const policy = `{"Statement":[{"Effect":"Allow","Resource":"arn:a"}]}`
	got, err := review.Preview(printed(t,
		step("same", "aws:iam/role:Role", "stays", m{}, m{}),
		step("update", "aws:iam/rolePolicy:RolePolicy", "routes", m{"policy": policy, "name": "x"}, m{"policy": strings.Replace(policy, "arn:a", "arn:b", 1), "name": "x"}),
		step("create", "aws:iam/rolePolicy:RolePolicy", "guests", nil, m{"policy": policy, "keys": []any{}, "note": "04da6b54-80e4-46f7-96ec-b56ff0331ba9"}),
		step("delete", "aws:cognito/user:User", "demo", m{"username": "demo"}, nil),
		step("create-replacement", pool, "users", m{"name": "a"}, m{"name": "b"}),
		step("replace", pool, "users", m{"name": "a"}, m{"name": "b"}),
		step("delete-replaced", pool, "users", m{"name": "a"}, nil),
		step("update", "aws:lambda/function:Function", "f", m{"secret": secret(), "code": m{"4dabf18193072939515e22adb298388d": "0def7320c3a5731c473e5ecbe6d01bc7", "hash": "1111111111111111"}},
			m{"secret": "plain", "code": m{"4dabf18193072939515e22adb298388d": "0def7320c3a5731c473e5ecbe6d01bc7", "hash": "2222222222222222"}}),
		step("update", "aws:apigateway/restApi:RestApi", "rest", m{"body": `{"security":[{"api_key":[]}]}`}, m{"body": `{"security":[]}`}),
	))
	if err != nil {
		t.Fatal(err)
	}
	want := review.Review{Unchanged: 7, Warnings: []string{"a warning"}, Changes: []review.Change{
		{Op: "update", Type: "aws:apigateway/restApi:RestApi", Name: "rest", Properties: []review.Property{{"body.security", "", "[]"}, {"body.security[0].api_key", "[]", ""}}},
		{Op: "delete", Type: "aws:cognito/user:User", Name: "demo"},
		{Op: "replace", Type: pool, Name: "users", Properties: []review.Property{{"name", "a", "b"}}},
		{Op: "create", Type: "aws:iam/rolePolicy:RolePolicy", Name: "guests", Properties: []review.Property{
			{"keys", "", "[]"}, {"note", "", "(known afterwards)"}, {"policy.Statement[0].Effect", "", "Allow"}, {"policy.Statement[0].Resource", "", "arn:a"}}},
		{Op: "update", Type: "aws:iam/rolePolicy:RolePolicy", Name: "routes", Properties: []review.Property{{"policy.Statement[0].Resource", "arn:a", "arn:b"}}},
		{Op: "update", Type: "aws:lambda/function:Function", Name: "f", Properties: []review.Property{{"code", "content 111111111111", "content 222222222222"}, {"secret", "[secret]", "plain"}}},
	}}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	if got.Count() != "1 to create, 3 to update, 1 to replace, 1 to delete" {
		t.Errorf("it counts %s", got.Count())
	}
	for _, c := range got.Changes {
		if want := c.Name == "demo" || c.Name == "users"; c.LosesData() != want {
			t.Errorf("%s %s loses data: %v", c.Op, c.Name, c.LosesData())
		}
	}
	if _, err := review.Preview([]byte("error: no")); err == nil || !strings.HasPrefix(err.Error(), "reading what the preview printed: ") {
		t.Errorf("what is no JSON: %v", err)
	}
}

func TestWhatDrifted(t *testing.T) {
	r, err := review.Refresh(printed(t,
		step("refresh", "aws:iam/role:Role", "stays", m{}, m{}),
		step("delete", "aws:cognito/user:User", "demo", m{"username": "demo"}, nil),
		step("update", "aws:iam/role:Role", "guest", m{"maxSessionDuration": 3600}, m{"maxSessionDuration": 43200, "description": "\x1b[2Jmine"}),
	))
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := r.Drift(&out); err != nil {
		t.Fatal(err)
	}
	const want = "  demo (aws:cognito/user:User) is gone\n  guest (aws:iam/role:Role)\n    description: deployed as nothing, and is \uFFFD[2Jmine\n    maxSessionDuration: deployed as 3600, and is 43200\n"
	if out.String() != want {
		t.Errorf("it says\n%s", out.String())
	}
}

func TestTheComment(t *testing.T) {
	r, err := review.Preview(printed(t,
		step("replace", pool, "users", m{"name": "a"}, m{"name": "b|`@all`\n# x"}),
		step("update", "aws:iam/role:Role", "guest", m{"arn": "arn:aws:iam::111122223333:role/x"}, m{"arn": "arn:aws:iam::111122224444:role/x"}),
	))
	if err != nil {
		t.Fatal(err)
	}
	got := review.Comment{Stack: "dev", Review: r, Access: "### Who may call what changes\n\n| a |\n|---|\n| b |\n", Run: "https://github.com/o/r/actions/runs/1"}.Markdown(review.MaxComment)
	const want = `<!-- auth-api preview of dev -->
## Preview of stack ` + "`dev`" + `

**1 to update, 1 to replace**; 7 stay as they are.

- **replace ` + "`users`** (`aws:cognito/userPool:UserPool`" + `): what it holds is lost.

### Who may call what changes

| a |
|---|
| b |

- a warning

### Resources

| | resource | type | what changes |
|---|---|---|---|
| ± replace | ` + "`users` | `aws:cognito/userPool:UserPool` | `name`" + ` |
| ~ update | ` + "`guest` | `aws:iam/role:Role` | `arn`" + ` |

<details><summary>The values</summary>

| resource | property | before | after |
|---|---|---|---|
| ` + "`users` | `name` | `a` | `` b\\|`@all`�# x ``" + ` |
| ` + "`guest` | `arn` | `arn:aws:iam::********3333:role/x` | `arn:aws:iam::********4444:role/x`" + ` |

</details>


The run: https://github.com/o/r/actions/runs/1
`
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	if !strings.HasPrefix(got, review.Marker("dev")+"\n") {
		t.Error("it does not begin with its marker")
	}
}

func TestOtherComments(t *testing.T) {
	for name, test := range map[string]struct {
		comment review.Comment
		says    string
	}{
		"no changes": {review.Comment{Stack: "dev", Review: review.Review{Unchanged: 36}}, "No resource changes; 36 stay as they are."},
		"a failure":  {review.Comment{Stack: "dev", Review: review.Review{Errors: []string{"wrong\n```\nkey"}}}, "**The preview failed: this cannot be deployed.**\n\n````text\nwrong\n```\nkey\n````"},
		"no table":   {review.Comment{Stack: "dev", Failed: "*no*"}, `**Who may call what could not be compared.** \*no\*`},
	} {
		if got := test.comment.Markdown(review.MaxComment); !strings.Contains(got, test.says) {
			t.Errorf("%s: it does not say %q:\n%s", name, test.says, got)
		}
	}
}

// However much changes, the comment is one that GitHub takes, what opens doors comes
// first, and what is left out is counted.
func TestACommentHasRoomForSoMuch(t *testing.T) {
	var steps []m
	for i := range 3000 {
		steps = append(steps, step("update", "aws:iam/role:Role", fmt.Sprintf("role-ö-%04d", i), m{"description": "before"}, m{"description": strings.Repeat("x", 300)}))
	}
	r, err := review.Preview(printed(t, steps...))
	if err != nil {
		t.Fatal(err)
	}
	for _, limit := range []int{review.MaxComment, 5000, 700} {
		text := review.Comment{Stack: "dev", Review: r, Access: "the doors", Run: "https://github.com/o/r/actions/runs/1"}.Markdown(limit)
		if n := utf8.RuneCountInString(text); n > limit {
			t.Errorf("it has %d characters, and %d is the limit", n, limit)
		}
		for _, want := range []string{"the doors", "lines more, for which a comment has no room", "The run: https://"} {
			if !strings.Contains(text, want) {
				t.Errorf("at %d there is no %q in\n%s", limit, want, text)
			}
		}
		if strings.Count(text, "<details>") != strings.Count(text, "</details>") {
			t.Errorf("at %d a block is not closed", limit)
		}
	}
}

func FuzzPreview(f *testing.F) {
	f.Add(printed(f, step("update", "aws:iam/role:Role", "guest", m{"a": "[1]"}, m{"a": m{"b": nil}})))
	f.Fuzz(func(t *testing.T, text []byte) {
		r, err := review.Preview(text)
		if err != nil {
			return
		}
		for _, limit := range []int{review.MaxComment, 1000} {
			if got := (review.Comment{Stack: "dev", Review: r}).Markdown(limit); utf8.RuneCountInString(got) > limit {
				t.Errorf("the comment has %d characters; the limit is %d", utf8.RuneCountInString(got), limit)
			}
		}
	})
}
