package gateway

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"time"

	"auth-api/infra/localaws/gateway/openapi"
	"auth-api/infra/localaws/gateway/payload"
	"auth-api/infra/localaws/lambda"
)

// verdict is what a Lambda authorizer answered. Its policy is evaluated for every
// request, also when it comes from the cache.
type verdict struct {
	payload.AuthorizerResponse
	latency int64 // milliseconds; 0 from the cache
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

// verdict asks the method's Lambda authorizer, or its cache.
//
// https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-use-lambda-authorizer.html
func (x *exchange) verdict() (*verdict, outcome) {
	a := x.method.Authorizer
	values, missing := x.identitySources(a)
	if missing != "" {
		return nil, noIdentitySource(missing)
	}
	if no := x.identified(a, values); no.refused() {
		return nil, no
	}
	key := x.verdictKey(a, values)
	v, cached := x.service.verdicts.get(key, x.now)
	if !cached {
		var no outcome
		if v, no = x.askAuthorizer(a, values); no.refused() {
			return nil, no
		}
		if a.ResultTTL > 0 {
			x.service.verdicts.put(key, v, x.now, a.ResultTTL)
		}
	}
	x.answered = &v
	x.record.Caller("principal " + v.PrincipalID)
	return &v, outcome{}
}

// identified refuses a token that the authorizer's expression does not match.
func (x *exchange) identified(a *openapi.Authorizer, values []string) outcome {
	if a.IdentityValidation != nil && !a.IdentityValidation.MatchString(values[0]) {
		return refused(answerUnauthorized, "the token does not match the authorizer's identityValidationExpression, the authorizer is not asked")
	}
	return outcome{}
}

func noIdentitySource(missing string) outcome {
	return refused(answerUnauthorized, "the identity source "+missing+" is missing, the authorizer is not asked")
}

// identitySources returns the values of the authorizer's identity sources, or the
// name of one that is missing or empty.
func (x *exchange) identitySources(a *openapi.Authorizer) (values []string, missing string) {
	for _, source := range a.IdentitySources {
		var v string
		switch source.In {
		case "header":
			v = x.header(source.Name)
		case "query":
			v = x.queryValue(source.Name)
		case "stage":
			v = x.stage.variables[source.Name]
		case "context":
			v = map[string]string{
				"httpMethod": x.r.Method, "resourcePath": x.method.ResourcePath, "path": x.fullPath, "stage": x.stageName, "apiId": x.apiID,
				"identity.sourceIp": x.sourceIP, "identity.userAgent": x.r.UserAgent(),
			}[source.Name]
		}
		if v == "" {
			return nil, source.In + " " + source.Name
		}
		values = append(values, v)
	}
	return values, ""
}

// verdictKey is under what an answer is cached: deployment, authorizer and identity.
func (x *exchange) verdictKey(a *openapi.Authorizer, values []string) (key [sha256.Size]byte) {
	h := sha256.New()
	for _, part := range append([]string{x.apiID, x.stageName, x.stage.api.deployment, a.Name}, values...) {
		_, _ = fmt.Fprintf(h, "%d:%s,", len(part), part) // a hash takes everything
	}
	h.Sum(key[:0])
	return key
}

// authorizer is how the method's Lambda authorizer is invoked.
func (e *entry) authorizer() lambda.Invocation {
	api, _, _ := strings.Cut(e.stage.arn, "/")
	return lambda.Invocation{Function: e.method.Authorizer.Function, Principal: principal, SourceARN: api + "/authorizers/" + e.method.Authorizer.ID}
}

func notAsked(err error) outcome {
	return refused(answerAuthorizer, "the authorizer was not run: "+err.Error())
}

// askAuthorizer invokes the authorizer's function.
func (x *exchange) askAuthorizer(a *openapi.Authorizer, values []string) (verdict, outcome) {
	e := x.entry()
	input := map[string]any{"type": "TOKEN", "methodArn": e.arn(x.path)}
	if a.Request {
		event := x.event()
		input["type"] = "REQUEST"
		input["resource"], input["path"], input["httpMethod"] = event.Resource, event.Path, event.HTTPMethod
		input["headers"], input["multiValueHeaders"] = event.Headers, event.MultiValueHeaders
		input["queryStringParameters"], input["multiValueQueryStringParameters"] = event.QueryString, event.MultiValueQueryString
		input["pathParameters"], input["stageVariables"], input["requestContext"] = event.PathParameters, event.StageVariables, event.RequestContext
	} else {
		input["authorizationToken"] = values[0]
	}
	event, err := payload.Marshal(input)
	if err != nil {
		x.record.Fault(err)
		return verdict{}, refused(answerAuthorizer, "the authorizer's event could not be made")
	}
	ctx, cancel := context.WithTimeout(x.r.Context(), 29*time.Second)
	defer cancel()
	call := e.authorizer()
	call.Payload, call.TraceID = event, x.traceID
	result, err := x.service.cfg.Lambda.Invoke(ctx, call)
	if err != nil {
		return verdict{}, notAsked(err)
	}
	if result.FunctionError != "" {
		var failed struct {
			Message string `json:"errorMessage"`
		}
		if json.Unmarshal(result.Payload, &failed) == nil && failed.Message == "Unauthorized" {
			return verdict{}, refused(answerUnauthorized, "the authorizer says Unauthorized")
		}
		return verdict{}, refused(answerAuthorizer, "the authorizer failed: "+result.FunctionError+", request "+result.RequestID)
	}
	answer, err := payload.DecodeAuthorizerResponse(result.Payload)
	if err != nil {
		return verdict{}, refused(answerAuthorizer, err.Error())
	}
	return verdict{answer, x.service.cfg.Now().Sub(x.now).Milliseconds()}, outcome{}
}
