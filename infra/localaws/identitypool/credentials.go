package identitypool

import (
	"errors"
	"net/http"

	"auth-api/infra/localaws/audit"
	"auth-api/infra/localaws/iam"
	"auth-api/infra/localaws/store"
)

const (
	federation  = "cognito-identity.amazonaws.com"
	sessionName = "CognitoIdentityCredentials"
)

type getCredentialsInput struct {
	IdentityID    string `json:"IdentityId"`
	Logins        map[string]string
	CustomRoleARN string `json:"CustomRoleArn"`
}

type getCredentialsOutput struct {
	IdentityID  string `json:"IdentityId"`
	Credentials credentials
}

type credentials struct {
	AccessKeyID  string `json:"AccessKeyId"`
	SecretKey    string
	SessionToken string
	Expiration   float64 // seconds since 1970
}

// getCredentialsForIdentity gives an hour's credentials for the role of the identity.
//
// https://docs.aws.amazon.com/cognitoidentity/latest/APIReference/API_GetCredentialsForIdentity.html
func (s *Service) getCredentialsForIdentity(r *http.Request, in getCredentialsInput) (out getCredentialsOutput, err error) {
	identityID, id, _, logins, err := s.enter(in.IdentityID, in.Logins)
	if err != nil {
		return out, err
	}
	who, given, err := s.give(identityID, id, logins, in.CustomRoleARN)
	if err != nil {
		return out, err
	}
	record(r, identityID, logins)
	audit.From(r.Context()).Allow("the trust policy of " + given.role + " lets the " + who.AuthenticationType + " identity in")
	return getCredentialsOutput{
		IdentityID: identityID,
		Credentials: credentials{
			AccessKeyID: given.AccessKeyID, SecretKey: given.SecretAccessKey, SessionToken: given.SessionToken,
			Expiration: float64(given.Expiration.Unix()),
		},
	}, nil
}

// given are credentials, and the role that they are for.
type given struct {
	iam.Credentials
	role string
}

// give gives an identity with these logins credentials for its role, if the role's
// trust policy lets it in.
func (s *Service) give(identityID string, id identity, logins []login, custom string) (who *iam.CognitoIdentity, out given, err error) {
	var attachment RoleAttachment
	err = s.cfg.Store.View(func(tx *store.Tx) (err error) {
		attachment, _, err = RoleAttachments.Get(tx, id.Pool)
		return err
	})
	if err != nil {
		return nil, out, err
	}
	if out.role, err = chooseRole(attachment, identityID, logins, custom); err != nil {
		return nil, out, err
	}
	tags, err := s.tagsOf(id.Pool, logins)
	if err != nil {
		return nil, out, err
	}
	who = s.cognito(identityID, id, logins)
	request := iam.AssumeRoleWithWebIdentityInput{
		RoleARN:     out.role,
		Provider:    federation,
		Claims:      map[string][]string{"aud": {id.Pool}, "amr": who.AMR(), "sub": {identityID}},
		SessionName: sessionName,
		Cognito:     who,

		PrincipalTags: tags,
	}
	if len(logins) == 0 {
		request.SessionPolicies = guestSessionPolicies
	}
	out.Credentials, err = s.cfg.IAM.AssumeRoleWithWebIdentity(request)
	var trust *iam.TrustError
	if errors.As(err, &trust) {
		return nil, out, badConfiguration(trust.Error())
	}
	return who, out, err
}
