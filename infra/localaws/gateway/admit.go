package gateway

import (
	"strings"

	"auth-api/infra/localaws/gateway/limits"
	"auth-api/infra/localaws/gateway/openapi"
)

// admitKey checks the API key where the method needs one, then the limits: those of
// the key's plan, then those that the stage sets for all, then the plan's quota.
//
// https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-request-throttling.html
func (x *exchange) admitKey(c *compiled) bool {
	e := x.entry()
	key, p, so := e.admitKey(c, x)
	if !x.pass(so) {
		return false
	}
	x.key = key
	for _, t := range e.throttles(key, p) {
		if !x.service.limits.Allow(t.owner, t.what, t.limit, x.now) {
			return x.refuse(answerThrottled, t.says())
		}
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

// throttle is a limit that a request must keep to: that of a key and its plan for the
// method, or for all, or that of the stage for all callers.
type throttle struct {
	owner, what string // of the bucket
	limit       limits.Throttle
	key, plan   string // ids; empty for the stage's
	route       string
}

func (t throttle) says() string {
	switch {
	case t.plan == "":
		return "the stage's limit for " + t.route + " is reached"
	case t.route == "":
		return "the API key " + t.key + " is over the rate of the usage plan " + t.plan
	}
	return "the API key " + t.key + " is over the rate of the usage plan " + t.plan + " for " + t.route
}

// throttles are the limits for a request with this key and its plan, which are nil where
// the method needs none, in the order in which they are asked.
func (e *entry) throttles(key *apiKey, p *plan) []throttle {
	var list []throttle
	route := e.method.ResourcePath + "/" + e.verb
	if key != nil {
		owner := p.id + "/" + key.id
		if t, ok := p.apiStages[e.stage.name][route]; ok {
			list = append(list, throttle{owner, e.stage.name + route, t, key.id, p.id, route})
		}
		if p.limit != nil {
			list = append(list, throttle{owner, "", *p.limit, key.id, p.id, ""})
		}
	}
	for _, t := range e.stage.settings {
		if (t.path == "*" || t.path == e.method.ResourcePath) && (t.verb == "*" || strings.EqualFold(t.verb, e.verb)) {
			// A method's own setting stands in place of that for all.
			return append(list, throttle{e.stage.name, route, t.limit, "", "", e.verb + " " + e.method.ResourcePath})
		}
	}
	return list
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
