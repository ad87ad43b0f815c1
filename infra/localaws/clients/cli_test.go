package clients_test

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// cli is the AWS CLI, version 1 or 2, with a stack.
type cli struct {
	*site
	path string
	as   aws.Credentials
}

// failed is how the CLI reports what a service refused.
var failed = regexp.MustCompile(`(?s)An error occurred \((\w+)\) when calling the \w+ operation(?: \([^)]*\))?: (.*?)\s*$`)

// try runs a command, such as cognito-idp get-user. Its parameters are in a file that
// the user alone can read, its credentials in its environment: no secret is on the
// command line.
func (c cli) try(command string, in, out any) (code, message string) {
	c.t.Helper()
	dir := c.t.TempDir()
	args := append(strings.Fields(command), "--endpoint-url", c.Outputs.AWSEndpoint, "--region", c.Outputs.Region, "--output", "json")
	if in != nil {
		parameters, err := json.Marshal(in)
		if err != nil {
			c.t.Fatal(err)
		}
		file := filepath.Join(dir, "parameters.json")
		if err := os.WriteFile(file, parameters, 0o600); err != nil {
			c.t.Fatal(err)
		}
		args = append(args, "--cli-input-json", "file://"+file)
	}
	run := exec.CommandContext(c.t.Context(), c.path, args...)
	run.Dir, run.Env = dir, append(isolated(dir), "AWS_PAGER=", "AWS_CLI_AUTO_PROMPT=off")
	if c.as.HasKeys() {
		run.Env = append(run.Env, "AWS_ACCESS_KEY_ID="+c.as.AccessKeyID, "AWS_SECRET_ACCESS_KEY="+c.as.SecretAccessKey)
	}
	if c.as.SessionToken != "" {
		run.Env = append(run.Env, "AWS_SESSION_TOKEN="+c.as.SessionToken)
	}
	var complaint bytes.Buffer
	run.Stderr = &complaint
	printed, err := run.Output()
	if err != nil {
		refusal := failed.FindStringSubmatch(complaint.String())
		if refusal == nil {
			c.t.Fatalf("aws %s: %v: %s", command, err, complaint.String())
		}
		return refusal[1], refusal[2]
	}
	if out != nil {
		if err := json.NewDecoder(bytes.NewReader(printed)).Decode(out); err != nil {
			c.t.Fatalf("aws %s: %v", command, err)
		}
	}
	return "", ""
}

func (c cli) run(command string, in, out any) {
	c.t.Helper()
	if code, message := c.try(command, in, out); code != "" {
		c.t.Fatalf("aws %s: %s: %s", command, code, message)
	}
}

func (c cli) refused(what, command string, in any, code, message string) {
	c.t.Helper()
	if gotCode, gotMessage := c.try(command, in, nil); gotCode != code || gotMessage != message {
		c.t.Errorf("%s: aws %s: %q: %q, want %s: %s", what, command, gotCode, gotMessage, code, message)
	}
}

// m is a command's parameters.
type m = map[string]any

func (c cli) password(username, password string) m {
	return m{"AuthFlow": "USER_PASSWORD_AUTH", "ClientId": c.Outputs.UserPoolClientID, "AuthParameters": m{"USERNAME": username, "PASSWORD": password}}
}

// credentialsOf asks for the credentials of whoever has these logins.
func (c cli) credentialsOf(logins m) (identityID string, _ aws.Credentials) {
	c.t.Helper()
	var id struct{ IdentityId string }
	c.run("cognito-identity get-id", m{"IdentityPoolId": c.Outputs.IdentityPoolID, "Logins": logins}, &id)
	var got struct {
		Credentials struct{ AccessKeyId, SecretKey, SessionToken string }
	}
	c.run("cognito-identity get-credentials-for-identity", m{"IdentityId": id.IdentityId, "Logins": logins}, &got)
	return id.IdentityId, aws.Credentials{AccessKeyID: got.Credentials.AccessKeyId, SecretAccessKey: got.Credentials.SecretKey, SessionToken: got.Credentials.SessionToken}
}

