package gateway

import "auth-api/infra/localaws/declared"

// RestAPI is a REST API (aws:apigateway/restApi:RestApi). Its id is ten lower-case
// letters and digits. Its body is the OpenAPI document; what a stage serves is the
// body as it was when the stage's deployment was made (see DeploymentDeclared).
type RestAPI struct {
	Name                      string                 `json:"name" aws:"autoname"`
	Description               string                 `json:"description,omitempty"`
	Body                      string                 `json:"body,omitempty"`
	FailOnWarnings            bool                   `json:"failOnWarnings,omitempty"`
	PutRestAPIMode            string                 `json:"putRestApiMode,omitempty"`
	APIKeySource              string                 `json:"apiKeySource,omitempty" aws:"default"` // HEADER, AUTHORIZER
	BinaryMediaTypes          []string               `json:"binaryMediaTypes,omitempty"`
	MinimumCompressionSize    string                 `json:"minimumCompressionSize,omitempty"`
	DisableExecuteAPIEndpoint bool                   `json:"disableExecuteApiEndpoint,omitempty"`
	EndpointConfiguration     *EndpointConfiguration `json:"endpointConfiguration,omitempty"`
	Policy                    string                 `json:"policy,omitempty" aws:"default"`
	Tags                      map[string]string      `json:"tags,omitempty"`
	TagsAll                   map[string]string      `json:"tagsAll,omitempty" aws:"computed"`
	ARN                       string                 `json:"arn,omitempty" aws:"computed"`
	ExecutionARN              string                 `json:"executionArn,omitempty" aws:"computed"`
	RootResourceID            string                 `json:"rootResourceId,omitempty" aws:"computed"`
	CreatedDate               string                 `json:"createdDate,omitempty" aws:"computed"`
}

type EndpointConfiguration struct {
	Types          string   `json:"types"` // REGIONAL
	VPCEndpointIDs []string `json:"vpcEndpointIds,omitempty"`
}

// Deployment is a snapshot of an API (aws:apigateway/deployment:Deployment).
type Deployment struct {
	RestAPI     string            `json:"restApi" aws:"required,replace"`
	Description string            `json:"description,omitempty"`
	Triggers    map[string]string `json:"triggers,omitempty" aws:"replace"`
	Variables   map[string]string `json:"variables,omitempty" aws:"replace"`
	CreatedDate string            `json:"createdDate,omitempty" aws:"computed"`
}

// Stage serves a deployment (aws:apigateway/stage:Stage). Its id is
// ags-API-STAGE.
type Stage struct {
	RestAPI            string             `json:"restApi" aws:"required,replace"`
	StageName          string             `json:"stageName" aws:"required,replace"`
	Deployment         string             `json:"deployment" aws:"required"`
	Description        string             `json:"description,omitempty"`
	AccessLogSettings  *AccessLogSettings `json:"accessLogSettings,omitempty"`
	XrayTracingEnabled bool               `json:"xrayTracingEnabled,omitempty"`
	Variables          map[string]string  `json:"variables,omitempty"`
	Tags               map[string]string  `json:"tags,omitempty"`
	TagsAll            map[string]string  `json:"tagsAll,omitempty" aws:"computed"`
	ARN                string             `json:"arn,omitempty" aws:"computed"`
	ExecutionARN       string             `json:"executionArn,omitempty" aws:"computed"`
	InvokeURL          string             `json:"invokeUrl,omitempty" aws:"computed"`
	WebACLARN          string             `json:"webAclArn,omitempty" aws:"computed"` // empty, as when a stage is made: it is associated later
}

type AccessLogSettings struct {
	DestinationARN string `json:"destinationArn"`
	Format         string `json:"format"`
}

// MethodSettings sets logging and throttling of a stage's methods
// (aws:apigateway/methodSettings:MethodSettings). Its id is API-STAGE-PATH.
type MethodSettings struct {
	RestAPI    string                `json:"restApi" aws:"required,replace"`
	StageName  string                `json:"stageName" aws:"required,replace"`
	MethodPath string                `json:"methodPath" aws:"required,replace"` // */* or PATH/VERB
	Settings   MethodSettingsDetails `json:"settings" aws:"required"`
}

