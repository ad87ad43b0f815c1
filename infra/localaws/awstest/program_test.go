package awstest_test

import (
	"strings"
	"testing"

	"auth-api/infra/localaws/awstest"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cognito"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// A test's own program declares what the project's settings do not allow, and a later
// program stands on what an earlier one made.
func TestProgramsOfATestsOwn(t *testing.T) {
	aws := awstest.Start(t)
	pool := awstest.Run(t, aws, func(ctx *pulumi.Context) (pulumi.Map, error) {
		pool, err := cognito.NewUserPool(ctx, "users", &cognito.UserPoolArgs{UsernameAttributes: pulumi.ToStringArray([]string{"email"})})
		if err != nil {
			return nil, err
		}
		return pulumi.Map{"id": pool.ID(), "arn": pool.Arn}, nil
	})
	id, _ := pool["id"].(string)
	if arn, _ := pool["arn"].(string); id == "" || arn != "arn:aws:cognito-idp:us-west-2:000000000000:userpool/"+id {
		t.Fatalf("the outputs are %v", pool)
	}
	client := func(userPool string, flows ...string) awstest.Program {
		return func(ctx *pulumi.Context) (pulumi.Map, error) {
			_, err := cognito.NewUserPoolClient(ctx, "app", &cognito.UserPoolClientArgs{
				UserPoolId: pulumi.String(userPool), ExplicitAuthFlows: pulumi.ToStringArray(flows),
			})
			return nil, err
		}
	}
	awstest.Run(t, aws, client(id, "ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"))
	for want, program := range map[string]awstest.Program{
		`user pool "nobody's" does not exist`: client("nobody's"),
		`"ALLOW_ANYTHING" is not one of`:      client(id, "ALLOW_ANYTHING"),
	} {
		if _, err := awstest.TryRun(aws, program); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("the error is %v, want %q", err, want)
		}
	}
}
