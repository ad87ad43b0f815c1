package api

import (
	"encoding/base64"
	"encoding/hex"
	"net/http"
	"strconv"
	"time"

	"auth-api/infra/localaws/lambda"
)

// configuration is a function as the API shows it.
//
// https://docs.aws.amazon.com/lambda/latest/api/API_FunctionConfiguration.html
type configuration struct {
	FunctionName     string
	FunctionArn      string
	Runtime          string
	Role             string
	Handler          string
	Description      string
	Timeout          int
	MemorySize       int
	LastModified     string
	CodeSha256       string
	Version          string
	Environment      *environment `json:",omitempty"`
	PackageType      string
	Architectures    []string
	State            string
	LastUpdateStatus string
	LoggingConfig    loggingConfig
}

type environment struct{ Variables map[string]string }

type loggingConfig struct{ LogFormat, LogGroup string }

func describe(f lambda.Function, arn string) configuration {
	c := configuration{
		FunctionName: f.Name, FunctionArn: arn, Runtime: f.Runtime, Role: f.Role, Handler: f.Handler,
		Description: f.Description, Timeout: f.Timeout, MemorySize: f.MemorySize, Version: "$LATEST",
		PackageType: "Zip", Architectures: f.Architectures, State: "Active", LastUpdateStatus: "Successful",
		LoggingConfig: loggingConfig{"Text", f.LogGroup()},
	}
	if at, err := time.Parse(time.RFC3339, f.LastModified); err == nil { // as the provider wrote it
		c.LastModified = at.UTC().Format("2006-01-02T15:04:05.000-0700")
	}
	if sum, err := hex.DecodeString(f.Code.SHA256); err == nil {
		c.CodeSha256 = base64.StdEncoding.EncodeToString(sum)
	}
	if f.Environment != nil && len(f.Environment.Variables) > 0 {
		c.Environment = &environment{f.Environment.Variables}
	}
	return c
}

// getFunction answers without Code.Location: the local AWS gives its archives to nobody.
//
// https://docs.aws.amazon.com/lambda/latest/api/API_GetFunction.html
func (c *call) getFunction(name string) error {
	target, err := c.target("GetFunction", name)
	if err != nil {
		return err
	}
	f := target.Function
	type concurrency struct{ ReservedConcurrentExecutions int }
	answer := struct {
		Configuration configuration
		Tags          map[string]string `json:",omitempty"`
		Concurrency   *concurrency      `json:",omitempty"`
	}{Configuration: describe(f, target.ARN), Tags: f.Tags}
	if f.Reserved != nil && *f.Reserved >= 0 {
		answer.Concurrency = &concurrency{*f.Reserved}
	}
	write(c.w, c.r, http.StatusOK, answer)
	return nil
}

// getConfiguration is GetFunctionConfiguration.
//
// https://docs.aws.amazon.com/lambda/latest/api/API_GetFunctionConfiguration.html
func (c *call) getConfiguration(name string) error {
	target, err := c.target("GetFunctionConfiguration", name)
	if err != nil {
		return err
	}
	write(c.w, c.r, http.StatusOK, describe(target.Function, target.ARN))
	return nil
}

// listFunctions answers all functions in the order of their names, in pages of 50.
// It knows one version of each, so that FunctionVersion ALL changes nothing.
//
// https://docs.aws.amazon.com/lambda/latest/api/API_ListFunctions.html
func (c *call) listFunctions(string) error {
	if err := c.permit("ListFunctions", "*", nil); err != nil {
		return err
	}
	limit := 50
	if text := c.query.Get("MaxItems"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 || n > 10000 {
			return invalid("maxItems", text, "Member must have value between 1 and 10000")
		}
		limit = min(n, limit)
	}
	marker, err := base64.RawURLEncoding.DecodeString(c.query.Get("Marker"))
	if err != nil {
		return invalid("marker", c.query.Get("Marker"), "Member must be a marker that ListFunctions gave")
	}
	functions, err := c.functions.List()
	if err != nil {
		return err
	}
	page := struct {
		Functions  []configuration
		NextMarker string `json:",omitempty"`
	}{Functions: []configuration{}}
	for _, f := range functions {
		if f.Name <= string(marker) {
			continue
		}
		if len(page.Functions) == limit {
			page.NextMarker = base64.RawURLEncoding.EncodeToString([]byte(page.Functions[limit-1].FunctionName))
			break
		}
		target, err := c.functions.Target(f.Name)
		if err != nil {
			return err
		}
		page.Functions = append(page.Functions, describe(f, target.ARN))
	}
	write(c.w, c.r, http.StatusOK, page)
	return nil
}
