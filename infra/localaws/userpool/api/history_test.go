package api_test

import (
	"context"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"

	"auth-api/infra/localaws/userpool/internal/pooltest"
)

// A password that was used before is refused whichever way it is set: by its owner, an
// administrator, a code, or in place of a temporary one.
func TestUsedPasswordsAreRefusedEveryWay(t *testing.T) {
	f := pooltest.New(t)
	p := pooltest.Pool()
	p.PasswordPolicy.PasswordHistorySize = 3
	f.Declare(pooltest.PoolID, p)
	set := func(password string, permanent bool) error {
		_, err := f.Administrator().AdminSetUserPassword(context.Background(), &cognitoidentityprovider.AdminSetUserPasswordInput{
			UserPoolId: aws.String(pooltest.PoolID), Username: aws.String("demouser"), Password: aws.String(password), Permanent: permanent,
		})
		return err
	}
	const used = "PasswordHistoryPolicyViolationException"
	if err := set(pooltest.Password, true); err == nil || code(err)[:len(used)] != used {
		t.Errorf("by an administrator: %v", err)
	}
	f.API("ForgotPassword", m{"ClientId": pooltest.ClientID, "Username": "demouser"})
	a := f.API("ConfirmForgotPassword", m{"ClientId": pooltest.ClientID, "Username": "demouser", "ConfirmationCode": f.LastMail().Code, "Password": pooltest.Password})
	if a.JSON(t)["__type"] != used {
		t.Errorf("by a code: %s", a.Body)
	}
	if err := set("temporaryPASS1", false); err != nil {
		t.Fatal(err)
	}
	respond := func(password string) pooltest.Answer {
		t.Helper()
		session := f.API("InitiateAuth", pooltest.PasswordFlow("demouser", "temporaryPASS1")).JSON(t)["Session"]
		return f.API("RespondToAuthChallenge", m{"ChallengeName": "NEW_PASSWORD_REQUIRED", "ClientId": pooltest.ClientID, "Session": session, "ChallengeResponses": m{"USERNAME": "demouser", "NEW_PASSWORD": password}})
	}
	for _, password := range []string{pooltest.Password, "temporaryPASS1"} {
		if a := respond(password); a.JSON(t)["__type"] != used {
			t.Errorf("in place of a temporary one: %s", a.Body)
		}
	}
	if a := respond("freshPASS1"); a.Status != 200 {
		t.Errorf("a new one: %d %s", a.Status, a.Body)
	}
	f.SignIn("demouser", "freshPASS1")
}
