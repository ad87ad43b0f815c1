package stack_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"auth-api/infra/settings"
)

// many is a stack file with three methods on each of so many paths.
func many(t *testing.T, routes int) string {
	t.Helper()
	table := []map[string]any{}
	for i := range routes {
		table = append(table, map[string]any{"method": []string{"GET", "POST", "DELETE"}[i%3], "path": fmt.Sprintf("/r%d/{id}", i/3), "function": "require-auth", "authorization": "AWS_IAM"})
	}
	b, err := json.Marshal(table)
	if err != nil {
		t.Fatal(err)
	}
	return "config:\n  auth-api:routes: " + string(b)
}

// A stack's size is that of its functions and their methods, not of its routes, but for one step: where a
// caller's routes no longer fit an inline policy of its role, they are in PolicyParts
// managed ones, each with its attachment, however many routes there are.
func TestResourcesDoNotGrowWithRoutes(t *testing.T) {
	count := func(routes int) (all, managed int) {
		r, err := run(t, "many", many(t, routes))
		if err != nil {
			t.Fatal(err)
		}
		for _, policy := range r.of("Policy") {
			if n := size(t, policy); n > settings.MaxManagedPolicy {
				t.Errorf("%d routes: %s has %d characters", routes, policy.Name, n)
			}
		}
		for _, policy := range r.of("RolePolicy") {
			if n := size(t, policy); n > settings.MaxInlinePolicy {
				t.Errorf("%d routes: %s has %d characters", routes, policy.Name, n)
			}
		}
		managed = len(r.of("Policy")) + len(r.of("RolePolicyAttachment"))
		return len(r.resources), managed
	}
	few, none := count(3)
	if none != 0 {
		t.Errorf("3 routes make %d managed policies and attachments", none)
	}
	if some, none := count(100); some != few || none != 0 {
		t.Errorf("3 routes make %d resources, 100 make %d", few, some)
	}
	const managed = 2 * settings.PolicyParts
	for _, routes := range []int{200, 300, 420} {
		// The inline policy is gone, the managed ones are there.
		if all, got := count(routes); all != few-1+managed || got != managed {
			t.Errorf("3 routes make %d resources, %d make %d, of which %d are managed policies and attachments", few, routes, all, got)
		}
	}
}

// size is how many characters of a policy's document AWS counts: all but white space.
func size(t *testing.T, policy registered) int {
	t.Helper()
	document := policy.Inputs["policy"].(map[string]any)["document"]
	b, err := json.Marshal(document)
	if err != nil {
		t.Fatal(err)
	}
	return len(b)
}

const everyRoute = `
config:
  auth-api:routes:
    - {method: GET, path: /decided, function: no-auth, authorization: CUSTOM, authorizer: partners}
    - {method: POST, path: "/slow/{id}", function: no-auth, public: true, timeoutMillis: 500, throttle: {rateLimit: 2, burstLimit: 4}}
    - {method: GET, path: /, function: no-auth, public: true, throttle: {rateLimit: 3, burstLimit: 6}}
    - {method: GET, path: "/keyed/{id}", function: no-auth, apiKeyRequired: true, throttle: {rateLimit: 0.5, burstLimit: 1}}
  auth-api:authorizers:
    partners: {function: partner-authorizer, ttl: 60}
  auth-api:cors: {origins: ["https://app.example.com", "http://localhost:5173"]}
  auth-api:resourcePolicy: {allowedIps: [203.0.113.0/24]}
  auth-api:logging: {execution: ERROR}
`

func TestWhatRoutesMake(t *testing.T) {
	r, err := run(t, "routes", everyRoute)
	if err != nil {
		t.Fatal(err)
	}
	sources := map[string]any{}
	for _, p := range r.of("Permission") {
		sources[p.Name] = p.Inputs["sourceArn"]
	}
	const api = "arn:aws:execute-api:us-west-2:111122223333:abcdefghij/"
	if diff := cmp.Diff(map[string]any{"no-auth-get": api + "*/GET/*", "no-auth-post": api + "*/POST/slow/*", "partner-authorizer-decides": api + "authorizers/*"}, sources); diff != "" {
		t.Errorf("who may call the functions: -want +got %s", diff)
	}

	methods := map[string]any{}
	for _, s := range r.of("MethodSettings") {
		methods[fmt.Sprint(s.Inputs["methodPath"])] = s.Inputs["settings"]
	}
	logged := func(more map[string]any) map[string]any {
		all := map[string]any{"loggingLevel": "ERROR", "dataTraceEnabled": false, "metricsEnabled": true}
		for k, v := range more {
			all[k] = v
		}
		return all
	}
	if diff := cmp.Diff(map[string]any{
		"*/*":               logged(nil),
		"~1slow~1{id}/POST": logged(map[string]any{"throttlingRateLimit": 2.0, "throttlingBurstLimit": 4.0}),
		"~1/GET":            logged(map[string]any{"throttlingRateLimit": 3.0, "throttlingBurstLimit": 6.0}),
	}, methods); diff != "" {
		t.Errorf("settings of methods: -want +got %s", diff)
	}

	stage := r.of("UsagePlan")[0].Inputs["apiStages"].([]any)[0].(map[string]any)
	if diff := cmp.Diff([]any{map[string]any{"path": "/keyed/{id}/GET", "rateLimit": 0.5, "burstLimit": 1.0}}, stage["throttles"]); diff != "" {
		t.Errorf("throttles of the plan: -want +got %s", diff)
	}

	if triggers := r.of("Deployment")[0].Inputs["triggers"].(map[string]any); len(triggers) != 2 || triggers["policy"] == nil {
		t.Errorf("a deployment is made anew by %v", triggers)
	}
	rest := r.of("RestApi")[0].Inputs
	if policy := pretty(t, rest["policy"]); !strings.Contains(policy, `"aws:SourceIp": "203.0.113.0/24"`) || !strings.Contains(policy, `"aws:PrincipalArn": "true"`) {
		t.Errorf("the API's policy is %s", policy)
	}
	for _, f := range r.aws() {
		if f.Type != "aws:lambda/function:Function" {
			continue
		}
		environment, answers := f.Inputs["environment"], f.Name == "no-auth"
		if (environment != nil) != answers {
			t.Errorf("%s is told %v", f.Name, environment)
		}
		if answers && !strings.Contains(pretty(t, environment), `"CORS_ORIGINS": "https://app.example.com,http://localhost:5173"`) {
			t.Errorf("%s is told %v", f.Name, environment)
		}
	}

	private, err := run(t, "private", strings.Replace(everyRoute, "allowedIps: [203.0.113.0/24]", "vpcEndpointIds: [vpce-0123456789abcdef0]", 1))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]any{"types": "PRIVATE", "vpcEndpointIds": []any{"vpce-0123456789abcdef0"}}, private.of("RestApi")[0].Inputs["endpointConfiguration"]); diff != "" {
		t.Errorf("a private API: -want +got %s", diff)
	}
}
