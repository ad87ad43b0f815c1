package function

import (
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/lambda"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Alias is the name under which the versions of a function are called.
const Alias = "live"

// Release says which of a function's versions callers reach. AWS publishes one whenever
// the code or the configuration changes, and never otherwise.
//
// See https://docs.aws.amazon.com/lambda/latest/dg/configuring-alias-routing.html.
type Release struct {
	Stable  string // the version that stays live; empty: the newest
	Percent int    // of the calls that the newest version gets beside Stable: 0 to 99
}

// live is the version that the alias stands for.
func (r Release) live(newest string) string {
	if r.Stable == "" {
		return newest
	}
	return r.Stable
}

// weights are the shares of other versions. A version that is live already has none
// beside itself.
func (r Release) weights(newest string) map[string]float64 {
	if r.Percent == 0 || r.live(newest) == newest {
		return nil
	}
	return map[string]float64{newest: float64(r.Percent) / 100}
}

// release declares the alias of a function with versions, by which all call it.
func (c *Function) release(ctx *pulumi.Context, name string, f *lambda.Function, r Release, opts ...pulumi.ResourceOption) error {
	c.Newest = f.Version
	c.Live = pulumi.String(r.Stable).ToStringOutput() // known in a preview
	if r.Stable == "" {
		c.Live = f.Version
	}
	routing := f.Version.ApplyT(func(newest string) *lambda.AliasRoutingConfig {
		weights := r.weights(newest)
		if weights == nil {
			return nil
		}
		return &lambda.AliasRoutingConfig{AdditionalVersionWeights: weights}
	}).(lambda.AliasRoutingConfigPtrOutput)
	alias, err := lambda.NewAlias(ctx, name+"-"+Alias, &lambda.AliasArgs{
		Name:            pulumi.String(Alias),
		Description:     pulumi.String("What callers of the function reach"),
		FunctionName:    f.Name,
		FunctionVersion: c.Live,
		RoutingConfig:   routing,
	}, opts...)
	if err != nil {
		return err
	}
	c.ARN, c.Qualifier = alias.Arn, alias.Name
	return nil
}
