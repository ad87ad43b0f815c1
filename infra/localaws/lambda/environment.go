package lambda

import (
	"strconv"
	"strings"

	"auth-api/infra/localaws/iam"
)

// reservedVariables are those that Lambda sets and a function cannot.
//
// https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html#configuration-envvars-runtime
var reservedVariables = []string{
	"_HANDLER", "_X_AMZN_TRACE_ID", "AWS_DEFAULT_REGION", "AWS_REGION", "AWS_EXECUTION_ENV",
	"AWS_LAMBDA_FUNCTION_NAME", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "AWS_LAMBDA_FUNCTION_VERSION",
	"AWS_LAMBDA_INITIALIZATION_TYPE", "AWS_LAMBDA_LOG_GROUP_NAME", "AWS_LAMBDA_LOG_STREAM_NAME",
	"AWS_LAMBDA_MAX_CONCURRENCY", "AWS_ACCESS_KEY", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY",
	"AWS_SESSION_TOKEN", "AWS_LAMBDA_RUNTIME_API", "LAMBDA_TASK_ROOT", "LAMBDA_RUNTIME_DIR",
}

// localVariables are set by the local AWS alone, so that a function's AWS clients
// find it, and so that they read nothing of the developer's own configuration.
//
// AWS_ENDPOINT_URL is all that the clients of aws-sdk-go-v2 (and of every SDK with
// service-specific endpoints) need: ssm, lambda, sts and the others then speak to the
// one port, signed with the execution role's credentials from the environment. On AWS
// it is not set, and must not be: it would lead every client away from AWS. So the
// local AWS refuses a function that declares it. A REST API is no SDK service: a
// function is told its URL by a variable of its own.
//
// https://docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html
var localVariables = []string{"AWS_ENDPOINT_URL", "AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"}

// environment is all that a process gets to see; nothing of the host's own. It is
// AWS's of an OS-only runtime, which has no AWS_EXECUTION_ENV, plus localVariables.
func (s *Service) environment(i *instance, c iam.Credentials) []string {
	fn, address := i.fn, s.config.Address()
	set := map[string]string{
		// these a function may set itself
		"PATH":                     "/usr/local/bin:/usr/bin/:/bin:/opt/bin",
		"LANG":                     "en_US.UTF-8",
		"TZ":                       ":UTC",
		"AWS_XRAY_CONTEXT_MISSING": "LOG_ERROR",
		"AWS_XRAY_DAEMON_ADDRESS":  "127.0.0.1:2000", // nobody listens there; on AWS it is link-local
	}
	for _, pair := range fn.vars {
		name, value, _ := strings.Cut(pair, "=")
		set[name] = value
	}
	for name, value := range map[string]string{
		"_HANDLER":                        fn.Handler,
		"LAMBDA_TASK_ROOT":                s.code.Dir(fn.Code.SHA256),
		"LAMBDA_RUNTIME_DIR":              "/var/runtime",
		"AWS_REGION":                      s.config.Region,
		"AWS_DEFAULT_REGION":              s.config.Region,
		"AWS_LAMBDA_FUNCTION_NAME":        fn.Name,
		"AWS_LAMBDA_FUNCTION_VERSION":     fn.version,
		"AWS_LAMBDA_FUNCTION_MEMORY_SIZE": strconv.Itoa(fn.MemorySize),
		"AWS_LAMBDA_INITIALIZATION_TYPE":  "on-demand",
		"AWS_LAMBDA_LOG_GROUP_NAME":       fn.group,
		"AWS_LAMBDA_LOG_STREAM_NAME":      i.stream,
		"AWS_LAMBDA_RUNTIME_API":          address + "/_runtime/" + i.token(),
		"AWS_ACCESS_KEY_ID":               c.AccessKeyID,
		"AWS_SECRET_ACCESS_KEY":           c.SecretAccessKey,
		"AWS_SESSION_TOKEN":               c.SessionToken,
		"AWS_ENDPOINT_URL":                "http://" + address,
		"AWS_CONFIG_FILE":                 "/dev/null",
		"AWS_SHARED_CREDENTIALS_FILE":     "/dev/null",
	} {
		set[name] = value
	}
	env := make([]string, 0, len(set))
	for name, value := range set {
		env = append(env, name+"="+value)
	}
	return env
}
