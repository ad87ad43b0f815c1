package api_test

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	client "github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"auth-api/infra/localaws/iam"
	"auth-api/infra/localaws/internal/apitest"
	"auth-api/infra/localaws/lambda"
	"auth-api/infra/localaws/lambda/api"
	"auth-api/infra/localaws/lambda/logs"
	"auth-api/infra/localaws/store"
)

const worker = "arn:aws:lambda:us-west-2:000000000000:function:worker"

// code is the archive of the Lambda room's test function, built once in a run.
var code = sync.OnceValue(func() []byte {
	dir, err := os.MkdirTemp("", "lambda-api-test-")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	build := exec.Command("go", "build", "-trimpath", "-buildvcs=false", "-tags", "lambda.norpc", "-ldflags", "-s -w", "-o", filepath.Join(dir, "bootstrap"), "../testdata/function")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		panic(fmt.Sprintf("building the test function: %v\n%s", err, out))
	}
	binary, err := os.ReadFile(filepath.Join(dir, "bootstrap"))
	if err != nil {
		panic(err)
	}
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	h := &zip.FileHeader{Name: "bootstrap", Method: zip.Store}
	h.SetMode(0o755)
	w, err := z.CreateHeader(h)
	if err == nil {
		_, err = w.Write(binary)
	}
	if err = errors.Join(err, z.Close()); err != nil {
		panic(err)
	}
	return b.Bytes()
})

type world struct {
	*apitest.World
	t         testing.TB
	functions *lambda.Service
	api       *api.API
	address   string
	hash      string
	lines     chan logs.Event
}

func newWorld(t testing.TB) *world {
	t.Helper()
	w := &world{World: apitest.New(t), t: t, lines: make(chan logs.Event, 1000)}
	w.Role("worker")
	runtime := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		token, rest, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/_runtime/"), "/")
		w.functions.ServeRuntime(rw, r, token, rest)
	}))
	var err error
	w.functions, err = lambda.New(lambda.Config{
		Store: w.Store, Account: apitest.Account, Region: apitest.Region, Dir: t.TempDir(), Now: w.Now,
		Address: func() string { return runtime.Listener.Addr().String() },
		OnLog:   func(e logs.Event) { w.lines <- e },
		Credentials: func(roleARN, session string) (iam.Credentials, error) {
			return w.IAM.AssumeServiceRole(roleARN, "lambda.amazonaws.com", session)
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = w.functions.Close()
		runtime.Close()
	})
	sum := sha256.Sum256(code())
	w.hash = hex.EncodeToString(sum[:])
	if err := w.functions.PutCode(w.hash, code()); err != nil {
		t.Fatal(err)
	}
	w.declare("worker", nil)
	w.api = api.New(w.functions, w.IAM)
	w.address = w.Serve(w.api.Serve)
	return w
}

func (w *world) declare(name string, change func(*lambda.Function)) {
	w.t.Helper()
	f := lambda.Function{Name: name, Role: "arn:aws:iam::000000000000:role/worker", Code: lambda.Code{SHA256: w.hash}, Runtime: "provided.al2023", Handler: "bootstrap", Timeout: 7, LastModified: "2026-03-04T05:06:07Z"}
	if change != nil {
		change(&f)
	}
	w.Update(func(tx *store.Tx) error {
		if err := w.functions.FunctionDeclared(tx, name, f); err != nil {
			return err
		}
		return lambda.Functions.Put(tx, name, f)
	})
}

func (w *world) permit(id, principal string) {
	w.t.Helper()
	p := lambda.Permission{StatementID: id, Action: "lambda:InvokeFunction", Function: "worker", Principal: principal}
	w.Update(func(tx *store.Tx) error {
		if err := w.functions.PermissionDeclared(tx, id, p); err != nil {
			return err
		}
		return lambda.Permissions.Put(tx, id, p)
	})
}

func (w *world) client(c aws.CredentialsProvider) *client.Client {
	return client.NewFromConfig(apitest.Config(w.address, c))
}

