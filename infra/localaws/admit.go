package localaws

import (
	"net/http"

	"auth-api/infra/localaws/iam"
)

// admitUserPools lets in a signed request of the user pool API.
func (s *Server) admitUserPools(r *http.Request, body []byte, action, resource string) error {
	_, err := s.IAM.Admit(r, body, "cognito-idp", iam.Request{Action: action, Resource: resource}, nil)
	return err
}

// admitIdentityPools lets in a signed request of the identity pool API.
func (s *Server) admitIdentityPools(r *http.Request, body []byte, action, resource string) error {
	_, err := s.IAM.Admit(r, body, "cognito-identity", iam.Request{Action: action, Resource: resource}, nil)
	return err
}
