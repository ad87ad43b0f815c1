package provider

import (
	"auth-api/infra/localaws/declared"
	"auth-api/infra/localaws/store"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// owner is the stack that a resource belongs to: its URN tells.
func owner(urn resource.URN) string { return string(urn.Project()) + "/" + string(urn.Stack()) }

// owned is a resourceType whose resources are known by their stack.
type owned interface {
	own(p *Provider, id string, urn resource.URN) error
}

// own notes the stack of a resource that a version before this one declared, so that a
// look for what a destroyed stack left behind finds it.
func (t *typed[T]) own(p *Provider, id string, urn resource.URN) error {
	missing := false
	if err := p.store.View(func(tx *store.Tx) error {
		if _, there, err := t.kind.kind.Get(tx, id); err != nil || !there {
			return err
		}
		_, known, err := declared.Owner(tx, string(t.kind.kind), id)
		missing = !known
		return err
	}); err != nil || !missing {
		return err
	}
	return p.store.Update(func(tx *store.Tx) error { return declared.Own(tx, string(t.kind.kind), id, owner(urn)) })
}
