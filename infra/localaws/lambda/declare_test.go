package lambda_test

import (
	"errors"
	"strings"
	"testing"

	"auth-api/infra/localaws/lambda"
	"auth-api/infra/localaws/store"
	"auth-api/infra/localaws/wire"
)

func TestFunctionDeclared(t *testing.T) {
	r := newRig(t)
	r.declare("reserving", reserved(850))
	vars := func(name, value string) func(*lambda.Function) {
		return variables(map[string]string{"FINE": "x", name: value})
	}
	logging := func(l lambda.LoggingConfig) func(*lambda.Function) {
		return func(f *lambda.Function) { f.LoggingConfig = &l }
	}
	for _, test := range []struct {
		name   string
		change func(*lambda.Function)
		want   string // nothing when it is legal
	}{
		{"as it is", func(*lambda.Function) {}, ""},
		{"defaults", func(f *lambda.Function) { f.Timeout, f.MemorySize, f.Architectures = 0, 0, nil }, ""},
		{"the largest", func(f *lambda.Function) { f.Timeout, f.MemorySize, f.Architectures = 900, 10240, []string{"arm64"} }, ""},
		{"a name with a space", func(f *lambda.Function) { f.Name = "my function" }, `name "my function"`},
		{"a long name", func(f *lambda.Function) { f.Name = strings.Repeat("x", 65) }, "up to 64"},
		{"no role", func(f *lambda.Function) { f.Role = "worker" }, `role "worker"`},
		{"another runtime", func(f *lambda.Function) { f.Runtime = "nodejs22.x" }, `runtime "nodejs22.x" of function made is not known to the local AWS: provided.al2023 and provided.al2 are`},
		{"no handler", func(f *lambda.Function) { f.Handler = "" }, "handler of function made is missing"},
		{"another architecture", func(f *lambda.Function) { f.Architectures = []string{"riscv64"} }, `architectures ["riscv64"]`},
		{"two architectures", func(f *lambda.Function) { f.Architectures = []string{"arm64", "x86_64"} }, "one of arm64 and x86_64"},
		{"too little memory", func(f *lambda.Function) { f.MemorySize = 127 }, "memorySize 127 of function made is not legal: 128 to 10240 MB"},
		{"too much memory", func(f *lambda.Function) { f.MemorySize = 10241 }, "memorySize 10241"},
		{"too long a timeout", func(f *lambda.Function) { f.Timeout = 901 }, "timeout 901 of function made is not legal: 1 to 900 seconds"},
		{"a negative timeout", func(f *lambda.Function) { f.Timeout = -1 }, "timeout -1"},
		{"code that was never put", func(f *lambda.Function) { f.Code.SHA256 = strings.Repeat("a", 64) }, "has not been uploaded"},
		{"code elsewhere", func(f *lambda.Function) { f.Code.SHA256 = "../../bin" }, "has not been uploaded"},
		{"logs as JSON", logging(lambda.LoggingConfig{LogFormat: "JSON"}), `loggingConfig.logFormat "JSON" of function made is not known`},
		{"a log level", logging(lambda.LoggingConfig{LogFormat: "Text", SystemLogLevel: "WARN"}), "legal with logFormat JSON alone"},
		{"no log group's name", logging(lambda.LoggingConfig{LogFormat: "Text", LogGroup: "a b"}), `loggingConfig.logGroup "a b"`},
		{"a variable of Lambda's", vars("AWS_REGION", "eu-west-1"), "Reserved keys used in this request: AWS_REGION"},
		{"a variable of Lambda's that begins with _", vars("_HANDLER", "x"), "Reserved keys used in this request: _HANDLER"},
		{"the Runtime API", vars("AWS_LAMBDA_RUNTIME_API", "evil:80"), "Reserved keys"},
		{"AWS itself", vars("AWS_ENDPOINT_URL", "https://amazonaws.com"), "may not say where AWS is on the local stack, as the local AWS says it: AWS_ENDPOINT_URL"},
		{"one service of AWS", vars("AWS_ENDPOINT_URL_SSM", "https://amazonaws.com"), "AWS_ENDPOINT_URL_SSM"},
		{"the developer's configuration", vars("AWS_CONFIG_FILE", "/root/.aws/config"), "AWS_CONFIG_FILE"},
		{"a variable of the system", vars("PATH", "/opt/bin"), ""},
		{"a variable with =", vars("A=B", "x"), `environment variable "A=B"`},
		{"a variable of one letter", vars("A", "x"), `environment variable "A"`},
		{"4 KB", vars("LONG", strings.Repeat("x", 4096-len(`{"FINE":"x","LONG":""}`))), ""},
		{"over 4 KB", vars("LONG", strings.Repeat("x", 4097-len(`{"FINE":"x","LONG":""}`))), "exceeded the 4KB limit"},
		{"as much reserved as can be", reserved(50), ""},
		{"more reserved than can be", reserved(51), "below its minimum value of [100]"},
		{"nothing reserved", reserved(-1), ""},
		{"switched off", reserved(0), ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, hash := code()
			f := lambda.Function{Name: "made", Role: role, Code: lambda.Code{SHA256: hash}, Runtime: "provided.al2023", Handler: "bootstrap", Timeout: 7}
			test.change(&f)
			err := r.store.Update(func(tx *store.Tx) error {
				return errors.Join(r.FunctionDeclared(tx, f.Name, f), errUndo)
			})
			judge(t, err, "InvalidParameterValueException", test.want)
			if err != nil && strings.Contains(err.Error(), "xxxxxxxxxxxx") && test.name == "over 4 KB" {
				t.Error("the error tells a variable's value")
			}
		})
	}
}