func status(err error) int {
	var response *smithyhttp.ResponseError
	if errors.As(err, &response) {
		return response.HTTPStatusCode()
	}
	return 0
}

// Who may invoke: by its own policies or by the function's.
func TestWhoMayInvoke(t *testing.T) {
	w := newWorld(t)
	const none = "because no identity-based policy allows the lambda:InvokeFunction action"
	for i, c := range []struct {
		name      string
		policies  []string
		permitted string // the principal of a statement of the function's policy; ROLE and SESSION stand for the caller's
		function  string
		qualifier string
		resource  string // of the denial
		because   string
	}{
		{name: "by its own policy", policies: []string{apitest.Allow("lambda:InvokeFunction", worker)}},
		{name: "by ARN", policies: []string{apitest.Allow("lambda:InvokeFunction", worker)}, function: worker},
		{name: "by partial ARN", policies: []string{apitest.Allow("lambda:InvokeFunction", worker)}, function: "000000000000:function:worker"},
		{name: "a pattern", policies: []string{apitest.Allow("lambda:Invoke*", "arn:aws:lambda:*:*:function:work*")}},
		{name: "no grant", resource: worker, because: none},
		{name: "a grant for another function", policies: []string{apitest.Allow("lambda:InvokeFunction", worker+"2")}, resource: worker, because: none},
		{name: "a grant of another action", policies: []string{apitest.Allow("lambda:GetFunction", "*")}, resource: worker, because: none},
		{name: "denied", policies: []string{apitest.Allow("lambda:*", "*"), apitest.Deny("lambda:InvokeFunction", worker)}, resource: worker, because: "with an explicit deny in an identity-based policy"},
		{name: "a function that is not there is not told without a grant", function: "nobody", resource: "arn:aws:lambda:us-west-2:000000000000:function:nobody", because: none},

		{name: "with its qualifier", policies: []string{apitest.Allow("lambda:InvokeFunction", worker+":*")}, qualifier: "$LATEST"},
		{name: "with a qualifier that is not granted", policies: []string{apitest.Allow("lambda:InvokeFunction", worker)}, qualifier: "$LATEST", resource: worker + ":$LATEST", because: none},
		{name: "without the qualifier that is granted", policies: []string{apitest.Allow("lambda:InvokeFunction", worker+":*")}, resource: worker, because: none},

		{name: "the function's policy names the role", permitted: "ROLE"},
		{name: "the function's policy names the session", permitted: "SESSION"},
		{name: "the function's policy names another role", permitted: "arn:aws:iam::000000000000:role/worker", resource: worker, because: none},
		{name: "the function's policy leaves it to the account", permitted: apitest.Account, resource: worker, because: none},
		{name: "the function's policy leaves it to the account, which allows it", permitted: apitest.Account, policies: []string{apitest.Allow("lambda:InvokeFunction", worker)}},
		{name: "the function's policy names a service", permitted: "apigateway.amazonaws.com", resource: worker, because: none},
		{name: "the function's policy names the role, its own denies", permitted: "ROLE", policies: []string{apitest.Deny("lambda:*", "*")}, resource: worker, because: "with an explicit deny in an identity-based policy"},
	} {
		t.Run(c.name, func(t *testing.T) {
			role := fmt.Sprint("caller", i)
			caller := w.client(w.Role(role, c.policies...))
			if c.permitted != "" {
				principal := strings.NewReplacer("ROLE", "arn:aws:iam::000000000000:role/"+role, "SESSION", apitest.Session(role)).Replace(c.permitted)
				w.permit("it", principal)
				defer w.Update(func(tx *store.Tx) error { return lambda.Permissions.Delete(tx, "it") })
			}
			in := &client.InvokeInput{FunctionName: aws.String("worker"), InvocationType: types.InvocationTypeDryRun}
			if c.function != "" {
				in.FunctionName = &c.function
			}
			if c.qualifier != "" {
				in.Qualifier = &c.qualifier
			}
			out, err := caller.Invoke(t.Context(), in)
			if c.because == "" {
				if err != nil || out.StatusCode != 204 {
					t.Errorf("%v", err)
				}
				return
			}
			apitest.Refused(t, err, "AccessDeniedException", "User: "+apitest.Session(role)+" is not authorized to perform: lambda:InvokeFunction on resource: "+c.resource+" "+c.because)
			if status(err) != 403 {
				t.Errorf("the status is %d", status(err))
			}
			if decision, _ := w.Decision(); decision != "deny" {
				t.Errorf("the record says %q", decision)
			}
		})
	}
}

