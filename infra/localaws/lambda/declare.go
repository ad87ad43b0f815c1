package lambda

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"auth-api/infra/localaws/authz"
	"auth-api/infra/localaws/store"
	"auth-api/infra/localaws/wire"
)

var (
	functionName = regexp.MustCompile(`^[a-zA-Z0-9-_]{1,64}$`)
	roleARN      = regexp.MustCompile(`^arn:(aws[a-zA-Z-]*)?:iam::\d{12}:role/?[a-zA-Z_0-9+=,.@\-_/]+$`)
	variableName = regexp.MustCompile(`^[a-zA-Z][a-zA-Z0-9_]+$`)
	statementID  = regexp.MustCompile(`^[a-zA-Z0-9-_]{1,100}$`)
	action       = regexp.MustCompile(`^(lambda:[*]|lambda:[a-zA-Z]+|[*])$`)
	keyARN       = regexp.MustCompile(`^arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/[a-zA-Z0-9-]+$`)
	groupName    = regexp.MustCompile(`^[.\-_/#A-Za-z0-9]{1,512}$`)
)

// retentions are the days for which CloudWatch Logs can be told to keep a log.
//
// https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html
var retentions = []int{0, 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653}

const (
	defaultMemory  = 128 // MB
	defaultTimeout = 3   // seconds

	maxEnvironment = 4096 // bytes, as JSON
	minUnreserved  = 100  // concurrency that reservations must leave to the other functions
)

func (f Function) withDefaults() Function {
	if f.MemorySize == 0 {
		f.MemorySize = defaultMemory
	}
	if f.Timeout == 0 {
		f.Timeout = defaultTimeout
	}
	if len(f.Architectures) == 0 {
		f.Architectures = []string{"x86_64"}
	}
	if f.TracingConfig == nil {
		f.TracingConfig = &TracingConfig{Mode: "PassThrough"}
	}
	return f
}

func (f Function) logGroup() string {
	if f.LoggingConfig != nil && f.LoggingConfig.LogGroup != "" {
		return f.LoggingConfig.LogGroup
	}
	return "/aws/lambda/" + f.Name
}

func invalid(format string, args ...any) error {
	return wire.NewError("InvalidParameterValueException", fmt.Sprintf(format, args...))
}

// FunctionDeclared checks a function that is made or changed, inside the
// provider's transaction: what Lambda would refuse, and what the local AWS does not
// know, is refused with a *wire.Error that names it.
//
// https://docs.aws.amazon.com/lambda/latest/api/API_CreateFunction.html
func (s *Service) FunctionDeclared(tx *store.Tx, _ string, f Function) error {
	f = f.withDefaults()
	switch {
	case !functionName.MatchString(f.Name):
		return invalid("name %q of the function is not legal: up to 64 letters, digits, - and _", f.Name)
	case !roleARN.MatchString(f.Role):
		return invalid("role %q of function %s is not the ARN of an IAM role", f.Role, f.Name)
	case f.Runtime != "provided.al2023" && f.Runtime != "provided.al2":
		return invalid("runtime %q of function %s is not known to the local AWS: provided.al2023 and provided.al2 are", f.Runtime, f.Name)
	case f.Handler == "":
		return invalid("handler of function %s is missing: Lambda asks for one even where the runtime does not read it, such as bootstrap", f.Name)
	case len(f.Architectures) != 1 || f.Architectures[0] != "arm64" && f.Architectures[0] != "x86_64":
		return invalid("architectures %q of function %s is not legal: one of arm64 and x86_64", f.Architectures, f.Name)
	case f.MemorySize < 128 || f.MemorySize > 10240:
		return invalid("memorySize %d of function %s is not legal: 128 to 10240 MB", f.MemorySize, f.Name)
	case f.Timeout < 1 || f.Timeout > 900:
		return invalid("timeout %d of function %s is not legal: 1 to 900 seconds", f.Timeout, f.Name)
	case !s.code.Has(f.Code.SHA256):
		return invalid("the code %q of function %s has not been uploaded", f.Code.SHA256, f.Name)
	}
	if err := checkLogging(f); err != nil {
		return err
	}
	if err := checkEnvironment(f); err != nil {
		return err
	}
	if err := checkSurroundings(f); err != nil {
		return err
	}
	return s.checkReserved(tx, f)
}

func checkLogging(f Function) error {
	l := f.LoggingConfig
	switch {
	case l == nil:
		return nil
	case l.LogFormat != "Text":
		return invalid("loggingConfig.logFormat %q of function %s is not known to the local AWS: Text is", l.LogFormat, f.Name)
	case l.ApplicationLogLevel != "" || l.SystemLogLevel != "":
		return invalid("loggingConfig.applicationLogLevel and systemLogLevel of function %s are legal with logFormat JSON alone", f.Name)
	case l.LogGroup != "" && !groupName.MatchString(l.LogGroup):
		return invalid("loggingConfig.logGroup %q of function %s is not the name of a log group", l.LogGroup, f.Name)
	}
	return nil
}