func TestAWSCLI(t *testing.T) {
	t.Parallel()
	path := tool(t, "aws", "awscli")
	s := newSite(t, extended(t))
	s.grant()
	within := func(t *testing.T) cli { return cli{site: s.within(t), path: path} }

	// Each command takes a second to start: what needs no other goes side by side.
	t.Run("signed in", func(t *testing.T) {
		t.Parallel()
		c := within(t)
		var in struct {
			AuthenticationResult struct{ AccessToken, IdToken, RefreshToken string }
		}
		c.run("cognito-idp initiate-auth", c.password(s.Outputs.DemoUser, s.Outputs.DemoPassword), &in)
		tokens := in.AuthenticationResult
		identity, user := c.credentialsOf(m{s.provider(): tokens.IdToken})
		if identity != s.user.Identity.ID {
			t.Errorf("the identity is %s, want %s", identity, s.user.Identity.ID)
		}
		// The CLI signs for no API of one's own: its credentials do by another's hand.
		g := newGoSDK(c.site)
		c.saw(g.callsAPI(user, s.guest.Identity.Credentials), s.calls())
		c.as = user
		c.isCaller(s.role("authenticated"))

		var me struct{ Username string }
		c.run("cognito-idp get-user", m{"AccessToken": tokens.AccessToken}, &me)
		if me.Username != s.Outputs.DemoUser {
			t.Errorf("get-user: %s, want %s", me.Username, s.Outputs.DemoUser)
		}
		c.run("cognito-idp revoke-token", m{"ClientId": s.Outputs.UserPoolClientID, "Token": tokens.RefreshToken}, nil)
		c.refused("after revoke-token", "cognito-idp get-user", m{"AccessToken": tokens.AccessToken}, "NotAuthorizedException", "Access Token has been revoked")
	})
	t.Run("guest", func(t *testing.T) {
		t.Parallel()
		c := within(t)
		_, c.as = c.credentialsOf(m{})
		c.isCaller(s.role("guest"))
		c.as.SecretAccessKey += "x"
		c.refused("a changed secret", "sts get-caller-identity", nil, "SignatureDoesNotMatch", signatureDiffers)
		c.refused("the identity of a user", "cognito-identity get-credentials-for-identity", m{"IdentityId": s.user.Identity.ID},
			"NotAuthorizedException", "Access to Identity '"+s.user.Identity.ID+"' is forbidden.")
	})
	t.Run("other services", func(t *testing.T) {
		t.Parallel()
		c := within(t)
		c.as = s.user.Identity.Credentials
		var got struct{ Parameter struct{ Value string } }
		c.run("ssm get-parameter", m{"Name": greeting}, &got)
		if got.Parameter.Value != "hello" {
			t.Errorf("ssm get-parameter: %q", got.Parameter.Value)
		}
		c.refused("a parameter without a grant", "ssm get-parameter", m{"Name": secret}, "AccessDeniedException", c.denied("authenticated", "ssm:GetParameter", c.arn("ssm", "parameter"+secret)))
		payload := filepath.Join(t.TempDir(), "event.json")
		if err := os.WriteFile(payload, []byte(`{"httpMethod": "GET", "path": "/no-auth"}`), 0o600); err != nil {
			t.Fatal(err)
		}
		// The answer goes to the file named, and what the CLI has to say of it after it.
		var answer struct{ Body string }
		c.run("lambda invoke --function-name "+openOne+" --payload fileb://"+payload+" /dev/stdout", nil, &answer)
		if answer.Body != `{"message":"Open for All!"}` {
			t.Errorf("lambda invoke: the body is %q", answer.Body)
		}
		c.as = administrator
		var log struct{ Events []struct{ Message string } }
		c.run("logs filter-log-events", m{"logGroupName": "/aws/lambda/" + openOne, "filterPattern": "REPORT"}, &log)
		if len(log.Events) == 0 || !strings.HasPrefix(log.Events[0].Message, "REPORT RequestId: ") {
			t.Errorf("logs filter-log-events: %d events", len(log.Events))
		}
	})
	t.Run("invited", func(t *testing.T) {
		t.Parallel()
		c := within(t)
		c.as = administrator
		var made struct{ User struct{ UserStatus string } }
		c.run("cognito-idp admin-create-user", m{
			"UserPoolId": s.Outputs.UserPoolID, "Username": "invited", "UserAttributes": []m{{"Name": "email", "Value": "invited@example.com"}},
		}, &made)
		if made.User.UserStatus != "FORCE_CHANGE_PASSWORD" {
			t.Errorf("admin-create-user: the user is %s", made.User.UserStatus)
		}
		var challenge struct{ ChallengeName, Session string }
		c.run("cognito-idp initiate-auth", c.password("invited", c.code("invited")), &challenge)
		if challenge.ChallengeName != "NEW_PASSWORD_REQUIRED" {
			t.Fatalf("initiate-auth: the challenge is %q", challenge.ChallengeName)
		}
		var in struct{ AuthenticationResult struct{ IdToken string } }
		c.run("cognito-idp respond-to-auth-challenge", m{
			"ClientId": s.Outputs.UserPoolClientID, "ChallengeName": challenge.ChallengeName, "Session": challenge.Session,
			"ChallengeResponses": m{"USERNAME": "invited", "NEW_PASSWORD": "ownPASS123"},
		}, &in)
		if in.AuthenticationResult.IdToken == "" {
			t.Error("respond-to-auth-challenge: there are no tokens")
		}
		c.as = s.user.Identity.Credentials
		c.refused("a user of the pool", "cognito-idp admin-get-user", m{"UserPoolId": s.Outputs.UserPoolID, "Username": "invited"},
			"AccessDeniedException", c.denied("authenticated", "cognito-idp:AdminGetUser", c.arn("cognito-idp", "userpool/"+s.Outputs.UserPoolID)))
	})
	t.Run("newcomer", func(t *testing.T) {
		t.Parallel()
		c := within(t)
		c.refused("an unknown user", "cognito-idp initiate-auth", c.password("newcomer", "firstPASS123"), "NotAuthorizedException", wrongPassword)
		c.run("cognito-idp sign-up", m{
			"ClientId": s.Outputs.UserPoolClientID, "Username": "newcomer", "Password": "firstPASS123",
			"UserAttributes": []m{{"Name": "email", "Value": "newcomer@example.com"}},
		}, nil)
		c.refused("before the code", "cognito-idp initiate-auth", c.password("newcomer", "firstPASS123"), "UserNotConfirmedException", "User is not confirmed.")
		c.run("cognito-idp confirm-sign-up", m{"ClientId": s.Outputs.UserPoolClientID, "Username": "newcomer", "ConfirmationCode": c.code("newcomer")}, nil)
		c.run("cognito-idp initiate-auth", c.password("newcomer", "firstPASS123"), nil)
	})
}

// isCaller checks who STS takes the CLI for.
func (c cli) isCaller(arn string) {
	c.t.Helper()
	var caller struct{ Arn, Account string }
	c.run("sts get-caller-identity", nil, &caller)
	if caller.Arn != arn || caller.Account != c.AWS.Account {
		c.t.Errorf("the caller is %s of account %s, want %s", caller.Arn, caller.Account, arn)
	}
}
