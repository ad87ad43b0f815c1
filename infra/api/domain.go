package api

import (
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/apigateway"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/route53"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// domain lets the stage answer at a name of the customer's own. What a signature or a
// policy names stays the API and its stage.
func (c *API) domain(ctx *pulumi.Context, args Args, rest *apigateway.RestApi, stage *apigateway.Stage) error {
	d, parent := args.Domain, pulumi.Parent(c)
	if d.Name == "" {
		return nil
	}
	name, err := apigateway.NewDomainName(ctx, "domain", &apigateway.DomainNameArgs{
		DomainName:             pulumi.String(d.Name),
		RegionalCertificateArn: pulumi.String(d.CertificateARN),
		SecurityPolicy:         pulumi.String(d.SecurityPolicy),
		EndpointConfiguration:  apigateway.DomainNameEndpointConfigurationArgs{Types: pulumi.String("REGIONAL")},
		Tags:                   pulumi.ToStringMap(args.Tags),
	}, parent)
	if err != nil {
		return err
	}
	if _, err := apigateway.NewBasePathMapping(ctx, "domain", &apigateway.BasePathMappingArgs{
		RestApi: rest.ID(), StageName: stage.StageName, DomainName: name.DomainName,
	}, parent); err != nil {
		return err
	}
	url := pulumi.Sprintf("https://%s", name.DomainName)
	c.DomainURL = &url
	if d.ZoneID == "" {
		return nil
	}
	_, err = route53.NewRecord(ctx, "domain", &route53.RecordArgs{
		ZoneId: pulumi.String(d.ZoneID),
		Name:   pulumi.String(d.Name),
		Type:   pulumi.String("A"),
		Aliases: route53.RecordAliasArray{route53.RecordAliasArgs{
			Name: name.RegionalDomainName, ZoneId: name.RegionalZoneId, EvaluateTargetHealth: pulumi.Bool(false),
		}},
	}, parent)
	return err
}
