package iam

import (
	"fmt"
	"regexp"
	"strings"
	"unicode"

	"auth-api/infra/localaws/authz"
	"auth-api/infra/localaws/store"
)

// Quotas. Policies are counted in characters without white space, and the inline
// policies of a role together.
//
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
const (
	maxInlinePolicies = 10240
	maxManagedPolicy  = 6144
	maxAttached       = 10 // managed policies of a role
)

var (
	policyNameForm = regexp.MustCompile(`^[\w+=,.@-]{1,128}$`)
	pathForm       = regexp.MustCompile(`^/$|^/[\x21-\x7e]{1,510}/$`)
)

// size is a document's length as the quotas count it.
func size(document string) int {
	n := 0
	for _, c := range document {
		if !unicode.IsSpace(c) {
			n++
		}
	}
	return n
}

// CheckPolicy says what of an inline policy's document is not supported.
func CheckPolicy(document string) error { return checkPolicy(document, maxInlinePolicies) }

func checkPolicy(document string, limit int) error {
	if n := size(document); n > limit {
		return fmt.Errorf("checking the policy: it has %d characters without white space; legal are %d", n, limit)
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
	if d := role.MaxSessionDuration; d != 0 && (d < 3600 || d > 43200) {
		return fmt.Errorf("role %s: maxSessionDuration %d is not legal; legal are 3600 to 43200 seconds", role.Name, d)
	}
	if role.PermissionsBoundary != "" {
		if err := s.checkPolicyARN(role.PermissionsBoundary); err != nil {
			return fmt.Errorf("role %s: permissionsBoundary: %w", role.Name, err)
		}
	}
	if role.ManagedPolicyARNs != nil && len(role.ManagedPolicyARNs) == 0 {
		return fmt.Errorf("role %s: managedPolicyArns is empty, which on AWS detaches what other resources attach; leave it out", role.Name)
	}
	if n := len(role.ManagedPolicyARNs); n > maxAttached {
		return fmt.Errorf("role %s: managedPolicyArns: LimitExceeded: Cannot exceed quota for PoliciesPerRole: %d", role.Name, maxAttached)
	}
	for i, arn := range role.ManagedPolicyARNs {
		if err := s.checkPolicyARN(arn); err != nil {
			return fmt.Errorf("role %s: managedPolicyArns[%d]: %w", role.Name, i, err)
		}
	}
	names, total := map[string]bool{}, 0
	for i, p := range role.InlinePolicies {
		if !policyNameForm.MatchString(p.Name) {
			return fmt.Errorf("role %s: inlinePolicies[%d]: name %q is not legal; legal are up to 128 letters, digits and any of _+=,.@-", role.Name, i, p.Name)
		}
		if names[p.Name] {
			return fmt.Errorf("role %s: inlinePolicies[%d]: name %q stands twice", role.Name, i, p.Name)
		}
		names[p.Name] = true
		total += size(p.Policy)
		if err := CheckPolicy(p.Policy); err != nil {
			return fmt.Errorf("role %s: inlinePolicies[%d]: policy: %w", role.Name, i, err)
		}
	}
	if total > maxInlinePolicies {
		return tooMuchInline(role.Name, total)
	}
	return nil
}

func tooMuchInline(role string, total int) error {
	return fmt.Errorf("LimitExceeded: Maximum policy size of %d bytes exceeded for role %s: its inline policies have %d characters without white space", maxInlinePolicies, role, total)
}

// CheckRolePolicy is called by the provider before an inline policy is declared or
// changed.
func (s *Service) CheckRolePolicy(policy RolePolicy) error {
	if err := CheckPolicy(policy.Policy); err != nil {
		return fmt.Errorf("policy %s of role %s: policy: %w", policy.Name, policy.Role, err)
	}
	return nil
}

// CheckManagedPolicy is called by the provider before a managed policy is declared or
// changed.
//
// https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreatePolicy.html
func (s *Service) CheckManagedPolicy(policy Policy) error {
	if !policyNameForm.MatchString(policy.Name) {
		return fmt.Errorf("policy %s: name %q is not legal; legal are up to 128 letters, digits and any of _+=,.@-", policy.Name, policy.Name)
	}
	if policy.Path != "" && !pathForm.MatchString(policy.Path) {
		return fmt.Errorf("policy %s: path %q is not legal; it must begin and end with a slash", policy.Name, policy.Path)
	}
	if err := checkPolicy(policy.Policy, maxManagedPolicy); err != nil {
		return fmt.Errorf("policy %s: policy: %w", policy.Name, err)
	}
	return nil
}

// CheckRolePolicyAttachment is called by the provider before a policy is attached.
func (s *Service) CheckRolePolicyAttachment(a RolePolicyAttachment) error {
	if err := s.checkPolicyARN(a.PolicyARN); err != nil {
		return fmt.Errorf("attaching a policy to role %s: policyArn: %w", a.Role, err)
	}
	return nil
}

// checkPolicyARN refuses what cannot be a managed policy here: another account's, and
// those of AWS's own whose documents the local AWS does not know.
func (s *Service) checkPolicyARN(arn string) error {
	if strings.HasPrefix(arn, awsPolicyPrefix) {
		if _, known := awsPolicies[arn]; !known {
			return fmt.Errorf("%s is not known to the local AWS; of AWS's own policies it knows %s", arn, strings.Join(awsPolicyNames(), ", "))
		}
		return nil
	}
	if own := s.policyPrefix(); !strings.HasPrefix(arn, own) || len(arn) == len(own) {
		return fmt.Errorf("%q is not legal; legal are %sPATH/NAME and %s…", arn, own, awsPolicyPrefix)
	}
	return nil
}

func (s *Service) policyPrefix() string { return "arn:aws:iam::" + s.account + ":policy/" }

// PolicyARN is the ARN of a managed policy of the account.
func (s *Service) PolicyARN(policy Policy) string {
	return s.policyPrefix() + strings.TrimPrefix(policy.Path, "/") + policy.Name
}

// RoleDeclared is told of a role that is made or changed, inside the provider's
// transaction. What it refers to must be there.
func (s *Service) RoleDeclared(tx *store.Tx, id string, role Role) error {
	arns := role.ManagedPolicyARNs
	if role.PermissionsBoundary != "" {
		arns = append([]string{role.PermissionsBoundary}, arns...)
	}
	for _, arn := range arns {
		if err := mustBePolicy(tx, arn); err != nil {
			return err
		}
	}
	attached, inline, err := partsOf(tx, id)
	switch {
	case err != nil:
		return err
	case len(role.ManagedPolicyARNs) > 0 && len(attached) > 0:
		return exclusive(id, "managedPolicyArns", "RolePolicyAttachment", attached[0].Value.PolicyARN)
	case len(role.InlinePolicies) > 0 && len(inline) > 0:
		return exclusive(id, "inlinePolicies", "RolePolicy", inline[0].Value.Name)
	}
	return nil
}

// exclusive refuses to say a role's policies in two places: on AWS, each of the two
// takes away what the other gave.
func exclusive(role, property, resource, name string) error {
	return fmt.Errorf("role %s: %s says all of its policies, and the %s %s gives it one more; say it in one place", role, property, resource, name)
}

// RoleDeleted is told of a role that goes. As on AWS it goes only when nothing is
// attached to it, or by force, and then what was attached goes with it.
func (s *Service) RoleDeleted(tx *store.Tx, id string, role Role) error {
	attached, inline, err := partsOf(tx, id)
	switch {
	case err != nil:
		return err
	case !role.ForceDetachPolicies && len(inline) > 0:
		return fmt.Errorf("DeleteConflict: Cannot delete entity, must delete policies first. (%s)", inline[0].ID)
	case !role.ForceDetachPolicies && len(attached) > 0:
		return fmt.Errorf("DeleteConflict: Cannot delete entity, must detach all policies first. (%s)", attached[0].Value.PolicyARN)
	}
	for _, p := range inline {
		if err := RolePolicies.Delete(tx, p.ID); err != nil {
			return err
		}
	}
	for _, a := range attached {
		if err := RolePolicyAttachments.Delete(tx, a.ID); err != nil {
			return err
		}
	}
	return nil
}

// RolePolicyDeclared is told of an inline policy that is made or changed.
func (s *Service) RolePolicyDeclared(tx *store.Tx, policy RolePolicy) error {
	role, err := mustBeRole(tx, policy.Role)
	if err != nil {
		return err
	}
	if len(role.InlinePolicies) > 0 {
		return exclusive(policy.Role, "inlinePolicies", "RolePolicy", policy.Name)
	}
	_, inline, err := partsOf(tx, policy.Role)
	if err != nil {
		return err
	}
	total := 0
	for _, p := range inline {
		total += size(p.Value.Policy)
	}
	if total > maxInlinePolicies {
		return tooMuchInline(policy.Role, total)
	}
	return nil
}

// RolePolicyAttachmentDeclared is told of a policy that is attached to a role.
//
// https://docs.aws.amazon.com/IAM/latest/APIReference/API_AttachRolePolicy.html
func (s *Service) RolePolicyAttachmentDeclared(tx *store.Tx, a RolePolicyAttachment) error {
	role, err := mustBeRole(tx, a.Role)
	if err != nil {
		return err
	}
	if len(role.ManagedPolicyARNs) > 0 {
		return exclusive(a.Role, "managedPolicyArns", "RolePolicyAttachment", a.PolicyARN)
	}
	if err := mustBePolicy(tx, a.PolicyARN); err != nil {
		return err
	}
	attached, _, err := partsOf(tx, a.Role)
	if err == nil && len(attached) > maxAttached {
		err = fmt.Errorf("LimitExceeded: Cannot exceed quota for PoliciesPerRole: %d", maxAttached)
	}
	return err
}

// PolicyDeclared is told of a managed policy that is made or changed. The names of an
// account's policies differ by more than their case and their path.
//
// https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreatePolicy.html
func (s *Service) PolicyDeclared(tx *store.Tx, arn string, policy Policy) error {
	policies, err := Policies.All(tx)
	if err != nil {
		return err
	}
	for _, other := range policies {
		if other.ID != arn && strings.EqualFold(other.Value.Name, policy.Name) {
			return fmt.Errorf("EntityAlreadyExists: A policy called %s already exists. Duplicate names are not allowed (%s)", policy.Name, other.ID)
		}
	}
	return nil
}

// PolicyDeleted is told of a managed policy that goes. One that a role has, or is
// bounded by, stays. That a boundary counts is not documented for DeletePolicy, but a
// role whose boundary is gone could do either all or nothing.
//
// https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeletePolicy.html
func (s *Service) PolicyDeleted(tx *store.Tx, arn string) error {
	attachments, err := RolePolicyAttachments.All(tx)
	if err != nil {
		return err
	}
	for _, a := range attachments {
		if a.Value.PolicyARN == arn {
			return fmt.Errorf("DeleteConflict: Cannot delete a policy attached to entities. (role %s)", a.Value.Role)
		}
	}
	roles, err := Roles.All(tx)
	if err != nil {
		return err
	}
	for _, r := range roles {
		if r.Value.PermissionsBoundary == arn {
			return fmt.Errorf("DeleteConflict: Cannot delete a policy attached to entities. (permissions boundary of role %s)", r.ID)
		}
		for _, other := range r.Value.ManagedPolicyARNs {
			if other == arn {
				return fmt.Errorf("DeleteConflict: Cannot delete a policy attached to entities. (role %s)", r.ID)
			}
		}
	}
	return nil
}
