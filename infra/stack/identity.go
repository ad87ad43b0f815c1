package stack

import (
	"fmt"

	"auth-api/infra/identity"
)

func (d *deployment) declareIdentity() error {
	s := d.settings
	if s.Identity.DemoUser != "" && s.DemoPassword == "" {
		hint := fmt.Sprintf("%s is not made, as it has no password: pulumi config set --secret demoPassword --stack %s", s.Identity.DemoUser, s.Stack)
		if err := d.ctx.Log.Info(hint, nil); err != nil {
			return err
		}
	}
	var err error
	d.identity, err = identity.New(d.ctx, "identity", identity.Args{
		Name:         s.Name(),
		Settings:     s.Identity,
		DomainPrefix: d.where.domainPrefix(s),
		DemoPassword: s.DemoPassword,
		Account:      d.where.account,
		Tags:         d.tags,
	})
	return err
}
