// Package monitoring is the component of who is told when the API is in trouble: alarms
// with their topic, a dashboard, and a budget.
package monitoring

import (
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/budgets"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/sns"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"auth-api/infra/iamdoc"
	"auth-api/infra/settings"
)

// Args are what is watched, and how.
type Args struct {
	Name      string // of the API and of the stack's things in AWS, or the beginning of it
	StageName string
	Functions []string // names in AWS
	Canaries  []Canary // those of them that have versions
	Alarms    settings.Alarms
	Dashboard bool
	Budget    settings.Budget
	StackTag  string                // value of the tag `stack` of all that the stack has
	KeyARN    pulumi.StringPtrInput // encrypts what the topic holds; nil: nothing does
	Account   iamdoc.Account
	Tags      map[string]string
}

// Monitoring is what watches a stack.
type Monitoring struct {
	pulumi.ResourceState
}

// New declares what is switched on of alarms, dashboard and budget.
func New(ctx *pulumi.Context, name string, args Args, opts ...pulumi.ResourceOption) (*Monitoring, error) {
	c := &Monitoring{}
	if err := ctx.RegisterComponentResource("auth-api:monitoring:Monitoring", name, c, opts...); err != nil {
		return nil, err
	}
	if args.Alarms.Enabled {
		if err := c.alarms(ctx, args); err != nil {
			return nil, err
		}
	}
	if args.Dashboard {
		body, err := dashboard(args)
		if err != nil {
			return nil, err
		}
		if _, err := cloudwatch.NewDashboard(ctx, "dashboard", &cloudwatch.DashboardArgs{
			DashboardName: pulumi.String(args.Name), DashboardBody: pulumi.String(body),
		}, pulumi.Parent(c)); err != nil {
			return nil, err
		}
	}
	if args.Budget.MonthlyLimit > 0 {
		if err := c.budget(ctx, args); err != nil {
			return nil, err
		}
	}
	return c, ctx.RegisterResourceOutputs(c, pulumi.Map{})
}

// topic is told by the alarms, and tells people.
func (c *Monitoring) topic(ctx *pulumi.Context, args Args) (*sns.Topic, error) {
	parent := pulumi.Parent(c)
	name := args.Name + "-alarms"
	topic, err := sns.NewTopic(ctx, "alarms", &sns.TopicArgs{
		Name: pulumi.String(name), KmsMasterKeyId: args.KeyARN, Tags: pulumi.ToStringMap(args.Tags),
	}, parent)
	if err != nil {
		return nil, err
	}
	policy, err := iamdoc.PublishAlarms(args.Account, args.Account.Topic(name)).JSON()
	if err != nil {
		return nil, fmt.Errorf("the policy of the topic %s: %w", name, err)
	}
	if _, err := sns.NewTopicPolicy(ctx, "alarms", &sns.TopicPolicyArgs{Arn: topic.Arn, Policy: pulumi.String(policy)}, parent); err != nil {
		return nil, err
	}
	for _, email := range args.Alarms.Emails {
		if _, err := sns.NewTopicSubscription(ctx, "alarms-"+email, &sns.TopicSubscriptionArgs{
			Topic: topic.Arn, Protocol: pulumi.String("email"), Endpoint: pulumi.String(email),
		}, parent); err != nil {
			return nil, err
		}
	}
	return topic, nil
}

// alarm is a metric over five minutes, and what of it is too much.
type alarm struct {
	name, description string
	namespace, metric string
	dimensions        map[string]string
	statistic         string // Sum, Average or a percentile such as p99
	threshold         float64
}

