package roles

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"auth-api/infra/iamdoc"
	"auth-api/infra/internal/named"
)

// Deploy is the program as the engine runs it.
func Deploy(ctx *pulumi.Context) error { return Program(os.Getenv)(ctx) }

// Program is the program over an environment, in which it reads PULUMI_CONFIG. Nothing is
// asked of a provider before the settings are found right.
//
// Its outputs are the ARNs of the roles, by the variables of the repository that they go
// into, and permissionsBoundary, which the stack files name.
func Program(env func(string) string) pulumi.RunFunc {
	return func(ctx *pulumi.Context) error {
		config := map[string]string{}
		// pulumi.Context offers values by name only, which hides keys that nobody asks for.
		if text := env("PULUMI_CONFIG"); text != "" {
			if err := json.Unmarshal([]byte(text), &config); err != nil {
				return fmt.Errorf("reading PULUMI_CONFIG: it is no JSON object of texts: %w", err)
			}
		}
		s, err := Parse(ctx.Project(), ctx.Stack(), config)
		if err != nil {
			return err
		}
		account, err := findAccount(ctx)
		if err != nil {
			return err
		}
		d := deployer{ctx: ctx, settings: s, account: account, tags: pulumi.ToStringMap(map[string]string{"project": ctx.Project(), "stack": ctx.Stack()})}
		return d.deploy()
	}
}

func findAccount(ctx *pulumi.Context) (iamdoc.Account, error) {
	caller, err := aws.GetCallerIdentity(ctx, nil)
	if err != nil {
		return iamdoc.Account{}, fmt.Errorf("asking the provider for its account: %w", err)
	}
	region, err := aws.GetRegion(ctx, nil)
	if err != nil {
		return iamdoc.Account{}, fmt.Errorf("asking the provider for its region: %w", err)
	}
	partition, err := aws.GetPartition(ctx, nil)
	if err != nil {
		return iamdoc.Account{}, fmt.Errorf("asking the provider for its partition: %w", err)
	}
	return iamdoc.Account{Partition: partition.Partition, Region: region.Name, ID: caller.AccountId}, nil
}

type deployer struct {
	ctx      *pulumi.Context
	settings Settings
	account  iamdoc.Account
	tags     pulumi.StringMap
}

func (d deployer) deploy() error {
	provider := pulumi.String(d.settings.OIDCProviderARN).ToStringOutput()
	if d.settings.OIDCProviderARN == "" {
		// AWS knows GitHub's certificate authority, so that no thumbprint is needed.
		made, err := iam.NewOpenIdConnectProvider(d.ctx, "github", &iam.OpenIdConnectProviderArgs{
			Url: pulumi.String("https://" + Issuer), ClientIdLists: pulumi.ToStringArray([]string{audience}), Tags: d.tags,
		})
		if err != nil {
			return err
		}
		provider = made.Arn
	}
	boundary, err := d.policy(BoundaryName(d.settings), "boundary", "The most that a role of a stack can do", Boundary(d.account, d.settings))
	if err != nil {
		return err
	}
	d.ctx.Export("permissionsBoundary", boundary.Name)
	for _, r := range All(d.account, d.settings) {
		if err := d.role(r, provider); err != nil {
			return fmt.Errorf("the role %s: %w", r.Name, err)
		}
	}
	return nil
}

func (d deployer) policy(name, logical, description string, document iamdoc.Document) (*iam.Policy, error) {
	text, err := document.JSON()
	if err != nil {
		return nil, err
	}
	return iam.NewPolicy(d.ctx, logical, &iam.PolicyArgs{
		Name: pulumi.String(name), Description: pulumi.String(description), Policy: pulumi.String(text), Tags: d.tags,
	})
}

func (d deployer) role(r Role, provider pulumi.StringOutput) error {
	trust := provider.ApplyT(func(arn string) (string, error) { return Trust(arn, r.Subjects).JSON() }).(pulumi.StringOutput)
	name := named.Workflows(d.settings.DeployedProject) + r.Name
	role, err := iam.NewRole(d.ctx, r.Name, &iam.RoleArgs{
		Name: pulumi.String(name), Description: pulumi.String("GitHub's workflows: " + r.Does), AssumeRolePolicy: trust, Tags: d.tags,
	})
	if err != nil {
		return err
	}
	for _, part := range slices.Sorted(maps.Keys(r.Policies)) {
		policy, err := d.policy(name+"-"+part, r.Name+"-"+part, "GitHub's workflows: "+r.Does, r.Policies[part])
		if err != nil {
			return fmt.Errorf("its policy %s: %w", part, err)
		}
		if _, err := iam.NewRolePolicyAttachment(d.ctx, r.Name+"-"+part, &iam.RolePolicyAttachmentArgs{Role: role.Name, PolicyArn: policy.Arn}); err != nil {
			return err
		}
	}
	d.ctx.Export(r.Variable, role.Arn)
	return nil
}
