// Package encryption is the component of the stack's own KMS key, which encrypts its
// logs, the environments of its functions and the messages of its alarms.
package encryption

import (
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/kms"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"auth-api/infra/iamdoc"
)

// Args are what a key is made of.
type Args struct {
	Name    string // of the stack's things in AWS, or the beginning of it
	Uses    iamdoc.KeyUses
	Account iamdoc.Account
	Tags    map[string]string
}

// Key is a KMS key that is rotated every year.
type Key struct {
	pulumi.ResourceState

	ARN pulumi.StringOutput `pulumi:"arn"`
}

// deletionWindow is how many days a deleted key can still be brought back, with what it
// encrypted: the most that KMS knows.
const deletionWindow = 30

// New declares a key, and a name by which people find it.
func New(ctx *pulumi.Context, name string, args Args, opts ...pulumi.ResourceOption) (*Key, error) {
	c := &Key{}
	if err := ctx.RegisterComponentResource("auth-api:encryption:Key", name, c, opts...); err != nil {
		return nil, err
	}
	policy, err := iamdoc.KeyPolicy(args.Account, args.Uses).JSON()
	if err != nil {
		return nil, fmt.Errorf("the policy of the key of %s: %w", args.Name, err)
	}
	key, err := kms.NewKey(ctx, "key", &kms.KeyArgs{
		Description:          pulumi.String("Logs, environments and alarms of " + args.Name),
		EnableKeyRotation:    pulumi.Bool(true),
		DeletionWindowInDays: pulumi.Int(deletionWindow),
		Policy:               pulumi.String(policy),
		Tags:                 pulumi.ToStringMap(args.Tags),
	}, pulumi.Parent(c))
	if err != nil {
		return nil, err
	}
	if _, err := kms.NewAlias(ctx, "key-name", &kms.AliasArgs{
		Name:        pulumi.String("alias/" + args.Name),
		TargetKeyId: key.KeyId,
	}, pulumi.Parent(c)); err != nil {
		return nil, err
	}
	c.ARN = key.Arn
	return c, ctx.RegisterResourceOutputs(c, pulumi.Map{"arn": c.ARN})
}