func TestInvoke(t *testing.T) {
	w := newWorld(t)
	c := w.client(apitest.Administrator())
	clientContext := base64.StdEncoding.EncodeToString([]byte(`{"client":{"installation_id":"phone"}}`))
	out, err := c.Invoke(t.Context(), &client.InvokeInput{
		FunctionName: aws.String("worker"), Payload: []byte(`{"Do":"print","Text":"hello from within"}`), LogType: types.LogTypeTail, ClientContext: &clientContext,
	})
	if err != nil {
		t.Fatal(err)
	}
	tail, err := base64.StdEncoding.DecodeString(aws.ToString(out.LogResult))
	if out.StatusCode != 200 || out.FunctionError != nil || aws.ToString(out.ExecutedVersion) != "$LATEST" || !bytes.Contains(out.Payload, []byte("hello from within")) ||
		err != nil || !bytes.Contains(tail, []byte("START RequestId: 11111111-2222-3333-4444-555555555555")) || !bytes.Contains(tail, []byte("hello from within\nEND")) {
		t.Errorf("%+v\n%s\n%s %v", out, out.Payload, tail, err)
	}
	failed, err := c.Invoke(t.Context(), &client.InvokeInput{FunctionName: aws.String("worker"), Payload: []byte(`{"Do":"fail","Text":"not today"}`)})
	if err != nil || failed.StatusCode != 200 || aws.ToString(failed.FunctionError) != "Unhandled" || !bytes.Contains(failed.Payload, []byte(`"errorMessage":"not today"`)) || failed.LogResult != nil {
		t.Errorf("%+v %s %v", failed, failed.Payload, err)
	}
	queued, err := c.Invoke(t.Context(), &client.InvokeInput{FunctionName: aws.String("worker"), InvocationType: types.InvocationTypeEvent, Payload: []byte(`{"Do":"print","Text":"later"}`)})
	if err != nil || queued.StatusCode != 202 || len(queued.Payload) > 0 {
		t.Errorf("%+v %v", queued, err)
	}
	for line := range w.lines {
		if line.Message == "later" {
			break
		}
	}
	w.declare("busy", func(f *lambda.Function) { f.Reserved = new(int) })
	for name, test := range map[string]struct {
		in      client.InvokeInput
		status  int
		code    string
		message string
	}{
		"no such function":     {client.InvokeInput{FunctionName: aws.String("nobody")}, 404, "ResourceNotFoundException", "Function not found: arn:aws:lambda:us-west-2:000000000000:function:nobody"},
		"no such version":      {client.InvokeInput{FunctionName: aws.String("worker"), Qualifier: aws.String("7")}, 404, "ResourceNotFoundException", "Function not found: " + worker + ":7"},
		"two qualifiers":       {client.InvokeInput{FunctionName: aws.String("worker:live"), Qualifier: aws.String("$LATEST")}, 400, "InvalidParameterValueException", "The derived qualifier from the function name does not match the specified qualifier."},
		"no concurrency":       {client.InvokeInput{FunctionName: aws.String("busy")}, 429, "TooManyRequestsException", "Rate Exceeded."},
		"no JSON":              {client.InvokeInput{FunctionName: aws.String("worker"), Payload: []byte("{")}, 400, "InvalidRequestContentException", "Could not parse request body into json: the payload is not JSON."},
		"over 6 MB":            {client.InvokeInput{FunctionName: aws.String("worker"), Payload: payload(6<<20 + 1)}, 413, "RequestTooLargeException", "6291457 byte payload is too large for the RequestResponse invocation type (limit 6291456 bytes)"},
		"an event over 1 MB":   {client.InvokeInput{FunctionName: aws.String("worker"), InvocationType: types.InvocationTypeEvent, Payload: payload(1<<20 + 1)}, 413, "RequestTooLargeException", "1048577 byte payload is too large for the Event invocation type (limit 1048576 bytes)"},
		"no client context":    {client.InvokeInput{FunctionName: aws.String("worker"), ClientContext: aws.String("e30")}, 400, "InvalidRequestContentException", "Client context must be a valid Base64-encoded JSON object."},
		"an unknown type":      {client.InvokeInput{FunctionName: aws.String("worker"), InvocationType: "Later"}, 400, "ValidationException", "1 validation error detected: Value 'Later' at 'invocationType' failed to satisfy constraint: Member must satisfy enum value set: [Event, RequestResponse, DryRun]"},
		"an unknown log":       {client.InvokeInput{FunctionName: aws.String("worker"), LogType: "All"}, 400, "ValidationException", "1 validation error detected: Value 'All' at 'logType' failed to satisfy constraint: Member must satisfy enum value set: [None, Tail]"},
		"an illegal qualifier": {client.InvokeInput{FunctionName: aws.String("worker"), Qualifier: aws.String("a b")}, 400, "ValidationException", "1 validation error detected: Value 'a b' at 'qualifier' failed to satisfy constraint: Member must satisfy regular expression pattern: (|[a-zA-Z0-9$_-]+)"},
	} {
		_, err := c.Invoke(t.Context(), &test.in)
		apitest.Refused(t, err, test.code, test.message)
		if status(err) != test.status {
			t.Errorf("%s: status %d, want %d", name, status(err), test.status)
		}
	}
	if _, err := c.Invoke(t.Context(), &client.InvokeInput{FunctionName: aws.String("busy")}); err != nil {
		var many *types.TooManyRequestsException
		if !errors.As(err, &many) || many.Reason != types.ThrottleReasonReservedFunctionConcurrentInvocationLimitExceeded {
			t.Errorf("the reason is %v", err)
		}
	}
	if _, err := c.Invoke(t.Context(), &client.InvokeInput{FunctionName: aws.String("a b")}); err == nil || !strings.Contains(err.Error(), "Value 'a b' at 'functionName' failed to satisfy constraint") {
		t.Error(err)
	}
	nobody := w.client(aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
		return aws.Credentials{AccessKeyID: "AKIANOBODY", SecretAccessKey: "x"}, nil
	}))
	_, err = nobody.Invoke(t.Context(), &client.InvokeInput{FunctionName: aws.String("worker")})
	apitest.Refused(t, err, "UnrecognizedClientException", "The security token included in the request is invalid.")
	if status(err) != 403 {
		t.Errorf("a stranger is answered %d", status(err))
	}
	_, err = c.CreateFunction(t.Context(), &client.CreateFunctionInput{FunctionName: aws.String("x"), Role: aws.String("arn:aws:iam::000000000000:role/worker"), Code: &types.FunctionCode{}})
	apitest.Refused(t, err, "UnknownOperationException", "The local AWS does not know POST /2015-03-31/functions.")
}

