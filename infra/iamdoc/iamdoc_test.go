package iamdoc_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"auth-api/infra/iamdoc"
)

var update = flag.Bool("update", false, "write the golden documents anew")

func TestDocuments(t *testing.T) {
	account := iamdoc.Account{Partition: "aws", Region: "us-west-2", ID: "111122223333"}
	method := func(pattern string) string { return account.Method("abcdefghij", "dev", pattern) }
	for name, document := range map[string]iamdoc.Document{
		"trust-lambda":        iamdoc.TrustService("lambda.amazonaws.com"),
		"trust-authenticated": iamdoc.TrustIdentityPool("us-west-2:11111111-2222-3333-4444-555555555555", iamdoc.Authenticated),
		"trust-guest":         iamdoc.TrustIdentityPool("us-west-2:11111111-2222-3333-4444-555555555555", iamdoc.Unauthenticated),
		"trust-tagged":        iamdoc.TrustTaggedIdentityPool("us-west-2:11111111-2222-3333-4444-555555555555", iamdoc.Authenticated),
		"write-traces":        iamdoc.WriteTraces(),
		"alarms":              iamdoc.PublishAlarms(account, account.Topic("auth-api-dev-alarms")),
		"key":                 iamdoc.KeyPolicy(account, iamdoc.KeyUses{LogGroups: []string{account.LogGroup("/aws/lambda/auth-api-dev-*")}, Topics: true}),
		"write-logs":          iamdoc.WriteLogs(account.LogGroup("/aws/lambda/auth-api-dev-no-auth")),
		"use-network":         iamdoc.UseNetwork(account, "auth-api-dev-require-auth", []string{"subnet-0b2", "subnet-0a1"}, []string{"sg-0c3"}),
		"use-grants": iamdoc.Use(account, iamdoc.Grants{
			Parameters:    []string{account.Parameter("/shop/web"), account.Parameter("/shop/limits"), account.Parameter("/shop/web")},
			ParameterKeys: []string{account.Key("11111111-2222-3333-4444-555555555555")},
			ReadTables:    []string{account.Table("orders")}, WriteTables: []string{account.Table("orders"), account.Table("events")},
			Functions: []string{account.Function("auth-api-dev-guest-list:live")},
			Secrets:   []string{account.Secret("shop/db")}, SecretKeys: []string{account.Key("66666666-7777-8888-9999-000000000000")},
		}),
		"use-parameter": iamdoc.Use(account, iamdoc.Grants{Parameters: []string{account.Parameter("/shop/web")}}),
		"invoke-one":    iamdoc.InvokeMethods([]string{method("GET/require-auth")}, nil),
		"invoke-some":   iamdoc.InvokeMethods([]string{method("GET/users/*"), method("*/files/*")}, []string{method("GET/users/*/secrets")}),
		"invoke-tagged": iamdoc.InvokeMethods([]string{method("GET/users/*")}, nil).DenyUnlessTagged("team", "shop", []string{method("GET/users/*")}),
	} {
		t.Run(name, func(t *testing.T) {
			got, err := document.JSON()
			if err != nil {
				t.Fatal(err)
			}
			var readable bytes.Buffer
			if err := json.Indent(&readable, []byte(got), "", "  "); err != nil {
				t.Fatal(err)
			}
			readable.WriteByte('\n')
			golden := filepath.Join("testdata", name+".json")
			if *update {
				if err := os.WriteFile(golden, readable.Bytes(), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), readable.String()); diff != "" {
				t.Error("-want +got", diff)
			}
		})
	}
}

