package gateway

import (
	"crypto/sha256"
	"math"
	"strings"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// limiters holds the token buckets, each under what it limits. They outlive a change
// of what is declared, so that a deployment fills nobody's bucket.
type limiters struct {
	mu    sync.Mutex
	byKey map[string]*bucket
}

type bucket struct {
	throttle throttle
	owner    string // plan/key or API/STAGE
	*rate.Limiter
}

// allow takes one request out of the bucket of this name.
func (l *limiters) allow(name, owner string, t throttle, now time.Time) bool {
	l.mu.Lock()
	b := l.byKey[name]
	if b == nil || b.throttle != t {
		b = &bucket{throttle: t, owner: owner, Limiter: rate.NewLimiter(t.limits())}
		l.byKey[name] = b
	}
	l.mu.Unlock()
	return b.AllowN(now, 1)
}

// limits returns the rate and size of a bucket. A burst alone leaves the rate open; a
// rate alone has a burst of a second's worth.
func (t throttle) limits() (rate.Limit, int) {
	limit, burst := rate.Limit(t.rate), t.burst
	if t.rate == 0 && t.burst > 0 {
		limit = rate.Inf
	}
	if burst == 0 {
		burst = int(math.Ceil(t.rate))
	}
	return limit, burst
}

// keep drops the buckets of what is no longer declared.
func (l *limiters) keep(c *compiled) {
	owners := map[string]bool{}
	for name := range c.stages {
		owners[name] = true
	}
	for _, k := range c.keys {
		for _, p := range k.plans {
			owners[p.id+"/"+k.id] = true
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for name, b := range l.byKey {
		if !owners[b.owner] {
			delete(l.byKey, name)
		}
	}
}

// keyFromAuthorizer is the API key source of APIs whose authorizers give the key.
const keyFromAuthorizer = "AUTHORIZER"

// admitKey checks the API key where the method needs one, then the limits: those of
// the key's plan, then those that the stage sets for all, then the plan's quota.
//
// https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-request-throttling.html
func (x *exchange) admitKey(c *compiled) bool {
	stageName := x.apiID + "/" + x.stageName
	var p *plan
	if x.method.keyRequired {
		presented, where := x.r.Header.Get("X-Api-Key"), "the header x-api-key"
		if x.stage.api.keySource == keyFromAuthorizer {
			presented, where = "", "the Lambda authorizer's answer"
			if x.verdict != nil {
				presented = x.verdict.usageKey
			}
		}
		if presented == "" {
			x.refuse(answerInvalidKey, "no API key in "+where)
			return false
		}
		// The map is keyed by digest, so that how long a look-up takes says nothing of a key.
		key := c.keys[sha256.Sum256([]byte(presented))]
		switch {
		case key == nil:
			x.refuse(answerInvalidKey, "the API key is not known")
			return false
		case !key.enabled:
			x.refuse(answerInvalidKey, "the API key "+key.id+" is disabled")
			return false
		case key.plans[stageName] == nil:
			x.refuse(answerInvalidKey, "the API key "+key.id+" is in no usage plan of the stage")
			return false
		}
		x.key, p = key, key.plans[stageName]
		owner := p.id + "/" + key.id
		route := x.method.resource + "/" + x.r.Method
		if t, ok := p.apiStages[stageName][route]; ok {
			if !x.service.limits.allow(owner+" "+stageName+route, owner, t, x.now) {
				x.refuse(answerThrottled, "the API key "+key.id+" is over the rate of the usage plan "+p.id+" for "+route)
				return false
			}
		}
		if p.limit != nil && !x.service.limits.allow(owner, owner, *p.limit, x.now) {
			x.refuse(answerThrottled, "the API key "+key.id+" is over the rate of the usage plan "+p.id)
			return false
		}
	}
	for _, t := range x.stage.settings {
		if (t.path != "*" && t.path != x.method.resource) || (t.verb != "*" && !strings.EqualFold(t.verb, x.r.Method)) {
			continue
		}
		if !x.service.limits.allow(stageName+" "+x.method.resource+"/"+x.r.Method, stageName, t.limit, x.now) {
			x.refuse(answerThrottled, "the stage's limit for "+x.r.Method+" "+x.method.resource+" is reached")
			return false
		}
		break // a method's own setting stands in place of that for all
	}
	if p != nil && p.quota != nil && !x.service.usage.take(p, x.key.id, x.now) {
		x.refuse(answerQuota, "the API key "+x.key.id+" is over the quota of the usage plan "+p.id)
		return false
	}
	if p != nil && p.quota == nil {
		x.service.usage.count(p.id, x.key.id, x.now)
	}
	return true
}
