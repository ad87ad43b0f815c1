package localaws_test

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/apigateway"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	awslambda "github.com/aws/aws-sdk-go-v2/service/lambda"

	"auth-api/infra/localaws"
	"auth-api/infra/localaws/gateway"
	"auth-api/infra/localaws/iam"
	"auth-api/infra/localaws/internal/apitest"
	"auth-api/infra/localaws/lambda"
	"auth-api/infra/localaws/ssm"
	"auth-api/infra/localaws/store"
)

// callerCode is the archive of testdata/caller, built once in a run.
var callerCode = sync.OnceValues(func() ([]byte, error) {
	dir, err := os.MkdirTemp("", "localaws-test-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	file := filepath.Join(dir, "bootstrap")
	// Built as this test itself is, so that the SDK's packages need not be compiled again.
	build := exec.Command("go", "build", "-buildvcs=false", "-o", file, "./testdata/caller")
	if out, err := build.CombinedOutput(); err != nil {
		return nil, errors.New(string(out))
	}
	binary, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	h := &zip.FileHeader{Name: "bootstrap", Method: zip.Store}
	h.SetMode(0o755)
	w, err := z.CreateHeader(h)
	if err == nil {
		_, err = w.Write(binary)
	}
	err = errors.Join(err, z.Close())
	return b.Bytes(), err
})

const (
	lambdaTrust = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}]}`
	auditor     = "arn:aws:iam::000000000000:role/auditor"
	// An API with one signed method, which the function reports answers.
	signedAPI = `{"openapi":"3.0.1","info":{"title":"reports","version":"1"},"paths":{"/reports":{"get":{
		"security":[{"sigv4":[]}],"responses":{"200":{"description":"Reports"}},
		"x-amazon-apigateway-integration":{"type":"aws_proxy","httpMethod":"POST","uri":"arn:aws:apigateway:us-west-2:lambda:path/2015-03-31/functions/arn:aws:lambda:us-west-2:000000000000:function:reports/invocations"}}}},
		"components":{"securitySchemes":{"sigv4":{"type":"apiKey","name":"Authorization","in":"header","x-amazon-apigateway-authtype":"awsSigv4"}}}}`
)

// town is a local AWS with three functions of the same code, caller, worker and
// reports, a parameter, a role that the caller's may assume, and an API.
type town struct {
	*localaws.Server
	t *testing.T
}

func newTown(t *testing.T) *town {
	t.Helper()
	s := &town{start(t, localaws.Config{}), t}
	code, err := callerCode()
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(code)
	hash := hex.EncodeToString(sum[:])
	if err := s.Lambda.PutCode(hash, code); err != nil {
		t.Fatal(err)
	}
	s.declare(func(tx *store.Tx) error {
		secret := ssm.Parameter{Name: "/app/secret", Type: "SecureString", Value: "the cake is real"}
		s.SSM.Derive(&secret)
		var errs []error
		for name, trust := range map[string]string{"caller": lambdaTrust, "worker": lambdaTrust, "auditor": strings.Replace(lambdaTrust, `"Service":"lambda.amazonaws.com"`, `"AWS":"arn:aws:iam::000000000000:root"`, 1)} {
			errs = append(errs, iam.Roles.Put(tx, name, iam.Role{Name: name, AssumeRolePolicy: trust, UniqueID: "AROA" + strings.ToUpper(name)}))
		}
		for _, name := range []string{"caller", "worker", "reports"} {
			errs = append(errs, lambda.Functions.Put(tx, name, lambda.Function{Name: name, Role: "arn:aws:iam::000000000000:role/" + strings.Replace(name, "reports", "worker", 1), Code: lambda.Code{SHA256: hash}, Runtime: "provided.al2023", Handler: "bootstrap", Timeout: 30}))
		}
		errs = append(errs,
			lambda.Permissions.Put(tx, "api", lambda.Permission{StatementID: "api", Action: "lambda:InvokeFunction", Function: "reports", Principal: "apigateway.amazonaws.com", SourceARN: "arn:aws:execute-api:us-west-2:000000000000:reports000/*/GET/reports"}),
			s.SSM.ParameterDeclared(tx, nil, &secret), ssm.Parameters.Put(tx, secret.Name, secret),
			iam.RolePolicies.Put(tx, "auditor:read", iam.RolePolicy{Name: "read", Role: "auditor", Policy: apitest.Allow("ssm:GetParameter", "arn:aws:ssm:us-west-2:000000000000:parameter/app/*")}),
			gateway.RestAPIs.Put(tx, "reports000", gateway.RestAPI{Name: "reports", Body: signedAPI}),
			gateway.Deployments.Put(tx, "dep001", gateway.Deployment{RestAPI: "reports000"}),
			s.Gateway.DeploymentDeclared(tx, "dep001", gateway.Deployment{RestAPI: "reports000"}),
			gateway.Stages.Put(tx, "ags-reports000-v1", gateway.Stage{RestAPI: "reports000", StageName: "v1", Deployment: "dep001"}),
			gateway.UsagePlans.Put(tx, "plan01", gateway.UsagePlan{Name: "plan", QuotaSettings: &gateway.QuotaSettings{Limit: 10, Period: "DAY"}}),
		)
		return errors.Join(errs...)
	})
	return s
}

func (s *town) declare(change func(tx *store.Tx) error) {
	s.t.Helper()
	if err := s.Store.Update(change); err != nil {
		s.t.Fatal(err)
	}
}

// grant makes the policy the only one of the caller's execution role; an empty one is none.
func (s *town) grant(document string) {
	s.t.Helper()
	s.declare(func(tx *store.Tx) error {
		if document == "" {
			return iam.RolePolicies.Delete(tx, "caller:own")
		}
		return iam.RolePolicies.Put(tx, "caller:own", iam.RolePolicy{Name: "own", Role: "caller", Policy: document})
	})
}

// ask has the caller do something, as the administrator with the SDK's client.
func (s *town) ask(do, on, as string) (said, refused string) {
	s.t.Helper()
	payload, err := json.Marshal(map[string]string{"Do": do, "On": on, "As": as})
	if err != nil {
		s.t.Fatal(err)
	}
	out, err := awslambda.NewFromConfig(apitest.Config(s.URL(), apitest.Administrator())).Invoke(s.t.Context(), &awslambda.InvokeInput{FunctionName: aws.String("caller"), Payload: payload})
	if err != nil {
		s.t.Fatal(err)
	}
	var answer struct{ Said, Error string }
	if err := json.Unmarshal(out.Payload, &answer); err != nil || out.FunctionError != nil {
		s.t.Fatalf("%s %v", out.Payload, err)
	}
	return answer.Said, answer.Error
}

// What a function may do is what its execution role is granted, and nothing else: real
// processes, the SDK's own clients, no setting but the environment that Lambda gives.
func TestAFunctionMayDoWhatItsRoleIsGranted(t *testing.T) {
	s := newTown(t)
	const (
		secret = "arn:aws:ssm:us-west-2:000000000000:parameter/app/secret"
		worker = "arn:aws:lambda:us-west-2:000000000000:function:worker"
		report = "arn:aws:execute-api:us-west-2:000000000000:reports000/v1/GET/reports"
		me     = "arn:aws:sts::000000000000:assumed-role/caller/caller"
	)
	denied := func(action, resource, because string) string {
		return "User: " + me + " is not authorized to perform: " + action + " on resource: " + resource + because
	}
	const none = " because no identity-based policy allows the "
	url := s.URL() + "/execute-api/reports000/v1/reports"
	for _, c := range []struct {
		name        string
		grant       string
		do, on, as  string
		said, error string // what it said, or the end of its error
	}{
		{"a parameter, no grant", "", "parameter", "/app/secret", "", "", "AccessDeniedException: " + denied("ssm:GetParameter", secret, none+"ssm:GetParameter action")},
		{"a parameter", apitest.Allow("ssm:GetParameter", secret), "parameter", "/app/secret", "", "the cake is real", ""},
		{"a parameter, another grant", apitest.Allow("ssm:GetParameter", secret+"2"), "parameter", "/app/secret", "", "", "AccessDeniedException: " + denied("ssm:GetParameter", secret, none+"ssm:GetParameter action")},
		{"a parameter, denied", apitest.Deny("ssm:*", "*"), "parameter", "/app/secret", "", "", "AccessDeniedException: " + denied("ssm:GetParameter", secret, " with an explicit deny in an identity-based policy")},
		{"a parameter that is not there", apitest.Allow("ssm:GetParameter", "*"), "parameter", "/app/gone", "", "", "ParameterNotFound: "},
		{"a function, no grant", "", "invoke", "worker", "", "", "AccessDeniedException: " + denied("lambda:InvokeFunction", worker, none+"lambda:InvokeFunction action")},
		{"a function", apitest.Allow("lambda:InvokeFunction", worker), "invoke", "worker", "", `{"Said":"hello","Error":""}`, ""},
		{"who it is, no grant", "", "who", "", "", me, ""},
		{"who it is, denied", apitest.Deny("*", "*"), "who", "", "", me, ""},
		{"an API, no grant", "", "call", url, "", `403 {"Message":"` + strings.Replace(denied("execute-api:Invoke", report, none+"execute-api:Invoke action"), ":000000000000:reports", ":********0000:reports", 1) + `"}`, ""},
		{"an API", apitest.Allow("execute-api:Invoke", report), "call", url, "", "200 42 reports", ""},
		{"a parameter as another role, no grant", "", "parameter as", "/app/secret", auditor, "", "AccessDenied: " + denied("sts:AssumeRole", auditor, "")},
		{"a parameter as another role", apitest.Allow("sts:AssumeRole", auditor), "parameter as", "/app/secret", auditor, "the cake is real", ""},
		{"where it finds AWS", "", "environment", "", "", strings.Replace(s.URL(), "localhost", "127.0.0.1", 1), ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			s.t = t
			s.grant(c.grant)
			said, refused := s.ask(c.do, c.on, c.as)
			if said != c.said || (refused == "") != (c.error == "") || !strings.HasSuffix(refused, c.error) {
				t.Errorf("said %q, error %q\nwant %q, error %q", said, refused, c.said, c.error)
			}
		})
	}

	t.Run("a boundary", func(t *testing.T) {
		s.t = t
		s.grant(apitest.Allow("ssm:GetParameter", secret))
		s.declare(func(tx *store.Tx) error {
			p := iam.Policy{Name: "only-logs", Policy: apitest.Allow("logs:*", "*")}
			return errors.Join(
				iam.Policies.Put(tx, s.IAM.PolicyARN(p), p),
				iam.Roles.Put(tx, "caller", iam.Role{Name: "caller", AssumeRolePolicy: lambdaTrust, UniqueID: "AROACALLER", PermissionsBoundary: s.IAM.PolicyARN(p)}))
		})
		said, refused := s.ask("parameter", "/app/secret", "")
		if want := "AccessDeniedException: " + denied("ssm:GetParameter", secret, " because no permissions boundary allows the ssm:GetParameter action"); said != "" || !strings.HasSuffix(refused, want) {
			t.Errorf("said %q, error %q, want %q", said, refused, want)
		}
	})
}

// The other service APIs on the one port, each by the address that its client uses.
func TestTheServicesOnTheirOnePort(t *testing.T) {
	s := newTown(t)
	if said, refused := s.ask("echo", "hi", ""); said != "hi" || refused != "" {
		t.Fatalf("%s %s", said, refused)
	}
	cfg := apitest.Config(s.URL(), apitest.Administrator())
	log, err := cloudwatchlogs.NewFromConfig(cfg).FilterLogEvents(t.Context(), &cloudwatchlogs.FilterLogEventsInput{LogGroupName: aws.String("/aws/lambda/caller"), FilterPattern: aws.String("START")})
	if err != nil || len(log.Events) != 1 || !strings.HasPrefix(*log.Events[0].Message, "START RequestId: ") {
		t.Errorf("the log is %+v, %v", log, err)
	}
	today := s.Now().UTC().Format("2006-01-02")
	usage, err := apigateway.NewFromConfig(cfg).GetUsage(t.Context(), &apigateway.GetUsageInput{UsagePlanId: aws.String("plan01"), StartDate: &today, EndDate: &today})
	if err != nil || len(usage.Items) != 0 || *usage.UsagePlanId != "plan01" {
		t.Errorf("the usage is %+v, %v", usage, err)
	}
	functions, err := awslambda.NewFromConfig(cfg).ListFunctions(t.Context(), nil)
	if err != nil || len(functions.Functions) != 3 {
		t.Errorf("the functions are %+v, %v", functions, err)
	}
	status, kind, body := send(t, s.Server, "POST", "/2015-03-31/functions/caller/invocations", nil, "{}")
	if status != 403 || kind != "MissingAuthenticationTokenException" || !strings.Contains(body, "Missing Authentication Token") {
		t.Errorf("an unsigned invocation is answered %d %s %s", status, kind, body)
	}
	if status, _, body := send(t, s.Server, "GET", "/_local/resources", nil, ""); status != 200 || strings.Contains(body, "cake") || !strings.Contains(body, "/app/secret") {
		t.Errorf("the inventory is %d %s", status, body)
	}
}
