package stack

import (
	"fmt"
	"net"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"auth-api/infra/settings"
	"auth-api/infra/web"
	"auth-api/infra/web/webconfig"
)

// known is what AWS makes up and the web client has to know.
type known struct {
	apiID, apiKey, userPoolID, clientID, identityPoolID string
}

// planWeb refuses what the web client's parameter would not take.
func (d *deployment) planWeb() error {
	s := d.settings
	if s.Web.Function == "" {
		return nil
	}
	of := func(length int) string { return strings.Repeat("x", length) }
	address, err := d.webAddress(of(webconfig.LongestAPIID))
	if err != nil {
		return err
	}
	longest := known{of(webconfig.LongestAPIID), of(webconfig.LongestKey), of(webconfig.LongestUserPoolID), of(webconfig.LongestClientID), of(webconfig.LongestIdentityPoolID)}
	if err := d.webConfig(address, longest).Check(); err != nil {
		return fmt.Errorf("checking Pulumi.%s.yaml: %s:web.routes: %w; nothing was done", s.Stack, s.Project, err)
	}
	return nil
}

// webAddress is where the web client is: the API's root. A browser is sent there to the
// letter, so that it ends with the slash without which there is no path below a name. It
// follows from the API's id alone, and so waits for no stage.
//
// The local AWS is at localhost there, by whatever name of this machine it is asked:
// Cognito takes callbacks without TLS to localhost alone.
func (d *deployment) webAddress(apiID string) (string, error) {
	s, account := d.settings, d.where.account
	if d.local() {
		_, port, err := net.SplitHostPort(d.where.endpoint)
		if err != nil {
			return "", fmt.Errorf("finding the web client's address: the local AWS answers at %q: %w", d.where.endpoint, err)
		}
		return fmt.Sprintf("http://localhost:%s/execute-api/%s/%s/", port, apiID, s.StageName), nil
	}
	if s.Domain.Name != "" {
		return "https://" + s.Domain.Name + "/", nil
	}
	return fmt.Sprintf("https://%s.execute-api.%s.%s/%s/", apiID, account.Region, account.DNSSuffix(), s.StageName), nil
}

// webURL is the output of the same name. Without a web client of the stack's own it is
// that which is hosted elsewhere.
func (d *deployment) webURL() pulumi.StringInput {
	if d.settings.Web.Function == "" {
		return pulumi.String(d.settings.Identity.CallbackURLs[0])
	}
	return d.api.ID.ApplyT(d.webAddress).(pulumi.StringOutput)
}

// webConfig is what the web client at an address is told.
func (d *deployment) webConfig(address string, k known) webconfig.Config {
	s := d.settings
	config := webconfig.Config{
		Region:             d.where.account.Region,
		WebURL:             address,
		APIURL:             strings.TrimSuffix(address, "/"),
		APIKey:             k.apiKey,
		UserPoolID:         k.userPoolID,
		UserPoolClientID:   k.clientID,
		IdentityPoolID:     k.identityPoolID,
		HostedUIURL:        d.hostedURL(d.where.domainPrefix(s)),
		Issuer:             d.issuer(k.userPoolID),
		CognitoIdentityURL: d.cognitoIdentityURL(),
		Guests:             s.Identity.Guests,
	}
	for _, r := range s.Buttons() {
		config.Routes = append(config.Routes, webconfig.Route{
			Method: r.Method, Path: r.Path, Authorization: string(r.Authorization), APIKeyRequired: r.APIKeyRequired, Scopes: r.Scopes,
			Guests: slices.Contains(r.Callers, settings.Guest),
		})
	}
	return config
}

// declareWeb comes last: all that the web client is told is known then.
func (d *deployment) declareWeb() error {
	s := d.settings
	if s.Web.Function == "" {
		return nil
	}
	id := d.identity
	value := pulumi.All(d.api.ID, d.api.Key, id.UserPoolID, id.UserPoolClientID, id.IdentityPoolID).ApplyT(func(all []any) (string, error) {
		k := known{all[0].(string), all[1].(string), all[2].(string), all[3].(string), all[4].(string)}
		address, err := d.webAddress(k.apiID)
		if err != nil {
			return "", err
		}
		return d.webConfig(address, k).JSON()
	}).(pulumi.StringOutput)
	_, err := web.New(d.ctx, "web", web.Args{Name: s.Name(), Parameter: s.WebParameter(), Value: value, Tags: d.tags})
	return err
}
