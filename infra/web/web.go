// Package web is the component of what the web client has to know of the stack: an SSM
// parameter, which the function that serves the page reads at run time.
//
// The function cannot be told by its environment. What it tells the page has the API's
// address and the client's id in it; the client is registered with the API's address, and
// the API leads to the function.
package web

import (
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ssm"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Args are what the parameter is made of.
type Args struct {
	Name      string              // of the stack's things in AWS
	Parameter string              // its name; begins with a slash
	Value     pulumi.StringOutput // of webconfig.Config.JSON
	Tags      map[string]string
}

// Web is what the web client is told.
type Web struct {
	pulumi.ResourceState
}

// New declares the parameter. It is a String rather than a SecureString: the function
// hands every browser all that is in it, the API's key too, which tells clients apart and
// opens nothing by itself. The state and the log of a deployment still have it as a
// secret, as they have the key everywhere.
func New(ctx *pulumi.Context, name string, args Args, opts ...pulumi.ResourceOption) (*Web, error) {
	c := &Web{}
	if err := ctx.RegisterComponentResource("auth-api:web:Web", name, c, opts...); err != nil {
		return nil, err
	}
	_, err := ssm.NewParameter(ctx, "config", &ssm.ParameterArgs{
		Name:        pulumi.String(args.Parameter),
		Description: pulumi.String("What the web client of " + args.Name + " is told, at /config.json"),
		Type:        pulumi.String("String"),
		Tier:        pulumi.String("Standard"), // what an account has as its default may cost
		Value:       args.Value,
		Tags:        pulumi.ToStringMap(args.Tags),
	}, pulumi.Parent(c))
	if err != nil {
		return nil, err
	}
	return c, ctx.RegisterResourceOutputs(c, pulumi.Map{})
}
