package gateway

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"sync"
	"time"

	"auth-api/infra/localaws/audit"
	"auth-api/infra/localaws/authz"
	"auth-api/infra/localaws/lambda"
)

// verdict is what a Lambda authorizer answered: who asks, and a policy that is
// evaluated for every request, also when it comes from the cache.
//
// https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-lambda-authorizer-output.html
type verdict struct {
	principal string
	policy    *authz.Policy
	context   map[string]string
	usageKey  string // the API key, where the API takes it from its authorizers
	latency   int64  // milliseconds; 0 from the cache
}

// verdicts caches what authorizers answered, under a digest of the authorizer and the
// identity that it was asked about, so that no token stays in memory.
type verdicts struct {
	mu    sync.Mutex
	byKey map[[sha256.Size]byte]cachedVerdict
}

type cachedVerdict struct {
	verdict
	expires time.Time
}

// maxVerdicts bounds the cache: whoever makes up tokens must not fill the memory.
const maxVerdicts = 10000

func (v *verdicts) get(key [sha256.Size]byte, now time.Time) (verdict, bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	c, ok := v.byKey[key]
	if !ok || !now.Before(c.expires) {
		return verdict{}, false
	}
	c.latency = 0
	return c.verdict, true
}

func (v *verdicts) put(key [sha256.Size]byte, answered verdict, now time.Time, ttl time.Duration) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if len(v.byKey) >= maxVerdicts {
		for k, c := range v.byKey {
			if !now.Before(c.expires) {
				delete(v.byKey, k)
			}
		}
		if len(v.byKey) >= maxVerdicts {
			clear(v.byKey)
		}
	}
	v.byKey[key] = cachedVerdict{answered, now.Add(ttl)}
}

// authorizeCustom asks the method's Lambda authorizer, or its cache.
//
// https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-use-lambda-authorizer.html
func (x *exchange) authorizeCustom() bool {
	a := x.method.authorizer
	values, missing := x.identitySources(a)
	if missing != "" {
		x.refuse(answerUnauthorized, "the identity source "+missing+" is missing, the authorizer is not asked")
		return false
	}
	if a.pattern != nil && !a.pattern.MatchString(values[0]) {
		x.refuse(answerUnauthorized, "the token does not match the authorizer's identityValidationExpression, the authorizer is not asked")
		return false
	}
	key := x.verdictKey(a, values)
	v, cached := x.service.verdicts.get(key, x.now)
	if !cached {
		var ok bool
		if v, ok = x.askAuthorizer(a, values); !ok {
			return false
		}
		if a.ttl > 0 {
			x.service.verdicts.put(key, v, x.now, a.ttl)
		}
	}
	x.verdict = &v
	audit.From(x.r.Context()).Caller("principal " + v.principal)
	return x.applyVerdict(&v)
}

// applyVerdict evaluates the authorizer's policy for this request.
func (x *exchange) applyVerdict(v *verdict) bool {
	paths := []string{x.path}
	if decoded, err := url.PathUnescape(x.path); err == nil && decoded != x.path {
		paths = append(paths, decoded)
	}
	var reason string
	for _, path := range paths {
		d := authz.Decide(authz.Request{
			Action: invoke, Resource: x.service.arn(x.apiID, x.stageName, x.r.Method, path),
			Principal: authz.Principal{Account: x.service.cfg.Account, ARN: "arn:aws:execute-api:" + x.service.cfg.Region + ":" + x.service.cfg.Account + ":principal/" + v.principal},
			Context: authz.Context{
				"aws:SourceIp": {x.sourceIP}, "aws:UserAgent": {x.r.UserAgent()}, "aws:Referer": {x.r.Referer()}, "aws:SecureTransport": {"true"},
				"aws:CurrentTime": {x.now.UTC().Format(time.RFC3339)}, "aws:EpochTime": {fmt.Sprint(x.now.Unix())},
			},
		}, authz.Policies{Identity: []authz.Source{{Name: "of the Lambda authorizer " + x.method.authorizer.name, Policy: v.policy}}})
		if !d.Allowed {
			x.refuse(answerAccessDenied.with("User is not authorized to access this resource "+d.Clause(invoke)), d.Reason)
			return false
		}
		reason = d.Reason
	}
	audit.From(x.r.Context()).Allow(reason)
	return true
}

// identitySources returns the values of the authorizer's identity sources, or the
// name of one that is missing or empty.
func (x *exchange) identitySources(a *scheme) (values []string, missing string) {
	for _, source := range a.sources {
		var v string
		switch source.in {
		case "header":
			v = x.r.Header.Get(source.name)
			if strings.EqualFold(source.name, "Host") {
				v = x.r.Host
			}
		case "query":
			if list := parseQuery(x.r.URL.RawQuery)[source.name]; len(list) > 0 {
				v = list[len(list)-1]
			}
		case "stage":
			v = x.stage.variables[source.name]
		case "context":
			v = map[string]string{
				"httpMethod": x.r.Method, "resourcePath": x.method.resource, "path": x.fullPath, "stage": x.stageName, "apiId": x.apiID,
				"identity.sourceIp": x.sourceIP, "identity.userAgent": x.r.UserAgent(),
			}[source.name]
		}
		if v == "" {
			return nil, source.in + " " + source.name
		}
		values = append(values, v)
	}
	return values, ""
}

