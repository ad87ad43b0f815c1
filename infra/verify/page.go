package verify

import (
	"fmt"
	"strings"
)

// Page is CHECKS.md: every check, with how they are run.
func Page() string {
	var b strings.Builder
	b.WriteString(pageHead)
	theme := ""
	for _, c := range Checks() {
		if c.Theme != theme {
			theme = c.Theme
			fmt.Fprintf(&b, "\n## %s\n\n| id | what holds | what is tried | tried on | severity | documented |\n|---|---|---|---|---|---|\n", theme)
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s | [link](%s) |\n", c.ID, cell(c.Title), cell(c.Proves), cell(c.Applies), c.Severity, c.Doc)
	}
	return b.String()
}

func cell(text string) string { return strings.NewReplacer("|", "\\|", "*", "\\*").Replace(text) }

const pageHead = `# What make verify tries

` + "`make verify STACK=NAME`" + ` attacks a deployed stack on purpose and tells whether it holds, on AWS or on the local AWS. What
each route must refuse, and to whom, comes from the stack's own route table, so that a new route is tried the day it is added.
This page is written from the table of checks by ` + "`go test ./infra/verify -update`" + `; ` + "`bin/verify --list`" + ` shows the same.

` + "```sh" + `
make verify                                   # the local stack
make verify STACK=dev                         # on AWS: makes users by your credentials, and removes them
make verify STACK=prod ARGS="--user ann"      # as a user that is there, password in AUTH_API_PASSWORD
make verify ARGS="--only V-IAM-01,V-KEY-01"   # these alone
make verify ARGS="--clock"                    # local: what is over, by moving its clock
make verify ARGS="--junit verify.xml --markdown"
` + "```" + `

- **Exit codes**: 0 the stack holds, 1 it does not, 2 it could not be tried, or some checks could not.
- **Skipped, never silently**: a check that has nothing to try says why. Where an earlier check of a route failed, later ones of
  that route are skipped: a route that lets in everybody would fail them all, and they would tell nothing more.
- **Proof by contrast**: what is altered in a refused request is one thing of a request that gets through (V-RTE-01); where that
  does not, the check is skipped rather than said to hold.
- **Let in** is whatever a function answered: API Gateway alone sends ` + "`x-amzn-ErrorType`" + `, so that a function's own 403 is none of
  its refusals, and a 502 is a function that was reached.
- **Nothing is left behind**: users (` + "`auth-api-verify-…`" + `) and identities that a run makes are removed, also after Ctrl-C; what could not
  be is told with the command that removes it. A run that was killed (` + "`kill -9`" + `, a machine that went away) removes nothing; the next run
  with an administrator's credentials tells of its users, and removes those that are an hour old. Nothing that opens a door is printed or
  written.
- **What an administrator needs on AWS**: cognito-idp AdminCreateUser, AdminSetUserPassword, AdminAddUserToGroup, AdminDeleteUser, ListUsers
  and DescribeUserPoolClient, cognito-identity DeleteIdentities, apigateway GET on the stage and its export, logs FilterLogEvents. With
  ` + "`--no-admin`" + ` none of it is used, and what needs it is skipped.
- **What it cannot see**: a wildcard in a role's policy beyond what the routes, and the services of V-IDP-08, show from outside
  (` + "`make access`" + ` reads policies); rules of a web ACL; whether a function's own answer is right.
`
