package provider

import (
	"reflect"

	"auth-api/infra/localaws/lambda"
	"auth-api/infra/localaws/store"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// aliasType is aws:lambda/alias:Alias.
func aliasType() resourceType {
	return describe(kind[lambda.Alias]{
		name: "aws:lambda/alias:Alias", kind: lambda.Aliases,
		verify: func(p *Provider, v lambda.Alias) error { return p.aws.Lambda.CheckAlias(v) },
		create: func(p *Provider, v *lambda.Alias) string { return p.aws.Lambda.AliasARN(*v) },
		derive: func(p *Provider, id string, v *lambda.Alias) { p.aws.Lambda.DeriveAlias(v) },
		changed: func(p *Provider, tx *store.Tx, id string, before, after *lambda.Alias) error {
			if after == nil {
				return p.aws.Lambda.AliasDeleted(tx, *before)
			}
			return p.aws.Lambda.AliasDeclared(tx, *after)
		},
	})
}

// unsettledVersion says that a function which publishes versions, and changes in more than
// what belongs to it as a whole, gets a version that its preview cannot know.
func unsettledVersion(before, after resource.PropertyMap) []resource.PropertyKey {
	if publish := plain(after["publish"]); !publish.IsBool() || !publish.BoolValue() {
		return nil
	}
	for key := range schemaOf(reflect.TypeFor[lambda.Function]()) {
		switch key := resource.PropertyKey(key); key {
		case "tags", "reservedConcurrentExecutions":
		default:
			if !same(before[key], after[key]) {
				return []resource.PropertyKey{"version", "qualifiedArn", "qualifiedInvokeArn"}
			}
		}
	}
	return nil
}
