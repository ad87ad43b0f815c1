package cases

import (
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"auth-api/infra/localaws"
	"auth-api/infra/localaws/awstest"
	"github.com/alexedwards/argon2id"
	srp "github.com/alexrudd/cognito-srp/v4"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"
)

// exception is a service API's refusal.
func exception(code, message string) answer {
	return answer{status: 400, kind: code, body: `{"__type":"` + code + `","message":"` + message + `"}`}
}

// attempt signs in by password and returns what the SDK was told.
func (c *on) attempt(clientID string, parameters map[string]string) answer {
	c.Helper()
	users, told := c.userPools()
	_, err := users.InitiateAuth(c.Context(), &cognitoidentityprovider.InitiateAuthInput{
		AuthFlow: types.AuthFlowTypeUserPasswordAuth, ClientId: aws.String(clientID), AuthParameters: parameters,
	})
	return refusedBySDK(c, told, err)
}

func userPoolCases() []testCase {
	wrongPassword := exception("NotAuthorizedException", "Incorrect username or password.")
	getUser := func(c *on, accessToken string) answer {
		users, told := c.userPools()
		_, err := users.GetUser(c.Context(), &cognitoidentityprovider.GetUserInput{AccessToken: aws.String(accessToken)})
		return refusedBySDK(c, told, err)
	}
	// revoked signs ada in and gives the sign-in back.
	revoked := func(c *on) *types.AuthenticationResultType {
		users, _ := c.userPools()
		tokens := c.signIn(c.web, "ada")
		if _, err := users.RevokeToken(c.Context(), &cognitoidentityprovider.RevokeTokenInput{ClientId: aws.String(c.web), Token: tokens.RefreshToken}); err != nil {
			c.Fatal(err)
		}
		return tokens
	}
	return []testCase{
		{id: "53a", title: "wrong password", known: sure, aws: wrongPassword, ask: func(c *on) answer {
			return c.attempt(c.web, map[string]string{"USERNAME": "eve", "PASSWORD": "Wrong-Horse-9"})
		}},
		{id: "53b", title: "unknown user, with PreventUserExistenceErrors", known: sure, aws: wrongPassword, ask: func(c *on) answer {
			return c.attempt(c.web, map[string]string{"USERNAME": "nobody", "PASSWORD": "Wrong-Horse-9"})
		}},
		{id: "53c", title: "how long both take", known: sure, aws: wrongPassword.with("the same time"), ask: sameTime},
		{id: "54", title: "not confirmed, with a wrong password", known: sure, aws: exception("UserNotConfirmedException", "User is not confirmed."), ask: func(c *on) answer {
			users, _ := c.userPools()
			if _, err := users.SignUp(c.Context(), &cognitoidentityprovider.SignUpInput{
				ClientId: aws.String(c.web), Username: aws.String("uma"), Password: aws.String(password),
				UserAttributes: []types.AttributeType{{Name: aws.String("email"), Value: aws.String("uma@example.com")}},
			}); err != nil {
				c.Fatal(err)
			}
			return c.attempt(c.web, map[string]string{"USERNAME": "uma", "PASSWORD": "Wrong-Horse-9"})
		}},
		{id: "55", title: "wrong secret hash", known: sure, aws: exception("NotAuthorizedException", "Unable to verify secret hash for client SECRETIVE"), ask: func(c *on) answer {
			return c.attempt(c.secretive, map[string]string{"USERNAME": "ada", "PASSWORD": password, "SECRET_HASH": "c2VjcmV0"})
		}},
		{id: "56a", title: "GetUser with a revoked access token", known: sure, aws: exception("NotAuthorizedException", "Access Token has been revoked"),
			ask: func(c *on) answer { return getUser(c, aws.ToString(revoked(c).AccessToken)) }},
		{id: "56b", title: "GetUser with an access token of the hosted sign-in, which lacks the scope aws.cognito.signin.user.admin", known: sure,
			aws: exception("NotAuthorizedException", "Access Token does not have required scopes"), ask: func(c *on) answer {
				b := c.browser()
				_, tokens := b.token(b.code(), nil)
				access, _ := tokens["access_token"].(string)
				return getUser(c, access)
			}},
		{id: "57a", title: "refresh with a revoked refresh token", known: sure, aws: exception("NotAuthorizedException", "Refresh Token has been revoked"), ask: func(c *on) answer {
			tokens := revoked(c)
			users, told := c.userPools()
			_, err := users.InitiateAuth(c.Context(), &cognitoidentityprovider.InitiateAuthInput{
				AuthFlow: types.AuthFlowTypeRefreshTokenAuth, ClientId: aws.String(c.web), AuthParameters: map[string]string{"REFRESH_TOKEN": aws.ToString(tokens.RefreshToken)},
			})
			return refusedBySDK(c, told, err)
		}},
		{id: "57b", title: "refresh with a token that was rotated", known: sure, said: "400 · RefreshTokenReuseException; its words are not recorded",
			here: exception("RefreshTokenReuseException", "Refresh token has already been used."), why: "the words are ours", ask: func(c *on) answer {
				a, _ := c.rotatedTwice()
				return a
			}},
		{id: "57c", title: "after that, refresh with the token that took its place", known: open, said: "not documented whether reuse revokes the sign-in",
			here: answer{status: 200}, why: "AWS documents the refusal of the old token and no more; a client that asks twice over a bad line is not signed out by it", ask: func(c *on) answer {
				_, next := c.rotatedTwice()
				users, told := c.userPools()
				if _, err := users.GetTokensFromRefreshToken(c.Context(), &cognitoidentityprovider.GetTokensFromRefreshTokenInput{ClientId: aws.String(c.rotating), RefreshToken: aws.String(next)}); err != nil {
					c.Error(err)
				}
				return c.ok(told.last)
			}},
		{id: "U1", title: "sign-in by Secure Remote Password with an email address: USER_ID_FOR_SRP", known: likely, aws: answer{status: 200, body: "ada"}, ask: func(c *on) answer {
			proof, err := srp.NewCognitoSRP("ada@example.com", password, c.users, c.web, nil)
			if err != nil {
				c.Fatal(err)
			}
			users, told := c.userPools()
			out, err := users.InitiateAuth(c.Context(), &cognitoidentityprovider.InitiateAuthInput{
				AuthFlow: types.AuthFlowTypeUserSrpAuth, ClientId: aws.String(c.web), AuthParameters: proof.GetAuthParams(),
			})
			if err != nil {
				c.Fatal(err)
			}
			told.last.body = out.ChallengeParameters["USER_ID_FOR_SRP"]
			return told.last
		}},
		{id: "U2", title: "an operation that does not exist", known: likely, said: "400 · UnknownOperationException",
			here: answer{status: 400, kind: "UnknownOperationException", body: `{"__type":"UnknownOperationException","message":"The operation \"MakeCoffee\" is not supported by the local AWS."}`},
			why:  "the message names the operation", ask: func(c *on) answer {
				return c.post("AWSCognitoIdentityProviderService.MakeCoffee", m{})
			}},
	}
}