func TestADocumentThatGrantsTooMuchOrNothingIsRefused(t *testing.T) {
	const resource = "arn:aws:logs:us-west-2:111122223333:log-group:x"
	fine := iamdoc.Statement{ID: "A1", Effect: iamdoc.Allow, Actions: []string{"logs:PutLogEvents"}, Resources: []string{resource}}
	for _, c := range []struct {
		name   string
		change func(*iamdoc.Statement)
		want   string
	}{
		{"no effect", func(s *iamdoc.Statement) { s.Effect = "" }, `effect is ""`},
		{"no actions", func(s *iamdoc.Statement) { s.Actions = nil }, "it has no actions"},
		{"every action", func(s *iamdoc.Statement) { s.Actions = []string{"*"} }, `action is "*"`},
		{"every action of a service", func(s *iamdoc.Statement) { s.Actions = []string{"logs:*"} }, `action is "logs:*"`},
		{"some actions", func(s *iamdoc.Statement) { s.Actions = []string{"logs:Put*"} }, `action is "logs:Put*"`},
		{"no resources", func(s *iamdoc.Statement) { s.Resources = nil }, "it has neither a principal nor resources"},
		{"every resource", func(s *iamdoc.Statement) { s.Resources = []string{"*"} }, `resource is "*"`},
		{"every resource, of an action that knows narrower ones too", func(s *iamdoc.Statement) {
			s.Actions, s.Resources = []string{"ec2:DescribeSubnets", "ec2:DeleteNetworkInterface"}, []string{"*"}
		}, `resource is "*"`},
		{"every resource of a service", func(s *iamdoc.Statement) { s.Resources = []string{"arn:aws:logs:us-west-2:111122223333:*"} }, `resource is "arn:aws:logs:us-west-2:111122223333:*"`},
		{"the resource itself and others", func(s *iamdoc.Statement) {
			s.Principal, s.Attached = &iamdoc.Principal{Service: "lambda.amazonaws.com"}, true
		}, "is of a resource's policy and names resources too"},
		{"the resource itself, for nobody", func(s *iamdoc.Statement) { s.Attached, s.Resources = true, nil }, "neither a principal nor resources"},
		{"an empty principal", func(s *iamdoc.Statement) { s.Resources, s.Principal = nil, &iamdoc.Principal{} }, "one of a service, a federation, an account"},
		{"an id with a hyphen", func(s *iamdoc.Statement) { s.ID = "a-1" }, "letters and digits alone"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := fine
			c.change(&s)
			text, err := iamdoc.Document{Statements: []iamdoc.Statement{fine, s}}.JSON()
			if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "statement 1") {
				t.Errorf("got %q, %v; want an error with %q", text, err, c.want)
			}
		})
	}
	if _, err := (iamdoc.Document{Statements: []iamdoc.Statement{fine}}).JSON(); err != nil {
		t.Error("the statement that all were made from is refused: ", err)
	}
	if _, err := (iamdoc.Document{}).JSON(); err == nil {
		t.Error("a document without statements was written")
	}
}

func TestARNs(t *testing.T) {
	account := iamdoc.Account{Partition: "aws-us-gov", Region: "us-gov-west-1", ID: "111122223333"}
	for got, want := range map[string]string{
		account.Function("f"):                       "arn:aws-us-gov:lambda:us-gov-west-1:111122223333:function:f",
		account.FunctionIntegration("f"):            "arn:aws-us-gov:apigateway:us-gov-west-1:lambda:path/2015-03-31/functions/arn:aws-us-gov:lambda:us-gov-west-1:111122223333:function:f/invocations",
		account.LogGroup("/g"):                      "arn:aws-us-gov:logs:us-gov-west-1:111122223333:log-group:/g",
		account.Method("api", "dev", "GET/users/*"): "arn:aws-us-gov:execute-api:us-gov-west-1:111122223333:api/dev/GET/users/*",
		account.Parameter("/shop/web"):              "arn:aws-us-gov:ssm:us-gov-west-1:111122223333:parameter/shop/web",
		account.Table("orders"):                     "arn:aws-us-gov:dynamodb:us-gov-west-1:111122223333:table/orders",
		account.Secret("shop/db"):                   "arn:aws-us-gov:secretsmanager:us-gov-west-1:111122223333:secret:shop/db-??????",
		account.Key("k"):                            "arn:aws-us-gov:kms:us-gov-west-1:111122223333:key/k",
		account.Method("api", "*", "POST/"):         "arn:aws-us-gov:execute-api:us-gov-west-1:111122223333:api/*/POST/",
	} {
		if got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

func TestGrantsOfNothingAreNoPolicy(t *testing.T) {
	if d := iamdoc.Use(iamdoc.Account{}, iamdoc.Grants{}); len(d.Statements) != 0 {
		t.Errorf("nothing is granted, and written was %+v", d)
	}
}

// A key is of use only by way of the service, whose name is another in China.
func TestAKeyIsUsedByWayOfItsService(t *testing.T) {
	for partition, want := range map[string]string{"aws": "ssm.cn-north-1.amazonaws.com", "aws-cn": "ssm.cn-north-1.amazonaws.com.cn"} {
		account := iamdoc.Account{Partition: partition, Region: "cn-north-1", ID: "111122223333"}
		text, err := iamdoc.Use(account, iamdoc.Grants{ParameterKeys: []string{account.Key("k")}}).JSON()
		if err != nil || !strings.Contains(text, `"Condition":{"StringEquals":{"kms:ViaService":"`+want+`"}}`) {
			t.Errorf("%s: %s, %v", partition, text, err)
		}
	}
}

// Every exception is one that is made use of, and has a reason.
func TestExceptionsAreFewAndHaveReasons(t *testing.T) {
	used := map[string]bool{}
	for _, s := range slices.Concat(iamdoc.UseNetwork(iamdoc.Account{}, "f", nil, nil).Statements, iamdoc.WriteTraces().Statements) {
		for _, action := range s.Actions {
			used[action] = used[action] || s.Effect == iamdoc.Allow && s.Resources[0] == iamdoc.EveryResource
		}
	}
	for action, reason := range iamdoc.Exceptions() {
		if len(reason) < 20 || !used[action] {
			t.Errorf("%s: used %v, %q", action, used[action], reason)
		}
	}
}