// checkEnvironment keeps out what Lambda sets itself, and what would lead the
// function's AWS clients away from the local AWS.
//
// https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html
func checkEnvironment(f Function) error {
	if f.Environment == nil {
		return nil
	}
	var kept, astray []string
	for name := range f.Environment.Variables {
		switch {
		case !variableName.MatchString(name) && !slices.Contains(reservedVariables, name):
			return invalid("environment variable %q of function %s has no legal name: a letter, then letters, digits and _", name, f.Name)
		case slices.Contains(reservedVariables, name):
			kept = append(kept, name)
		case strings.HasPrefix(name, "AWS_ENDPOINT_URL") || slices.Contains(localVariables, name):
			astray = append(astray, name)
		}
	}
	slices.Sort(kept)
	slices.Sort(astray)
	switch {
	case kept != nil:
		return invalid("Lambda was unable to configure your environment variables because the environment variables you have provided contains reserved keys that are currently not supported for modification. Reserved keys used in this request: %s", strings.Join(kept, ", "))
	case astray != nil:
		return invalid("environment variables of function %s may not say where AWS is on the local stack, as the local AWS says it: %s", f.Name, strings.Join(astray, ", "))
	}
	text, err := json.Marshal(f.Environment.Variables)
	if err != nil {
		return fmt.Errorf("measuring the environment of function %s: %w", f.Name, err)
	}
	if len(text) > maxEnvironment {
		return invalid("Lambda was unable to configure your environment variables because the environment variables you have provided exceeded the 4KB limit. Function %s has %d bytes of them, as JSON", f.Name, len(text))
	}
	return nil
}

func (s *Service) checkReserved(tx *store.Tx, f Function) error {
	if f.Reserved == nil || *f.Reserved < 0 {
		return nil
	}
	functions, err := Functions.All(tx)
	if err != nil {
		return err
	}
	left := s.config.ConcurrencyLimit - *f.Reserved
	for _, other := range functions {
		if r := other.Value.Reserved; r != nil && *r > 0 && other.Value.Name != f.Name {
			left -= *r
		}
	}
	if *f.Reserved > 0 && left < minUnreserved {
		return invalid("Specified ReservedConcurrentExecutions for function decreases account's UnreservedConcurrentExecution below its minimum value of [%d].", minUnreserved)
	}
	return nil
}

// FunctionDeleted is told of a function that goes, inside the provider's
// transaction. Its versions, aliases and permissions go with it, as on AWS; its log stays.
func (s *Service) FunctionDeleted(tx *store.Tx, id string) error {
	if err := deleteVersions(tx, id); err != nil {
		return err
	}
	return deletePermissions(tx, func(p Permission) bool { return p.functionName() == id })
}

// PermissionDeclared checks a statement of a function's resource policy, inside the
// provider's transaction.
//
// https://docs.aws.amazon.com/lambda/latest/api/API_AddPermission.html
func (s *Service) PermissionDeclared(tx *store.Tx, _ string, p Permission) error {
	_, found, err := Functions.Get(tx, p.functionName())
	switch {
	case err != nil:
		return err
	case !found:
		return notFound("Function not found: " + s.arnPrefix() + p.functionName())
	case !statementID.MatchString(p.StatementID):
		return invalid("statementId %q is not legal: up to 100 letters, digits, - and _", p.StatementID)
	case !action.MatchString(p.Action):
		return invalid("action %q of permission %s is not legal: such as lambda:InvokeFunction", p.Action, p.StatementID)
	case p.SourceARN != "" && strings.Count(p.SourceARN, ":") < 5:
		return invalid("sourceArn %q of permission %s is no ARN", p.SourceARN, p.StatementID)
	case p.Principal == "*" && p.SourceARN == "" && p.SourceAccount == "":
		return invalid("principal \"*\" of permission %s lets everybody in: give sourceArn or sourceAccount", p.StatementID)
	}
	if err := s.checkQualifier(tx, p); err != nil {
		return err
	}
	if _, err := authz.ParseResource(policyDocument(s.arnPrefix(), []Permission{p}), nil); err != nil {
		return invalid("permission %s: %v", p.StatementID, err)
	}
	return nil
}

// LogGroupDeclared checks a log group, inside the provider's transaction.
//
// Of other classes AWS lets nobody read events as here (FilterLogEvents), so that they
// are refused. A key's name is kept; logs are not encrypted.
//
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CloudWatch_Logs_Log_Classes.html
func (s *Service) LogGroupDeclared(_ *store.Tx, _ string, g LogGroup) error {
	switch {
	case !groupName.MatchString(g.Name):
		return invalid("name %q of the log group is not legal: up to 512 letters, digits and . - _ / #", g.Name)
	case !slices.Contains(retentions, g.RetentionInDays):
		return invalid("retentionInDays %d of log group %s is not legal: one of %v, 0 for ever", g.RetentionInDays, g.Name, retentions)
	case g.KMSKeyID != "" && !keyARN.MatchString(g.KMSKeyID):
		return invalid("kmsKeyId %q of log group %s is not legal: legal are ARNs of keys, such as arn:aws:kms:us-west-2:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab", g.KMSKeyID, g.Name)
	case g.LogGroupClass != "" && g.LogGroupClass != "STANDARD":
		return invalid("logGroupClass %q of log group %s is not supported: supported are STANDARD", g.LogGroupClass, g.Name)
	}
	return nil
}

// LogGroupDeleted drops the log that the group held.
func (s *Service) LogGroupDeleted(_ *store.Tx, id string) error {
	s.logs.Delete(id)
	return nil
}
