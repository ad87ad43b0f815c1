package verify

import (
	"maps"
	"net/http"
	"slices"
	"strings"

	"auth-api/infra/client"
)

// The kinds of authorization that a route can have, by API Gateway's names.
const (
	authNone    = "NONE"
	authIAM     = "AWS_IAM"
	authCognito = "COGNITO_USER_POOLS"
	authCustom  = "CUSTOM"
)

// Kind is what of a caller decides what a route with authorization AWS_IAM answers.
type Kind struct {
	Guest    bool
	SignedIn bool
	Groups   []string
	Tags     map[string]string // session tags
}

// MayCall tells whether a route with authorization AWS_IAM lets this kind of caller in:
// the route names authenticated, guest or groups, and its tags must all be the caller's.
func MayCall(r client.Route, k Kind) bool {
	named := slices.ContainsFunc(r.Callers, func(caller string) bool {
		switch caller {
		case "authenticated":
			return k.SignedIn
		case "guest":
			return k.Guest
		}
		return k.SignedIn && slices.Contains(k.Groups, caller)
	})
	for tag, value := range r.CallerTags {
		if k.Tags[tag] != value {
			return false
		}
	}
	return named
}

// Verdict is what became of a request.
type Verdict string

// The verdicts.
const (
	LetIn     Verdict = "let in"        // the function answered
	Refused   Verdict = "refused"       // API Gateway refused the caller, or knows no such route
	NoKey     Verdict = "key refused"   // API Gateway refused the API key
	Malformed Verdict = "not valid"     // API Gateway validated the request, and refused it
	Throttled Verdict = "throttled"     // over the rate
	UsedUp    Verdict = "quota used up" // over the quota
	Failed    Verdict = "failed"        // 5xx
)

// refusals are what API Gateway answers whom it does not let in, by x-amzn-ErrorType.
//
// https://docs.aws.amazon.com/apigateway/latest/developerguide/supported-gateway-response-types.html
// https://repost.aws/knowledge-center/api-gateway-troubleshoot-403-forbidden
var refusals = []string{
	"AccessDeniedException", "ExpiredTokenException", "IncompleteSignatureException", "InvalidSignatureException",
	"MissingAuthenticationTokenException", "UnauthorizedException", "UnrecognizedClientException",
	"InvalidClientTokenId", "SignatureDoesNotMatch", "AuthorizerConfigurationException",
}

// Judge tells what became of a request by its answer: its status, its x-amzn-ErrorType,
// which API Gateway alone sends, so that a function's own 403 counts as let in, and
// whether it has an x-amz-apigw-id, without which API Gateway has not seen it.
func Judge(status int, errorType string, gateway bool) Verdict {
	errorType, _, _ = strings.Cut(errorType, ":")
	switch {
	case slices.Contains(refusals, errorType):
		return Refused
	case errorType == "ForbiddenException":
		return NoKey
	case errorType == "TooManyRequestsException":
		return Throttled
	case errorType == "LimitExceededException":
		return UsedUp
	case errorType == "BadRequestException" || errorType == "RequestTooLargeException":
		return Malformed
	case !gateway && status >= 400 && status < 500:
		return Malformed // what stands before API Gateway hands no such request on
	case status >= 500:
		return Failed
	case errorType != "" && status >= 400:
		return Refused
	}
	return LetIn
}

// guarded tells whether the route asks for anything at all.
func guarded(r client.Route) bool { return r.Authorization != authNone || r.APIKeyRequired }

// verbs are the methods that an ANY stands for.
var verbs = []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodHead, http.MethodOptions}

// safe tells whether a request with this method may be sent without a thought: it changes
// nothing (RFC 9110, section 9.2.1).
func safe(method string) bool {
	return method == http.MethodGet || method == http.MethodHead || method == http.MethodOptions
}

// methodOf is the method that a route is tried by.
func methodOf(r client.Route) string {
	if r.Method == "ANY" {
		return http.MethodGet
	}
	return r.Method
}

// Example is a path that the route's template takes, in which nobody else's data is
// likely to be.
func Example(template string) string {
	parts := strings.Split(template, "/")
	for i, part := range parts {
		switch {
		case strings.HasSuffix(part, "+}"):
			parts[i] = "verify-1/verify-2"
		case strings.HasPrefix(part, "{"):
			parts[i] = "verify-1"
		}
	}
	return strings.Join(parts, "/")
}

// groupsOf are the groups that routes name, in order.
func groupsOf(routes map[string]client.Route) []string {
	names := map[string]bool{}
	for _, r := range routes {
		for _, caller := range r.Callers {
			if caller != "authenticated" && caller != "guest" {
				names[caller] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(names))
}

// undeclared are the methods that nothing is declared for at a path.
func undeclared(o client.Outputs, path string) []string {
	var out []string
	for _, method := range verbs {
		if _, found := o.Route(method, path); !found && method != http.MethodOptions {
			out = append(out, method)
		}
	}
	return out
}
