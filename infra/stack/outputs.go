package stack

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"auth-api/infra/settings"
)

// outputs are what the stack tells: the same names on AWS and on the local AWS.
func (d *deployment) outputs() (pulumi.Map, error) {
	s, where, id, rest := d.settings, d.where, d.identity, d.api
	region := where.account.Region
	all := pulumi.Map{
		"apiUrl":           rest.URL,
		"apiKey":           rest.Key,
		"region":           pulumi.String(region),
		"userPoolId":       id.UserPoolID,
		"userPoolClientId": id.UserPoolClientID,
		"identityPoolId":   id.IdentityPoolID,
		"issuer":           pulumi.Sprintf("https://cognito-idp.%s.amazonaws.com/%s", region, id.UserPoolID),
		"hostedUiUrl":      pulumi.Sprintf("https://%s.auth.%s.amazoncognito.com", id.DomainPrefix, region),
		"webUrl":           pulumi.String(s.Identity.CallbackURLs[0]),
	}
	if s.Target == settings.Local {
		all["hostedUiUrl"] = pulumi.Sprintf("http://%s/auth/%s", where.endpoint, id.DomainPrefix)
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
		routes[r.Method+" "+r.Path] = route
	}
	all["routes"] = routes
	versions, err := d.versionsNow()
	if len(versions) > 0 {
		all[versionsOutput] = versions
	}
	return all, err
}
