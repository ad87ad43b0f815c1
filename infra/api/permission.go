package api

import (
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/apigateway"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/lambda"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"auth-api/infra/settings"
)

// permissions let the API call its functions: those that answer, and those that decide.
func (c *API) permissions(ctx *pulumi.Context, args Args, rest *apigateway.RestApi) ([]pulumi.Resource, error) {
	type permission struct {
		function string
		source   func(id string) string // what of the API may call it
	}
	wanted := map[string]permission{}
	routes := map[string][]settings.Route{} // FUNCTION-METHOD → those with both
	for _, r := range args.Routes {
		name := r.Function + "-" + strings.ToLower(r.Method)
		routes[name] = append(routes[name], r)
	}
	for name, leading := range routes {
		wanted[name] = permission{leading[0].Function, func(id string) string { return args.Account.Method(id, "*", permissionPattern(leading)) }}
	}
	for _, a := range args.Authorizers {
		// AWS makes up an authorizer's id when it takes the document in, and tells it to
		// nobody who asks in a program: any of this API's is meant. No other function can
		// be an authorizer of this API, since the document says which is.
		wanted[a.Function+"-decides"] = permission{a.Function, func(id string) string { return args.Account.Authorizer(id, "*") }}
	}
	var out []pulumi.Resource
	for _, name := range sorted(wanted) {
		function := args.Functions[wanted[name].function]
		permission, err := lambda.NewPermission(ctx, name, &lambda.PermissionArgs{
			Action:    pulumi.String("lambda:InvokeFunction"),
			Function:  function.Name,
			Qualifier: function.Qualifier,
			Principal: pulumi.String("apigateway.amazonaws.com"),
			SourceArn: rest.ID().ApplyT(func(id pulumi.ID) string { return wanted[name].source(string(id)) }).(pulumi.StringOutput),
		}, pulumi.Parent(c))
		if err != nil {
			return nil, err
		}
		out = append(out, permission)
	}
	return out, nil
}

// permissionPattern is the end of the source ARN of a function's invoke permission:
// the narrowest METHOD/path that takes in all routes of one method to the function.
//
// A function gets one permission for each method, however many routes lead to it: a
// function's policy is limited to 20 KB, and the number of resources must not grow with
// the routes. With one route, or with several that have the shape in common, that says
// exactly what may call; else it is wider than the routes, though never wider than this
// API, whose document alone decides which route leads where.
func permissionPattern(routes []settings.Route) string {
	patterns := make([][]string, len(routes))
	for i, r := range routes {
		patterns[i] = strings.Split(settings.Pattern(r), "/")
	}
	common := patterns[0]
	for _, other := range patterns[1:] {
		merged := make([]string, 0, len(common))
		for i := range min(len(common), len(other)) {
			if common[i] == other[i] {
				merged = append(merged, common[i])
			} else {
				merged = append(merged, "*")
			}
		}
		if len(common) != len(other) { // what is longer goes on in the last *
			merged[len(merged)-1] = "*"
		}
		common = merged
	}
	return strings.Join(common, "/")
}
