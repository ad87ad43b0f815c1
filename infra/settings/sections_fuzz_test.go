package settings_test

import (
	"strings"
	"testing"

	"auth-api/infra/settings"
)

// Whatever a section says, it is taken or refused by its key, and what is taken can be had.
func FuzzSections(f *testing.F) {
	const routes = `[{"method":"GET","path":"/","function":"no-auth","public":true}]`
	for _, seed := range [][2]string{
		{"firewall", `{"enabled":true,"mode":"COUNT","managedRules":["SQLiRuleSet"],"rateLimit":10}`}, {"alarms", `{"enabled":true,"emails":["a@example.com"],"serverErrors":1e308,"latency":1}`},
		{"domain", `{"name":"api.example.com","certificateArn":"arn:aws:acm:us-west-2:123456789012:certificate/a","zoneId":"Z1","defaultEndpoint":false}`},
		{"budget", `{"monthlyLimit":1e-300,"emails":["a@example.com"]}`}, {"logging", `{"access":true,"execution":false,"retentionDays":90.0}`}, {"usagePlan", `{"rateLimit":"10","burstLimit":1e9}`},
		{"functions", `{"no-auth":{"timeout":3,"memorySize":null,"environment":{"A":1}}}`}, {"stageName", "v1"}, {"target", "local"}, {"tracing", "true"}, {"dashboard", "[]"},
		{"encryption", `{"customerKey":true}{}`}, {"", ""}, {"identity", `{"callbackUrls":[]}`}, {"domain", "null"}, {"budget", "[[[["},
		{"web", `{"function":"require-auth","routes":["GET /"]}`}, {"web", `{"function":"no-auth","routes":[null]}`}, {"webOrigins", `["https://a.example"]`}, {"webOrigins", `["http://127.0.0.1",0]`},
	} {
		f.Add(seed[0], seed[1], "dev")
	}
	f.Add("stageName", "v1", "d\x00 \"\"\"\"\x97")
	dir := functions(f)
	f.Fuzz(func(t *testing.T, key, value, stack string) {
		config := map[string]string{"auth-api:routes": routes}
		config["auth-api:"+key] = value
		s, err := settings.Parse("auth-api", stack, config, []string{"auth-api:demoPassword"}, dir)
		if (s == nil) == (err == nil) {
			t.Fatalf("settings %v with error %v", s, err)
		}
		if err != nil {
			return
		}
		switch {
		case s.Alarms.ServerErrors <= 0 || s.Alarms.ServerErrors > 100, s.Firewall.RateLimit < 10, s.UsagePlan.RateLimit <= 0, s.Budget.MonthlyLimit < 0:
			t.Errorf("%+v", s)
		case s.Budget.MonthlyLimit > 0 && len(s.Budget.Emails) == 0, s.Domain.Name != "" && s.Domain.CertificateARN == "":
			t.Errorf("half of it: %+v", s)
		case len(s.Buttons()) != len(s.Web.Routes), s.Web.Function == "" && len(s.Identity.CallbackURLs) == 0:
			t.Errorf("a page without what it needs: %+v", s)
		case strings.ContainsAny(s.Name("x"), " \t\r\n/:*"):
			t.Errorf("the name is %q", s.Name("x"))
		}
	})
}
