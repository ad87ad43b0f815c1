package cases

import (
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentity"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
)

// login shows a token to an identity pool as one of a user pool's.
func (c *on) login(identityPool, userPool, token string) answer {
	c.Helper()
	pools, told := c.identityPools()
	_, err := pools.GetId(c.Context(), &cognitoidentity.GetIdInput{IdentityPoolId: aws.String(identityPool), Logins: map[string]string{provider(userPool): token}})
	return refusedBySDK(c, told, err)
}

func notAuthorized(message string) answer { return exception("NotAuthorizedException", message) }

func identityPoolCases() []testCase {
	unsupported := notAuthorized("Token is not from a supported provider of this identity pool.")
	mistrusted := exception("InvalidIdentityPoolConfigurationException", "Invalid identity pool configuration. Check assigned IAM roles for this pool.")
	// enter asks an identity pool for the credentials of a user, or of a guest.
	enter := func(c *on, identityPool string, logins map[string]string) answer {
		pools, told := c.identityPools()
		id, err := pools.GetId(c.Context(), &cognitoidentity.GetIdInput{IdentityPoolId: aws.String(identityPool), Logins: logins})
		if err == nil {
			_, err = pools.GetCredentialsForIdentity(c.Context(), &cognitoidentity.GetCredentialsForIdentityInput{IdentityId: id.IdentityId, Logins: logins})
		}
		return refusedBySDK(c, told, err)
	}
	return []testCase{
		{id: "58a", title: "a token of a user pool that the identity pool does not know", known: sure, aws: unsupported, ask: func(c *on) answer {
			return c.login(c.ids, c.others, aws.ToString(c.signIn(c.othersWeb, "olga").IdToken))
		}},
		{id: "58b", title: "a token of a client that the identity pool does not know", known: sure, aws: unsupported, ask: func(c *on) answer {
			return c.login(c.ids, c.users, aws.ToString(c.signIn(c.stranger, "ada").IdToken))
		}},
		{id: "59a", title: "an access token", known: sure, aws: notAuthorized("Invalid login token. Missing a required claim: aud"), ask: func(c *on) answer {
			return c.login(c.ids, c.users, aws.ToString(c.signIn(c.web, "ada").AccessToken))
		}},
		{id: "59b", title: "a token of another issuer than its key in Logins says", known: sure, aws: notAuthorized("Invalid login token. Issuer doesn't match providerName"), ask: func(c *on) answer {
			return c.login(c.ids, c.users, aws.ToString(c.signIn(c.othersWeb, "olga").IdToken))
		}},
		{id: "59c", title: "a token that has expired", known: sure,
			aws: notAuthorized(fmt.Sprintf("Invalid login token. Token expired: %d >= %d", noon.Add(61*time.Minute).Unix(), noon.Add(time.Hour).Unix())), ask: func(c *on) answer {
				token := c.idToken()
				c.clock.advance(61 * time.Minute)
				return c.login(c.ids, c.users, token)
			}},
		{id: "59d", title: "a token with a wrong signature", known: sure, aws: notAuthorized("Invalid login token. Couldn't verify signed token."), ask: func(c *on) answer {
			return c.login(c.ids, c.users, forged(c.idToken()))
		}},
		{id: "59e", title: "a token that has expired and whose signature is wrong", known: open, said: "which of the two is told is not documented",
			here: notAuthorized("Invalid login token. Couldn't verify signed token."), why: "a token that nobody vouches for is told nothing of its claims", ask: func(c *on) answer {
				token := forged(c.idToken())
				c.clock.advance(61 * time.Minute)
				return c.login(c.ids, c.users, token)
			}},
		{id: "60a", title: "a guest where guests are off", known: sure, aws: notAuthorized("Unauthenticated access is not supported for this identity pool."), ask: func(c *on) answer {
			return enter(c, c.closed, nil)
		}},
		{id: "60b", title: "the guests' role trusts another identity pool", known: sure, aws: mistrusted, ask: func(c *on) answer { return enter(c, c.mistaken, nil) }},
		{id: "60c", title: "the users' role trusts guests alone", known: sure, aws: mistrusted, ask: func(c *on) answer {
			return enter(c, c.mistaken, map[string]string{provider(c.users): c.idToken()})
		}},
		{id: "T1", title: "who a user of the identity pool is: STS GetCallerIdentity", known: sure, aws: answer{status: 200, body: memberARN},
			ask: func(c *on) answer { return c.callerIdentity(c.member()) }},
		{id: "T2", title: "who a guest is", known: sure, aws: answer{status: 200, body: guestARN}, ask: func(c *on) answer { return c.callerIdentity(c.guest()) }},
		{id: "T3", title: "a user who has signed out, with serverSideTokenCheck", known: open, said: "no credentials; the words are not documented",
			here: notAuthorized("Invalid login token. Token is not valid."), why: "in the form of the other refusals of a login token", ask: func(c *on) answer {
				users, _ := c.userPools()
				tokens := c.signIn(c.web, "bob")
				if _, err := users.GlobalSignOut(c.Context(), &cognitoidentityprovider.GlobalSignOutInput{AccessToken: tokens.AccessToken}); err != nil {
					c.Fatal(err)
				}
				return enter(c, c.ids, map[string]string{provider(c.users): aws.ToString(tokens.IdToken)})
			}},
	}
}

var arnElement = regexp.MustCompile(`<Arn>(.*)</Arn>`)

// callerIdentity asks STS who the caller is.
func (c *on) callerIdentity(by aws.Credentials) answer {
	c.Helper()
	const form = "Action=GetCallerIdentity&Version=2011-06-15"
	r, err := http.NewRequestWithContext(c.Context(), http.MethodPost, c.aws.URL()+"/", strings.NewReader(form))
	if err != nil {
		c.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	a := c.send(c.signFor(r, form, by, "sts", region, c.clock.Now()))
	if found := arnElement.FindStringSubmatch(a.body); found != nil {
		a.body = found[1]
	}
	return a
}
