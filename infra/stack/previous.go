package stack

import (
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// previousOutputs are the stack's own outputs as its last deployment left them: there
// are none before the first one. Secrets among them are left out.
//
// An engine that keeps no state, such as one that only records what a program declares,
// answers that it does not implement the question, and is taken to have none.
func previousOutputs(ctx *pulumi.Context) (map[string]any, error) {
	name := fmt.Sprintf("%s/%s/%s", ctx.Organization(), ctx.Project(), ctx.Stack())
	args := struct {
		Name string `pulumi:"name"`
	}{name}
	var answer struct {
		Outputs           map[string]any `pulumi:"outputs"`
		SecretOutputNames []string       `pulumi:"secretOutputNames"`
	}
	if _, err := ctx.InvokePackageRaw("pulumi:pulumi:readStackOutputs", args, &answer, ""); err != nil {
		if s, ok := status.FromError(err); ok && s.Code() == codes.Unimplemented {
			return nil, nil
		}
		return nil, fmt.Errorf("reading the outputs that the stack %s has now: %w", name, err)
	}
	for _, secret := range answer.SecretOutputNames {
		delete(answer.Outputs, secret)
	}
	return answer.Outputs, nil
}
