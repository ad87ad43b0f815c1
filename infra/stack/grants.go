package stack

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"auth-api/infra/iamdoc"
	"auth-api/infra/settings"
)

// IAM allows the inline policies of a role 10,240 characters together. Those for the log
// and the largest network have 3,400 at most.
//
// See https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html.
const maxGrants = 10_240 - 3_400

// grantsOf is what a function may do by its grants, but for the routes: those are of an
// API that is not made yet.
func grantsOf(s *settings.Settings, account iamdoc.Account, name string) iamdoc.Document {
	var g iamdoc.Grants
	arn := func(text string, of func(string) string) string {
		if settings.IsARN(text) {
			return text
		}
		return of(text)
	}
	if name == s.Web.Function {
		g.Parameters = append(g.Parameters, account.Parameter(s.WebParameter()))
	}
	for _, grant := range s.Functions[name].Grants {
		switch {
		case grant.Parameter != "":
			g.Parameters = append(g.Parameters, account.Parameter(grant.Parameter))
			if grant.Key != "" {
				g.ParameterKeys = append(g.ParameterKeys, arn(grant.Key, account.Key))
			}
		case grant.Secret != "":
			g.Secrets = append(g.Secrets, arn(grant.Secret, account.Secret))
			if grant.Key != "" {
				g.SecretKeys = append(g.SecretKeys, arn(grant.Key, account.Key))
			}
		case grant.Table != "":
			if grant.Reads() {
				g.ReadTables = append(g.ReadTables, account.Table(grant.Table))
			}
			if grant.Writes() {
				g.WriteTables = append(g.WriteTables, account.Table(grant.Table))
			}
		case grant.Invoke != "":
			g.Functions = append(g.Functions, account.Function(functionName(s, grant.Invoke)))
		}
	}
	return iamdoc.Use(account, g)
}

// routesOf are the policy by which a function calls the routes that its grants name. It
// has no statements where they name none.
func routesOf(s *settings.Settings, account iamdoc.Account, name, apiID string) (iamdoc.Document, error) {
	access, conflicts := settings.RoutesOf(s.Routes, s.Functions[name])
	if len(conflicts) > 0 {
		return iamdoc.Document{}, fmt.Errorf("granting it routes: %s and %s cannot be told apart by IAM",
			s.Routes[conflicts[0].Granted], s.Routes[conflicts[0].Refused])
	}
	if len(access.Allow) == 0 {
		return iamdoc.Document{}, nil
	}
	arns := func(patterns []string) []string {
		var out []string
		for _, pattern := range patterns {
			out = append(out, account.Method(apiID, s.StageName, pattern))
		}
		slices.Sort(out)
		return out
	}
	return iamdoc.InvokeMethods(arns(access.Allow), arns(access.Deny)), nil
}

// checkGrants refuses more grants than IAM takes, and those of other regions, whose
// services a function of this one would have to be told of.
func checkGrants(s *settings.Settings, account iamdoc.Account, name string) error {
	for i, grant := range s.Functions[name].Grants {
		for _, arn := range []string{grant.Secret, grant.Key} {
			if parts := strings.Split(arn, ":"); settings.IsARN(arn) && parts[3] != account.Region {
				return fmt.Errorf("its grants[%d] names %s, which is in %s: legal is what is in the stack's region, %s", i, arn, parts[3], account.Region)
			}
		}
	}
	const anAPI = "abcdefghij" // all ids are as long
	routes, err := routesOf(s, account, name, anAPI)
	if err != nil {
		return err
	}
	size := 0
	for _, document := range []iamdoc.Document{grantsOf(s, account, name), routes} {
		if len(document.Statements) == 0 {
			continue
		}
		text, err := document.JSON()
		if err != nil {
			return err
		}
		size += len(text)
	}
	if size > maxGrants {
		return fmt.Errorf("its grants are policies of %d characters: IAM allows a role %d beside what every function needs; grant less, or split the function", size, maxGrants)
	}
	return nil
}

// grantRoutes lets functions call the routes of the API that their grants name. The ARNs
// of routes hold the API's id, and the API leads to the functions, so that this comes
// after both.
func (d *deployment) grantRoutes() error {
	for _, name := range d.settings.FunctionNames() {
		if access, _ := settings.RoutesOf(d.settings.Routes, d.settings.Functions[name]); len(access.Allow) == 0 {
			continue
		}
		f := d.functions[name]
		_, err := iam.NewRolePolicy(d.ctx, name+"-routes", &iam.RolePolicyArgs{
			Name: pulumi.String("invoke-routes"),
			Role: f.Role,
			Policy: d.api.ID.ApplyT(func(id string) (string, error) {
				document, err := routesOf(d.settings, d.where.account, name, id)
				if err != nil {
					return "", err
				}
				return document.JSON()
			}).(pulumi.StringOutput),
		}, pulumi.Parent(f))
		if err != nil {
			return err
		}
	}
	return nil
}
