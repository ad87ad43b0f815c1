// Package identity is the component of who can sign in: a user pool with its client and
// hosted sign-in, and an identity pool that trades its ID tokens for the temporary
// credentials of a role.
//
// It is declared in two steps: the user pool, which an API may ask, and then what may know
// the API's address.
//
// The roles may do nothing here. What they may call is said by the routes, and granted
// where the API is declared.
package identity

import (
	"maps"
	"slices"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cognito"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"auth-api/infra/function"
	"auth-api/infra/iamdoc"
	"auth-api/infra/settings"
)

// Args are what an identity component is made of.
type Args struct {
	Name           string // of everything in AWS, or the beginning of it
	Settings       settings.Identity
	DomainPrefix   string                        // of the hosted sign-in, unique in the region among all AWS accounts
	DemoPassword   string                        // a secret; empty: no demo user
	Functions      map[string]*function.Function // the triggers' among them
	Metadata       map[string]string             // SAML providers with a file → what is in it
	ReplaceSchemas bool                          // whether the pool is replaced to change attributes: see Fixed
	Account        iamdoc.Account
	Tags           map[string]string
}

// Identity is a user pool, and an identity pool before it.
type Identity struct {
	pulumi.ResourceState

	UserPoolID        pulumi.StringOutput `pulumi:"userPoolId"`
	UserPoolARN       pulumi.StringOutput `pulumi:"userPoolArn"`
	UserPoolClientID  pulumi.StringOutput `pulumi:"userPoolClientId"`
	IdentityPoolID    pulumi.StringOutput `pulumi:"identityPoolId"`
	DomainPrefix      pulumi.StringOutput `pulumi:"domainPrefix"`
	AuthenticatedRole pulumi.StringOutput `pulumi:"authenticatedRole"` // name of the role of who has signed in

	// GuestRole is the name of the role of who has not signed in. It is nil where the
	// stack takes no guests.
	GuestRole *pulumi.StringOutput
	// GroupRoles are the names of the groups' roles, by the groups.
	GroupRoles map[string]pulumi.StringOutput
	// MachineClients are the clients for programs, by their names in the settings.
	MachineClients map[string]MachineClient
	// CallbackURLs and SignOutURLs are all that the web client has registered.
	CallbackURLs, SignOutURLs pulumi.StringArrayOutput

	groupRoleARNs map[string]pulumi.StringOutput

	args Args
	demo *cognito.User // nil: there is none
}

// MachineClient is what a program needs to get tokens.
type MachineClient struct {
	ID     pulumi.StringOutput
	Secret pulumi.StringOutput // a secret
}

// New declares the user pool with its hosted sign-in, its triggers' permissions and the
// demo user. Connect declares the rest.
func New(ctx *pulumi.Context, name string, args Args, opts ...pulumi.ResourceOption) (*Identity, error) {
	c := &Identity{args: args}
	if err := ctx.RegisterComponentResource("auth-api:identity:Identity", name, c, opts...); err != nil {
		return nil, err
	}
	pool, err := c.userPool(ctx, args)
	if err != nil {
		return nil, err
	}
	permissions, err := c.triggerPermissions(ctx, args)
	if err != nil {
		return nil, err
	}
	c.demo, err = c.demoUser(ctx, args, pool, permissions)
	return c, err
}

// Connect declares the clients, the identity pool, the roles and the groups. webURL is the
// address of the web client, which is a callback and a sign-out URL to the letter; it is
// nil where the settings have all of them.
func (c *Identity) Connect(ctx *pulumi.Context, webURL pulumi.StringInput) error {
	args := c.args
	if err := c.clients(ctx, args, webURL); err != nil {
		return err
	}
	if err := c.identityPool(ctx, args); err != nil {
		return err
	}
	if err := c.groups(ctx, args, c.demo); err != nil {
		return err
	}
	outputs := pulumi.Map{
		"userPoolId": c.UserPoolID, "userPoolArn": c.UserPoolARN, "userPoolClientId": c.UserPoolClientID,
		"identityPoolId": c.IdentityPoolID, "domainPrefix": c.DomainPrefix, "authenticatedRole": c.AuthenticatedRole,
	}
	if c.GuestRole != nil {
		outputs["guestRole"] = *c.GuestRole
	}
	return ctx.RegisterResourceOutputs(c, outputs)
}

// demoUser declares the demo user, once there is a password. The trigger preSignUp is
// asked for that user too, so that it must be callable by then.
func (c *Identity) demoUser(ctx *pulumi.Context, args Args, pool *cognito.UserPool, permissions []pulumi.Resource) (*cognito.User, error) {
	if args.DemoPassword == "" {
		return nil, nil
	}
	name := args.Settings.DemoUser
	return cognito.NewUser(ctx, "demo", &cognito.UserArgs{
		UserPoolId:    pool.ID(),
		Username:      pulumi.String(name),
		Password:      pulumi.ToSecret(pulumi.String(args.DemoPassword)).(pulumi.StringOutput),
		MessageAction: pulumi.String("SUPPRESS"),
		Attributes:    pulumi.StringMap{"email": pulumi.String(demoEmail(name)), "email_verified": pulumi.String("true")},
	}, pulumi.Parent(c), pulumi.DependsOn(permissions))
}

// demoEmail is an address for the demo user that no mail ever reaches (RFC 2606), unless
// the user name is an address itself.
func demoEmail(user string) string {
	if strings.Contains(user, "@") {
		return user
	}
	return user + "@example.com"
}

// sorted are the names in a table, in order of the alphabet.
func sorted[V any](table map[string]V) []string { return slices.Sorted(maps.Keys(table)) }
