package api

import (
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/apigateway"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"auth-api/infra/iamdoc"
)

// policy is the API's resource policy, empty when it may be called from everywhere. It is
// a property of the API rather than a resource of its own or a part of the document:
// each update of the document would take those away.
func (args Args) policy() (string, error) {
	if !args.From.Restricts() {
		return "", nil
	}
	text, err := iamdoc.CallFrom(args.Account, args.From.AllowedIPs, args.From.VPCEndpointIDs).JSON()
	if err != nil {
		return "", fmt.Errorf("writing from where %s may be called: %w", args.Name, err)
	}
	return text, nil
}

// endpoint is how the API is reached. execute-api's VPC endpoints lead to private APIs
// alone.
func (args Args) endpoint() apigateway.RestApiEndpointConfigurationArgs {
	if ids := args.From.VPCEndpointIDs; len(ids) > 0 {
		return apigateway.RestApiEndpointConfigurationArgs{Types: pulumi.String("PRIVATE"), VpcEndpointIds: pulumi.ToStringArray(ids)}
	}
	return apigateway.RestApiEndpointConfigurationArgs{Types: pulumi.String("REGIONAL")}
}
