package main

import (
	"os"
	"strings"
	"testing"

	"auth-api/infra/cmd/internal/cli"
	"auth-api/infra/cmd/internal/friendly"
)

func TestWhatIsDeployed(t *testing.T) {
	data, err := os.ReadFile("../internal/inspect/testdata/deployed.json")
	if err != nil {
		t.Fatal(err)
	}
	state := strings.ReplaceAll(string(data), "auth-api-dev", "auth-api-article")
	wild := strings.Replace(state, "execute-api:Invoke", "execute-api:*", 1) // of the signed-in, to the same route
	if wild == state {
		t.Fatal("the state has no policy to change")
	}
	taken := strings.Replace(state, `/*/GET/require-auth"`, `/*/GET/elsewhere"`, 1) // the permission to invoke the route's function
	if taken == state {
		t.Fatal("the state has no permission to change")
	}
	for name, test := range map[string]struct {
		state, stacks string
		stack         string
		args          []string
		code          int
		says          []string
		complains     string
	}{
		"deployed":                     {state, "", "article", nil, cli.OK, []string{"stack article, as deployed", "GET /require-auth  403        403       403    key            403"}, ""},
		"deployed, as JSON":            {state, "", "article", []string{"--json"}, cli.OK, []string{`"source": "deployed"`}, ""},
		"planned all the same":         {state, "", "article", []string{"--planned"}, cli.OK, []string{"stack article, as planned"}, ""},
		"no changes":                   {state, "", "article", []string{"--expect-no-changes"}, cli.OK, []string{"no changes."}, ""},
		"another policy, alike":        {wild, "", "article", []string{"--expect-no-changes"}, cli.OK, []string{"no changes."}, ""},
		"changes":                      {state, "", "menu", []string{"--changes"}, cli.OK, []string{"WIDER     GET /require-auth: guest refused → allowed", "narrower  GET /no-auth (gone): "}, ""},
		"changes that nobody expected": {state, "", "menu", []string{"--expect-no-changes"}, cli.Changed, []string{"WIDER"}, "no changes were expected"},
		"a permission that is gone":    {taken, "", "article", nil, cli.OK, []string{"GET /require-auth  403        403       403    500            403", "500: gets past the gates before"}, ""},
		"why it is so":                 {taken, "", "article", []string{"--why"}, cli.OK, []string{"refused, 500 InternalServerErrorException: API Gateway may not invoke"}, ""},
		"it would come back":           {taken, "", "article", []string{"--changes"}, cli.OK, []string{"WIDER     GET /require-auth: authenticated refused → allowed with an API key"}, ""},
		"no such stack":                {"", `[{"name": "other"}]`, "article", nil, cli.OK, []string{"as planned", notDeployed}, ""},
		"no such stack, in Markdown":   {"", `[]`, "article", []string{"--markdown"}, cli.OK, []string{notDeployed}, ""},
		"nothing in it":                {`{"version":3,"deployment":{}}`, "", "article", []string{"--changes"}, cli.OK, []string{"as planned", notDeployed}, ""},
		"nothing in it, and a change":  {`{"version":3,"deployment":{}}`, "", "article", []string{"--expect-no-changes"}, cli.Changed, []string{notDeployed}, "no changes were expected"},
		"Pulumi fails":                 {"", `[{"name": "organization/auth-api/article"}]`, "article", nil, cli.Failed, nil, "reading the state of stack article: no such stack; --planned shows"},
		"a state that is none":         {strings.Replace(state, `"resources"`, `"resources": 1, "x"`, 1), "", "article", nil, cli.Failed, nil, "by the stack's state: reading it: "},
	} {
		t.Run(name, func(t *testing.T) {
			t.Chdir(checkout(t))
			friendly.Pulumi(t, test.state, test.stacks)
			code, out, complaint := run(t, append([]string{"--stack", test.stack}, test.args...)...)
			if code != test.code || !strings.Contains(complaint, test.complains) {
				t.Errorf("exit code %d, %q; want %d, %q", code, complaint, test.code, test.complains)
			}
			for _, want := range test.says {
				if !strings.Contains(out, want) {
					t.Errorf("there is no %q in\n%s", want, out)
				}
			}
		})
	}
}
