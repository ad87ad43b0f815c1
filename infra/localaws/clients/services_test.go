package clients_test

import (
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	logstypes "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	ssmtypes "github.com/aws/aws-sdk-go-v2/service/ssm/types"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"auth-api/infra/localaws/awstest"
)

// What stands beside the article's stack, where services are called that a stack's
// users have no grant for.
const (
	greeting   = "/clients/greeting" // which the signed-in may read
	secret     = "/clients/secret"
	secretText = "what nobody but the administrator reads"
	openOne    = "auth-api-local-no-auth" // which the signed-in may invoke
	guardedOne = "auth-api-local-require-auth"
)

func (s *site) arn(service, resource string) string {
	return "arn:aws:" + service + ":" + s.Outputs.Region + ":" + s.AWS.Account + ":" + resource
}

// denied is what IAM says of a session of a role without a grant.
func (s *site) denied(role, action, resource string) string {
	return "User: " + s.role(role) + " is not authorized to perform: " + action + " on resource: " + resource +
		" because no identity-based policy allows the " + action + " action"
}

// grant declares two parameters, and grants the signed-in one of them, one function, and
// a role that may read the other parameter.
func (s *site) grant() {
	s.t.Helper()
	policy, err := json.Marshal(map[string]any{"Version": "2012-10-17", "Statement": []map[string]any{
		{"Effect": "Allow", "Action": "ssm:GetParameter", "Resource": s.arn("ssm", "parameter"+greeting)},
		{"Effect": "Allow", "Action": "lambda:InvokeFunction", "Resource": s.arn("lambda", "function:"+openOne)},
	}})
	if err != nil {
		s.t.Fatal(err)
	}
	authenticated := "arn:aws:iam::" + s.AWS.Account + ":role/auth-api-local-authenticated"
	awstest.Run(s.t, s.AWS, func(ctx *pulumi.Context) (pulumi.Map, error) {
		var before []pulumi.Resource // a policy needs its role
		for _, declared := range []struct {
			kind, name string
			properties pulumi.Map
		}{
			{"aws:ssm/parameter:Parameter", "greeting", pulumi.Map{"name": pulumi.String(greeting), "type": pulumi.String("String"), "value": pulumi.String("hello")}},
			{"aws:ssm/parameter:Parameter", "secret", pulumi.Map{"name": pulumi.String(secret), "type": pulumi.String("SecureString"), "value": pulumi.ToSecret(pulumi.String(secretText))}},
			{"aws:iam/rolePolicy:RolePolicy", "grant", pulumi.Map{"name": pulumi.String("clients"), "role": pulumi.String("auth-api-local-authenticated"), "policy": pulumi.String(policy)}},
			{"aws:iam/role:Role", "operator", pulumi.Map{"name": pulumi.String("clients-operator"), "assumeRolePolicy": pulumi.String(
				`{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": "` + authenticated + `"}}}`)}},
			{"aws:iam/rolePolicy:RolePolicy", "operate", pulumi.Map{"name": pulumi.String("operate"), "role": pulumi.String("clients-operator"), "policy": pulumi.String(
				`{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "ssm:GetParameter", "Resource": "` + s.arn("ssm", "parameter"+secret) + `"}}`)}},
		} {
			var resource struct{ pulumi.CustomResourceState }
			if err := ctx.RegisterResource(declared.kind, declared.name, declared.properties, &resource, pulumi.DependsOn(before)); err != nil {
				return nil, err
			}
			before = []pulumi.Resource{&resource}
		}
		return nil, nil
	})
}

