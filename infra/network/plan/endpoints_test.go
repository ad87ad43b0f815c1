package plan_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"auth-api/infra/network/plan"
)

var update = flag.Bool("update", false, "write the page's table anew")

// The page's table of endpoints is written from the services.
func TestThePageListsTheEndpoints(t *testing.T) {
	const page, begin, end = "../README.md", "<!-- endpoints: written by go -C infra/network test ./plan -update -->\n", "<!-- end -->\n"
	table := "| endpoint | a month | for | lets through |\n|---|---|---|---|\n"
	for _, service := range plan.Services {
		cost := "$7.30 a zone"
		if service.Gateway {
			cost = "free"
		}
		table += fmt.Sprintf("| `%s` | %s | %s | %s |\n", service.Name, cost, service.For,
			strings.Join(service.Actions(), ", "))
	}
	data, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok := strings.Cut(string(data), begin)
	got, after, okToo := strings.Cut(rest, end)
	if !ok || !okToo {
		t.Fatalf("%s lacks %q or %q", page, begin, end)
	}
	if *update {
		if err := os.WriteFile(page, []byte(before+begin+table+end+after), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(table, got); diff != "" {
		t.Error("-want +got", diff)
	}
}

// Every policy names actions one by one, of its own service, and lets nothing through
// that is not this account's.
func TestEndpointPoliciesStayInTheAccount(t *testing.T) {
	account := plan.Account{Partition: "aws-us-gov", Region: "us-gov-west-1", ID: "111122223333"}
	for _, service := range plan.Services {
		t.Run(service.Name, func(t *testing.T) {
			text, err := service.Policy(account)
			if err != nil {
				t.Fatal(err)
			}
			var document struct {
				Version   string
				Statement []struct {
					Effect, Principal string
					Action, Resource  []string
					Condition         map[string]map[string]string
				}
			}
			if err := json.Unmarshal([]byte(text), &document); err != nil {
				t.Fatal(err)
			}
			if document.Version != "2012-10-17" || len(document.Statement) == 0 {
				t.Fatalf("it is %s", text)
			}
			for _, s := range document.Statement {
				if s.Effect != "Allow" || s.Principal != "*" || len(s.Action) == 0 {
					t.Errorf("a statement is %+v", s)
				}
				for _, action := range s.Action {
					if !strings.HasPrefix(action, service.Name+":") || strings.Contains(action, "*") {
						t.Errorf("%s is let through", action)
					}
				}
				conditions := s.Condition["StringEquals"]
				if conditions["aws:PrincipalAccount"] != account.ID && service.Name != plan.PrivateAPI {
					t.Errorf("callers of other accounts are let through: %+v", s)
				}
				for _, resource := range s.Resource {
					switch {
					case resource == "*": // actions that know no resources
						if !slices.Contains([]string{"sts", "xray"}, service.Name) || len(s.Resource) > 1 {
							t.Errorf("every resource is let through: %+v", s)
						}
					case strings.Contains(resource, "PARTITION"), !strings.HasPrefix(resource, "arn:aws-us-gov:"):
						t.Errorf("the resource is %s", resource)
					case !strings.Contains(resource, ":"+account.ID+":") && conditions["aws:ResourceAccount"] != account.ID:
						t.Errorf("what other accounts own is let through: %+v", s)
					}
				}
			}
			if got, want := service.ServiceName(account), "com.amazonaws.us-gov-west-1."+service.Name; got != want {
				t.Errorf("the service is %s", got)
			}
		})
	}
}

func TestWhichEndpointsAreFree(t *testing.T) {
	for _, service := range plan.Services {
		s, err := parse(t, "dev", "endpoints: ["+service.Name+"]")
		if err != nil {
			t.Fatal(err)
		}
		want := "$14.60"
		if service.Name == "dynamodb" || service.Name == "s3" {
			want = "$0.00"
		}
		if got := plan.Dollars(s.MonthlyCost()); got != want {
			t.Errorf("%s costs %s", service.Name, got)
		}
	}
	if !slices.IsSortedFunc(plan.Services, func(a, b plan.Service) int {
		if a.Gateway == b.Gateway {
			return 0
		} else if a.Gateway {
			return -1
		}
		return 1
	}) {
		t.Error("the free ones do not come first")
	}
}