// verdictKey is under what an answer is cached: deployment, authorizer and identity.
func (x *exchange) verdictKey(a *scheme, values []string) (key [sha256.Size]byte) {
	h := sha256.New()
	for _, part := range append([]string{x.apiID, x.stageName, x.stage.api.deployment, a.name}, values...) {
		_ = binary.Write(h, binary.BigEndian, uint64(len(part))) // a hash takes everything
		_, _ = h.Write([]byte(part))
	}
	h.Sum(key[:0])
	return key
}

// askAuthorizer invokes the authorizer's function.
func (x *exchange) askAuthorizer(a *scheme, values []string) (verdict, bool) {
	input := map[string]any{"type": "TOKEN", "methodArn": x.service.arn(x.apiID, x.stageName, x.r.Method, x.path)}
	if a.request {
		e := x.proxyEvent()
		input["type"] = "REQUEST"
		input["resource"], input["path"], input["httpMethod"] = e.Resource, e.Path, e.HTTPMethod
		input["headers"], input["multiValueHeaders"] = e.Headers, e.MultiValueHeaders
		input["queryStringParameters"], input["multiValueQueryStringParameters"] = e.QueryString, e.MultiValueQueryString
		input["pathParameters"], input["stageVariables"], input["requestContext"] = e.PathParameters, e.StageVariables, e.RequestContext
	} else {
		input["authorizationToken"] = values[0]
	}
	payload, err := marshal(input)
	if err != nil {
		audit.From(x.r.Context()).Fault(err)
		x.refuse(answerAuthorizer, "the authorizer's event could not be made")
		return verdict{}, false
	}
	ctx, cancel := context.WithTimeout(x.r.Context(), 29*time.Second)
	defer cancel()
	result, err := x.service.cfg.Lambda.Invoke(ctx, lambda.Invocation{
		Function: a.function, Payload: payload, Principal: principal, TraceID: x.traceID,
		SourceARN: x.service.apiARN(x.apiID) + "/authorizers/" + resourceID(a.name),
	})
	if err != nil {
		x.refuse(answerAuthorizer, "the authorizer was not run: "+err.Error())
		return verdict{}, false
	}
	if result.FunctionError != "" {
		var failed struct {
			Message string `json:"errorMessage"`
		}
		if json.Unmarshal(result.Payload, &failed) == nil && failed.Message == "Unauthorized" {
			x.refuse(answerUnauthorized, "the authorizer says Unauthorized")
			return verdict{}, false
		}
		x.refuse(answerAuthorizer, "the authorizer failed: "+result.FunctionError+", request "+result.RequestID)
		return verdict{}, false
	}
	v, err := decodeVerdict(result.Payload)
	if err != nil {
		x.refuse(answerAuthorizer, err.Error())
		return verdict{}, false
	}
	v.latency = x.service.cfg.Now().Sub(x.now).Milliseconds()
	return v, true
}

// decodeVerdict reads what an authorizer returned.
func decodeVerdict(payload []byte) (verdict, error) {
	var answer struct {
		PrincipalID        string                     `json:"principalId"`
		PolicyDocument     json.RawMessage            `json:"policyDocument"`
		Context            map[string]json.RawMessage `json:"context"`
		UsageIdentifierKey string                     `json:"usageIdentifierKey"`
	}
	if err := json.Unmarshal(payload, &answer); err != nil {
		return verdict{}, fmt.Errorf("the authorizer's answer is not as it must be: %w", withoutValue(err))
	}
	if answer.PrincipalID == "" || len(answer.PolicyDocument) == 0 || string(answer.PolicyDocument) == "null" {
		return verdict{}, errors.New("the authorizer's answer lacks principalId or policyDocument")
	}
	policy, err := authz.ParseIdentity(string(answer.PolicyDocument))
	if err != nil {
		return verdict{}, fmt.Errorf("the authorizer's policyDocument: %w", err)
	}
	v := verdict{principal: answer.PrincipalID, policy: policy, context: map[string]string{}, usageKey: answer.UsageIdentifierKey}
	for name, raw := range answer.Context {
		var c any
		d := json.NewDecoder(strings.NewReader(string(raw)))
		d.UseNumber()
		if err := d.Decode(&c); err != nil {
			return verdict{}, fmt.Errorf("the authorizer's context.%s: %w", name, err)
		}
		switch c.(type) {
		case nil, string, bool, json.Number:
			v.context[name] = claimText(c)
		default:
			return verdict{}, fmt.Errorf("the authorizer's context.%s must be text, a number or a boolean", name)
		}
	}
	return v, nil
}
