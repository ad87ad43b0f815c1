package lambda_test

import (
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"auth-api/infra/localaws/authz"
	"auth-api/infra/localaws/iam"
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
	const key = "arn:aws:kms:us-west-2:000000000000:key/1234abcd-12ab-34cd-56ef-1234567890ab"
	tracing := func(mode string) func(*lambda.Function) {
		return func(f *lambda.Function) { f.TracingConfig = &lambda.TracingConfig{Mode: mode} }
	}
	encrypted := func(key string, vars map[string]string) func(*lambda.Function) {
		return func(f *lambda.Function) {
			f.KMSKeyARN, f.Environment = key, &lambda.Environment{Variables: vars}
		}
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
		{"the network", vpc([]string{"subnet-0abc12de", "subnet-1"}, []string{"sg-0abc12de"}), ""},
		{"no network", vpc(nil, nil), ""},
		{"subnets without security groups", vpc([]string{"subnet-1"}, nil), "SubnetIds and SecurityIds must coexist or be both empty list. (vpcConfig of function made)"},
		{"security groups without subnets", vpc(nil, []string{"sg-1"}), "must coexist"},
		{"a subnet that is none", vpc([]string{"vpc-1"}, []string{"sg-1"}), `vpcConfig.subnetIds of function made has "vpc-1"`},
		{"a security group that is none", vpc([]string{"subnet-1"}, []string{"default"}), `vpcConfig.securityGroupIds of function made has "default"`},
		{"many subnets", vpc(slices.Repeat([]string{"subnet-1"}, 17), []string{"sg-1"}), "vpcConfig.subnetIds of function made are 17: legal are up to 16"},
		{"many security groups", vpc([]string{"subnet-1"}, slices.Repeat([]string{"sg-1"}, 6)), "vpcConfig.securityGroupIds of function made are 6: legal are up to 5"},
		{"tracing", tracing("Active"), ""},
		{"tracing passed on", tracing("PassThrough"), ""},
		{"another tracing", tracing("active"), `tracingConfig.mode "active" of function made is not legal: Active or PassThrough`},
		{"a key for the environment", encrypted(key, map[string]string{"FINE": "x"}), ""},
		{"a key for nothing", encrypted(key, nil), "kmsKeyArn of function made has nothing to encrypt"},
		{"a key by its id", encrypted("1234abcd-12ab-34cd-56ef-1234567890ab", map[string]string{"FINE": "x"}), "is not the ARN of a KMS key"},
		{"a key by its alias", encrypted("arn:aws:kms:us-west-2:000000000000:alias/app", map[string]string{"FINE": "x"}), "is not the ARN of a KMS key"},
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

func vpc(subnets, groups []string) func(*lambda.Function) {
	return func(f *lambda.Function) {
		f.VPCConfig = &lambda.VPCConfig{SubnetIDs: subnets, SecurityGroupIDs: groups}
	}
}

// A function gets into a network when its role lets Lambda make interfaces there, and is
// asked for that when it is new there or has a new role.
func TestAFunctionNeedsARightToItsNetwork(t *testing.T) {
	const arn = "arn:aws:ec2:us-west-2:000000000000:"
	every := []string{
		"ec2:CreateNetworkInterface " + arn + "network-interface/*", "ec2:CreateNetworkInterface " + arn + "subnet/subnet-1", "ec2:CreateNetworkInterface " + arn + "subnet/subnet-2",
		"ec2:CreateNetworkInterface " + arn + "security-group/sg-1", "ec2:DescribeNetworkInterfaces *", "ec2:DeleteNetworkInterface " + arn + "network-interface/*",
	}
	var missing string
	var asked []string
	r := newRig(t, func(c *lambda.Config) {
		c.Authorize = func(roleARN, session string, want iam.Request) authz.Decision {
			asked = append(asked, want.Action+" "+want.Resource)
			return authz.Decision{Allowed: want.Action+" "+want.Resource != missing && roleARN == role && session == "greeter", Reason: "nothing allows it"}
		}
	})
	network := vpc([]string{"subnet-1", "subnet-2"}, []string{"sg-1"})
	declare := func(before *lambda.Function, change ...func(*lambda.Function)) error {
		asked = nil
		_, hash := code()
		f := lambda.Function{Name: "greeter", Role: role, Code: lambda.Code{SHA256: hash}, Runtime: "provided.al2023", Handler: "bootstrap"}
		for _, c := range change {
			c(&f)
		}
		return r.store.Update(func(tx *store.Tx) error { return errors.Join(r.FunctionChanged(tx, before, &f), errUndo) })
	}
	judge(t, declare(nil, network), "", "")
	if !slices.Equal(asked, every) {
		t.Errorf("it asks for %q", asked)
	}
	for _, missing = range every {
		what, resource, _ := strings.Cut(strings.TrimPrefix(missing, "ec2:"), " ")
		judge(t, declare(nil, network), "InvalidParameterValueException", "The provided execution role does not have permissions to call "+what+" on EC2 (function greeter: ec2:"+what+" on "+resource+": nothing allows it)")
	}

	missing = every[0]
	before := lambda.Function{Role: role}
	network(&before)
	judge(t, declare(nil), "", "")
	judge(t, declare(nil, vpc(nil, nil)), "", "")
	judge(t, declare(&before, network, greeting("hello")), "", "") // the network is as it was
	if asked != nil {
		t.Errorf("it asks for %q", asked)
	}
	judge(t, declare(&lambda.Function{Role: role}, network), "InvalidParameterValueException", "CreateNetworkInterface")
	judge(t, declare(&before, vpc([]string{"subnet-1"}, []string{"sg-1"})), "InvalidParameterValueException", "CreateNetworkInterface")
	judge(t, declare(&before, network, func(f *lambda.Function) { f.Role = role + "2" }), "InvalidParameterValueException", "CreateNetworkInterface")

	r = newRig(t) // where nobody decides
	judge(t, declare(nil, network), "InvalidParameterValueException", "nobody decides what roles may do")
}

func TestAliasDeclared(t *testing.T) {
	r := newRig(t)
	r.publish(greeting("one"))
	r.publish(greeting("two"))
	r.publish(greeting("two"), func(f *lambda.Function) { f.Role = role + "2" })
	weights := func(w map[string]float64) func(*lambda.Alias) {
		return func(a *lambda.Alias) { a.RoutingConfig = &lambda.RoutingConfig{AdditionalVersionWeights: w} }
	}
	const invalid, missing = "InvalidParameterValueException", "ResourceNotFoundException"
	for _, test := range []struct {
		name   string
		change func(*lambda.Alias)
		code   string
		want   string
	}{
		{"as it is", func(*lambda.Alias) {}, "", ""},
		{"by ARN", func(a *lambda.Alias) { a.FunctionName = greeter }, "", ""},
		{"of $LATEST", func(a *lambda.Alias) { a.FunctionVersion = "$LATEST" }, "", ""},
		{"weighted", weights(map[string]float64{"2": 0.1}), "", ""},
		{"of no weights", weights(nil), "", ""},
		{"a number", func(a *lambda.Alias) { a.Name = "12" }, invalid, `name "12"`},
		{"$LATEST", func(a *lambda.Alias) { a.Name = "$LATEST" }, invalid, `name "$LATEST"`},
		{"a long name", func(a *lambda.Alias) { a.Name = strings.Repeat("a", 129) }, invalid, "up to 128"},
		{"a name with a slash", func(a *lambda.Alias) { a.Name = "a/b" }, invalid, `name "a/b"`},
		{"a long description", func(a *lambda.Alias) { a.Description = strings.Repeat("a", 257) }, invalid, "257 characters: legal are up to 256"},
		{"of an alias", func(a *lambda.Alias) { a.FunctionName = "greeter:live" }, invalid, `functionName "greeter:live" of alias live is not legal`},
		{"of another region", func(a *lambda.Alias) { a.FunctionName = strings.Replace(greeter, region, "eu-west-1", 1) }, invalid, "is of another region or account"},
		{"of another alias", func(a *lambda.Alias) { a.FunctionVersion = "next" }, invalid, `functionVersion "next" of alias live is not legal`},
		{"of no function", func(a *lambda.Alias) { a.FunctionName = "nobody" }, missing, "Function not found: arn:aws:lambda:us-west-2:000000000000:function:nobody"},
		{"of no version", func(a *lambda.Alias) { a.FunctionVersion = "4" }, missing, "Function not found: " + greeter + ":4"},
		{"of a version with zeros", func(a *lambda.Alias) { a.FunctionVersion = "01" }, missing, "Function not found: " + greeter + ":01"},
		{"of a version too large for a number", func(a *lambda.Alias) { a.FunctionVersion = strings.Repeat("9", 40) }, missing, "Function not found"},
		{"three versions", weights(map[string]float64{"2": 0.1, "3": 0.1}), invalid, "names 2 versions: legal is one"},
		{"the version itself", weights(map[string]float64{"1": 0.1}), invalid, "Function version 1 is already included in routing configuration."},
		{"$LATEST beside a version", weights(map[string]float64{"$LATEST": 0.1}), invalid, `names version "$LATEST": legal is a version's number`},
		{"a version beside $LATEST", func(a *lambda.Alias) { a.FunctionVersion = "$LATEST"; weights(map[string]float64{"1": 0.1})(a) }, invalid, "$LATEST is not supported for an alias pointing to more than 1 version"},
		{"a version that is not there", weights(map[string]float64{"4": 0.1}), missing, "Function not found: " + greeter + ":4"},
		{"more than all", weights(map[string]float64{"2": 1.1}), invalid, "gives version 2 the weight 1.1: legal are 0.0 to 1.0"},
		{"less than nothing", weights(map[string]float64{"2": -0.1}), invalid, "the weight -0.1"},
		{"what is no number", weights(map[string]float64{"2": math.NaN()}), invalid, "the weight NaN"},
		{"two roles", weights(map[string]float64{"3": 0.1}), invalid, "versions 1 and 3 of function greeter, which have different execution roles"},
	} {
		t.Run(test.name, func(t *testing.T) {
			a := lambda.Alias{Name: "live", FunctionName: "greeter", FunctionVersion: "1"}
			test.change(&a)
			err := r.store.Update(func(tx *store.Tx) error { return errors.Join(r.AliasDeclared(tx, a), errUndo) })
			judge(t, err, test.code, test.want)
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
	r.publish()
	r.alias("live", "1", "", 0)
	qualified := func(function, qualifier string) func(*lambda.Permission) {
		return func(p *lambda.Permission) { p.Function, p.Qualifier = function, qualifier }
	}
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
		{"an alias", qualified("greeter", "live"), "", ""},
		{"an alias behind the name", qualified("greeter:live", ""), "", ""},
		{"an alias twice", qualified("greeter:live", "live"), "", ""},
		{"a version", qualified("greeter", "1"), "", ""},
		{"two qualifiers", qualified("greeter:live", "1"), "InvalidParameterValueException", "The derived qualifier from the function name does not match the specified qualifier."},
		{"$LATEST", qualified("greeter", "$LATEST"), "InvalidParameterValueException", "We currently do not support adding policies for $LATEST."},
		{"no alias", qualified("greeter", "dead"), "ResourceNotFoundException", "Cannot find alias arn: " + greeter + ":dead"},
		{"no version", qualified("greeter", "2"), "ResourceNotFoundException", "Function not found: " + greeter + ":2"},
		{"a pattern", qualified("greeter", "*"), "InvalidParameterValueException", `qualifier "*" of permission api is not legal`},
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
