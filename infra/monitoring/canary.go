package monitoring

import (
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Canary is a function whose newest version gets a share of the calls.
type Canary struct {
	Function string              // name in AWS
	Alias    string              // by which it is called
	Newest   pulumi.StringOutput // version that is on trial
}

// canaries declares an alarm for the newest version of each function that has versions.
// When it tells that the version fails, canary.rollback takes it back.
//
// See https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html.
func (c *Monitoring) canaries(ctx *pulumi.Context, args Args, topic pulumi.StringInput) error {
	for _, canary := range args.Canaries {
		_, err := cloudwatch.NewMetricAlarm(ctx, "canary-"+canary.Function, &cloudwatch.MetricAlarmArgs{
			Name:             pulumi.String(args.Name + "-canary-" + canary.Function),
			AlarmDescription: pulumi.String("The newest version of " + canary.Function + " fails: canary.rollback takes it back"),
			Namespace:        pulumi.String("AWS/Lambda"),
			MetricName:       pulumi.String("Errors"),
			Dimensions: pulumi.StringMap{
				"FunctionName":    pulumi.String(canary.Function),
				"Resource":        pulumi.String(canary.Function + ":" + canary.Alias),
				"ExecutedVersion": canary.Newest,
			},
			Statistic:          pulumi.String("Sum"),
			Period:             pulumi.Int(60), // a share of the calls is soon many
			EvaluationPeriods:  pulumi.Int(1),
			ComparisonOperator: pulumi.String("GreaterThanOrEqualToThreshold"),
			Threshold:          pulumi.Float64(float64(args.Alarms.FunctionErrors)),
			TreatMissingData:   pulumi.String("notBreaching"),
			AlarmActions:       pulumi.Array{topic},
			OkActions:          pulumi.Array{topic},
			Tags:               pulumi.ToStringMap(args.Tags),
		}, pulumi.Parent(c))
		if err != nil {
			return err
		}
	}
	return nil
}
