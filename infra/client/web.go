package client

import (
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"auth-api/infra/web/webconfig"
)

// WebConfig is what a client in a browser needs of a stack: what the stack's own client is
// told, here with all routes but those with an authorizer of one's own, by path and method;
// and what a client that is hosted elsewhere needs besides.
//
// It holds no secret: everybody who opens the page gets all of it. That goes for the API
// key too, which tells clients apart for the usage plan, and authorizes nobody.
type WebConfig struct {
	webconfig.Config

	CallbackURLs []string `json:"callbackUrls"` // where the hosted sign-in may send a code to
	SignOutURLs  []string `json:"signOutUrls"`
	AWSEndpoint  string   `json:"awsEndpoint,omitempty"` // of all service APIs; on local stacks alone
}

// Web returns what a client in a browser needs of these outputs. It fails when they lack
// something of it, as those of a stack that an earlier program brought up may.
func (o Outputs) Web() (WebConfig, error) {
	identityPools := "https://cognito-identity." + o.Region + ".amazonaws.com"
	if o.AWSEndpoint != "" {
		identityPools = o.AWSEndpoint
	}
	c := WebConfig{
		Config: webconfig.Config{
			Region: o.Region, WebURL: o.WebURL, APIURL: o.APIURL, APIKey: o.APIKey,
			UserPoolID: o.UserPoolID, UserPoolClientID: o.UserPoolClientID, IdentityPoolID: o.IdentityPoolID,
			HostedUIURL: o.HostedUIURL, Issuer: o.Issuer, CognitoIdentityURL: identityPools, Guests: o.Guests, Routes: []webconfig.Route{},
		},
		CallbackURLs: slices.Sorted(slices.Values(o.CallbackURLs)), SignOutURLs: slices.Sorted(slices.Values(o.SignOutURLs)), AWSEndpoint: o.AWSEndpoint,
	}
	var missing []string
	for name, value := range map[string]string{
		"region": c.Region, "webUrl": c.WebURL, "apiUrl": c.APIURL, "apiKey": c.APIKey, "userPoolId": c.UserPoolID,
		"userPoolClientId": c.UserPoolClientID, "identityPoolId": c.IdentityPoolID, "hostedUiUrl": c.HostedUIURL, "issuer": c.Issuer,
		"callbackUrls": strings.Join(c.CallbackURLs, ""), "signOutUrls": strings.Join(c.SignOutURLs, ""),
	} {
		if value == "" {
			missing = append(missing, name)
		}
	}
	if len(missing) > 0 {
		slices.Sort(missing)
		return WebConfig{}, fmt.Errorf("reading what a web client needs of the stack's outputs: they lack %s", strings.Join(missing, ", "))
	}
	for _, name := range o.RouteNames() {
		if r := o.Routes[name]; r.Authorization != "CUSTOM" && !r.Web {
			c.Routes = append(c.Routes, webconfig.Route{Method: r.Method, Path: r.Path, Authorization: r.Authorization, APIKeyRequired: r.APIKeyRequired, Guests: slices.Contains(r.Callers, "guest"), Scopes: r.Scopes})
		}
	}
	return c, nil
}

// prefixRule is what the name of a variable may begin with.
var prefixRule = regexp.MustCompile(`^([A-Za-z_][A-Za-z0-9_]*)?$`)

// Env writes the configuration as the lines of a .env file, each name behind the prefix:
// bundlers give pages only the variables with theirs, such as VITE_. The routes, which are
// no text, are left out. Whatever readers of such files would take differently is refused.
func (c WebConfig) Env(prefix string) (string, error) {
	fail := func(err error) (string, error) { return "", fmt.Errorf("writing a .env file: %w", err) }
	if !prefixRule.MatchString(prefix) {
		return fail(fmt.Errorf("the prefix is %q: legal are letters, digits and _, without a digit at first", prefix))
	}
	for _, url := range append(slices.Clone(c.CallbackURLs), c.SignOutURLs...) {
		if strings.Contains(url, ",") {
			return fail(fmt.Errorf("the callback or sign-out URL %q has a comma, which separates them here; take --json", url))
		}
	}
	var out strings.Builder
	for _, v := range [][2]string{
		{"REGION", c.Region}, {"API_URL", c.APIURL}, {"API_KEY", c.APIKey},
		{"USER_POOL_ID", c.UserPoolID}, {"USER_POOL_CLIENT_ID", c.UserPoolClientID}, {"IDENTITY_POOL_ID", c.IdentityPoolID},
		{"HOSTED_UI_URL", c.HostedUIURL}, {"ISSUER", c.Issuer}, {"COGNITO_IDENTITY_URL", c.CognitoIdentityURL},
		{"GUESTS", strconv.FormatBool(c.Guests)}, {"WEB_URL", c.WebURL},
		{"CALLBACK_URLS", strings.Join(c.CallbackURLs, ",")}, {"SIGN_OUT_URLS", strings.Join(c.SignOutURLs, ",")},
		{"AWS_ENDPOINT", c.AWSEndpoint},
	} {
		if v[0] == "AWS_ENDPOINT" && v[1] == "" {
			continue
		}
		value, err := quote(v[1])
		if err != nil {
			return fail(fmt.Errorf("%s%s %w", prefix, v[0], err))
		}
		if v[0] == "API_KEY" {
			out.WriteString("# Everybody who opens the page gets the API key: it meters, it authorizes nobody.\n")
		}
		fmt.Fprintf(&out, "%s%s=%s\n", prefix, v[0], value)
	}
	return out.String(), nil
}

