// Package api is the component of the REST API: its OpenAPI document, deployment, stage,
// usage plan and key, and the permissions to call it and for it to call.
//
// The routes are one document, so that the number of resources, and of calls to AWS,
// does not grow with them.
package api

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/apigateway"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"auth-api/infra/function"
	"auth-api/infra/iamdoc"
	"auth-api/infra/settings"
)

// Args are what an API is made of.
type Args struct {
	Name          string // of everything in AWS, or the beginning of it
	StageName     string
	Routes        []settings.Route
	Authorizers   map[string]settings.Authorizer // that routes name
	CORS          *settings.CORS                 // nil: no page of another origin may call
	From          settings.ResourcePolicy        // from where the API may be called at all
	UsagePlan     settings.UsagePlan
	Logging       settings.Logging
	Tracing       bool // whether X-Ray traces requests
	Domain        settings.Domain
	KeyARN        pulumi.StringPtrInput         // encrypts the logs; nil: AWS's own key
	Functions     map[string]*function.Function // by the name that routes have for them
	FunctionNames map[string]string             // the same → the name in AWS, with its alias (NAME:live), known before it is made
	UserPoolARN   pulumi.StringOutput           // for routes with authorization COGNITO_USER_POOLS
	Account       iamdoc.Account
	Tags          map[string]string
}

// API is a REST API with one stage, and a key for it.
type API struct {
	pulumi.ResourceState

	URL pulumi.StringOutput `pulumi:"url"` // ends with the stage, without a slash
	Key pulumi.StringOutput `pulumi:"key"` // a secret

	ID       pulumi.StringOutput // of the REST API
	StageARN pulumi.StringOutput `pulumi:"stageArn"`

	// DomainURL is the API's address at its own name, without a stage. It is nil where
	// it has none.
	DomainURL *pulumi.StringOutput

	args    Args
	settled []pulumi.Resource // what changes the stage, which takes one change at a time
}

// New declares an API. Nobody's credentials open it before Grant.
func New(ctx *pulumi.Context, name string, args Args, opts ...pulumi.ResourceOption) (*API, error) {
	c := &API{args: args}
	if err := ctx.RegisterComponentResource("auth-api:api:Api", name, c, opts...); err != nil {
		return nil, err
	}
	body, err := args.body()
	if err != nil {
		return nil, err
	}
	policy, err := args.policy()
	if err != nil {
		return nil, err
	}
	restArgs := &apigateway.RestApiArgs{
		Name:                   pulumi.String(args.Name),
		Description:            pulumi.String("REST API of " + args.Name),
		Body:                   body,
		FailOnWarnings:         pulumi.Bool(true),
		EndpointConfiguration:  args.endpoint(),
		MinimumCompressionSize: pulumi.String("1024"),
		// A way around the domain is closed once there is one.
		DisableExecuteApiEndpoint: pulumi.Bool(!args.Domain.DefaultEndpoint),
		Tags:                      pulumi.ToStringMap(args.Tags),
	}
	if policy != "" {
		restArgs.Policy = pulumi.String(policy)
	}
	rest, err := apigateway.NewRestApi(ctx, "rest", restArgs, pulumi.Parent(c))
	if err != nil {
		return nil, err
	}
	// Nobody gets a stage that answers 500 because the API may not call its function
	// yet, or any more.
	permissions, err := c.permissions(ctx, args, rest)
	if err != nil {
		return nil, err
	}
	stage, err := c.stage(ctx, args, rest, triggers(body, policy), permissions)
	if err != nil {
		return nil, err
	}
	if err := c.throttles(ctx, args, rest, stage); err != nil {
		return nil, err
	}
	if err := c.plan(ctx, args, rest, stage); err != nil {
		return nil, err
	}
	if err := c.domain(ctx, args, rest, stage); err != nil {
		return nil, err
	}
	c.URL, c.ID, c.StageARN = stage.InvokeUrl, rest.ID().ToStringOutput(), stage.Arn
	return c, ctx.RegisterResourceOutputs(c, pulumi.Map{"url": c.URL, "key": c.Key, "stageArn": c.StageARN})
}

