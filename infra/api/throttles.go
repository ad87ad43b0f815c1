package api

import (
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/apigateway"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"auth-api/infra/settings"
)

// keyThrottles limit what one key may ask of one route; they are the usage plan's, which
// calls a route PATH/METHOD.
//
// See https://docs.aws.amazon.com/apigateway/latest/api/API_ApiStage.html.
func (args Args) keyThrottles() apigateway.UsagePlanApiStageThrottleArray {
	var out apigateway.UsagePlanApiStageThrottleArray
	for _, r := range args.Routes {
		if r.Throttle != nil && r.APIKeyRequired {
			out = append(out, apigateway.UsagePlanApiStageThrottleArgs{
				Path:       pulumi.String(r.Path + "/" + r.Method),
				RateLimit:  pulumi.Float64(r.Throttle.RateLimit),
				BurstLimit: pulumi.Int(r.Throttle.BurstLimit),
			})
		}
	}
	return out
}

// throttles limit what everybody together may ask of one route without a key. Each is a
// resource of its own, since the provider has one for each method that it sets.
func (c *API) throttles(ctx *pulumi.Context, args Args, rest *apigateway.RestApi, stage *apigateway.Stage) error {
	for _, r := range args.Routes {
		if r.Throttle == nil || r.APIKeyRequired {
			continue
		}
		set := apigateway.MethodSettingsSettingsArgs{
			ThrottlingRateLimit:  pulumi.Float64(r.Throttle.RateLimit),
			ThrottlingBurstLimit: pulumi.Int(r.Throttle.BurstLimit),
		}
		if args.Logging.Execution != "OFF" { // a method's own settings stand in place of those for all
			set.LoggingLevel, set.DataTraceEnabled, set.MetricsEnabled = pulumi.String(args.Logging.Execution), pulumi.Bool(false), pulumi.Bool(true)
		}
		made, err := apigateway.NewMethodSettings(ctx, "throttle "+r.String(), &apigateway.MethodSettingsArgs{
			RestApi:    rest.ID(),
			StageName:  stage.StageName,
			MethodPath: pulumi.String(methodPath(r)),
			Settings:   set,
		}, pulumi.Parent(c), pulumi.DependsOn(c.settled)) // one after another: a stage takes one change at a time
		if err != nil {
			return err
		}
		c.settled = []pulumi.Resource{made}
	}
	return nil
}

// methodPath is how stages call a route: the slashes of the path are written ~1, the
// first one too.
//
// See https://docs.aws.amazon.com/apigateway/latest/api/API_UpdateStage.html.
func methodPath(r settings.Route) string {
	return strings.ReplaceAll(r.Path, "/", "~1") + "/" + r.Method
}