// errUndo keeps what a test of one check declares out of the store.
var errUndo = errors.New("undone")

func judge(t *testing.T, err error, code, want string) {
	t.Helper()
	var refused *wire.Error
	errors.As(err, &refused)
	switch {
	case want == "" && refused != nil:
		t.Errorf("refused: %v", refused)
	case want != "" && (refused == nil || refused.Code != code || !strings.Contains(refused.Message, want)):
		t.Errorf("error is %v, want %s with %q", err, code, want)
	}
}

func TestPermissionDeclared(t *testing.T) {
	r := newRig(t)
	r.declare("guarded")
	fine := lambda.Permission{StatementID: "api", Action: "lambda:InvokeFunction", Function: "guarded", Principal: "apigateway.amazonaws.com",
		SourceARN: "arn:aws:execute-api:us-west-2:000000000000:abc123/*/GET/orders"}
	for _, test := range []struct {
		name   string
		change func(*lambda.Permission)
		code   string
		want   string
	}{
		{"as it is", func(*lambda.Permission) {}, "", ""},
		{"by ARN", func(p *lambda.Permission) { p.Function = "arn:aws:lambda:us-west-2:000000000000:function:guarded" }, "", ""},
		{"an account", func(p *lambda.Permission) { p.Principal = "111111111111" }, "", ""},
		{"a role", func(p *lambda.Permission) { p.Principal = role }, "", ""},
		{"everybody of one source", func(p *lambda.Permission) { p.Principal = "*" }, "", ""},
		{"everybody", func(p *lambda.Permission) { p.Principal, p.SourceARN = "*", "" }, "InvalidParameterValueException", "lets everybody in"},
		{"nobody", func(p *lambda.Permission) { p.Principal = "somebody" }, "InvalidParameterValueException", "somebody"},
		{"another function", func(p *lambda.Permission) { p.Function = "missing" }, "ResourceNotFoundException",
			"Function not found: arn:aws:lambda:us-west-2:000000000000:function:missing"},
		{"another service's action", func(p *lambda.Permission) { p.Action = "s3:GetObject" }, "InvalidParameterValueException", `action "s3:GetObject"`},
		{"a source that is no ARN", func(p *lambda.Permission) { p.SourceARN = "abc123" }, "InvalidParameterValueException", `sourceArn "abc123"`},
		{"a statement id with a space", func(p *lambda.Permission) { p.StatementID = "a b" }, "InvalidParameterValueException", `statementId "a b"`},
	} {
		t.Run(test.name, func(t *testing.T) {
			p := fine
			test.change(&p)
			err := r.store.Update(func(tx *store.Tx) error { return errors.Join(r.PermissionDeclared(tx, p.StatementID, p), errUndo) })
			judge(t, err, test.code, test.want)
		})
	}
}

func TestLogGroupDeclared(t *testing.T) {
	r := newRig(t)
	for _, test := range []struct {
		group lambda.LogGroup
		want  string
	}{
		{lambda.LogGroup{Name: "/aws/lambda/x", RetentionInDays: 14}, ""},
		{lambda.LogGroup{Name: "/aws/lambda/x"}, ""},
		{lambda.LogGroup{Name: "a b"}, `name "a b"`},
		{lambda.LogGroup{Name: "/aws/lambda/x", RetentionInDays: 15}, "retentionInDays 15"},
	} {
		err := r.store.Update(func(tx *store.Tx) error {
			return errors.Join(r.LogGroupDeclared(tx, test.group.Name, test.group), errUndo)
		})
		judge(t, err, "InvalidParameterValueException", test.want)
	}
}
