package settings

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"unicode"
)

// maxEnvironment is how much Lambda takes, in bytes of JSON.
//
// See https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html.
const maxEnvironment = 4096

var variableName = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_]+$`)

// reservedVariables are those that Lambda sets itself.
//
// See https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html#configuration-envvars-runtime.
var reservedVariables = []string{
	"AWS_DEFAULT_REGION", "AWS_REGION", "AWS_EXECUTION_ENV", "AWS_LAMBDA_FUNCTION_NAME", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
	"AWS_LAMBDA_FUNCTION_VERSION", "AWS_LAMBDA_INITIALIZATION_TYPE", "AWS_LAMBDA_LOG_GROUP_NAME", "AWS_LAMBDA_LOG_STREAM_NAME",
	"AWS_LAMBDA_MAX_CONCURRENCY", "AWS_ACCESS_KEY", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN",
	"AWS_LAMBDA_RUNTIME_API", "LAMBDA_TASK_ROOT", "LAMBDA_RUNTIME_DIR",
}

// leadsAstray tells whether a variable says where AWS is, or what else its clients read.
func leadsAstray(name string) bool {
	return strings.HasPrefix(name, "AWS_ENDPOINT_URL") ||
		slices.Contains([]string{"AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"}, name)
}

// readEnvironment reads a function's variables. An error about one that looks like a
// secret does not show it.
func readEnvironment(o object) map[string]string {
	const instead = "whoever may look at the function reads its environment; keep it in SSM or Secrets Manager, let the function read it by grants: [{parameter: /path}] or [{secret: name}], and put its name here"
	environment := o.table("environment", "names to texts", "Variables of its environment. Nothing secret: whoever may look at the function reads them. What it is granted to invoke is there too, as FUNCTION_NAME.", func(key, name, text string) {
		switch {
		case !variableName.MatchString(name):
			o.p.add(key, "has no legal name: legal is a letter, then one or more letters, digits and _")
		case slices.Contains(reservedVariables, name):
			o.p.add(key, "is set by Lambda itself: legal is another name")
		case leadsAstray(name):
			o.p.add(key, "would lead the function's AWS clients elsewhere: legal is another name")
		case secretName(name):
			o.p.add(key, "is named like a secret: %s", instead)
		default:
			if kind := secretKind(text); kind != "" {
				o.p.add(key, "looks like a secret (%s): %s", kind, instead)
			}
		}
	})
	if text, err := json.Marshal(environment); err == nil && len(text) > maxEnvironment {
		o.p.add(o.at("environment"), "has %d bytes, as JSON: Lambda allows %d", len(text), maxEnvironment)
	}
	return environment
}

// secretName tells whether the last word of a name is one that secrets are called by:
// DB_PASSWORD and apiKey, but not TOKEN_URL or MONKEY.
func secretName(name string) bool {
	last := name[strings.LastIndex(name, "_")+1:]
	if strings.ToUpper(last) != last { // apiKey
		last = last[max(0, strings.LastIndexFunc(last, unicode.IsUpper)):]
	}
	last = strings.ToLower(last)
	if slices.Contains([]string{"key", "keys", "apikey", "accesskey", "secretkey", "privatekey", "credential", "credentials", "pwd"}, last) {
		return true
	}
	return slices.ContainsFunc([]string{"secret", "secrets", "password", "passwords", "passwd", "passphrase", "token", "tokens"}, func(word string) bool {
		return strings.HasSuffix(last, word)
	})
}

// The forms of values that are secrets whatever they are called.
var secretForms = []struct {
	kind string
	form *regexp.Regexp
}{
	{"an AWS access key", regexp.MustCompile(`\b(AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}\b`)},
	{"a PEM block", regexp.MustCompile(`-----BEGIN [A-Z0-9 ]+-----`)},
	{"a JSON web token", regexp.MustCompile(`\beyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}\.`)},
	{"a URL with a password", regexp.MustCompile(`://[^/\s:@]*:[^/\s@]+@`)},
	{"a token of GitHub", regexp.MustCompile(`\b(gh[pousr]_[A-Za-z0-9]{36}|github_pat_[A-Za-z0-9_]{22})`)},
	{"a token of Slack", regexp.MustCompile(`\bxox[abprs]-[A-Za-z0-9-]{10}`)},
	{"a key of Stripe", regexp.MustCompile(`\b[rs]k_live_[A-Za-z0-9]{10}`)},
}

var (
	awsSecretKey = regexp.MustCompile(`^[A-Za-z0-9/+]{40}$`)
	hexadecimal  = regexp.MustCompile(`^[0-9a-fA-F]*$`) // such as a commit's
)

// secretKind says what kind of secret a text looks like, or nothing.
func secretKind(text string) string {
	for _, f := range secretForms {
		if f.form.MatchString(text) {
			return f.kind
		}
	}
	if awsSecretKey.MatchString(text) && !hexadecimal.MatchString(text) {
		return "an AWS secret access key"
	}
	return ""
}
