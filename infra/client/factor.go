package client

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"
	"github.com/pquerna/otp/totp"
)

// Authenticator is an authenticator app: the second factor of a user, by RFC 6238. It
// gives no code twice, since a user pool takes none twice.
type Authenticator struct {
	Secret string // in base32; empty until one is set up
	used   int64  // the last step that a code was given of
}

// step is how long a code is good.
const step = 30 * time.Second

// Code returns a code that was not given before, and how long to wait until it is good: a
// user pool takes that of the next step too, and no later one.
func (a *Authenticator) Code(now time.Time) (code string, wait time.Duration, err error) {
	if a.Secret == "" {
		return "", 0, errors.New("making a code: no secret of an authenticator app is known")
	}
	current := now.Unix() / int64(step/time.Second)
	next := max(current, a.used+1)
	code, err = totp.GenerateCode(a.Secret, time.Unix(next*int64(step/time.Second), 0))
	if err != nil {
		return "", 0, errors.New("making a code: the secret of the authenticator app is not base32")
	}
	a.used = next
	if next > current+1 {
		wait = time.Unix((next-1)*int64(step/time.Second), 0).Sub(now)
	}
	return code, wait, nil
}

// SignInWith is SignIn for users of pools that ask for a code of an authenticator app
// besides. When the pool asks that one be set up, the authenticator's secret is.
//
// https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-settings-mfa-totp.html
func (d *Directory) SignInWith(ctx context.Context, username, password string, app *Authenticator) (Tokens, error) {
	done, err := d.prove(ctx, username, password)
	if err == nil && done.AuthenticationResult == nil {
		done, err = d.second(ctx, username, done, app)
	}
	if err != nil {
		return Tokens{}, fmt.Errorf("signing in as %s: %w", username, plain(err))
	}
	r := done.AuthenticationResult
	return Tokens{ID: aws.ToString(r.IdToken), Access: aws.ToString(r.AccessToken), Refresh: aws.ToString(r.RefreshToken)}, nil
}

func (d *Directory) second(ctx context.Context, username string, asked *answered, app *Authenticator) (*answered, error) {
	asks := fmt.Errorf("the pool asks for %s after the password; sign in at %s once", asked.ChallengeName, d.outputs.HostedUIURL)
	if app == nil {
		return nil, asks
	}
	responses, session := map[string]string{"USERNAME": username}, asked.Session
	switch asked.ChallengeName {
	case types.ChallengeNameTypeMfaSetup:
		begun, err := d.users.AssociateSoftwareToken(ctx, &cognitoidentityprovider.AssociateSoftwareTokenInput{Session: session})
		if err != nil {
			return nil, err
		}
		app.Secret = aws.ToString(begun.SecretCode)
		code, err := d.code(ctx, app)
		if err != nil {
			return nil, err
		}
		verified, err := d.users.VerifySoftwareToken(ctx, &cognitoidentityprovider.VerifySoftwareTokenInput{Session: begun.Session, UserCode: &code})
		if err != nil {
			return nil, err
		}
		session = verified.Session
	case types.ChallengeNameTypeSoftwareTokenMfa:
		code, err := d.code(ctx, app)
		if err != nil {
			return nil, errors.Join(asks, err)
		}
		responses["SOFTWARE_TOKEN_MFA_CODE"] = code
	default:
		return nil, asks
	}
	out, err := d.users.RespondToAuthChallenge(ctx, &cognitoidentityprovider.RespondToAuthChallengeInput{
		ChallengeName: asked.ChallengeName, ClientId: aws.String(d.outputs.UserPoolClientID), ChallengeResponses: responses, Session: session,
	})
	if err != nil {
		return nil, err
	}
	if out.AuthenticationResult == nil {
		return nil, fmt.Errorf("the pool asks for %s after the code", out.ChallengeName)
	}
	return out, nil
}

// code is the authenticator's next code, once it is good.
func (d *Directory) code(ctx context.Context, app *Authenticator) (string, error) {
	code, wait, err := app.Code(d.Time())
	if err != nil || wait == 0 {
		return code, err
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return code, nil
	case <-ctx.Done():
		return "", ctx.Err()
	}
}

// NextCode is the authenticator's next code, once it is good.
func (d *Directory) NextCode(ctx context.Context, app *Authenticator) (string, error) {
	return d.code(ctx, app)
}