// body is the OpenAPI document. It is known before anything is made, unless a route
// asks for tokens of the user pool, whose ARN AWS chooses.
func (args Args) body() (pulumi.StringInput, error) {
	with := func(userPoolARN string) (string, error) {
		return Document(DocumentArgs{
			Title: args.Name, Routes: args.Routes, Authorizers: args.Authorizers, CORS: args.CORS,
			Functions: args.FunctionNames, Account: args.Account, UserPoolARN: userPoolARN,
		})
	}
	if slices.ContainsFunc(args.Routes, func(r settings.Route) bool { return r.Authorization == settings.CognitoUserPools }) {
		return args.UserPoolARN.ApplyT(with).(pulumi.StringOutput), nil
	}
	text, err := with("")
	return pulumi.String(text), err
}

// triggers are the hashes of what a deployment is a snapshot of.
func triggers(body pulumi.StringInput, policy string) pulumi.StringMap {
	hash := func(text string) string {
		sum := sha256.Sum256([]byte(text))
		return hex.EncodeToString(sum[:])
	}
	out := pulumi.StringMap{"body": body.ToStringOutput().ApplyT(hash).(pulumi.StringOutput)}
	if policy != "" {
		out["policy"] = pulumi.String(hash(policy))
	}
	return out
}

// stage deploys the document. A deployment is a snapshot of it, made anew when one of the
// triggers changes and removed once the stage has moved on.
func (c *API) stage(ctx *pulumi.Context, args Args, rest *apigateway.RestApi, triggers pulumi.StringMap, permissions []pulumi.Resource) (*apigateway.Stage, error) {
	parent, tags := pulumi.Parent(c), pulumi.ToStringMap(args.Tags)
	deployment, err := apigateway.NewDeployment(ctx, "deployment", &apigateway.DeploymentArgs{
		RestApi:  rest.ID(),
		Triggers: triggers,
	}, parent)
	if err != nil {
		return nil, err
	}

	stageArgs := &apigateway.StageArgs{
		RestApi:    rest.ID(),
		Deployment: deployment.ID(),
		StageName:  pulumi.String(args.StageName),
		Tags:       tags,
	}
	var needs []pulumi.Resource
	if args.Logging.AccountRole {
		role, err := c.accountRole(ctx, args)
		if err != nil {
			return nil, err
		}
		needs = append(needs, role)
	}
	if args.Tracing {
		stageArgs.XrayTracingEnabled = pulumi.Bool(true)
	}
	if args.Logging.Access {
		logs, err := cloudwatch.NewLogGroup(ctx, "access", &cloudwatch.LogGroupArgs{
			Name:            pulumi.String("/aws/apigateway/" + args.Name + "/access"),
			RetentionInDays: pulumi.Int(args.Logging.RetentionDays),
			KmsKeyId:        args.KeyARN,
			Tags:            tags,
		}, parent)
		if err != nil {
			return nil, err
		}
		format, err := accessLogFormat()
		if err != nil {
			return nil, err
		}
		stageArgs.AccessLogSettings = apigateway.StageAccessLogSettingsArgs{DestinationArn: logs.Arn, Format: pulumi.String(format)}
	}
	stage, err := apigateway.NewStage(ctx, "stage", stageArgs, parent, pulumi.DependsOn(append(needs, permissions...)))
	if err != nil {
		return nil, err
	}

	if args.Logging.Execution == "OFF" {
		return stage, nil
	}
	// API Gateway chooses this name, and would make the group without a retention.
	logs, err := cloudwatch.NewLogGroup(ctx, "execution", &cloudwatch.LogGroupArgs{
		Name:            pulumi.Sprintf("API-Gateway-Execution-Logs_%s/%s", rest.ID(), args.StageName),
		RetentionInDays: pulumi.Int(args.Logging.RetentionDays),
		KmsKeyId:        args.KeyARN,
		Tags:            tags,
	}, parent)
	if err != nil {
		return nil, err
	}
	logging, err := apigateway.NewMethodSettings(ctx, "logging", &apigateway.MethodSettingsArgs{
		RestApi:    rest.ID(),
		StageName:  stage.StageName,
		MethodPath: pulumi.String("*/*"),
		Settings: apigateway.MethodSettingsSettingsArgs{
			LoggingLevel:     pulumi.String(args.Logging.Execution),
			DataTraceEnabled: pulumi.Bool(false), // it writes bodies and tokens to the log
			MetricsEnabled:   pulumi.Bool(true),
		},
	}, parent, pulumi.DependsOn([]pulumi.Resource{logs}))
	c.settled = append(c.settled, logging)
	return stage, err
}

