package iam

import (
	"fmt"
	"strings"
	"unicode"

	"auth-api/infra/localaws/authz"
	"auth-api/infra/localaws/store"
)

// maxInlinePolicy is the quota for an inline policy of a role, in characters without
// white space. https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
const maxInlinePolicy = 10240

// CheckPolicy says what of an identity-based policy document is not supported.
func CheckPolicy(document string) error {
	if n := len(strings.Join(strings.FieldsFunc(document, unicode.IsSpace), "")); n > maxInlinePolicy {
		return fmt.Errorf("checking the policy: it has %d characters without white space; legal are %d", n, maxInlinePolicy)
	}
	_, err := authz.ParseIdentity(document)
	return err
}

// CheckTrustPolicy says what of a role's trust policy is not supported.
func CheckTrustPolicy(document string) error {
	_, err := authz.ParseTrust(document)
	return err
}

// CheckRole is called by the provider before a role is declared or changed. It
// refuses, by name, what the local AWS could not enforce.
func (s *Service) CheckRole(role Role) error {
	if err := CheckTrustPolicy(role.AssumeRolePolicy); err != nil {
		return fmt.Errorf("role %s: assumeRolePolicy: %w", role.Name, err)
	}
	if role.PermissionsBoundary != "" {
		return fmt.Errorf("role %s: permissionsBoundary %q is not supported: the local AWS has no managed policies; leave it out on this stack", role.Name, role.PermissionsBoundary)
	}
	if d := role.MaxSessionDuration; d != 0 && (d < 3600 || d > 43200) {
		return fmt.Errorf("role %s: maxSessionDuration %d is not legal; legal are 3600 to 43200 seconds", role.Name, d)
	}
	return nil
}

// CheckRolePolicy is called by the provider before an inline policy is declared or
// changed.
func (s *Service) CheckRolePolicy(policy RolePolicy) error {
	if err := CheckPolicy(policy.Policy); err != nil {
		return fmt.Errorf("policy %s of role %s: policy: %w", policy.Name, policy.Role, err)
	}
	return nil
}

// role is a declared role, compiled.
type role struct {
	name, arn, uniqueID string
	trust               *authz.Policy
	policies            []authz.Source
	maxSeconds          int
	boundary            string
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
	err := s.store.View(func(tx *store.Tx) error {
		roles, err := Roles.All(tx)
		if err != nil {
			return err
		}
		for _, entry := range roles {
			r := s.compile(entry.ID, entry.Value)
			v.byName[r.name], v.byARN[r.arn] = r, r
		}
		policies, err := RolePolicies.All(tx)
		if err != nil {
			return err
		}
		for _, entry := range policies {
			r := v.byName[entry.Value.Role]
			if r == nil {
				continue // its role is being deleted
			}
			p, err := authz.ParseIdentity(entry.Value.Policy)
			if err != nil {
				r.err = fmt.Errorf("policy %s of role %s: %w", entry.Value.Name, r.name, err)
				continue
			}
			r.policies = append(r.policies, authz.Source{Name: entry.Value.Name + " of role " + r.name, Policy: p})
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("reading the roles: %w", err)
	}
	s.roles.Store(v)
	return v, nil
}

func (s *Service) compile(id string, declared Role) *role {
	r := &role{
		name: id, arn: declared.ARN, uniqueID: declared.UniqueID,
		maxSeconds: declared.MaxSessionDuration, boundary: declared.PermissionsBoundary,
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
