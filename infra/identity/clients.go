package identity

import (
	"slices"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cognito"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"auth-api/infra/settings"
)

// clients declares what asks for tokens: the web client and those for programs, and
// before them what they may name, identity providers and resource servers.
func (c *Identity) clients(ctx *pulumi.Context, args Args, webURL pulumi.StringInput) error {
	providers, err := c.providers(ctx, args)
	if err != nil {
		return err
	}
	servers, err := c.resourceServers(ctx, args)
	if err != nil {
		return err
	}
	if err := c.webClient(ctx, args, webURL, append(slices.Clone(providers), servers...)); err != nil {
		return err
	}
	return c.machineClients(ctx, args, servers)
}

func (c *Identity) webClient(ctx *pulumi.Context, args Args, webURL pulumi.StringInput, after []pulumi.Resource) error {
	id := args.Settings
	flows := []string{"ALLOW_USER_SRP_AUTH"}
	if !id.Tokens.Rotation { // the two exclude each other
		flows = append([]string{"ALLOW_REFRESH_TOKEN_AUTH"}, flows...)
	}
	if id.UserPasswordAuth {
		flows = append(flows, "ALLOW_USER_PASSWORD_AUTH")
	}
	scopes := append([]string{"email", "openid", "phone", "profile"}, id.WebScopes...)
	slices.Sort(scopes)
	client := &cognito.UserPoolClientArgs{
		Name:                            pulumi.String(args.Name),
		UserPoolId:                      c.UserPoolID,
		GenerateSecret:                  pulumi.Bool(false), // browsers keep none; the code flow with PKCE needs none
		AllowedOauthFlowsUserPoolClient: pulumi.Bool(true),
		AllowedOauthFlows:               pulumi.ToStringArray([]string{"code"}),
		AllowedOauthScopes:              pulumi.ToStringArray(scopes),
		CallbackUrls:                    withWeb(webURL, id.CallbackURLs),
		LogoutUrls:                      withWeb(webURL, id.SignOutURLs),
		SupportedIdentityProviders:      pulumi.ToStringArray(append([]string{"COGNITO"}, sorted(id.Providers)...)),
		ExplicitAuthFlows:               pulumi.ToStringArray(flows),
		PreventUserExistenceErrors:      pulumi.String("ENABLED"),
		EnableTokenRevocation:           pulumi.Bool(true),
		AccessTokenValidity:             pulumi.Int(id.Tokens.AccessMinutes),
		IdTokenValidity:                 pulumi.Int(id.Tokens.IDMinutes),
		RefreshTokenValidity:            pulumi.Int(id.Tokens.RefreshDays),
		TokenValidityUnits: cognito.UserPoolClientTokenValidityUnitsArgs{
			AccessToken: pulumi.String("minutes"), IdToken: pulumi.String("minutes"), RefreshToken: pulumi.String("days"),
		},
		AuthSessionValidity: pulumi.Int(id.Tokens.SessionMinutes),
	}
	if writable := id.WritableAttributes(); writable != nil {
		client.WriteAttributes = pulumi.ToStringArray(writable)
	}
	if id.Tokens.Rotation {
		client.RefreshTokenRotation = cognito.UserPoolClientRefreshTokenRotationArgs{
			Feature: pulumi.String("ENABLED"), RetryGracePeriodSeconds: pulumi.Int(id.Tokens.RotationGraceSeconds),
		}
	}
	made, err := cognito.NewUserPoolClient(ctx, "web", client, pulumi.Parent(c), pulumi.DependsOn(after))
	if err != nil {
		return err
	}
	c.UserPoolClientID = made.ID().ToStringOutput()
	c.CallbackURLs, c.SignOutURLs = made.CallbackUrls, made.LogoutUrls
	return nil
}

// withWeb are URLs with that of the web client before them, if there is one.
func withWeb(webURL pulumi.StringInput, urls []string) pulumi.StringArray {
	var out pulumi.StringArray
	if webURL != nil {
		out = append(out, webURL)
	}
	return append(out, pulumi.ToStringArray(urls)...)
}

func (c *Identity) resourceServers(ctx *pulumi.Context, args Args) ([]pulumi.Resource, error) {
	var out []pulumi.Resource
	for _, identifier := range sorted(args.Settings.ResourceServers) {
		server := args.Settings.ResourceServers[identifier]
		var scopes cognito.ResourceServerScopeArray
		for _, scope := range sorted(server.Scopes) {
			scopes = append(scopes, cognito.ResourceServerScopeArgs{ScopeName: pulumi.String(scope), ScopeDescription: pulumi.String(server.Scopes[scope])})
		}
		made, err := cognito.NewResourceServer(ctx, identifier, &cognito.ResourceServerArgs{
			Identifier: pulumi.String(identifier),
			Name:       pulumi.String(server.Name),
			Scopes:     scopes,
			UserPoolId: c.UserPoolID,
		}, pulumi.Parent(c))
		if err != nil {
			return nil, err
		}
		out = append(out, made)
	}
	return out, nil
}

