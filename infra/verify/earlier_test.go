package verify_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"auth-api/infra/localaws/awstest"
	"auth-api/infra/verify"
	"github.com/aws/aws-sdk-go-v2/aws"
	idp "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"
)

// A run that is killed removes nothing. The next one tells of its users, removes them once
// no run can still need them, and touches nobody else's.
func TestAKilledRunIsCleanedUpAfter(t *testing.T) {
	s := awstest.Deploy(t, awstest.Article(t))
	admin := idp.New(idp.Options{Region: s.Outputs.Region, Credentials: administrator, BaseEndpoint: aws.String(s.Outputs.AWSEndpoint)})
	const killed, another = "auth-api-verify-0123456789abcdef", "auth-api-verify-it"
	for _, name := range []string{killed, another} {
		_, err := admin.AdminCreateUser(t.Context(), &idp.AdminCreateUserInput{
			UserPoolId: &s.Outputs.UserPoolID, Username: aws.String(name), MessageAction: types.MessageActionTypeSuppress,
			UserAttributes: []types.AttributeType{{Name: aws.String("email"), Value: aws.String(name + "@example.com")}},
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	names := func() (out []string) {
		for _, u := range s.Users() {
			out = append(out, u.Username)
		}
		slices.Sort(out)
		return out
	}
	run := func() []string {
		t.Helper()
		r := attack(t, s, func(_ *verify.Target, o *verify.Options) { o.Only = []string{"V-IAM-01"} })
		holds(t, r)
		return r.Earlier
	}

	if told := run(); len(told) != 1 || !strings.Contains(told[0], "a run that goes on, or was killed within the hour: "+killed) || strings.Contains(told[0], another+",") {
		t.Errorf("at once it tells %q", told)
	}
	if got := names(); !slices.Equal(got, []string{killed, another, s.Outputs.DemoUser}) {
		t.Errorf("at once there are %q", got)
	}
	s.Advance(61 * time.Minute)
	if told := run(); len(told) != 1 || !strings.Contains(told[0], "which this one removes: "+killed) {
		t.Errorf("an hour later it tells %q", told)
	}
	if got := names(); !slices.Equal(got, []string{another, s.Outputs.DemoUser}) {
		t.Errorf("an hour later there are %q", got)
	}
	if told := run(); len(told) > 0 {
		t.Errorf("when all is clean it tells %q", told)
	}
}

// Who may not list users is told so, and attacks all the same.
func TestUsersThatCannotBeListed(t *testing.T) {
	s := awstest.Deploy(t, awstest.Article(t))
	to := front(t, target(s), lax{answer: func(w http.ResponseWriter, r *http.Request) bool {
		if operation(r) != "ListUsers" {
			return false
		}
		w.WriteHeader(http.StatusBadRequest)
		_, _ = w.Write([]byte(`{"__type":"AccessDeniedException","message":"not you"}`))
		return true
	}})
	r, err := verify.Run(t.Context(), to, verify.Options{Only: []string{"V-IAM-01"}})
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Earlier) != 1 || !strings.Contains(r.Earlier[0], "is not known: AccessDeniedException: not you") {
		t.Errorf("it tells %q", r.Earlier)
	}
	holds(t, r)
}
