package gateway

import (
	"crypto/sha256"
	"strings"

	"auth-api/infra/localaws/gateway/openapi"
)

// admitKey checks the API key where the method needs one, then the limits: those of
// the key's plan, then those that the stage sets for all, then the plan's quota.
//
// https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-request-throttling.html
func (x *exchange) admitKey(c *compiled) bool {
	route := x.method.ResourcePath + "/" + x.r.Method
	var p *plan
	if x.method.APIKeyRequired {
		presented, where := x.r.Header.Get("X-Api-Key"), "the header x-api-key"
		if x.stage.api.APIKeySource == openapi.APIKeySourceAuthorizer {
			presented, where = "", "the Lambda authorizer's answer"
			if x.verdict != nil {
				presented = x.verdict.UsageIdentifierKey
			}
		}
		if presented == "" {
			return x.refuse(answerInvalidKey, "no API key in "+where)
		}
		// The map is keyed by digest, so that how long a look-up takes says nothing of a key.
		key := c.keys[sha256.Sum256([]byte(presented))]
		switch {
		case key == nil:
			return x.refuse(answerInvalidKey, "the API key is not known")
		case !key.enabled:
			return x.refuse(answerInvalidKey, "the API key "+key.id+" is disabled")
		case key.plans[x.stage.name] == nil:
			return x.refuse(answerInvalidKey, "the API key "+key.id+" is in no usage plan of the stage")
		}
		x.key, p = key, key.plans[x.stage.name]
		owner := p.id + "/" + key.id
		if t, ok := p.apiStages[x.stage.name][route]; ok && !x.service.limits.Allow(owner, x.stage.name+route, t, x.now) {
			return x.refuse(answerThrottled, "the API key "+key.id+" is over the rate of the usage plan "+p.id+" for "+route)
		}
		if p.limit != nil && !x.service.limits.Allow(owner, "", *p.limit, x.now) {
			return x.refuse(answerThrottled, "the API key "+key.id+" is over the rate of the usage plan "+p.id)
		}
	}
	for _, t := range x.stage.settings {
		if (t.path != "*" && t.path != x.method.ResourcePath) || (t.verb != "*" && !strings.EqualFold(t.verb, x.r.Method)) {
			continue
		}
		if !x.service.limits.Allow(x.stage.name, route, t.limit, x.now) {
			return x.refuse(answerThrottled, "the stage's limit for "+x.r.Method+" "+x.method.ResourcePath+" is reached")
		}
		break // a method's own setting stands in place of that for all
	}
	if p == nil {
		return true
	}
	switch within, err := x.service.limits.Count(p.id, x.key.id, p.quota, x.now); {
	case err != nil:
		x.record.Fault(err)
		return x.refuse(answerInternal, "the request could not be counted")
	case !within:
		return x.refuse(answerQuota, "the API key "+x.key.id+" is over the quota of the usage plan "+p.id)
	}
	return true
}
