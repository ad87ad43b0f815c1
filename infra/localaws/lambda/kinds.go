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
	Reserved      *int              `json:"reservedConcurrentExecutions,omitempty" aws:"default"`
	Tags          map[string]string `json:"tags,omitempty"`
	TagsAll       map[string]string `json:"tagsAll,omitempty" aws:"computed"`
	ARN           string            `json:"arn,omitempty" aws:"computed"`
	InvokeARN     string            `json:"invokeArn,omitempty" aws:"computed"`
	QualifiedARN  string            `json:"qualifiedArn,omitempty" aws:"computed"`
	Version       string            `json:"version,omitempty" aws:"computed"`
	LastModified  string            `json:"lastModified,omitempty" aws:"computed"`
	CodeSHA256    string            `json:"codeSha256,omitempty" aws:"computed"`
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
	Permissions declared.Kind[Permission] = "lambda.Permission"
	LogGroups   declared.Kind[LogGroup]   = "logs.LogGroup"
)
