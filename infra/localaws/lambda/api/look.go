package api

import (
	"encoding/base64"
	"encoding/hex"
	"net/http"
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
	TracingConfig    tracingConfig
	VpcConfig        *vpcConfig `json:",omitempty"`
	KMSKeyArn        string     `json:",omitempty"`
}

type environment struct{ Variables map[string]string }

type loggingConfig struct{ LogFormat, LogGroup string }

type tracingConfig struct{ Mode string }

type vpcConfig struct {
	SubnetIds               []string
	SecurityGroupIds        []string
	Ipv6AllowedForDualStack bool
}

func describe(t lambda.Target) configuration {
	f := t.Function
	c := configuration{
		FunctionName: f.Name, FunctionArn: t.ARN, Runtime: f.Runtime, Role: f.Role, Handler: f.Handler,
		Description: f.Description, Timeout: f.Timeout, MemorySize: f.MemorySize, Version: t.Version,
		PackageType: "Zip", Architectures: f.Architectures, State: "Active", LastUpdateStatus: "Successful",
		LoggingConfig: loggingConfig{"Text", f.LogGroup()}, TracingConfig: tracingConfig{f.TracingConfig.Mode}, KMSKeyArn: f.KMSKeyARN,
	}
	if v := f.VPCConfig; v != nil && len(v.SubnetIDs) > 0 {
		c.VpcConfig = &vpcConfig{v.SubnetIDs, v.SecurityGroupIDs, v.IPv6AllowedForDualStack}
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
	if target.Version != "$LATEST" {
		f.Tags, f.Reserved = nil, nil // they are the function's as a whole
	}
	type concurrency struct{ ReservedConcurrentExecutions int }
	answer := struct {
		Configuration configuration
		Tags          map[string]string `json:",omitempty"`
		Concurrency   *concurrency      `json:",omitempty"`
	}{Configuration: describe(target), Tags: f.Tags}
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
	write(c.w, c.r, http.StatusOK, describe(target))
	return nil
}

// listFunctions answers all functions in the order of their names, in pages of 50; with
// FunctionVersion ALL each with all of its versions.
//
// https://docs.aws.amazon.com/lambda/latest/api/API_ListFunctions.html
func (c *call) listFunctions(string) error {
	if err := c.permit("ListFunctions", "*", nil); err != nil {
		return err
	}
	all := c.query.Get("FunctionVersion")
	if all != "" && all != "ALL" {
		return invalid("functionVersion", all, "Member must satisfy enum value set: [ALL]")
	}
	functions, err := c.functions.List()
	if err != nil {
		return err
	}
	var list []lambda.Target
	for _, f := range functions {
		if all == "" {
			target, err := c.functions.Target(f.Name)
			if err != nil {
				return err
			}
			list = append(list, target)
			continue
		}
		versions, err := c.functions.Versions(f.Name)
		if err != nil {
			return err
		}
		list = append(list, versions...)
	}
	answer := struct {
		Functions  []configuration
		NextMarker string `json:",omitempty"`
	}{Functions: []configuration{}}
	some, next, err := page(c, "ListFunctions", list, versionKey)
	if err != nil {
		return err
	}
	for _, t := range some {
		answer.Functions = append(answer.Functions, describe(t))
	}
	answer.NextMarker = next
	write(c.w, c.r, http.StatusOK, answer)
	return nil
}

// listVersions is ListVersionsByFunction: $LATEST, and the published versions from the oldest.
//
// https://docs.aws.amazon.com/lambda/latest/api/API_ListVersionsByFunction.html
func (c *call) listVersions(name string) error {
	target, err := c.unqualified("ListVersionsByFunction", name)
	if err != nil {
		return err
	}
	versions, err := c.functions.Versions(target.Function.Name)
	if err != nil {
		return err
	}
	answer := struct {
		Versions   []configuration
		NextMarker string `json:",omitempty"`
	}{Versions: []configuration{}}
	some, next, err := page(c, "ListVersionsByFunction", versions, versionKey)
	if err != nil {
		return err
	}
	for _, t := range some {
		answer.Versions = append(answer.Versions, describe(t))
	}
	answer.NextMarker = next
	write(c.w, c.r, http.StatusOK, answer)
	return nil
}

// unqualified is target for operations that take a function without a qualifier.
func (c *call) unqualified(action, name string) (lambda.Target, error) {
	if found := functionName.FindStringSubmatch(name); found != nil && found[9] != "" {
		return lambda.Target{}, invalid("functionName", name, "Member must satisfy regular expression pattern: "+unqualifiedForm)
	}
	c.query.Del("Qualifier")
	return c.target(action, name)
}
