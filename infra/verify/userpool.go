package verify

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"auth-api/infra/client"
	idp "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
)

// leaver is a user who signed out everywhere, one for the run.
func (s *session) leaver(ctx context.Context) (*person, error) {
	s.people.leaving.Lock()
	defer s.people.leaving.Unlock()
	if s.people.left != nil || s.people.leftErr != nil {
		return s.people.left, s.people.leftErr
	}
	var u *person
	var err error
	switch {
	case s.o.User != nil:
		err = skipped("it would sign " + s.o.User.Name + " out everywhere; without --user it is done with a user of the run's own")
	case s.target.Admin == nil:
		err = skipped(s.people.why)
	default:
		if u, err = s.people.more(ctx); err == nil {
			_, err = s.public.users.GlobalSignOut(ctx, &idp.GlobalSignOutInput{AccessToken: &u.tokens.Access})
		}
	}
	s.people.left, s.people.leftErr = u, err
	return u, err
}

func signedOut(ctx context.Context, s *session) []Result {
	u, err := s.leaver(ctx)
	if err != nil {
		return failure(err)
	}
	return []Result{apiRefuses("a user who signed out", "refused", s.credentialsFor(ctx, u.identity.ID, u.tokens.ID), loginRefusals...)}
}

func revokedTokens(ctx context.Context, s *session) []Result {
	u, err := s.leaver(ctx)
	if err != nil {
		return failure(err)
	}
	_, err = s.public.users.GetUser(ctx, &idp.GetUserInput{AccessToken: &u.tokens.Access})
	out := []Result{apiRefuses("the access token", "NotAuthorizedException", err, "NotAuthorizedException")}
	a, err := s.token(ctx, map[string][]string{"grant_type": {"refresh_token"}, "refresh_token": {u.tokens.Refresh}, "client_id": {s.out.UserPoolClientID}}, nil)
	if err != nil {
		return append(out, broken("", "the refresh token", err))
	}
	return append(out, refusedToken("the refresh token", a))
}

func enumeration(ctx context.Context, s *session) []Result {
	known := ""
	if u, _ := s.people.user(); u != nil {
		known = u.username
	} else if known = s.out.DemoUser; known == "" {
		return []Result{skip("", "", "no user is known: %s", s.people.why)}
	}
	name, err := random(8)
	if err != nil {
		return []Result{broken("", "", err)}
	}
	say := func(username string) string {
		_, err := client.NewDirectory(s.out).SignIn(ctx, username, "Wrong-"+name+"A1!")
		_, rest, _ := strings.Cut(fmt.Sprint(err), "signing in as "+username+": ")
		return rest
	}
	unknown, wrong := say(prefix+name), say(known)
	return []Result{mustHold("", "an unknown user", wrong, unknown, unknown == wrong && strings.HasPrefix(wrong, "NotAuthorizedException"))}
}

func administration(ctx context.Context, s *session) (out []Result) {
	address := "https://" + strings.Split(s.provider(), "/")[0] + "/"
	if s.target.Local() {
		address = s.out.AWSEndpoint + "/"
	}
	pool := `{"UserPoolId":"` + s.out.UserPoolID + `"`
	for _, ask := range []struct{ operation, body string }{
		{"AdminGetUser", pool + `,"Username":"` + prefix + `nobody"}`}, {"ListUsers", pool + "}"},
		{"AdminSetUserPassword", pool + `,"Username":"` + prefix + `nobody","Password":"Aa1!verify-verify"}`},
	} {
		// The SDK would not send it unsigned.
		a, err := s.prober.send(ctx, func() (*http.Request, error) {
			return request{method: http.MethodPost, body: []byte(ask.body), header: map[string]string{
				"Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": "AWSCognitoIdentityProviderService." + ask.operation,
			}}.to(ctx, address)
		})
		if err != nil {
			out = append(out, broken("", "nobody, "+ask.operation, err))
			continue
		}
		var body struct {
			Type string `json:"__type"`
		}
		_ = json.Unmarshal(a.body, &body) // what is no JSON has no type
		// ResourceNotFoundException or UserNotFoundException would mean that it was looked for.
		refusal := strings.Contains(body.Type, "Authentication") || strings.Contains(body.Type, "Signature") || strings.Contains(body.Type, "AccessDenied") || strings.Contains(body.Type, "NotAuthorized")
		out = append(out, mustHold("", "nobody, "+ask.operation, "refused", fmt.Sprint(a.status, " ", body.Type), a.status >= 400 && a.status < 500 && refusal))
	}
	return out
}

func forgedProfile(ctx context.Context, s *session) (out []Result) {
	u, why := s.people.user()
	if u == nil {
		return []Result{skip("", "", "%s", why)}
	}
	forgeries, err := s.forgeries(ctx, u.tokens.Access)
	if err != nil {
		return []Result{broken("", "", err)}
	}
	for _, f := range forgeries {
		_, err := s.public.users.GetUser(ctx, &idp.GetUserInput{AccessToken: &f.jwt})
		out = append(out, apiRefuses("a token "+f.what, "NotAuthorizedException", err, "NotAuthorizedException", "InvalidParameterException"))
	}
	return out
}

func wrongFactor(ctx context.Context, s *session) []Result {
	var u *person
	for _, x := range s.people.users {
		if x.made && x.app != nil && x.app.Secret != "" {
			u = x
		}
	}
	if u == nil {
		return []Result{skip("", "", "the pool asked none of the run's users for a code")}
	}
	_, alone := client.NewDirectory(s.out).SignIn(ctx, u.username, u.password)
	_, wrong := u.directory.SignInWith(ctx, u.username, u.password, &client.Authenticator{Secret: "VERIFYVERIFYVERIFYVERIFYVERIFY22"})
	say := func(what string, err error) Result {
		got := "tokens"
		if err != nil {
			got = "no tokens"
		}
		return mustHold("", what, "no tokens", got, err != nil)
	}
	return []Result{say("the password alone", alone), say("a wrong code", wrong)}
}
