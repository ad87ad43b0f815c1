package stack

import (
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"auth-api/infra/settings"
)

// outputs are what the stack tells: the same names on AWS and on the local AWS.
func (d *deployment) outputs() (pulumi.Map, error) {
	s, where, id, rest := d.settings, d.where, d.identity, d.api
	all := pulumi.Map{
		"apiUrl":           rest.URL,
		"apiKey":           rest.Key,
		"region":           pulumi.String(where.account.Region),
		"userPoolId":       id.UserPoolID,
		"userPoolClientId": id.UserPoolClientID,
		"identityPoolId":   id.IdentityPoolID,
		"issuer":           id.UserPoolID.ApplyT(d.issuer).(pulumi.StringOutput),
		"hostedUiUrl":      id.DomainPrefix.ApplyT(d.hostedURL).(pulumi.StringOutput),
		"webUrl":           d.webURL(),
	}
	if d.local() {
		all["awsEndpoint"] = pulumi.String("http://" + where.endpoint)
	}
	all["guests"] = pulumi.Bool(s.Identity.Guests)
	if rest.DomainURL != nil {
		all["domainUrl"] = *rest.DomainURL
	}
	if s.DemoPassword != "" {
		all["demoUser"] = pulumi.String(s.Identity.DemoUser)
		// For the tools that sign in as the demo user; nobody else need know it.
		all["demoPassword"] = pulumi.ToSecret(pulumi.String(s.DemoPassword))
	}
	d.identityOutputs(all)
	d.verifyOutputs(all)
	routes := pulumi.Map{} // by name, so that a preview shows a new route as one line more
	for _, r := range s.Routes {
		route := pulumi.Map{
			"method": pulumi.String(r.Method), "path": pulumi.String(r.Path),
			"authorization": pulumi.String(r.Authorization), "apiKeyRequired": pulumi.Bool(r.APIKeyRequired),
		}
		if len(r.Callers) > 0 {
			callers := pulumi.StringArray{}
			for _, caller := range r.Callers {
				callers = append(callers, pulumi.String(caller))
			}
			route["callers"] = callers
		}
		if len(r.CallerTags) > 0 {
			route["callerTags"] = pulumi.ToStringMap(r.CallerTags)
		}
		if r.Authorizer != "" {
			route["authorizer"] = pulumi.String(r.Authorizer)
		}
		if len(r.Scopes) > 0 {
			route["scopes"] = pulumi.ToStringArray(r.Scopes)
		}
		if r.Web {
			route["web"] = pulumi.Bool(true)
		}
		routes[r.Method+" "+r.Path] = route
	}
	all["routes"] = routes
	versions, err := d.versionsNow()
	if len(versions) > 0 {
		all[versionsOutput] = versions
	}
	return all, err
}

// local tells whether the stack is for the local AWS.
func (d *deployment) local() bool { return d.settings.Target == settings.Local }

// issuer is what a user pool's tokens name as iss. The local AWS says so too.
func (d *deployment) issuer(userPoolID string) string {
	return fmt.Sprintf("https://cognito-idp.%s.amazonaws.com/%s", d.where.account.Region, userPoolID)
}

// hostedURL is the base of the hosted sign-in.
func (d *deployment) hostedURL(domainPrefix string) string {
	if d.local() {
		return fmt.Sprintf("http://%s/auth/%s", d.where.endpoint, domainPrefix)
	}
	return fmt.Sprintf("https://%s.auth.%s.amazoncognito.com", domainPrefix, d.where.account.Region)
}

// cognitoIdentityURL is where Amazon Cognito's identity pools answer.
func (d *deployment) cognitoIdentityURL() string {
	if d.local() {
		return "http://" + d.where.endpoint
	}
	return fmt.Sprintf("https://cognito-identity.%s.%s", d.where.account.Region, d.where.account.DNSSuffix())
}
