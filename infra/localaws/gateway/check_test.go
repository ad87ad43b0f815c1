package gateway

import (
	"strings"
	"testing"

	"auth-api/infra/localaws/gateway/internal/doctest"
	"auth-api/infra/localaws/iam"
	"auth-api/infra/localaws/lambda"
	"auth-api/infra/localaws/store"
	"auth-api/infra/localaws/userpool"
)

func TestCheckRestAPIAndUsagePlan(t *testing.T) {
	for want, api := range map[string]RestAPI{
		"policy: ":               {Policy: `{"Statement":1}`},
		"apiKeySource":           {APIKeySource: "COOKIE"},
		"putRestApiMode":         {PutRestAPIMode: "merge"},
		"endpointConfiguration":  {EndpointConfiguration: &EndpointConfiguration{Types: "EDGE"}},
		"minimumCompressionSize": {MinimumCompressionSize: "small"},
	} {
		api.Body = doctest.Program()
		if err := CheckRestAPI(api); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("the error is %v, want one about %s", err, want)
		}
	}
	for want, p := range map[string]UsagePlan{
		"period": {QuotaSettings: &QuotaSettings{Limit: 1, Period: "HOUR"}},
		"limit":  {QuotaSettings: &QuotaSettings{Period: "DAY"}},
		"offset": {QuotaSettings: &QuotaSettings{Limit: 1, Offset: 7, Period: "WEEK"}},
		"burst":  {ThrottleSettings: &ThrottleSettings{BurstLimit: -1}},
	} {
		if err := CheckUsagePlan(p); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("the error is %v, want one about %s", err, want)
		}
	}
	if err := CheckUsagePlan(UsagePlan{QuotaSettings: &QuotaSettings{Limit: 1, Offset: 27, Period: "MONTH"}}); err != nil {
		t.Error(err)
	}
}

// The rooms' services are what the gateway asks for.
var (
	_ Authorizer    = (*iam.Service)(nil)
	_ TokenVerifier = (*userpool.Service)(nil)
	_ Invoker       = (*lambda.Service)(nil)
)

func TestChecks(t *testing.T) {
	for want, err := range map[string]error{
		"stageName":      CheckStage(Stage{StageName: "a b"}),
		"methodPath":     CheckMethodSettings(MethodSettings{MethodPath: "GET"}),
		"cachingEnabled": CheckMethodSettings(MethodSettings{MethodPath: "*/*", Settings: MethodSettingsDetails{CachingEnabled: true}}),
		"loggingLevel":   CheckMethodSettings(MethodSettings{MethodPath: "*/*", Settings: MethodSettingsDetails{LoggingLevel: "ALL"}}),
		"has 5 char":     CheckAPIKey(APIKey{Name: "k", Value: "short"}),
	} {
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "short") {
			t.Errorf("the error is %v, want one about %s", err, want)
		}
	}
	for _, err := range []error{
		CheckStage(Stage{StageName: "v1-b_c"}), CheckMethodSettings(MethodSettings{MethodPath: "users/{id}/GET", Settings: MethodSettingsDetails{LoggingLevel: "INFO"}}),
		CheckAPIKey(APIKey{Value: keyValue("x")}),
	} {
		if err != nil {
			t.Error(err)
		}
	}
}

func TestAKeyHasOnePlanForAStage(t *testing.T) {
	f := newFixture(t)
	f.plan("plan01", UsagePlan{}, "one")
	f.plan("plan02", UsagePlan{})
	f.plan("plan03", UsagePlan{APIStages: []APIStage{{APIID: apiID, Stage: "v2"}}})
	for want, k := range map[string]UsagePlanKey{
		"is in the usage plan plan01 for the stage": {KeyID: "one", KeyType: "API_KEY", UsagePlanID: "plan02"},
		"there is no such API key":                  {KeyID: "two", KeyType: "API_KEY", UsagePlanID: "plan02"},
		"there is no such usage plan":               {KeyID: "one", KeyType: "API_KEY", UsagePlanID: "plan09"},
		"keyType":                                   {KeyID: "one", KeyType: "KEY", UsagePlanID: "plan02"},
	} {
		err := f.store.View(func(tx *store.Tx) error { return f.gateway.UsagePlanKeyDeclared(tx, "one", k) })
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("the error is %v, want %q", err, want)
		}
	}
	if err := f.store.View(func(tx *store.Tx) error {
		return f.gateway.UsagePlanKeyDeclared(tx, "one", UsagePlanKey{KeyID: "one", KeyType: "API_KEY", UsagePlanID: "plan03"})
	}); err != nil {
		t.Errorf("another stage's plan: %v", err)
	}
}
