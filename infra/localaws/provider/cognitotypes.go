package provider

import (
	"auth-api/infra/localaws/identitypool"
	"auth-api/infra/localaws/store"
	"auth-api/infra/localaws/userpool"
)

// cognitoTypes are the types of Cognito that stand beside pools, clients and users.
func cognitoTypes() []resourceType {
	return []resourceType{
		describe(kind[userpool.ResourceServer]{
			name: "aws:cognito/resourceServer:ResourceServer", kind: userpool.ResourceServers,
			verify: func(p *Provider, v userpool.ResourceServer) error { return userpool.CheckResourceServer(v) },
			create: func(p *Provider, v *userpool.ResourceServer) string { return v.UserPoolID + "|" + v.Identifier },
			derive: func(p *Provider, id string, v *userpool.ResourceServer) { v.ScopeIdentifiers = v.Identifiers() },
			changed: func(p *Provider, tx *store.Tx, id string, before, after *userpool.ResourceServer) error {
				if after == nil {
					return nil
				}
				return p.aws.UserPools.ResourceServerDeclared(tx, id, *after)
			},
		}),
		describe(kind[userpool.IdentityProvider]{
			name: "aws:cognito/identityProvider:IdentityProvider", kind: userpool.IdentityProviders,
			verify: func(p *Provider, v userpool.IdentityProvider) error { return userpool.CheckIdentityProvider(v) },
			create: func(p *Provider, v *userpool.IdentityProvider) string {
				if v.AttributeMapping == nil && v.Type != userpool.ProviderSAML {
					v.AttributeMapping = map[string]string{"username": "sub"}
				}
				return v.UserPoolID + ":" + v.Name
			},
			changed: func(p *Provider, tx *store.Tx, id string, before, after *userpool.IdentityProvider) error {
				if after == nil {
					return nil
				}
				return p.aws.UserPools.IdentityProviderDeclared(tx, id, *after)
			},
		}),
		describe(kind[identitypool.PrincipalTags]{
			name: "aws:cognito/identityPoolProviderPrincipalTag:IdentityPoolProviderPrincipalTag", kind: identitypool.ProviderTags,
			verify: func(p *Provider, v identitypool.PrincipalTags) error {
				return p.aws.IdentityPools.CheckPrincipalTags(v)
			},
			create: func(p *Provider, v *identitypool.PrincipalTags) string { return v.IdentityPoolID + ":" + v.Provider },
			changed: func(p *Provider, tx *store.Tx, id string, before, after *identitypool.PrincipalTags) error {
				if after == nil {
					return nil
				}
				return p.aws.IdentityPools.PrincipalTagsDeclared(tx, id, *after)
			},
		}),
	}
}