// sameTime looks whether an unknown user is answered about as late as a wrong password,
// with a hash that takes its time. It compares the fastest of several answers in turn,
// as a busy machine makes some of them slow: without the hash an unknown user would be
// answered some twenty times sooner.
func sameTime(c *on) answer {
	slow := &stack{clock: c.clock, names: strings.NewReplacer()}
	slow.aws = awstest.Start(c, awstest.WithClock(c.clock.Now), awstest.WithConfig(func(cfg *localaws.Config) {
		cfg.Tune = func(rooms *localaws.Rooms) {
			rooms.UserPool.PasswordHash = &argon2id.Params{Memory: 32 << 10, Iterations: 2, Parallelism: 1, SaltLength: 16, KeyLength: 32}
		}
	}))
	pool, _ := slow.declare(c, "aws:cognito/userPool:UserPool", "users", m{"name": "users"})
	slow.web, _ = slow.declare(c, "aws:cognito/userPoolClient:UserPoolClient", "web", m{
		"name": "web", "userPoolId": pool, "explicitAuthFlows": []any{"ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"}, "preventUserExistenceErrors": "ENABLED",
	})
	slow.declare(c, "aws:cognito/user:User", "eve", m{"userPoolId": pool, "username": "eve", "password": password, "messageAction": "SUPPRESS"})
	on := &on{T: c.T, stack: slow}
	fastest := map[string]time.Duration{}
	told := map[string]answer{}
	for range 4 { // a fifth wrong password would lock the name
		for _, user := range []string{"eve", "nobody"} {
			start := time.Now()
			told[user] = on.attempt(slow.web, map[string]string{"USERNAME": user, "PASSWORD": "Wrong-Horse-9"})
			if took := time.Since(start); fastest[user] == 0 || took < fastest[user] {
				fastest[user] = took
			}
		}
	}
	if told["nobody"].String() != told["eve"].String() {
		c.Errorf("an unknown user is answered %s, a wrong password %s", told["nobody"], told["eve"])
	}
	if fastest["nobody"] < fastest["eve"]/5 {
		c.Errorf("an unknown user is answered in %s, a wrong password in %s", fastest["nobody"], fastest["eve"])
	}
	return told["nobody"].with("the same time")
}

// rotatedTwice refreshes with the same token twice. It returns the second answer, and
// the refresh token that the first one gave.
func (c *on) rotatedTwice() (answer, string) {
	c.Helper()
	users, told := c.userPools()
	in := &cognitoidentityprovider.GetTokensFromRefreshTokenInput{ClientId: aws.String(c.rotating), RefreshToken: c.signIn(c.rotating, "ada").RefreshToken}
	out, err := users.GetTokensFromRefreshToken(c.Context(), in)
	if err != nil {
		c.Fatal(err)
	}
	_, err = users.GetTokensFromRefreshToken(c.Context(), in)
	return refusedBySDK(c, told, err), aws.ToString(out.AuthenticationResult.RefreshToken)
}

// post calls an operation of a JSON API by its target, without an SDK.
func (c *on) post(target string, body m) answer {
	c.Helper()
	data, err := json.Marshal(body)
	if err != nil {
		c.Fatal(err)
	}
	var request strings.Builder
	request.WriteString("POST / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: application/x-amz-json-1.1\r\nX-Amz-Target: " + target + "\r\n")
	request.WriteString("Content-Length: " + strconv.Itoa(len(data)) + "\r\n\r\n")
	request.Write(data)
	return c.raw(request.String())
}