// plan declares the usage plan and a key in it.
func (c *API) plan(ctx *pulumi.Context, args Args, rest *apigateway.RestApi, stage *apigateway.Stage) error {
	parent, tags := pulumi.Parent(c), pulumi.ToStringMap(args.Tags)
	plan, err := apigateway.NewUsagePlan(ctx, "plan", &apigateway.UsagePlanArgs{
		Name:      pulumi.String(args.Name),
		ApiStages: apigateway.UsagePlanApiStageArray{apigateway.UsagePlanApiStageArgs{ApiId: rest.ID(), Stage: stage.StageName, Throttles: args.keyThrottles()}},
		ThrottleSettings: apigateway.UsagePlanThrottleSettingsArgs{
			RateLimit:  pulumi.Float64(args.UsagePlan.RateLimit),
			BurstLimit: pulumi.Int(args.UsagePlan.BurstLimit),
		},
		QuotaSettings: apigateway.UsagePlanQuotaSettingsArgs{
			Limit:  pulumi.Int(args.UsagePlan.QuotaLimit),
			Period: pulumi.String(args.UsagePlan.QuotaPeriod),
		},
		Tags: tags,
	}, parent)
	if err != nil {
		return err
	}
	key, err := apigateway.NewApiKey(ctx, "key", &apigateway.ApiKeyArgs{
		Name: pulumi.String(args.Name),
		// Left out, it would be a text that says who made it.
		Description: pulumi.String("Key of " + args.Name),
		Tags:        tags,
	}, parent)
	if err != nil {
		return err
	}
	_, err = apigateway.NewUsagePlanKey(ctx, "plan-key", &apigateway.UsagePlanKeyArgs{
		UsagePlanId: plan.ID(),
		KeyId:       key.ID(),
		KeyType:     pulumi.String("API_KEY"),
	}, parent)
	c.Key = pulumi.ToSecret(key.Value).(pulumi.StringOutput)
	return err
}

// accessLogFormat is one JSON object a request: who called what and how it ended. It
// holds neither headers nor the key's value, nor anything else that opens a door.
//
// See https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-mapping-template-reference.html.
func accessLogFormat() (string, error) {
	b, err := json.Marshal(map[string]string{
		"requestId":          "$context.requestId",
		"extendedRequestId":  "$context.extendedRequestId",
		"time":               "$context.requestTime",
		"sourceIp":           "$context.identity.sourceIp",
		"method":             "$context.httpMethod",
		"path":               "$context.path",
		"resource":           "$context.resourcePath",
		"protocol":           "$context.protocol",
		"status":             "$context.status",
		"responseLength":     "$context.responseLength",
		"responseLatency":    "$context.responseLatency",
		"integrationLatency": "$context.integrationLatency",
		"userArn":            "$context.identity.userArn",
		"identityId":         "$context.identity.cognitoIdentityId",
		"subject":            "$context.authorizer.claims.sub",
		"apiKeyId":           "$context.identity.apiKeyId",
		"errorType":          "$context.error.responseType",
		"error":              "$context.error.message",
	})
	if err != nil {
		return "", fmt.Errorf("writing the access log's format: %w", err)
	}
	return string(b), nil
}

func sorted[K ~string, V any](m map[K]V) []K {
	keys := make([]K, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