func TestAWSSDKForGoAtOtherServices(t *testing.T) {
	t.Parallel()
	g := newGoSDK(newSite(t, awstest.Article(t)))
	g.grant()
	user, guest := g.user.Identity.Credentials, g.guest.Identity.Credentials
	stranger := user
	stranger.SecretAccessKey += "x"

	t.Run("ssm", func(t *testing.T) {
		get := func(as aws.Credentials, name string, decrypt bool) (string, error) {
			out, err := ssm.NewFromConfig(g.signed(as)).GetParameter(t.Context(), &ssm.GetParameterInput{Name: &name, WithDecryption: &decrypt})
			if err != nil {
				return "", err
			}
			if aws.ToString(out.Parameter.ARN) != g.arn("ssm", "parameter"+name) || out.Parameter.Version != 1 || out.Parameter.LastModifiedDate == nil {
				t.Errorf("%s: its ARN is %s, its version %d", name, aws.ToString(out.Parameter.ARN), out.Parameter.Version)
			}
			return aws.ToString(out.Parameter.Value), nil
		}
		for _, c := range []struct {
			who     string
			as      aws.Credentials
			name    string
			want    string
			refusal string
		}{
			{"the administrator", administrator, greeting, "hello", ""},
			{"the administrator", administrator, secret, secretText, ""},
			{"a signed-in user", user, greeting, "hello", ""},
			{"a signed-in user", user, secret, "", g.denied("authenticated", "ssm:GetParameter", g.arn("ssm", "parameter"+secret))},
			{"a guest", guest, greeting, "", g.denied("guest", "ssm:GetParameter", g.arn("ssm", "parameter"+greeting))},
		} {
			got, err := get(c.as, c.name, true)
			switch {
			case c.refusal != "":
				refusedAs(t, c.who+" at "+c.name, err, "AccessDeniedException", c.refusal)
			case err != nil || got != c.want:
				t.Errorf("%s reads of %s %q, %v", c.who, c.name, got, err)
			}
		}
		if got, err := get(administrator, secret, false); err != nil || got == secretText || got == "" {
			t.Errorf("without decryption the administrator reads the secret as it is, or nothing: %v", err)
		}
		_, err := get(administrator, "/clients/nowhere", false)
		refused[*ssmtypes.ParameterNotFound](t, "a parameter that is not there", err, "")
		_, err = get(stranger, greeting, false)
		refusedAs(t, "a changed secret", err, "InvalidSignatureException", signatureDiffers)
		out, err := ssm.NewFromConfig(g.signed(administrator)).GetParametersByPath(t.Context(), &ssm.GetParametersByPathInput{Path: aws.String("/clients"), WithDecryption: aws.Bool(true)})
		g.ok("GetParametersByPath", err)
		if len(out.Parameters) != 2 {
			t.Errorf("below /clients there are %d parameters, want 2", len(out.Parameters))
		}
	})

	t.Run("lambda", func(t *testing.T) {
		invoke := func(as aws.Credentials, name string, kind lambdatypes.InvocationType) (*lambda.InvokeOutput, error) {
			return lambda.NewFromConfig(g.signed(as)).Invoke(t.Context(), &lambda.InvokeInput{
				FunctionName: &name, Payload: []byte(`{"httpMethod": "GET", "path": "/no-auth"}`), InvocationType: kind, LogType: lambdatypes.LogTypeTail,
			})
		}
		for who, as := range map[string]aws.Credentials{"the administrator": administrator, "a signed-in user": user} {
			out, err := invoke(as, openOne, "")
			g.ok(who, err)
			var answer struct {
				StatusCode int
				Body       string
			}
			if err := json.Unmarshal(out.Payload, &answer); err != nil || answer.StatusCode != 200 || answer.Body != `{"message":"Open for All!"}` || out.FunctionError != nil {
				t.Errorf("%s: the function answers %s", who, out.Payload)
			}
			tail, err := base64.StdEncoding.DecodeString(aws.ToString(out.LogResult))
			if err != nil || !strings.Contains(string(tail), "REPORT RequestId: ") || aws.ToString(out.ExecutedVersion) != "$LATEST" {
				t.Errorf("%s: version %s, log %q", who, aws.ToString(out.ExecutedVersion), tail)
			}
		}
		_, err := invoke(user, guardedOne, "")
		refusedAs(t, "a function without a grant", err, "AccessDeniedException", g.denied("authenticated", "lambda:InvokeFunction", g.arn("lambda", "function:"+guardedOne)))
		_, err = invoke(guest, openOne, "")
		refusedAs(t, "a guest", err, "AccessDeniedException", g.denied("guest", "lambda:InvokeFunction", g.arn("lambda", "function:"+openOne)))
		_, err = invoke(stranger, openOne, "")
		refusedAs(t, "a changed secret", err, "InvalidSignatureException", signatureDiffers)
		_, err = invoke(administrator, "nowhere", "")
		refused[*lambdatypes.ResourceNotFoundException](t, "a function that is not there", err, "Function not found: "+g.arn("lambda", "function:nowhere"))
		for kind, status := range map[lambdatypes.InvocationType]int32{lambdatypes.InvocationTypeEvent: 202, lambdatypes.InvocationTypeDryRun: 204} {
			out, err := invoke(administrator, openOne, kind)
			g.ok(string(kind), err)
			if out.StatusCode != status {
				t.Errorf("%s: answered %d, want %d", kind, out.StatusCode, status)
			}
		}
		list, err := lambda.NewFromConfig(g.signed(administrator)).ListFunctions(t.Context(), &lambda.ListFunctionsInput{})
		g.ok("ListFunctions", err)
		if len(list.Functions) != 4 {
			t.Errorf("there are %d functions, want 4", len(list.Functions))
		}
	})

	t.Run("logs", func(t *testing.T) {
		group := "/aws/lambda/" + openOne
		read := func(as aws.Credentials, group string) (*cloudwatchlogs.FilterLogEventsOutput, error) {
			return cloudwatchlogs.NewFromConfig(g.signed(as)).FilterLogEvents(t.Context(), &cloudwatchlogs.FilterLogEventsInput{LogGroupName: &group, FilterPattern: aws.String("REPORT")})
		}
		out, err := read(administrator, group)
		g.ok("FilterLogEvents", err)
		if len(out.Events) < 2 || !strings.HasPrefix(aws.ToString(out.Events[0].Message), "REPORT RequestId: ") {
			t.Errorf("the function's log has %d events of two invocations", len(out.Events))
		}
		_, err = read(user, group)
		refusedAs(t, "a signed-in user", err, "AccessDeniedException", g.denied("authenticated", "logs:FilterLogEvents", g.arn("logs", "log-group:"+group+":log-stream:")))
		_, err = read(administrator, "/aws/lambda/nowhere")
		refused[*logstypes.ResourceNotFoundException](t, "a group that is not there", err, "The specified log group does not exist.")
	})
}
