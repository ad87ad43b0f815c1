package stack

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"auth-api/infra/api"
	"auth-api/infra/settings"
)

func (d *deployment) declareAPI() error {
	s := d.settings
	names := map[string]string{}
	for _, name := range s.FunctionNames() {
		names[name] = functionName(s, name)
	}
	var err error
	d.api, err = api.New(d.ctx, "api", api.Args{
		Name:          s.Name(),
		StageName:     s.StageName,
		Routes:        s.Routes,
		Authorizers:   s.Authorizers,
		CORS:          s.CORS,
		From:          s.ResourcePolicy,
		UsagePlan:     s.UsagePlan,
		Logging:       s.Logging,
		Tracing:       s.Tracing,
		Domain:        s.Domain,
		KeyARN:        d.key(),
		Functions:     d.functions,
		FunctionNames: names,
		UserPoolARN:   d.identity.UserPoolARN,
		Account:       d.where.account,
		Tags:          d.tags,
	})
	return err
}

// connectIdentity declares what may know the API's address, and lets the roles among it
// call the API.
func (d *deployment) connectIdentity() error {
	var address pulumi.StringInput
	if d.settings.Web.Function != "" {
		address = d.webURL()
	}
	if err := d.identity.Connect(d.ctx, address); err != nil {
		return err
	}
	roles := map[settings.Caller]pulumi.StringOutput{settings.Authenticated: d.identity.AuthenticatedRole}
	if d.identity.GuestRole != nil {
		roles[settings.Guest] = *d.identity.GuestRole
	}
	for group, role := range d.identity.GroupRoles {
		roles[settings.Caller(group)] = role
	}
	return d.api.Grant(d.ctx, roles)
}
