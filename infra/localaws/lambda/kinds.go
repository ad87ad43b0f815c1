package lambda

import "auth-api/infra/localaws/declared"

// Function is a Lambda function (aws:lambda/function:Function). Its id is its name.
type Function struct {
	Name          string            `json:"name" aws:"replace,autoname"`
	Role          string            `json:"role" aws:"required"` // ARN of the execution role
	Code          Code              `json:"code" aws:"required"`
	Runtime       string            `json:"runtime,omitempty"` // provided.al2023
	Handler       string            `json:"handler,omitempty"`
	Architectures []string          `json:"architectures,omitempty" aws:"default"` // one: arm64 or x86_64
	Description   string            `json:"description,omitempty"`
	MemorySize    int               `json:"memorySize,omitempty" aws:"default"` // MB
	Timeout       int               `json:"timeout,omitempty" aws:"default"`    // seconds
	Environment   *Environment      `json:"environment,omitempty"`
	LoggingConfig *LoggingConfig    `json:"loggingConfig,omitempty"`
	Publish       bool              `json:"publish,omitempty"` // every change makes a version
	VPCConfig     *VPCConfig        `json:"vpcConfig,omitempty"`
	TracingConfig *TracingConfig    `json:"tracingConfig,omitempty" aws:"default"`
	KMSKeyARN     string            `json:"kmsKeyArn,omitempty"` // encrypts the environment
	Reserved      *int              `json:"reservedConcurrentExecutions,omitempty" aws:"default"`
	Tags          map[string]string `json:"tags,omitempty"`
	TagsAll       map[string]string `json:"tagsAll,omitempty" aws:"computed"`
	ARN           string            `json:"arn,omitempty" aws:"computed"`
	InvokeARN     string            `json:"invokeArn,omitempty" aws:"computed"`
	// Of the version that was published last, or of $LATEST when none was.
	QualifiedARN       string `json:"qualifiedArn,omitempty" aws:"computed"`
	QualifiedInvokeARN string `json:"qualifiedInvokeArn,omitempty" aws:"computed"`
	Version            string `json:"version,omitempty" aws:"computed"`

	LastModified string `json:"lastModified,omitempty" aws:"computed"`
	CodeSHA256   string `json:"codeSha256,omitempty" aws:"computed"`
}

// Code names unpacked code by the SHA-256 of its archive, in hexadecimal. The
// provider takes the archive apart and hands it to Service.PutCode.
type Code struct {
	SHA256 string `json:"sha256"`
}

// Environment is what a function gets to see besides Lambda's own variables.
type Environment struct {
	Variables map[string]string `json:"variables,omitempty"`
}

// LoggingConfig says where and how a function's log is kept.
type LoggingConfig struct {
	LogFormat           string `json:"logFormat"` // Text; JSON is not known here
	LogGroup            string `json:"logGroup,omitempty"`
	ApplicationLogLevel string `json:"applicationLogLevel,omitempty"`
	SystemLogLevel      string `json:"systemLogLevel,omitempty"`
}

// Permission is a statement of a function's resource policy
// (aws:lambda/permission:Permission). Its id is its statement id.
type Permission struct {
	StatementID   string `json:"statementId" aws:"replace,autoname"`
	Action        string `json:"action" aws:"required,replace"`
	Function      string `json:"function" aws:"required,replace"` // name or ARN
	Principal     string `json:"principal" aws:"required,replace"`
	SourceARN     string `json:"sourceArn,omitempty" aws:"replace"`
	SourceAccount string `json:"sourceAccount,omitempty" aws:"replace"`
	Qualifier     string `json:"qualifier,omitempty" aws:"replace"` // an alias or a version, to whose ARN the statement then belongs
}

// VPCConfig says in which network a function's instances stand on AWS. Here they stand
// on the host's: nothing but its form and the role's right to network interfaces is
// looked at.
type VPCConfig struct {
	SubnetIDs               []string `json:"subnetIds,omitempty"`
	SecurityGroupIDs        []string `json:"securityGroupIds,omitempty"`
	IPv6AllowedForDualStack bool     `json:"ipv6AllowedForDualStack,omitempty"`
}

// TracingConfig says whether X-Ray samples invocations: Active, or PassThrough. There is
// no X-Ray here.
type TracingConfig struct {
	Mode string `json:"mode"`
}

// Alias is a name for one version of a function, or for two between which invocations are
// split (aws:lambda/alias:Alias). Its id is its ARN.
type Alias struct {
	Name            string         `json:"name" aws:"replace,autoname"`
	FunctionName    string         `json:"functionName" aws:"required,replace"` // or ARN
	FunctionVersion string         `json:"functionVersion" aws:"required"`      // a number, or $LATEST
	Description     string         `json:"description,omitempty"`
	RoutingConfig   *RoutingConfig `json:"routingConfig,omitempty"`
	ARN             string         `json:"arn,omitempty" aws:"computed"`
	InvokeARN       string         `json:"invokeArn,omitempty" aws:"computed"`
}

// RoutingConfig gives a second version its share of an alias's invocations.
type RoutingConfig struct {
	AdditionalVersionWeights map[string]float64 `json:"additionalVersionWeights,omitempty"` // version → 0 to 1; one at most
}

// LogGroup is a CloudWatch log group (aws:cloudwatch/logGroup:LogGroup). Its id is
// its name.
type LogGroup struct {
	Name            string            `json:"name" aws:"replace,autoname"`
	RetentionInDays int               `json:"retentionInDays,omitempty"`
	KMSKeyID        string            `json:"kmsKeyId,omitempty"`                            // ARN
	LogGroupClass   string            `json:"logGroupClass,omitempty" aws:"default,replace"` // STANDARD
	SkipDestroy     bool              `json:"skipDestroy,omitempty"`
	Tags            map[string]string `json:"tags,omitempty"`
	TagsAll         map[string]string `json:"tagsAll,omitempty" aws:"computed"`
	ARN             string            `json:"arn,omitempty" aws:"computed"`
}

// The kinds of resources of this room.
const (
	Functions   declared.Kind[Function]   = "lambda.Function"
	Aliases     declared.Kind[Alias]      = "lambda.Alias"
	Permissions declared.Kind[Permission] = "lambda.Permission"
	LogGroups   declared.Kind[LogGroup]   = "logs.LogGroup"
)
