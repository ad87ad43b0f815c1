package pooltest

import (
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"
	"github.com/pquerna/otp/totp"

	"auth-api/infra/localaws/store"
	"auth-api/infra/localaws/userpool"
)

// MFAPool is Pool with a second factor: mode is ON or OPTIONAL.
func MFAPool(mode string) userpool.Pool {
	p := Pool()
	p.MFAConfiguration, p.SoftwareTokenMFA = mode, &userpool.SoftwareTokenMFA{Enabled: true}
	return p
}

// Step is how long a code of a software token is the current one.
const Step = 30 * time.Second

// TOTP is the code that an authenticator app with this secret shows, so much later
// than now.
func (f *Fixture) TOTP(secret string, later time.Duration) string {
	f.T.Helper()
	code, err := totp.GenerateCode(secret, f.Clock().Add(later))
	if err != nil {
		f.T.Fatal(err)
	}
	return code
}

// WrongTOTP is a code that no time near now has.
func (f *Fixture) WrongTOTP(secret string) string {
	f.T.Helper()
	near := map[string]bool{}
	for at := -2 * Step; at <= 2*Step; at += Step {
		near[f.TOTP(secret, at)] = true
	}
	for _, code := range []string{"000000", "111111", "222222", "333333", "444444", "555555"} {
		if !near[code] {
			return code
		}
	}
	f.T.Fatal("every code is near")
	return ""
}

// Enrol has a user of a pool that requires a second factor set up a software token
// through the SDK, and returns its secret and the tokens. The code that it takes is
// the current one: the next sign-in needs a later one.
func (f *Fixture) Enrol(name, password string) (secret string, tokens *types.AuthenticationResultType) {
	f.T.Helper()
	ctx := context.Background()
	first, err := f.SDK.InitiateAuth(ctx, &cognitoidentityprovider.InitiateAuthInput{
		AuthFlow: types.AuthFlowTypeUserPasswordAuth, ClientId: aws.String(ClientID), AuthParameters: map[string]string{"USERNAME": name, "PASSWORD": password},
	})
	if err != nil || first.ChallengeName != types.ChallengeNameTypeMfaSetup {
		f.T.Fatalf("signing in to set up a token: %+v %v", first, err)
	}
	token, err := f.SDK.AssociateSoftwareToken(ctx, &cognitoidentityprovider.AssociateSoftwareTokenInput{Session: first.Session})
	if err != nil {
		f.T.Fatal(err)
	}
	verified, err := f.SDK.VerifySoftwareToken(ctx, &cognitoidentityprovider.VerifySoftwareTokenInput{
		Session: token.Session, UserCode: aws.String(f.TOTP(*token.SecretCode, 0)), FriendlyDeviceName: aws.String("phone"),
	})
	if err != nil {
		f.T.Fatal(err)
	}
	done, err := f.SDK.RespondToAuthChallenge(ctx, &cognitoidentityprovider.RespondToAuthChallengeInput{
		ChallengeName: types.ChallengeNameTypeMfaSetup, ClientId: aws.String(ClientID), Session: verified.Session, ChallengeResponses: map[string]string{"USERNAME": name},
	})
	if err != nil || done.AuthenticationResult == nil {
		f.T.Fatalf("ending the set-up: %+v %v", done, err)
	}
	return *token.SecretCode, done.AuthenticationResult
}

// MFASession signs in by password and returns the session of the challenge, which
// must be the one wanted.
func (f *Fixture) MFASession(want, name, password string) string {
	f.T.Helper()
	a := f.API("InitiateAuth", PasswordFlow(name, password))
	v := a.JSON(f.T)
	if a.Status != 200 || v["ChallengeName"] != want || v["AuthenticationResult"] != nil {
		f.T.Fatalf("signing in: %d %s, want the challenge %s", a.Status, a.Body, want)
	}
	return v["Session"].(string)
}

// SoftwareToken is the input of RespondToAuthChallenge for a code.
func SoftwareToken(session, name, code string) m {
	return m{"ChallengeName": "SOFTWARE_TOKEN_MFA", "ClientId": ClientID, "Session": session, "ChallengeResponses": m{"USERNAME": name, "SOFTWARE_TOKEN_MFA_CODE": code}}
}

// ChangeUser brings a declared user up to date.
func (f *Fixture) ChangeUser(old, next userpool.DeclaredUser) {
	f.T.Helper()
	f.Update(func(tx *store.Tx) error {
		return f.Pools.UserDeclared(tx, old.UserPoolID+"/"+old.Username, &old, &next)
	})
}
