// Package vpc is the program of the network project: a VPC by the component awsx
// ec2.Vpc for functions that must reach what stands in it, such as a database, with
// endpoints to AWS's services, closed security groups and flow logs.
package vpc

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"auth-api/infra/network/plan"
)

// Deploy is the program as the engine runs it.
func Deploy(ctx *pulumi.Context) error {
	return Program(os.Getenv)(ctx)
}

// Program is the program over an environment, in which it reads PULUMI_CONFIG and
// PULUMI_DEBUG_PROVIDERS. Nothing is asked of a provider before the settings are found
// right.
func Program(env func(string) string) pulumi.RunFunc {
	return func(ctx *pulumi.Context) error {
		config := map[string]string{}
		// pulumi.Context offers values by name only, which hides keys that nobody asks for.
		if text := env("PULUMI_CONFIG"); text != "" {
			if err := json.Unmarshal([]byte(text), &config); err != nil {
				return fmt.Errorf("reading PULUMI_CONFIG: it is no JSON object of texts: %w", err)
			}
		}
		s, err := plan.Parse(ctx.Project(), ctx.Stack(), config)
		if err != nil {
			return err
		}
		account, err := findAccount(ctx, env("PULUMI_DEBUG_PROVIDERS"))
		if err != nil {
			return err
		}
		if err := ctx.Log.Info(price(s), nil); err != nil {
			return err
		}
		n, err := New(ctx, s.Name(), Args{
			Settings: s, Account: account, Tags: map[string]string{"project": s.Project, "stack": s.Stack},
		})
		if err != nil {
			return err
		}
		for name, value := range n.outputs() {
			ctx.Export(name, value)
		}
		return nil
	}
}

func price(s *plan.Settings) string {
	return fmt.Sprintf("Without traffic this network costs %s a month, by AWS's list prices in us-east-1 and us-west-2.", plan.Dollars(s.MonthlyCost()))
}

// localAccount is the account that this repository's local AWS answers for.
const localAccount = "000000000000"

// findAccount asks the provider where it is. The local AWS is refused: it has no VPCs.
func findAccount(ctx *pulumi.Context, debugProviders string) (plan.Account, error) {
	const refusal = "the network is for AWS alone, and %s: nothing was done; unset PULUMI_DEBUG_PROVIDERS, or leave the network out of local stacks, whose functions are processes of this machine"
	for _, provider := range strings.Split(debugProviders, ",") {
		if name, _, _ := strings.Cut(strings.TrimSpace(provider), ":"); name == "aws" {
			return plan.Account{}, fmt.Errorf(refusal, "PULUMI_DEBUG_PROVIDERS attaches the engine to a local AWS")
		}
	}
	caller, err := aws.GetCallerIdentity(ctx, nil)
	if err != nil {
		return plan.Account{}, fmt.Errorf("asking the provider for its account: %w", err)
	}
	if caller.AccountId == localAccount {
		return plan.Account{}, fmt.Errorf(refusal, "the provider answers for account "+localAccount+", which is the local AWS")
	}
	region, err := aws.GetRegion(ctx, nil)
	if err != nil {
		return plan.Account{}, fmt.Errorf("asking the provider for its region: %w", err)
	}
	partition, err := aws.GetPartition(ctx, nil)
	if err != nil {
		return plan.Account{}, fmt.Errorf("asking the provider for its partition: %w", err)
	}
	return plan.Account{Partition: partition.Partition, Region: region.Name, ID: caller.AccountId}, nil
}
