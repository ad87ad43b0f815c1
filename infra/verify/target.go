package verify

import (
	"fmt"
	"net/url"
	"strings"

	"auth-api/infra/client"
	"auth-api/infra/internal/sdkhttp"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/apigateway"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentity"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
)

// Target is the stack that is attacked.
type Target struct {
	Name    string // of the stack
	Outputs client.Outputs

	// Admin are an administrator's credentials, nil when there are none: with them users
	// are made and removed, and what is deployed and logged is looked at.
	Admin aws.CredentialsProvider
	// NoAdmin says why Admin is nil.
	NoAdmin string
}

// Local tells whether the stack is one of the local AWS.
func (t Target) Local() bool { return t.Outputs.AWSEndpoint != "" }

// place is where the API stands.
type place struct {
	base       string // of requests, without a slash at the end
	origin     string // scheme and host of base
	prefix     string // the path of base
	api, stage string // ids of what apiUrl names
	siblings   string // the address whose next segment is a stage
}

func (t Target) place() (place, error) {
	o := t.Outputs
	u, err := url.Parse(o.APIURL)
	if err != nil || u.Host == "" {
		return place{}, fmt.Errorf("reading the outputs: apiUrl is %q; it is an address such as https://API.execute-api.REGION.amazonaws.com/STAGE", o.APIURL)
	}
	parts := strings.Split(strings.Trim(u.Path, "/"), "/")
	var p place
	p.stage = parts[len(parts)-1]
	if t.Local() && len(parts) >= 2 {
		p.api = parts[len(parts)-2]
	} else {
		p.api, _, _ = strings.Cut(u.Host, ".")
	}
	if p.api == "" || p.stage == "" {
		return place{}, fmt.Errorf("reading the outputs: apiUrl %q names no API and stage", o.APIURL)
	}
	p.base = strings.TrimSuffix(o.APIURL, "/")
	p.siblings = strings.TrimSuffix(p.base, "/"+p.stage)
	if t.ownDomain() && !t.Local() {
		p.base = strings.TrimSuffix(o.DomainURL, "/")
		if u, err = url.Parse(p.base); err != nil {
			return place{}, fmt.Errorf("reading the outputs: domainUrl: %w", err)
		}
	}
	p.origin, p.prefix = u.Scheme+"://"+u.Host, strings.TrimSuffix(u.EscapedPath(), "/")
	return p, nil
}

// ownDomain tells whether the API answers at its own name alone.
func (t Target) ownDomain() bool {
	return t.Outputs.DomainURL != "" && t.Outputs.DefaultEndpoint != nil && !*t.Outputs.DefaultEndpoint
}

// config is for the AWS SDK, with the administrator's credentials.
func (t Target) config() aws.Config {
	c := aws.Config{Region: t.Outputs.Region, Credentials: t.Admin, HTTPClient: sdkhttp.Client()}
	if t.Local() {
		c.BaseEndpoint = aws.String(t.Outputs.AWSEndpoint)
	}
	return c
}

// The services that an administrator asks.
type services struct {
	users    *cognitoidentityprovider.Client
	pools    *cognitoidentity.Client
	gateways *apigateway.Client
	logs     *cloudwatchlogs.Client
}

func (t Target) services() services {
	c := t.config()
	return services{
		cognitoidentityprovider.NewFromConfig(c), cognitoidentity.NewFromConfig(c),
		apigateway.NewFromConfig(c), cloudwatchlogs.NewFromConfig(c),
	}
}

// anyone returns the services for callers who sign nothing.
func (t Target) anyone() services {
	c := t.config()
	c.Credentials = aws.AnonymousCredentials{}
	return services{users: cognitoidentityprovider.NewFromConfig(c), pools: cognitoidentity.NewFromConfig(c)}
}
