package verify

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentity"
	idp "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"
)

const themeIdentities = "Identities and credentials"

const (
	docFlow     = "https://docs.aws.amazon.com/cognito/latest/developerguide/authentication-flow.html"
	docGetID    = "https://docs.aws.amazon.com/cognitoidentity/latest/APIReference/API_GetId.html"
	docGetCreds = "https://docs.aws.amazon.com/cognitoidentity/latest/APIReference/API_GetCredentialsForIdentity.html"
	docPool     = "https://docs.aws.amazon.com/cognito/latest/developerguide/cognito-user-pool-managing-errors.html"
)

func identityChecks() []Check {
	check := func(id, title, proves, doc string, severity Severity, applies string, p phase, run func(context.Context, *session) []Result) Check {
		return Check{ID: id, Theme: themeIdentities, Title: title, Proves: proves, Doc: doc, Severity: severity, Applies: applies, phase: p, run: run}
	}
	const user = "with a user"
	return []Check{
		check("V-IDP-01", "Guests get credentials only where they are meant to", "Where the output guests is false, the identity pool gives an identity to nobody who brings no token.", docGetID, Critical, "every stack", main, guestIdentity),
		check("V-IDP-02", "The classic flow is off", "GetOpenIdToken is refused, to a user and to a guest: with its token callers would choose their role.", docFlow, Critical, "every stack with somebody to ask as", main, classicFlow),
		check("V-IDP-03", "Nobody gets another's credentials", "GetCredentialsForIdentity with another's identity id, with a token of one's own, and with none.", docGetCreds, Critical, "with a user, and another user or a guest", main, othersIdentity),
		check("V-IDP-04", "Forged tokens give no credentials", "All forgeries of a user's ID token, at GetId and at GetCredentialsForIdentity.", docGetCreds, Critical, user, main, forgedLogin),
		check("V-IDP-05", "An access token gives no credentials", "A user's genuine access token in the place of the ID token.", docGetCreds, High, user, main, accessLogin),
		check("V-IDP-06", "A token counts for its own pool", "A user's ID token under the names of another user pool and of another provider.", docGetID, Critical, user, main, foreignLogin),
		check("V-IDP-07", "Nobody chooses a role", "GetCredentialsForIdentity with CustomRoleArn: the roles of groups that the user is not in, and a made-up one.", "https://docs.aws.amazon.com/cognito/latest/developerguide/role-based-access-control.html", Critical, user, main, chosenRole),
		check("V-IDP-08", "Credentials open nothing but routes", "A user's and a guest's credentials at Lambda, Systems Manager, CloudWatch Logs and the user pool's administration.", "https://docs.aws.amazon.com/cognito/latest/developerguide/iam-roles.html", Critical, "with a user, or where there are guests", main, nothingElse),
		check("V-IDP-09", "Credentials are short-lived", "They are good for an hour at the longest.", docFlow, Medium, "with a user, or where there are guests", main, shortLived),
		check("V-IDP-10", "Who has signed out gets no credentials", "A user signs out everywhere, and the ID token from before gives none, although it has not expired.", "https://docs.aws.amazon.com/cognitoidentity/latest/APIReference/API_CognitoIdentityProvider.html", High, "with users of the run's own", main, signedOut),
		check("V-USR-01", "Nobody learns who is registered", "A wrong password and a user who does not exist are answered alike.", docPool, Medium, "every stack", main, enumeration),
		check("V-USR-02", "Administration is for administrators", "AdminGetUser, ListUsers and AdminSetUserPassword, not signed, are refused.", "https://docs.aws.amazon.com/cognito/latest/developerguide/security_iam_service-with-iam.html", Critical, "every stack", main, administration),
		check("V-USR-03", "Forged tokens open no profile", "All forgeries of an access token at GetUser.", docJWT, Critical, user, main, forgedProfile),
		check("V-USR-04", "Revoked tokens are refused", "The access token and the refresh token of a user who signed out everywhere, at the user pool.", "https://docs.aws.amazon.com/cognito/latest/developerguide/token-revocation.html", High, "with users of the run's own", main, revokedTokens),
		check("V-USR-05", "A wrong second factor signs nobody in", "A password alone, and with a wrong code, gives no tokens where the pool asks for a code.", "https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-settings-mfa-totp.html", Critical, "pools that ask for a code, with users of the run's own", main, wrongFactor),
		check("V-IAM-06", "Credentials that are over are refused", "A user's genuine credentials, a day later by the local AWS's clock, at a route.", docIAM, High, "routes with AWS_IAM, on local stacks with --clock", last, expiredCredentials),
	}
}

// provider is the pool's name in Logins.
func (s *session) provider() string { return strings.TrimPrefix(s.out.Issuer, "https://") }

// errorCode is the code of an API's error, and whether it is one at all.
func errorCode(err error) (string, bool) {
	var a smithy.APIError
	if errors.As(err, &a) {
		return a.ErrorCode(), true
	}
	return "", false
}