// machineClients declares the clients for programs. They sign nobody in.
func (c *Identity) machineClients(ctx *pulumi.Context, args Args, servers []pulumi.Resource) error {
	c.MachineClients = map[string]MachineClient{}
	for _, name := range sorted(args.Settings.MachineClients) {
		made, err := cognito.NewUserPoolClient(ctx, "machine-"+name, &cognito.UserPoolClientArgs{
			Name:                            pulumi.String(args.Name + "-" + name),
			UserPoolId:                      c.UserPoolID,
			GenerateSecret:                  pulumi.Bool(true),
			AllowedOauthFlowsUserPoolClient: pulumi.Bool(true),
			AllowedOauthFlows:               pulumi.ToStringArray([]string{"client_credentials"}),
			AllowedOauthScopes:              pulumi.ToStringArray(args.Settings.MachineClients[name].Scopes),
			// Left out, Cognito would let users sign in through it.
			ExplicitAuthFlows:          pulumi.ToStringArray([]string{"ALLOW_REFRESH_TOKEN_AUTH"}),
			PreventUserExistenceErrors: pulumi.String("ENABLED"),
			EnableTokenRevocation:      pulumi.Bool(true),
			AccessTokenValidity:        pulumi.Int(args.Settings.Tokens.AccessMinutes),
			TokenValidityUnits:         cognito.UserPoolClientTokenValidityUnitsArgs{AccessToken: pulumi.String("minutes")},
		}, pulumi.Parent(c), pulumi.DependsOn(servers))
		if err != nil {
			return err
		}
		c.MachineClients[name] = MachineClient{ID: made.ID().ToStringOutput(), Secret: pulumi.ToSecret(made.ClientSecret).(pulumi.StringOutput)}
	}
	return nil
}

// providers declares where people have an account already.
func (c *Identity) providers(ctx *pulumi.Context, args Args) ([]pulumi.Resource, error) {
	var out []pulumi.Resource
	for _, name := range sorted(args.Settings.Providers) {
		p := args.Settings.Providers[name]
		options := []pulumi.ResourceOption{pulumi.Parent(c)}
		if p.Type == settings.SAML {
			// What Cognito adds to the details, and would be taken for a difference at
			// every preview.
			options = append(options, pulumi.IgnoreChanges([]string{
				"providerDetails.ActiveEncryptionCertificate", "providerDetails.SLORedirectBindingURI", "providerDetails.SSORedirectBindingURI",
			}))
		}
		made, err := cognito.NewIdentityProvider(ctx, name, &cognito.IdentityProviderArgs{
			ProviderName:     pulumi.String(name),
			ProviderType:     pulumi.String(p.Type),
			ProviderDetails:  providerDetails(p, args.Metadata[name]),
			AttributeMapping: pulumi.ToStringMap(p.AttributeMapping),
			UserPoolId:       c.UserPoolID,
		}, options...)
		if err != nil {
			return nil, err
		}
		out = append(out, made)
	}
	return out, nil
}

// providerDetails are what Cognito has to know of a provider, with what it would add
// itself: left out, that would be a difference at every preview.
//
// See https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_CreateIdentityProvider.html.
func providerDetails(p settings.IdentityProvider, metadata string) pulumi.StringMap {
	shared := pulumi.StringMap{
		"client_id":        pulumi.String(p.ClientID),
		"client_secret":    pulumi.ToSecret(pulumi.String(p.ClientSecret)).(pulumi.StringOutput),
		"authorize_scopes": pulumi.String(strings.Join(p.Scopes, " ")),
	}
	switch p.Type {
	case settings.Google:
		for key, value := range map[string]string{
			"attributes_url":                "https://people.googleapis.com/v1/people/me?personFields=",
			"attributes_url_add_attributes": "true",
			"authorize_url":                 "https://accounts.google.com/o/oauth2/v2/auth",
			"oidc_issuer":                   "https://accounts.google.com",
			"token_request_method":          "POST",
			"token_url":                     "https://www.googleapis.com/oauth2/v4/token",
		} {
			shared[key] = pulumi.String(value)
		}
		return shared
	case settings.OIDC:
		shared["oidc_issuer"] = pulumi.String(p.Issuer)
		shared["attributes_request_method"] = pulumi.String("GET")
		shared["attributes_url_add_attributes"] = pulumi.String("false")
		return shared
	}
	details := pulumi.StringMap{"IDPSignout": pulumi.String("false")}
	if p.MetadataURL != "" {
		details["MetadataURL"] = pulumi.String(p.MetadataURL)
	} else {
		details["MetadataFile"] = pulumi.String(metadata)
	}
	return details
}