func (c *Monitoring) alarms(ctx *pulumi.Context, args Args) error {
	topic, err := c.topic(ctx, args)
	if err != nil {
		return err
	}
	for _, a := range args.watched() {
		in := &cloudwatch.MetricAlarmArgs{
			Name:               pulumi.String(args.Name + "-" + a.name),
			AlarmDescription:   pulumi.String(a.description),
			Namespace:          pulumi.String(a.namespace),
			MetricName:         pulumi.String(a.metric),
			Dimensions:         pulumi.ToStringMap(a.dimensions),
			Period:             pulumi.Int(300),
			EvaluationPeriods:  pulumi.Int(1),
			ComparisonOperator: pulumi.String("GreaterThanOrEqualToThreshold"),
			Threshold:          pulumi.Float64(a.threshold),
			TreatMissingData:   pulumi.String("notBreaching"), // no request is no trouble
			AlarmActions:       pulumi.Array{topic.Arn},
			OkActions:          pulumi.Array{topic.Arn},
			Tags:               pulumi.ToStringMap(args.Tags),
		}
		switch a.statistic {
		case "Sum", "Average":
			in.Statistic = pulumi.String(a.statistic)
		default:
			in.ExtendedStatistic = pulumi.String(a.statistic)
		}
		if _, err := cloudwatch.NewMetricAlarm(ctx, a.name, in, pulumi.Parent(c)); err != nil {
			return err
		}
	}
	return c.canaries(ctx, args, topic.Arn)
}

// watched are the alarms of the API and of each function.
//
// See https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-metrics-and-dimensions.html
// and https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html.
func (args Args) watched() []alarm {
	api := map[string]string{"ApiName": args.Name, "Stage": args.StageName}
	of := func(name, description, metric, statistic string, threshold float64) alarm {
		return alarm{name, description, "AWS/ApiGateway", metric, api, statistic, threshold}
	}
	out := []alarm{
		// The average of 0 and 1 for each request is their share.
		of("server-errors", fmt.Sprintf("At least %g percent of the requests ended with 5xx", args.Alarms.ServerErrors), "5XXError", "Average", args.Alarms.ServerErrors/100),
		of("client-errors", fmt.Sprintf("At least %d requests ended with 4xx: somebody may be trying keys, signatures or paths", args.Alarms.ClientErrors), "4XXError", "Sum", float64(args.Alarms.ClientErrors)),
		of("latency", fmt.Sprintf("One request in a hundred took %d ms or more", args.Alarms.Latency), "Latency", "p99", float64(args.Alarms.Latency)),
	}
	for _, name := range args.Functions {
		f := map[string]string{"FunctionName": name}
		out = append(out,
			alarm{"errors-" + name, fmt.Sprintf("At least %d invocations of %s failed", args.Alarms.FunctionErrors, name), "AWS/Lambda", "Errors", f, "Sum", float64(args.Alarms.FunctionErrors)},
			alarm{"throttles-" + name, fmt.Sprintf("%s could not take at least %d invocations", name, args.Alarms.Throttles), "AWS/Lambda", "Throttles", f, "Sum", float64(args.Alarms.Throttles)})
	}
	return out
}

// budget tells people what the stack costs. It counts what has the stack's tag, once
// that is activated as a cost allocation tag.
//
// See https://docs.aws.amazon.com/cost-management/latest/userguide/budgets-create-filters.html.
func (c *Monitoring) budget(ctx *pulumi.Context, args Args) error {
	tell := func(kind string, percent float64) budgets.BudgetNotificationArgs {
		return budgets.BudgetNotificationArgs{
			NotificationType: pulumi.String(kind), ComparisonOperator: pulumi.String("GREATER_THAN"),
			Threshold: pulumi.Float64(percent), ThresholdType: pulumi.String("PERCENTAGE"),
			SubscriberEmailAddresses: pulumi.ToStringArray(args.Budget.Emails),
		}
	}
	_, err := budgets.NewBudget(ctx, "budget", &budgets.BudgetArgs{
		Name:          pulumi.String(args.Name),
		BudgetType:    pulumi.String("COST"),
		TimeUnit:      pulumi.String("MONTHLY"),
		LimitAmount:   pulumi.String(fmt.Sprintf("%.2f", args.Budget.MonthlyLimit)),
		LimitUnit:     pulumi.String("USD"),
		CostFilters:   budgets.BudgetCostFilterArray{budgets.BudgetCostFilterArgs{Name: pulumi.String("TagKeyValue"), Values: pulumi.ToStringArray([]string{"user:stack$" + args.StackTag})}},
		Notifications: budgets.BudgetNotificationArray{tell("ACTUAL", 80), tell("FORECASTED", 100)},
		Tags:          pulumi.ToStringMap(args.Tags),
	}, pulumi.Parent(c))
	return err
}
