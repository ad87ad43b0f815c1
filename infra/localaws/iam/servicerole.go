package iam

import "auth-api/infra/localaws/authz"

// AuthorizeServiceRole decides what a service may do in a session of this name with a role
// that it works with, such as Lambda with an execution role, by the role's policies and
// boundary. Whether the role trusts the service is not asked.
func (s *Service) AuthorizeServiceRole(roleARN, sessionName string, want Request) authz.Decision {
	deny := authz.Decision{Kind: authz.NoIdentityAllow, Statement: -1}
	v, err := s.view()
	if err != nil {
		deny.Reason = err.Error()
		return deny
	}
	role := v.byARN[roleARN]
	if role == nil {
		deny.Reason = "there is no role " + roleARN
		return deny
	}
	return s.Authorize(&Caller{
		Account: s.account, ARN: "arn:aws:sts::" + s.account + ":assumed-role/" + role.name + "/" + sessionName,
		UserID: role.uniqueID + ":" + sessionName, RoleName: role.name, RoleARN: role.arn, SessionName: sessionName,
	}, want, nil)
}
