package userpool

import (
	"time"

	"auth-api/infra/localaws/store"
	"auth-api/infra/localaws/userpool/password"
	"auth-api/infra/localaws/userpool/schema"
)

// PoolID is the id of the administrator's pool.
func (a Admin) PoolID() string { return a.pool.ID }

// Description is a pool with what is not declared of it.
type Description struct {
	Pool
	Password          password.Policy    // with Cognito's defaults filled in
	Schema            []schema.Attribute // every attribute, the standard ones first
	Users             int
	Domain            string // the prefix of its hosted sign-in, or ""
	Created, Modified time.Time
}

// Describe returns the pool as it is declared, with Cognito's defaults.
//
// https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_DescribeUserPool.html
func (a Admin) Describe() (Description, error) {
	p := a.pool
	d := Description{Pool: p.Pool, Password: p.policy(), Schema: p.attributes().Full(), Created: declaredTime(p.CreationDate), Modified: declaredTime(p.LastModifiedDate)}
	for value, otherwise := range map[*string]string{&d.DeletionProtection: "INACTIVE", &d.MFAConfiguration: "OFF", &d.Tier: "ESSENTIALS"} {
		if *value == "" {
			*value = otherwise
		}
	}
	if d.Password.TemporaryPasswordValidityDays == 0 {
		d.Password.TemporaryPasswordValidityDays = 7
	}
	err := a.service.cfg.Store.View(func(tx *store.Tx) error {
		items, err := users.List(tx, p.ID+"/")
		d.Users = len(items)
		return err
	})
	if err == nil {
		d.Domain, err = a.service.DomainOf(p.ID)
	}
	return d, err
}

// declaredTime reads a time that the provider wrote; zero when it wrote none.
func declaredTime(text string) time.Time {
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return time.Time{}
	}
	return t
}
