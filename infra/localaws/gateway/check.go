package gateway

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"auth-api/infra/localaws/gateway/openapi"
	"auth-api/infra/localaws/store"
)

// What the provider asks before it makes or changes a resource of API Gateway. What
// the gateway would not honour is refused here, never ignored.

// CheckRestAPI refuses a REST API of which the gateway would not honour something:
// its document (see openapi.Read), policy and settings.
func CheckRestAPI(api RestAPI) error {
	_, err := readRestAPI(api)
	return err
}

// readRestAPI is CheckRestAPI, and returns the document.
func readRestAPI(api RestAPI) (*openapi.Document, error) {
	doc, err := openapi.Read(api.Body)
	if err != nil {
		return nil, err
	}
	if api.Policy != "" {
		if _, err := openapi.ParsePolicy(api.Policy, "arn:aws:execute-api"); err != nil {
			return nil, fmt.Errorf("policy: %w", err)
		}
	}
	switch api.APIKeySource {
	case "", openapi.APIKeySourceHeader, openapi.APIKeySourceAuthorizer:
	default:
		return nil, fmt.Errorf("apiKeySource is %q, it must be HEADER or AUTHORIZER", api.APIKeySource)
	}
	if api.PutRestAPIMode != "" && api.PutRestAPIMode != "overwrite" {
		return nil, fmt.Errorf("putRestApiMode is %q, supported is overwrite", api.PutRestAPIMode)
	}
	if e := api.EndpointConfiguration; e != nil && (e.Types != "REGIONAL" || len(e.VPCEndpointIDs) > 0) {
		return nil, fmt.Errorf("endpointConfiguration.types is %q, supported is REGIONAL, without VPC endpoints", e.Types)
	}
	if _, err := compressionSize(api); err != nil {
		return nil, err
	}
	return doc, nil
}

func compressionSize(api RestAPI) (int, error) {
	if api.MinimumCompressionSize == "" {
		return -1, nil
	}
	n, err := strconv.Atoi(api.MinimumCompressionSize)
	if err != nil || n < -1 || n > 10<<20 {
		return 0, fmt.Errorf("minimumCompressionSize is %q, it must be a number of bytes from 0 to 10485760, or -1 for none", api.MinimumCompressionSize)
	}
	return n, nil
}

// CheckUsagePlan refuses a usage plan of which the gateway would not honour something.
//
// https://docs.aws.amazon.com/apigateway/latest/api/API_QuotaSettings.html
func CheckUsagePlan(p UsagePlan) error {
	if q := p.QuotaSettings; q != nil {
		most := map[string]int{"DAY": 0, "WEEK": 6, "MONTH": 27}
		offset, ok := most[q.Period]
		switch {
		case !ok:
			return fmt.Errorf("quotaSettings.period is %q, it must be DAY, WEEK or MONTH", q.Period)
		case q.Limit < 1:
			return fmt.Errorf("quotaSettings.limit is %d, it must be at least 1", q.Limit)
		case q.Offset < 0 || q.Offset > offset:
			return fmt.Errorf("quotaSettings.offset is %d, with the period %s it must be from 0 to %d", q.Offset, q.Period, offset)
		}
	}
	if t := p.ThrottleSettings; t != nil && (t.RateLimit < 0 || t.BurstLimit < 0) {
		return fmt.Errorf("throttleSettings has a rate of %v and a burst of %d, neither may be negative", t.RateLimit, t.BurstLimit)
	}
	return nil
}

var stagePattern = regexp.MustCompile(`^[a-zA-Z0-9_-]{1,128}$`)

// CheckStage refuses a stage that API Gateway would refuse. Access logs and X-Ray are
// recorded: the local log tells of every request without them.
//
// https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-known-issues.html
func CheckStage(s Stage) error {
	if !stagePattern.MatchString(s.StageName) {
		return fmt.Errorf("stageName is %q, it must be 1 to 128 letters, digits, hyphens and underscores", s.StageName)
	}
	return nil
}

// CheckMethodSettings refuses method settings that the gateway would not honour.
// Logging, tracing and metrics are recorded; caching is refused.
//
// https://docs.aws.amazon.com/apigateway/latest/api/API_MethodSetting.html
func CheckMethodSettings(m MethodSettings) error {
	path, verb, ok := cutLast(m.MethodPath)
	if !ok || path == "" || verb == "" {
		return fmt.Errorf("methodPath is %q, it must be */* or PATH/VERB, such as users/{id}/GET", m.MethodPath)
	}
	d := m.Settings
	if d.CachingEnabled {
		return fmt.Errorf("settings.cachingEnabled is true, the cache is not supported")
	}
	switch d.LoggingLevel {
	case "", "OFF", "ERROR", "INFO":
	default:
		return fmt.Errorf("settings.loggingLevel is %q, it must be OFF, ERROR or INFO", d.LoggingLevel)
	}
	return nil
}

// cutLast cuts at the last slash.
func cutLast(s string) (before, after string, ok bool) {
	i := strings.LastIndexByte(s, '/')
	if i < 0 {
		return "", "", false
	}
	return s[:i], s[i+1:], true
}

// CheckAPIKey refuses a key whose value API Gateway would refuse. The error does not
// tell the value.
//
// https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-setup-api-key-with-console.html
func CheckAPIKey(k APIKey) error {
	if n := len(k.Value); n < 20 || n > 128 || strings.ContainsFunc(k.Value, func(c rune) bool { return c <= ' ' || c > '~' }) {
		return fmt.Errorf("the value of the API key %s has %d characters, it must have 20 to 128, printable and without spaces", k.Name, n)
	}
	return nil
}

// UsagePlanKeyDeclared refuses to put a key into a plan when another plan has it for
// the same stage already, as it could not be told which plan counts.
//
// https://docs.aws.amazon.com/apigateway/latest/api/API_CreateUsagePlanKey.html
func (s *Service) UsagePlanKeyDeclared(tx *store.Tx, _ string, k UsagePlanKey) error {
	if k.KeyType != "API_KEY" {
		return fmt.Errorf("keyType is %q, it must be API_KEY", k.KeyType)
	}
	if _, ok, err := APIKeys.Get(tx, k.KeyID); err != nil {
		return err
	} else if !ok {
		return fmt.Errorf("keyId is %q, there is no such API key", k.KeyID)
	}
	mine, ok, err := UsagePlans.Get(tx, k.UsagePlanID)
	if err != nil {
		return err
	}
	if !ok {
		return fmt.Errorf("usagePlanId is %q, there is no such usage plan", k.UsagePlanID)
	}
	others, err := UsagePlanKeys.All(tx)
	if err != nil {
		return err
	}
	for _, other := range others {
		if other.Value.KeyID != k.KeyID || other.Value.UsagePlanID == k.UsagePlanID {
			continue
		}
		theirs, _, err := UsagePlans.Get(tx, other.Value.UsagePlanID)
		if err != nil {
			return err
		}
		for _, a := range mine.APIStages {
			for _, b := range theirs.APIStages {
				if a.APIID == b.APIID && a.Stage == b.Stage {
					return fmt.Errorf("the API key %s is in the usage plan %s for the stage %s/%s already", k.KeyID, other.Value.UsagePlanID, a.APIID, a.Stage)
				}
			}
		}
	}
	return nil
}