type MethodSettingsDetails struct {
	LoggingLevel         string   `json:"loggingLevel,omitempty"` // OFF, ERROR, INFO
	DataTraceEnabled     bool     `json:"dataTraceEnabled,omitempty"`
	MetricsEnabled       bool     `json:"metricsEnabled,omitempty"`
	ThrottlingRateLimit  *float64 `json:"throttlingRateLimit,omitempty"`
	ThrottlingBurstLimit *int     `json:"throttlingBurstLimit,omitempty"`
	CachingEnabled       bool     `json:"cachingEnabled,omitempty"`
}

// UsagePlan (aws:apigateway/usagePlan:UsagePlan).
type UsagePlan struct {
	Name             string            `json:"name" aws:"autoname"`
	Description      string            `json:"description,omitempty"`
	APIStages        []APIStage        `json:"apiStages,omitempty"`
	ThrottleSettings *ThrottleSettings `json:"throttleSettings,omitempty"`
	QuotaSettings    *QuotaSettings    `json:"quotaSettings,omitempty"`
	Tags             map[string]string `json:"tags,omitempty"`
	TagsAll          map[string]string `json:"tagsAll,omitempty" aws:"computed"`
	ARN              string            `json:"arn,omitempty" aws:"computed"`
}

type APIStage struct {
	APIID     string          `json:"apiId"`
	Stage     string          `json:"stage"`
	Throttles []RouteThrottle `json:"throttles,omitempty"`
}

// RouteThrottle limits one method of a stage; its path is PATH/VERB, such as /users/GET.
type RouteThrottle struct {
	Path       string  `json:"path"`
	RateLimit  float64 `json:"rateLimit,omitempty"`
	BurstLimit int     `json:"burstLimit,omitempty"`
}

type ThrottleSettings struct {
	RateLimit  float64 `json:"rateLimit,omitempty"`  // requests a second
	BurstLimit int     `json:"burstLimit,omitempty"` // requests
}

type QuotaSettings struct {
	Limit  int    `json:"limit"`
	Offset int    `json:"offset,omitempty"`
	Period string `json:"period"` // DAY, WEEK, MONTH
}

// APIKey (aws:apigateway/apiKey:ApiKey).
type APIKey struct {
	Name        string            `json:"name" aws:"replace,autoname"`
	Description string            `json:"description,omitempty"`
	Enabled     *bool             `json:"enabled,omitempty"` // nil means true
	Value       string            `json:"value,omitempty" aws:"default,replace,secret"`
	Tags        map[string]string `json:"tags,omitempty"`
	TagsAll     map[string]string `json:"tagsAll,omitempty" aws:"computed"`
	ARN         string            `json:"arn,omitempty" aws:"computed"`
	CreatedDate string            `json:"createdDate,omitempty" aws:"computed"`
}

// UsagePlanKey puts a key into a plan (aws:apigateway/usagePlanKey:UsagePlanKey).
// Its id is the key's.
type UsagePlanKey struct {
	KeyID       string `json:"keyId" aws:"required,replace"`
	KeyType     string `json:"keyType" aws:"required,replace"` // API_KEY
	UsagePlanID string `json:"usagePlanId" aws:"required,replace"`
	Name        string `json:"name,omitempty" aws:"computed"`
	Value       string `json:"value,omitempty" aws:"computed,secret"`
}

// Account is the account's role for writing API Gateway's logs
// (aws:apigateway/account:Account). Its id is api-gateway-account.
type Account struct {
	CloudwatchRoleARN string `json:"cloudwatchRoleArn,omitempty"`
	ResetOnDelete     bool   `json:"resetOnDelete,omitempty"`
}

const (
	RestAPIs      declared.Kind[RestAPI]        = "apigateway.RestApi"
	Deployments   declared.Kind[Deployment]     = "apigateway.Deployment"
	Stages        declared.Kind[Stage]          = "apigateway.Stage"
	StageMethods  declared.Kind[MethodSettings] = "apigateway.MethodSettings"
	UsagePlans    declared.Kind[UsagePlan]      = "apigateway.UsagePlan"
	APIKeys       declared.Kind[APIKey]         = "apigateway.ApiKey"
	UsagePlanKeys declared.Kind[UsagePlanKey]   = "apigateway.UsagePlanKey"
	Accounts      declared.Kind[Account]        = "apigateway.Account"
)