// payload is JSON of exactly n bytes.
func payload(n int) []byte { return []byte(`"` + strings.Repeat("x", n-2) + `"`) }

func TestLookingAtFunctions(t *testing.T) {
	w := newWorld(t)
	w.declare("api", func(f *lambda.Function) {
		f.Environment = &lambda.Environment{Variables: map[string]string{"STAGE": "test"}}
		f.Description, f.Tags, f.Reserved = "answers", map[string]string{"team": "blue"}, aws.Int(3)
	})
	c := w.client(w.Role("reader", apitest.Allow("lambda:ListFunctions", "*"), apitest.Allow("lambda:Get*", "arn:aws:lambda:us-west-2:000000000000:function:api")))
	got, err := c.GetFunction(t.Context(), &client.GetFunctionInput{FunctionName: aws.String("api")})
	if err != nil {
		t.Fatal(err)
	}
	sum, _ := hex.DecodeString(w.hash)
	f := got.Configuration
	if *f.FunctionArn != "arn:aws:lambda:us-west-2:000000000000:function:api" || *f.FunctionName != "api" || *f.Timeout != 7 || *f.MemorySize != 128 || f.Runtime != types.RuntimeProvidedal2023 ||
		f.Environment.Variables["STAGE"] != "test" || f.State != types.StateActive || *f.CodeSha256 != base64.StdEncoding.EncodeToString(sum) || *f.LastModified != "2026-03-04T05:06:07.000+0000" ||
		f.PackageType != types.PackageTypeZip || *f.LoggingConfig.LogGroup != "/aws/lambda/api" || got.Tags["team"] != "blue" || *got.Concurrency.ReservedConcurrentExecutions != 3 {
		t.Errorf("%+v\n%+v", got, f)
	}
	if f, err := c.GetFunctionConfiguration(t.Context(), &client.GetFunctionConfigurationInput{FunctionName: aws.String("api")}); err != nil || *f.Description != "answers" || *f.Version != "$LATEST" {
		t.Errorf("%+v %v", f, err)
	}
	_, err = c.GetFunction(t.Context(), &client.GetFunctionInput{FunctionName: aws.String("worker")})
	apitest.Refused(t, err, "AccessDeniedException", "User: "+apitest.Session("reader")+" is not authorized to perform: lambda:GetFunction on resource: "+worker+" because no identity-based policy allows the lambda:GetFunction action")
	_, err = w.client(w.Role("nobody")).ListFunctions(t.Context(), nil)
	apitest.Refused(t, err, "AccessDeniedException", "User: "+apitest.Session("nobody")+" is not authorized to perform: lambda:ListFunctions on resource: * because no identity-based policy allows the lambda:ListFunctions action")

	var names []string
	pages := client.NewListFunctionsPaginator(c, &client.ListFunctionsInput{MaxItems: aws.Int32(1)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range page.Functions {
			names = append(names, *f.FunctionName)
		}
	}
	if strings.Join(names, " ") != "api worker" {
		t.Errorf("the functions are %v", names)
	}
	_, err = c.ListFunctions(t.Context(), &client.ListFunctionsInput{Marker: aws.String("!")})
	apitest.Refused(t, err, "ValidationException", "1 validation error detected: Value '!' at 'marker' failed to satisfy constraint: Member must be a marker that ListFunctions gave")
}

// No address and no header, however it is made, gets anything but an answer in AWS's
// form, and nothing runs.
func FuzzServe(f *testing.F) {
	w := newWorld(f)
	for _, path := range []string{"/worker/invocations", "/worker/aliases/live", "/worker/aliases?FunctionVersion=1&Marker=YQ", "/worker%3Alive/versions", "?FunctionVersion=ALL", "/worker%3A%24LATEST/invocations?Qualifier=1", "/arn%3Aaws%3Alambda/invocations", "//invocations", "/%zz", "?MaxItems=-1&Marker=YQ", "/a/b/c/d", ""} {
		f.Add("POST", path, "DryRun", "e30=", "Tail")
		f.Add("GET", path, "", "", "")
	}
	f.Fuzz(func(t *testing.T, method, path, kind, clientContext, logType string) {
		if kind != "DryRun" {
			kind = "X" + kind
		}
		r := &http.Request{Method: method, Host: "localhost", Header: http.Header{"X-Amz-Invocation-Type": {kind}, "X-Amz-Client-Context": {clientContext}, "X-Amz-Log-Type": {logType}}, Proto: "HTTP/1.1"}
		address, err := url.Parse("http://localhost" + api.Prefix + path)
		if err != nil {
			t.Skip()
		}
		r.URL = address
		r = r.WithContext(t.Context())
		apitest.Sign(t, r, nil, "lambda", apitest.Administrator())
		rw := httptest.NewRecorder()
		w.api.Serve(rw, r, nil)
		if rw.Code >= 500 {
			t.Errorf("%s %s: %d %s", method, path, rw.Code, rw.Body)
		}
	})
}
