package gateway

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	client "github.com/aws/aws-sdk-go-v2/service/apigateway"
	"github.com/google/go-cmp/cmp"

	"auth-api/infra/localaws/gateway/internal/doctest"
	"auth-api/infra/localaws/internal/apitest"
)

// usageWorld is a stage with two keys in a plan of ten requests a day, and one in a
// plan without a quota; key one made three requests yesterday and two today.
func usageWorld(t testing.TB) (*fixture, func(aws.CredentialsProvider) *client.Client) {
	f := newFixture(t)
	f.clock.mu.Lock()
	f.clock.now = time.Now() // the SDK signs with it
	f.clock.mu.Unlock()
	f.deploy(RestAPI{Body: doctest.OpenAPI(map[string]map[string]any{"GET /a": doctest.Operation("a", "api_key")})})
	f.plan("plan01", UsagePlan{QuotaSettings: &QuotaSettings{Limit: 10, Period: "DAY"}}, "one", "two")
	f.plan("plan02", UsagePlan{APIStages: []APIStage{}}, "three")
	now := f.clock.Now()
	for range 3 {
		f.gateway.limits.Count("plan01", "one", nil, now.AddDate(0, 0, -1))
	}
	for range 2 {
		if r := f.get("/a", "X-Api-Key", keyValue("one")); r.status != 200 {
			t.Fatal(r)
		}
	}
	usage := NewUsageAPI(f.gateway, f.iam)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		usage.Serve(w, r, body)
	}))
	t.Cleanup(server.Close)
	return f, func(c aws.CredentialsProvider) *client.Client {
		return client.NewFromConfig(apitest.Config(server.URL, c))
	}
}

func TestGetUsage(t *testing.T) {
	f, as := usageWorld(t)
	c := as(apitest.Administrator())
	today := f.clock.Now().UTC().Format(time.DateOnly)
	yesterday := f.clock.Now().UTC().AddDate(0, 0, -1).Format(time.DateOnly)
	ask := func(in client.GetUsageInput) (*client.GetUsageOutput, error) {
		if in.UsagePlanId == nil {
			in.UsagePlanId = aws.String("plan01")
		}
		if in.StartDate == nil {
			in.StartDate, in.EndDate = &yesterday, &today
		}
		return c.GetUsage(t.Context(), &in)
	}
	for name, test := range map[string]struct {
		in   client.GetUsageInput
		want map[string][][]int64
	}{
		"of a key":                {client.GetUsageInput{KeyId: aws.String("one")}, map[string][][]int64{"one": {{3, 7}, {2, 8}}}},
		"of today":                {client.GetUsageInput{KeyId: aws.String("one"), StartDate: &today, EndDate: &today}, map[string][][]int64{"one": {{2, 8}}}},
		"of all keys":             {client.GetUsageInput{}, map[string][][]int64{"one": {{3, 7}, {2, 8}}, "two": {{0, 10}, {0, 10}}}},
		"of a plan without limit": {client.GetUsageInput{UsagePlanId: aws.String("plan02")}, map[string][][]int64{"three": {{0, -1}, {0, -1}}}},
	} {
		out, err := ask(test.in)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if d := cmp.Diff(test.want, out.Items); d != "" || *out.EndDate != today {
			t.Errorf("%s: %s", name, d)
		}
	}
	first, err := ask(client.GetUsageInput{Limit: aws.Int32(1)})
	if err != nil || len(first.Items) != 1 || first.Items["one"] == nil || first.Position == nil {
		t.Fatalf("%+v %v", first, err)
	}
	second, err := ask(client.GetUsageInput{Limit: aws.Int32(1), Position: first.Position})
	if err != nil || len(second.Items) != 1 || second.Items["two"] == nil || second.Position != nil {
		t.Errorf("%+v %v", second, err)
	}
	for _, test := range []struct {
		in        client.GetUsageInput
		code, say string
	}{
		{client.GetUsageInput{UsagePlanId: aws.String("gone")}, "NotFoundException", "Invalid Usage Plan ID specified"},
		{client.GetUsageInput{KeyId: aws.String("three")}, "NotFoundException", "Invalid API Key identifier specified"},
		{client.GetUsageInput{StartDate: aws.String("22.11.2026"), EndDate: &today}, "BadRequestException", "startDate and endDate are required, as YYYY-MM-DD."},
		{client.GetUsageInput{StartDate: &today, EndDate: &yesterday}, "BadRequestException", "Usage start date must be on or before the end date."},
		{client.GetUsageInput{StartDate: aws.String("2020-01-01"), EndDate: &today}, "BadRequestException", "The usage period must be at most 90 days."},
		{client.GetUsageInput{Limit: aws.Int32(501)}, "BadRequestException", "limit is not legal; legal are 1 to 500."},
		{client.GetUsageInput{Position: aws.String("!")}, "BadRequestException", "Invalid position parameter"},
	} {
		_, err := ask(test.in)
		apitest.Refused(t, err, test.code, test.say)
	}
	_, err = c.GetUsagePlans(t.Context(), nil)
	apitest.Refused(t, err, "UnknownOperationException", "The local AWS does not know GET /usageplans.")
	_, err = c.GetUsagePlanKeys(t.Context(), &client.GetUsagePlanKeysInput{UsagePlanId: aws.String("plan01")})
	apitest.Refused(t, err, "UnknownOperationException", "The local AWS does not know GET /usageplans/plan01/keys.")
}

func TestWhoMayGetUsage(t *testing.T) {
	f, as := usageWorld(t)
	const usage = "arn:aws:apigateway:us-west-2::/usageplans/plan01/usage"
	today := f.clock.Now().UTC().Format(time.DateOnly)
	for i, test := range []struct {
		name     string
		policies []string
		because  string
	}{
		{"a grant", []string{apitest.Allow("apigateway:GET", usage)}, ""},
		{"a grant for all plans", []string{apitest.Allow("apigateway:GET", "arn:aws:apigateway:*::/usageplans/*")}, ""},
		{"none", nil, "because no identity-based policy allows the apigateway:GET action"},
		{"the plan alone", []string{apitest.Allow("apigateway:GET", strings.TrimSuffix(usage, "/usage"))}, "because no identity-based policy allows the apigateway:GET action"},
		{"to change it", []string{apitest.Allow("apigateway:PATCH", usage)}, "because no identity-based policy allows the apigateway:GET action"},
		{"denied", []string{apitest.Allow("*", "*"), apitest.Deny("apigateway:*", usage)}, "with an explicit deny in an identity-based policy"},
	} {
		role := fmt.Sprint("reader", i)
		c := as(apitest.Role(t, f.iam, f.update, role, test.policies...))
		_, err := c.GetUsage(t.Context(), &client.GetUsageInput{UsagePlanId: aws.String("plan01"), StartDate: &today, EndDate: &today})
		if test.because == "" {
			apitest.Refused(t, err, "", "")
			continue
		}
		apitest.Refused(t, err, "AccessDeniedException", "User: "+apitest.Session(role)+" is not authorized to perform: apigateway:GET on resource: "+usage+" "+test.because)
	}
}
