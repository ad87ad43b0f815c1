// Package webconfig is what a client in a browser is told of a stack: the web client at
// /config.json, and by make web-config those that are hosted elsewhere.
package webconfig

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// Config is what the page has to know of the stack, as it reads it at /config.json:
// functions/web/client/types.ts has the same fields.
type Config struct {
	Region             string  `json:"region"`
	WebURL             string  `json:"webUrl"` // to the letter as the hosted sign-in knows it
	APIURL             string  `json:"apiUrl"` // of the same origin, so that no CORS is needed
	APIKey             string  `json:"apiKey"`
	UserPoolID         string  `json:"userPoolId"`
	UserPoolClientID   string  `json:"userPoolClientId"`
	IdentityPoolID     string  `json:"identityPoolId"`
	HostedUIURL        string  `json:"hostedUiUrl"`
	Issuer             string  `json:"issuer"`
	CognitoIdentityURL string  `json:"cognitoIdentityUrl"`
	Guests             bool    `json:"guests"` // whether who has not signed in gets credentials too
	Routes             []Route `json:"routes"` // those with a button
}

// Route is a route as clients in browsers know it: for the web client, one with a button.
type Route struct {
	Method         string   `json:"method"`
	Path           string   `json:"path"`
	Authorization  string   `json:"authorization"` // NONE, AWS_IAM, COGNITO_USER_POOLS
	APIKeyRequired bool     `json:"apiKeyRequired"`
	Guests         bool     `json:"guests,omitempty"` // AWS_IAM: whether guests may call, too
	Scopes         []string `json:"scopes,omitempty"` // COGNITO_USER_POOLS: those of which an access token needs one
}

// JSON is the parameter's value.
func (c Config) JSON() (string, error) {
	if c.Routes == nil {
		c.Routes = []Route{}
	}
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	if err := e.Encode(c); err != nil {
		return "", fmt.Errorf("writing what the web client is told: %w", err)
	}
	return strings.TrimSpace(out.String()), nil
}

// What AWS makes up, at its longest. An API's id has always been of ten characters.
//
// See https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_UserPoolClientType.html,
// https://docs.aws.amazon.com/cognitoidentity/latest/APIReference/API_IdentityPool.html and
// https://docs.aws.amazon.com/apigateway/latest/api/API_CreateApiKey.html.
const (
	LongestAPIID          = 10
	LongestKey            = 128
	LongestUserPoolID     = 55
	LongestClientID       = 128
	LongestIdentityPoolID = 55
)

// maxValue is how many characters a parameter of the standard tier takes, which costs
// nothing: https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-advanced-parameters.html.
const maxValue = 4096

// Check refuses what the parameter cannot take. Its caller has put in ids at their
// longest, so that nothing is found only once they are known.
func (c Config) Check() error {
	text, err := c.JSON()
	if err != nil {
		return err
	}
	if len(text) > maxValue {
		return fmt.Errorf("what the web client is told may have %d characters with its %d routes, and an SSM parameter of the standard tier takes %d: name fewer", len(text), len(c.Routes), maxValue)
	}
	if strings.Contains(text, "{{") { // which can only be in a scope
		return errors.New("what the web client is told would have {{ in it, which Parameter Store takes for another parameter's name: name no routes with such scopes")
	}
	return nil
}
