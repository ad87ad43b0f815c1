package gateway

import "auth-api/infra/localaws/gateway/openapi"

// Answer is an error as the gateway answers it.
type Answer struct {
	Name    string               // ours, for documentation
	Type    openapi.ResponseType // which gateway response may change it
	Status  int                  // HTTP status unless the gateway response sets another
	Code    string               // x-amzn-ErrorType
	Message string               // to the letter; "" in the table where it depends on the request, null in an answer
	Key     string               // the body's key: message, or Message where access is denied
	Plain   bool                 // the body is the message alone, as text
	Doc     string               // where it comes from
}

const (
	docTypes  = "https://docs.aws.amazon.com/apigateway/latest/developerguide/supported-gateway-response-types.html"
	doc403    = "https://repost.aws/knowledge-center/api-gateway-troubleshoot-403-forbidden"
	doc401    = "https://repost.aws/knowledge-center/api-gateway-cognito-401-unauthorized"
	docPolicy = "https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-authorization-flow.html"
	docPlans  = "https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-api-usage-plans.html"
	docCheck  = "https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-method-request-validation.html"
	docProxy  = "https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html"
	docLimits = "https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-execution-service-limits-table.html"
	docSigV4  = "https://docs.aws.amazon.com/IAM/latest/UserGuide/signature-v4-troubleshooting.html"
)

// The one table of error answers. Everything that the gateway refuses goes out as
// one of these, through exchange.refuse.
var (
	answerMissingToken       = Answer{"missing authentication token", openapi.TypeMissingAuthentication, 403, "MissingAuthenticationTokenException", "Missing Authentication Token", "message", false, doc403}
	answerIncomplete         = Answer{"incomplete signature", openapi.TypeDefault4XX, 403, "IncompleteSignatureException", "", "message", false, docSigV4}
	answerInvalidSignature   = Answer{"invalid signature", openapi.TypeInvalidSignature, 403, "InvalidSignatureException", "", "message", false, docSigV4}
	answerUnrecognizedClient = Answer{"unrecognized client", openapi.TypeDefault4XX, 403, "UnrecognizedClientException", "", "message", false, doc403}
	answerExpiredCredentials = Answer{"expired credentials", openapi.TypeExpiredToken, 403, "ExpiredTokenException", "", "message", false, docTypes}
	answerOtherSignature     = Answer{"other signature error", openapi.TypeDefault4XX, 403, "", "", "message", false, docSigV4}
	answerAccessDenied       = Answer{"access denied", openapi.TypeAccessDenied, 403, "AccessDeniedException", "", "Message", false, docPolicy}
	answerUnknownStage       = Answer{"unknown API or stage", openapi.TypeDefault4XX, 403, "ForbiddenException", "Forbidden", "message", false, doc403}
	answerUnauthorized       = Answer{"unauthorized", openapi.TypeUnauthorized, 401, "UnauthorizedException", "Unauthorized", "message", false, doc401}
	answerTokenExpired       = Answer{"token expired", openapi.TypeUnauthorized, 401, "UnauthorizedException", "The incoming token has expired", "message", false, doc401}
	answerNoScope            = Answer{"no scope of the route", openapi.TypeUnauthorized, 401, "UnauthorizedException", "Unauthorized", "message", false, doc401}
	answerAuthorizer         = Answer{"the Lambda authorizer failed or answered wrongly", openapi.TypeAuthorizerConfiguration, 500, "AuthorizerConfigurationException", "", "message", false, docTypes}
	answerInvalidKey         = Answer{"invalid API key", openapi.TypeInvalidAPIKey, 403, "ForbiddenException", "Forbidden", "message", false, docPlans}
	answerThrottled          = Answer{"throttled", openapi.TypeThrottled, 429, "TooManyRequestsException", "Too Many Requests", "message", false, docPlans}
	answerQuota              = Answer{"quota exceeded", openapi.TypeQuotaExceeded, 429, "LimitExceededException", "Limit Exceeded", "message", false, docPlans}
	answerParameters         = Answer{"required parameters missing", openapi.TypeBadRequestParameters, 400, "BadRequestException", "", "message", false, docCheck}
	answerBody               = Answer{"body against its model", openapi.TypeBadRequestBody, 400, "BadRequestException", "Invalid request body", "message", false, docCheck}
	answerUnreadable         = Answer{"unreadable request", openapi.TypeDefault4XX, 400, "BadRequestException", "Bad Request", "message", false, docTypes}
	answerMediaType          = Answer{"unsupported media type", openapi.TypeUnsupportedMediaType, 415, "BadRequestException", "Unsupported Media Type", "message", false, docTypes}
	answerTooLarge           = Answer{"request too large", openapi.TypeRequestTooLarge, 413, "RequestTooLargeException", "HTTP content length exceeded 10485760 bytes.", "message", true, docLimits}
	answerBusy               = Answer{"too many large requests at once", openapi.TypeDefault5XX, 503, "ServiceUnavailableException", "Service Unavailable", "message", false, docTypes}
	answerMalformed          = Answer{"malformed Lambda proxy response, or the function failed", openapi.TypeDefault5XX, 502, "InternalServerErrorException", "Internal server error", "message", false, docProxy}
	answerNoPermission       = Answer{"no permission to invoke", openapi.TypeAPIConfiguration, 500, "InternalServerErrorException", "Internal server error", "message", false, docProxy}
	answerNotInvoked         = Answer{"the function was not run: throttled or gone", openapi.TypeIntegrationFailure, 500, "InternalServerErrorException", "Internal server error", "message", false, docProxy}
	answerEventTooLarge      = Answer{"event over Lambda's 6 MB", openapi.TypeRequestTooLarge, 413, "RequestEntityTooLargeException", "Request Too Long", "message", false, docLimits}
	answerTimeout            = Answer{"integration timeout", openapi.TypeIntegrationTimeout, 504, "InternalServerErrorException", "Endpoint request timed out", "message", false, docLimits}
	answerInternal           = Answer{"fault of the gateway itself", openapi.TypeDefault5XX, 500, "InternalServerErrorException", "Internal server error", "message", false, docTypes}
)

// Answers returns the table of error answers, for documentation.
func Answers() []Answer {
	return []Answer{
		answerMissingToken, answerIncomplete, answerInvalidSignature, answerUnrecognizedClient, answerExpiredCredentials,
		answerOtherSignature, answerAccessDenied, answerUnknownStage, answerUnauthorized, answerTokenExpired, answerNoScope,
		answerAuthorizer, answerInvalidKey, answerThrottled, answerQuota, answerParameters, answerBody, answerUnreadable, answerMediaType,
		answerTooLarge, answerBusy, answerMalformed, answerNoPermission, answerNotInvoked, answerEventTooLarge, answerTimeout, answerInternal,
	}
}

// signatureAnswers gives the gateway's answer for the code of a signature error.
var signatureAnswers = map[string]Answer{
	answerMissingToken.Code:       answerMissingToken,
	answerIncomplete.Code:         answerIncomplete,
	answerInvalidSignature.Code:   answerInvalidSignature,
	answerUnrecognizedClient.Code: answerUnrecognizedClient,
	"InvalidClientTokenId":        answerUnrecognizedClient,
	answerExpiredCredentials.Code: answerExpiredCredentials,
}

// with returns the answer with this message.
func (a Answer) with(message string) Answer {
	a.Message = message
	return a
}
