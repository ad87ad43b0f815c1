package api

import (
	"net/http"
	"net/url"
	"regexp"

	"auth-api/infra/localaws/lambda"
	"auth-api/infra/localaws/wire"
)

// unqualifiedForm is what the API takes for a function where none of its versions is meant.
const unqualifiedForm = `(arn:(aws[a-zA-Z-]*)?:lambda:)?([a-z]{2}(-gov)?-[a-z]+-\d{1}:)?(\d{12}:)?(function:)?([a-zA-Z0-9-_]+)`

var (
	aliasName     = regexp.MustCompile(`^[a-zA-Z0-9-_]{1,128}$`)
	versionNumber = regexp.MustCompile(`^(\$LATEST|[0-9]+)$`)
)

// aliasConfiguration is an alias as the API shows it.
//
// https://docs.aws.amazon.com/lambda/latest/api/API_AliasConfiguration.html
type aliasConfiguration struct {
	AliasArn        string
	Name            string
	FunctionVersion string
	Description     string
	RoutingConfig   *routingConfig `json:",omitempty"`
}

type routingConfig struct{ AdditionalVersionWeights map[string]float64 }

func describeAlias(a lambda.Alias) aliasConfiguration {
	c := aliasConfiguration{AliasArn: a.ARN, Name: a.Name, FunctionVersion: a.FunctionVersion, Description: a.Description}
	if r := a.RoutingConfig; r != nil && len(r.AdditionalVersionWeights) > 0 {
		c.RoutingConfig = &routingConfig{r.AdditionalVersionWeights}
	}
	return c
}

// getAlias answers one alias. The right to it is one on the function.
//
// https://docs.aws.amazon.com/lambda/latest/api/API_GetAlias.html
func (c *call) getAlias(name, escaped string) error {
	alias, err := url.PathUnescape(escaped)
	if err != nil || !aliasName.MatchString(alias) {
		return invalid("name", escaped, "Member must satisfy regular expression pattern: (?!^[0-9]+$)([a-zA-Z0-9-_]+)")
	}
	target, err := c.unqualified("GetAlias", name)
	if err != nil {
		return err
	}
	aliases, err := c.functions.Aliases(target.Function.Name)
	if err != nil {
		return err
	}
	for _, a := range aliases {
		if a.Name == alias {
			write(c.w, c.r, http.StatusOK, describeAlias(a))
			return nil
		}
	}
	return (&wire.Error{Code: "ResourceNotFoundException", Message: "Cannot find alias arn: " + target.ARN + ":" + alias}).WithStatus(http.StatusNotFound)
}

// listAliases answers a function's aliases in the order of their names, all or those that
// lead to one version.
//
// https://docs.aws.amazon.com/lambda/latest/api/API_ListAliases.html
func (c *call) listAliases(name string) error {
	version := c.query.Get("FunctionVersion")
	if version != "" && !versionNumber.MatchString(version) {
		return invalid("functionVersion", version, `Member must satisfy regular expression pattern: (\$LATEST|[0-9]+)`)
	}
	target, err := c.unqualified("ListAliases", name)
	if err != nil {
		return err
	}
	aliases, err := c.functions.Aliases(target.Function.Name)
	if err != nil {
		return err
	}
	var list []lambda.Alias
	for _, a := range aliases {
		if version == "" || a.FunctionVersion == version || a.RoutingConfig != nil && has(a.RoutingConfig.AdditionalVersionWeights, version) {
			list = append(list, a)
		}
	}
	some, next, err := page(c, "ListAliases", list, func(a lambda.Alias) string { return a.Name })
	if err != nil {
		return err
	}
	answer := struct {
		Aliases    []aliasConfiguration
		NextMarker string `json:",omitempty"`
	}{[]aliasConfiguration{}, next}
	for _, a := range some {
		answer.Aliases = append(answer.Aliases, describeAlias(a))
	}
	write(c.w, c.r, http.StatusOK, answer)
	return nil
}

func has(weights map[string]float64, version string) bool {
	_, is := weights[version]
	return is
}
