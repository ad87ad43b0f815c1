package iam

import (
	"fmt"

	"auth-api/infra/localaws/authz"
	"auth-api/infra/localaws/store"
)

// role is a declared role, compiled.
type role struct {
	name, arn, uniqueID string
	trust               *authz.Policy
	policies            []authz.Source // inline and attached
	boundary            *authz.Source  // nil without a permissions boundary
	maxSeconds          int
	err                 error // why it cannot be compiled; such a role allows nothing
}

// roleView is all roles as they were at a generation of the store.
type roleView struct {
	generation uint64
	byName     map[string]*role
	byARN      map[string]*role
}

// role returns the role of this name, nil when there is none.
func (s *Service) role(name string) (*role, error) {
	v, err := s.view()
	if err != nil {
		return nil, err
	}
	return v.byName[name], nil
}

// view returns the roles as they are declared now.
func (s *Service) view() (*roleView, error) {
	generation := s.store.Generation() // before reading: a later change is seen next time
	if v := s.roles.Load(); v != nil && v.generation == generation {
		return v, nil
	}
	v := &roleView{generation: generation, byName: map[string]*role{}, byARN: map[string]*role{}}
	if err := s.store.View(func(tx *store.Tx) error { return s.load(tx, v) }); err != nil {
		return nil, fmt.Errorf("reading the roles: %w", err)
	}
	s.roles.Store(v)
	return v, nil
}

// load compiles what is declared: a managed policy once, however many roles have it.
func (s *Service) load(tx *store.Tx, v *roleView) error {
	managed, err := compileManaged(tx)
	if err != nil {
		return err
	}
	roles, err := Roles.All(tx)
	if err != nil {
		return err
	}
	for _, entry := range roles {
		r := s.compile(entry.ID, entry.Value)
		v.byName[r.name], v.byARN[r.arn] = r, r
		for _, p := range entry.Value.InlinePolicies {
			r.inline(p.Name, p.Policy)
		}
		for _, arn := range entry.Value.ManagedPolicyARNs {
			r.attach(managed, arn)
		}
		if arn := entry.Value.PermissionsBoundary; arn != "" {
			r.boundary = r.find(managed, "permissionsBoundary", arn)
		}
	}
	policies, err := RolePolicies.All(tx)
	if err != nil {
		return err
	}
	for _, entry := range policies {
		if r := v.byName[entry.Value.Role]; r != nil { // else its role is being deleted
			r.inline(entry.Value.Name, entry.Value.Policy)
		}
	}
	attachments, err := RolePolicyAttachments.All(tx)
	if err != nil {
		return err
	}
	for _, entry := range attachments {
		if r := v.byName[entry.Value.Role]; r != nil {
			r.attach(managed, entry.Value.PolicyARN)
		}
	}
	return nil
}

// inline adds an inline policy. One that cannot be compiled spoils the role: a denial
// in it must not get lost.
func (r *role) inline(name, document string) {
	p, err := authz.ParseIdentity(document)
	if err != nil {
		r.spoil(fmt.Errorf("policy %s of role %s: %w", name, r.name, err))
		return
	}
	r.policies = append(r.policies, authz.Source{Name: name + " of role " + r.name, Policy: p})
}

// attach adds a managed policy.
func (r *role) attach(managed map[string]managedPolicy, arn string) {
	if source := r.find(managed, "attached policy", arn); source != nil {
		r.policies = append(r.policies, *source)
	}
}

// find returns a managed policy, and spoils the role when there is none.
func (r *role) find(managed map[string]managedPolicy, what, arn string) *authz.Source {
	p, found := managed[arn]
	switch {
	case !found:
		r.spoil(fmt.Errorf("role %s: %s: there is no policy %s", r.name, what, arn))
		return nil
	case p.err != nil:
		r.spoil(fmt.Errorf("role %s: %s: %w", r.name, what, p.err))
		return nil
	}
	return &p.source
}

func (r *role) spoil(err error) {
	if r.err == nil {
		r.err = err
	}
}

func (s *Service) compile(id string, declared Role) *role {
	r := &role{
		name: id, arn: declared.ARN, uniqueID: declared.UniqueID,
		maxSeconds: declared.MaxSessionDuration,
	}
	if r.arn == "" {
		path := declared.Path
		if path == "" {
			path = "/"
		}
		r.arn = "arn:aws:iam::" + s.account + ":role" + path + id
	}
	if r.maxSeconds == 0 {
		r.maxSeconds = 3600 // AWS's default
	}
	if r.trust, r.err = authz.ParseTrust(declared.AssumeRolePolicy); r.err != nil {
		r.err = fmt.Errorf("role %s: assumeRolePolicy: %w", id, r.err)
	}
	return r
}