// apiRefuses is a result by the answer of a service's API: codes are what refuses; none
// means any of the client's fault.
func apiRefuses(caller, expected string, err error, codes ...string) Result {
	code, told := errorCode(err)
	switch {
	case err == nil:
		return mustHold("", caller, expected, "granted", false)
	case !told:
		return broken("", caller, err)
	}
	for _, c := range codes {
		if c == code {
			return mustHold("", caller, expected, code, true)
		}
	}
	if len(codes) == 0 {
		return mustHold("", caller, expected, code, true)
	}
	r := mustHold("", caller, expected, code, false)
	r.Outcome, r.Note = Broken, "it was refused, but not for what was tried"
	return r
}

var loginRefusals = []string{"NotAuthorizedException", "InvalidParameterException", "ResourceNotFoundException", "ResourceConflictException"}

func guestIdentity(ctx context.Context, s *session) []Result {
	out, err := s.public.pools.GetId(ctx, &cognitoidentity.GetIdInput{IdentityPoolId: &s.out.IdentityPoolID})
	if err == nil {
		s.people.remember(aws.ToString(out.IdentityId))
	}
	if s.out.Guests {
		got := "granted"
		if err != nil {
			got = told(err).Error()
		}
		return []Result{mustHold("", "nobody", "granted, as the output guests is true", got, err == nil)}
	}
	return []Result{apiRefuses("nobody", "NotAuthorizedException", err, "NotAuthorizedException", "ResourceNotFoundException")}
}

func classicFlow(ctx context.Context, s *session) (out []Result) {
	for _, u := range s.people.all() {
		if u.err != nil || u.label != "guest" && len(out) > 1 {
			continue
		}
		in := &cognitoidentity.GetOpenIdTokenInput{IdentityId: &u.identity.ID}
		if !u.Guest {
			in.Logins = map[string]string{s.provider(): u.tokens.ID}
		}
		_, err := s.public.pools.GetOpenIdToken(ctx, in)
		out = append(out, apiRefuses(u.label, "InvalidParameterException", err, "InvalidParameterException", "NotAuthorizedException"))
	}
	if len(out) == 0 {
		return []Result{skip("", "", "there is nobody to ask as: %s", s.people.why)}
	}
	return out
}

func (s *session) credentialsFor(ctx context.Context, id, token string) error {
	in := &cognitoidentity.GetCredentialsForIdentityInput{IdentityId: &id}
	if token != "" {
		in.Logins = map[string]string{s.provider(): token}
	}
	_, err := s.public.pools.GetCredentialsForIdentity(ctx, in)
	return err
}

func othersIdentity(ctx context.Context, s *session) (out []Result) {
	all := s.people.all()
	for _, victim := range all {
		if victim.err != nil || victim.Guest {
			continue
		}
		out = append(out, apiRefuses("nobody, for "+victim.label, "refused", s.credentialsFor(ctx, victim.identity.ID, ""), loginRefusals...))
		for _, thief := range all {
			if thief != victim && thief.err == nil && !thief.Guest {
				out = append(out, apiRefuses(thief.label+", for "+victim.label, "refused", s.credentialsFor(ctx, victim.identity.ID, thief.tokens.ID), loginRefusals...))
			}
		}
	}
	if len(out) == 0 {
		return []Result{skip("", "", "%s", s.people.why)}
	}
	return out
}

func forgedLogin(ctx context.Context, s *session) (out []Result) {
	u, why := s.people.user()
	if u == nil {
		return []Result{skip("", "", "%s", why)}
	}
	forgeries, err := s.forgeries(ctx, u.tokens.ID)
	if err != nil {
		return []Result{broken("", "", err)}
	}
	for _, f := range forgeries {
		got, err := s.public.pools.GetId(ctx, &cognitoidentity.GetIdInput{IdentityPoolId: &s.out.IdentityPoolID, Logins: map[string]string{s.provider(): f.jwt}})
		if err == nil {
			s.people.remember(aws.ToString(got.IdentityId))
		}
		out = append(out, apiRefuses("GetId by a token "+f.what, "refused", err, loginRefusals...))
		out = append(out, apiRefuses("GetCredentialsForIdentity by a token "+f.what, "refused", s.credentialsFor(ctx, u.identity.ID, f.jwt), loginRefusals...))
	}
	return out
}

func accessLogin(ctx context.Context, s *session) []Result {
	u, why := s.people.user()
	if u == nil {
		return []Result{skip("", "", "%s", why)}
	}
	return []Result{apiRefuses(u.label+" by access token", "refused", s.credentialsFor(ctx, u.identity.ID, u.tokens.Access), loginRefusals...)}
}