var (
	plainValue  = regexp.MustCompile(`^[A-Za-z0-9_./:@,+-]+$`)
	quotedValue = regexp.MustCompile("^[^\\x00-\\x1f\\x7f'\"`$\\\\]+$")
)

// quote writes a value so that shells, dotenv for Node.js and what expands variables in
// the files of the latter all read the same. They differ in what they make of $ and \ even
// within quotes, and of quotes within quotes.
func quote(value string) (string, error) {
	switch {
	case plainValue.MatchString(value):
		return value, nil
	case quotedValue.MatchString(value):
		return "'" + value + "'", nil
	}
	return "", fmt.Errorf("is %q: readers of .env files differ on line breaks, quotes, $ and \\; take --json", value)
}

// AmplifyConfig is what Amplify.configure of Amplify for JavaScript takes, version 6: its
// type ResourcesConfig.
//
// See https://docs.amplify.aws/javascript/build-a-backend/auth/use-existing-cognito-resources/.
type AmplifyConfig struct {
	Auth struct {
		Cognito AmplifyCognito `json:"Cognito"`
	} `json:"Auth"`
	API struct {
		REST map[string]AmplifyREST `json:"REST"`
	} `json:"API"`
}

// AmplifyCognito is AmplifyConfig's part on the pools.
type AmplifyCognito struct {
	UserPoolID           string        `json:"userPoolId"`
	UserPoolClientID     string        `json:"userPoolClientId"`
	IdentityPoolID       string        `json:"identityPoolId"`
	AllowGuestAccess     bool          `json:"allowGuestAccess"`
	UserPoolEndpoint     string        `json:"userPoolEndpoint,omitempty"` // without AWS's own
	IdentityPoolEndpoint string        `json:"identityPoolEndpoint,omitempty"`
	LoginWith            *AmplifyLogin `json:"loginWith,omitempty"`
}

// AmplifyLogin is how Amplify signs in elsewhere than at a form of one's own.
type AmplifyLogin struct {
	OAuth AmplifyOAuth `json:"oauth"`
}

// AmplifyOAuth is the hosted sign-in.
type AmplifyOAuth struct {
	Domain          string   `json:"domain"` // without a scheme: Amplify knows none but https
	Scopes          []string `json:"scopes"`
	RedirectSignIn  []string `json:"redirectSignIn"` // Amplify takes that of the page's own origin
	RedirectSignOut []string `json:"redirectSignOut"`
	ResponseType    string   `json:"responseType"`
}

// AmplifyREST is an API.
type AmplifyREST struct {
	Endpoint string `json:"endpoint"`
	Region   string `json:"region"` // that requests are signed for
}

// AmplifyAPI is the name that the API has in an AmplifyConfig.
const AmplifyAPI = "api"

// Amplify returns the configuration in the shape of Amplify. It has no hosted sign-in where
// that is reached by http, as on a local AWS, since Amplify asks for https whatever it is
// told; and no API key, for which Amplify has no place.
func (c WebConfig) Amplify() (AmplifyConfig, error) {
	var a AmplifyConfig
	hosted, err := url.Parse(c.HostedUIURL)
	if err != nil {
		return a, fmt.Errorf("writing the configuration of Amplify: hostedUiUrl: %w", err)
	}
	a.Auth.Cognito = AmplifyCognito{
		UserPoolID: c.UserPoolID, UserPoolClientID: c.UserPoolClientID, IdentityPoolID: c.IdentityPoolID, AllowGuestAccess: c.Guests,
		UserPoolEndpoint: c.AWSEndpoint, IdentityPoolEndpoint: c.AWSEndpoint,
	}
	if hosted.Scheme == "https" {
		a.Auth.Cognito.LoginWith = &AmplifyLogin{AmplifyOAuth{
			Domain: hosted.Host + hosted.Path, Scopes: []string{"openid", "email", "profile"},
			RedirectSignIn: c.CallbackURLs, RedirectSignOut: c.SignOutURLs, ResponseType: "code",
		}}
	}
	a.API.REST = map[string]AmplifyREST{AmplifyAPI: {Endpoint: c.APIURL, Region: c.Region}}
	return a, nil
}
