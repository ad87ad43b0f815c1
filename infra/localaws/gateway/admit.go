package gateway

import (
	"strings"

	"auth-api/infra/localaws/gateway/openapi"
)

// admitKey checks the API key where the method needs one, then the limits: those of
// the key's plan, then those that the stage sets for all, then the plan's quota.
//
// https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-request-throttling.html
func (x *exchange) admitKey(c *compiled) bool {
	route := x.method.ResourcePath + "/" + x.r.Method
	e := x.entry()
	key, p, so := e.admitKey(c, x)
	if !x.pass(so) {
		return false
	}
	if x.key = key; key != nil {
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

// apiKey is the key that the request or its Lambda authorizer's answer carries.
func (x *exchange) apiKey() (value, where string) {
	if x.stage.api.APIKeySource != openapi.APIKeySourceAuthorizer {
		return x.r.Header.Get("X-Api-Key"), "the header x-api-key"
	}
	if x.answered != nil {
		value = x.answered.UsageIdentifierKey
	}
	return value, "the Lambda authorizer's answer"
}