func foreignLogin(ctx context.Context, s *session) (out []Result) {
	u, why := s.people.user()
	if u == nil {
		return []Result{skip("", "", "%s", why)}
	}
	for _, name := range []string{"cognito-idp." + s.out.Region + ".amazonaws.com/" + s.out.Region + "_Verify000", "accounts.google.com", "verify.example.com"} {
		got, err := s.public.pools.GetId(ctx, &cognitoidentity.GetIdInput{IdentityPoolId: &s.out.IdentityPoolID, Logins: map[string]string{name: u.tokens.ID}})
		if err == nil {
			s.people.remember(aws.ToString(got.IdentityId))
		}
		out = append(out, apiRefuses(u.label+" as of "+name, "refused", err, loginRefusals...))
	}
	return out
}

func chosenRole(ctx context.Context, s *session) (out []Result) {
	u, why := s.people.user()
	if u == nil {
		return []Result{skip("", "", "%s", why)}
	}
	roles := map[string]string{}
	for _, other := range s.people.users {
		if c, err := claimsOf(other.tokens.ID); err == nil && other != u {
			for _, role := range c.Roles {
				roles[role] = "the role of " + other.label
			}
		}
	}
	if c, err := claimsOf(u.tokens.ID); err == nil {
		for _, role := range c.Roles {
			delete(roles, role)
		}
	}
	roles["arn:aws:iam::111122223333:role/verify"] = "a made-up role"
	for _, role := range sortedKeys(roles) {
		_, err := s.public.pools.GetCredentialsForIdentity(ctx, &cognitoidentity.GetCredentialsForIdentityInput{
			IdentityId: &u.identity.ID, Logins: map[string]string{s.provider(): u.tokens.ID}, CustomRoleArn: &role,
		})
		out = append(out, apiRefuses(u.label+" as "+roles[role], "refused", err, append([]string{"InvalidIdentityPoolConfigurationException", "AccessDeniedException", "ValidationException"}, loginRefusals...)...))
	}
	return out
}

func nothingElse(ctx context.Context, s *session) (out []Result) {
	denials := []string{"AccessDeniedException", "AccessDenied", "UnauthorizedOperation"}
	for _, u := range s.people.all() {
		if u.err != nil {
			continue
		}
		c := s.target.config()
		k := u.identity.Credentials
		c.Credentials = credentials.NewStaticCredentialsProvider(k.AccessKeyID, k.SecretAccessKey, k.SessionToken)
		c.Retryer = func() aws.Retryer { return aws.NopRetryer{} }
		_, err := lambda.NewFromConfig(c).ListFunctions(ctx, nil)
		out = append(out, apiRefuses(u.label+", lambda:ListFunctions", "AccessDeniedException", err, denials...))
		_, err = ssm.NewFromConfig(c).GetParametersByPath(ctx, &ssm.GetParametersByPathInput{Path: aws.String("/")})
		out = append(out, apiRefuses(u.label+", ssm:GetParametersByPath", "AccessDeniedException", err, denials...))
		_, err = cloudwatchlogs.NewFromConfig(c).DescribeLogGroups(ctx, nil)
		out = append(out, apiRefuses(u.label+", logs:DescribeLogGroups", "AccessDeniedException", err, denials...))
		_, err = idp.NewFromConfig(c).ListUsers(ctx, &idp.ListUsersInput{UserPoolId: &s.out.UserPoolID})
		out = append(out, apiRefuses(u.label+", cognito-idp:ListUsers", "AccessDeniedException", err, denials...))
		_, err = sts.NewFromConfig(c).AssumeRole(ctx, &sts.AssumeRoleInput{RoleArn: aws.String("arn:aws:iam::" + s.account(ctx, u) + ":role/verify"), RoleSessionName: aws.String("verify")})
		out = append(out, apiRefuses(u.label+", sts:AssumeRole", "AccessDenied", err, denials...))
	}
	if len(out) == 0 {
		return []Result{skip("", "", "%s", s.people.why)}
	}
	return out
}

// account is the account that a person's credentials are of.
func (s *session) account(ctx context.Context, u *person) string {
	c := s.target.config()
	k := u.identity.Credentials
	c.Credentials = credentials.NewStaticCredentialsProvider(k.AccessKeyID, k.SecretAccessKey, k.SessionToken)
	got, err := sts.NewFromConfig(c).GetCallerIdentity(ctx, nil)
	if err != nil {
		return "111122223333"
	}
	return aws.ToString(got.Account)
}

func shortLived(ctx context.Context, s *session) (out []Result) {
	for _, u := range s.people.all() {
		if u.err != nil {
			continue
		}
		left := u.identity.Credentials.Expires.Sub(s.now())
		out = append(out, mustHold("", u.label, "an hour at the longest", left.Round(time.Minute).String(), left > 0 && left <= time.Hour+5*time.Minute))
	}
	if len(out) == 0 {
		return []Result{skip("", "", "%s", s.people.why)}
	}
	return out
}
