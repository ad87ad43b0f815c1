package awstest_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"auth-api/infra/localaws/awstest"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cognito"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

var csrfField = regexp.MustCompile(`name="_csrf" value="([^"]+)"`)

// A user of one pool signs in to another through the browser, and gets credentials of
// an identity pool with the ID token.
func TestAUserOfAnotherPoolGetsCredentials(t *testing.T) {
	s := awstest.Deploy(t, awstest.Article(t))
	const callback, password = "http://localhost:3000/callback", "gracePASS123"
	base := s.AWS.URL() + "/auth/second-domain"
	text := func(v string) pulumi.StringInput { return pulumi.String(v) }
	out := awstest.Run(t, s.AWS, func(ctx *pulumi.Context) (pulumi.Map, error) {
		second, err := cognito.NewUserPool(ctx, "second", &cognito.UserPoolArgs{})
		if err != nil {
			return nil, err
		}
		if _, err := cognito.NewUserPoolDomain(ctx, "second", &cognito.UserPoolDomainArgs{UserPoolId: second.ID(), Domain: text("second-domain")}); err != nil {
			return nil, err
		}
		client, err := cognito.NewUserPoolClient(ctx, "second", &cognito.UserPoolClientArgs{
			UserPoolId: second.ID(), GenerateSecret: pulumi.Bool(true), AllowedOauthFlowsUserPoolClient: pulumi.Bool(true),
			AllowedOauthFlows: pulumi.ToStringArray([]string{"code"}), AllowedOauthScopes: pulumi.ToStringArray([]string{"openid", "email"}),
			CallbackUrls: pulumi.ToStringArray([]string{s.Outputs.HostedUIURL + "/oauth2/idpresponse"}),
		})
		if err != nil {
			return nil, err
		}
		grace, err := cognito.NewUser(ctx, "grace", &cognito.UserArgs{
			UserPoolId: second.ID(), Username: text("grace"), Password: text(password + "!"), MessageAction: text("SUPPRESS"), Attributes: pulumi.StringMap{"email": text("grace@navy.example.com")},
		})
		if err != nil {
			return nil, err
		}
		provider, err := cognito.NewIdentityProvider(ctx, "second", &cognito.IdentityProviderArgs{
			UserPoolId: text(s.Outputs.UserPoolID), ProviderName: text("Second"), ProviderType: text("OIDC"),
			AttributeMapping: pulumi.StringMap{"username": text("sub"), "email": text("email")},
			ProviderDetails: pulumi.StringMap{
				"client_id": client.ID(), "client_secret": client.ClientSecret, "authorize_scopes": text("openid email"), "attributes_request_method": text("GET"),
				"oidc_issuer": pulumi.Sprintf("https://%s", second.Endpoint), "authorize_url": text(base + "/oauth2/authorize"), "token_url": text(base + "/oauth2/token"),
				"attributes_url": text(base + "/oauth2/userInfo"), "jwks_uri": pulumi.Sprintf("%s/%s/.well-known/jwks.json", s.AWS.URL(), second.ID()),
			},
		})
		if err != nil {
			return nil, err
		}
		app, err := cognito.NewUserPoolClient(ctx, "app", &cognito.UserPoolClientArgs{
			UserPoolId: text(s.Outputs.UserPoolID), AllowedOauthFlowsUserPoolClient: pulumi.Bool(true), AllowedOauthFlows: pulumi.ToStringArray([]string{"code"}),
			AllowedOauthScopes: pulumi.ToStringArray([]string{"openid", "email"}), CallbackUrls: pulumi.ToStringArray([]string{callback}),
			SupportedIdentityProviders: pulumi.StringArray{provider.ProviderName},
		})
		if err != nil {
			return nil, err
		}
		identities, err := cognito.NewIdentityPool(ctx, "identities", &cognito.IdentityPoolArgs{IdentityPoolName: text("identities"),
			CognitoIdentityProviders: cognito.IdentityPoolCognitoIdentityProviderArray{cognito.IdentityPoolCognitoIdentityProviderArgs{
				ClientId: app.ID(), ProviderName: text("cognito-idp." + s.Outputs.Region + ".amazonaws.com/" + s.Outputs.UserPoolID),
			}}})
		if err != nil {
			return nil, err
		}
		role, err := iam.NewRole(ctx, "role", &iam.RoleArgs{AssumeRolePolicy: pulumi.Sprintf(`{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "sts:AssumeRoleWithWebIdentity",
			"Principal": {"Federated": "cognito-identity.amazonaws.com"}, "Condition": {"StringEquals": {"cognito-identity.amazonaws.com:aud": "%s"}}}}`, identities.ID())})
		if err != nil {
			return nil, err
		}
		_, err = cognito.NewIdentityPoolRoleAttachment(ctx, "roles", &cognito.IdentityPoolRoleAttachmentArgs{IdentityPoolId: identities.ID(), Roles: pulumi.StringMap{"authenticated": role.Arn}})
		return pulumi.Map{"client": app.ID(), "identities": identities.ID(), "sub": grace.Sub}, err
	})

	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	var to *url.URL // where the browser is led outside of the local AWS
	browser := &http.Client{Jar: jar, CheckRedirect: func(r *http.Request, _ []*http.Request) error {
		if strings.HasPrefix(r.URL.String(), callback) {
			to = r.URL
			return http.ErrUseLastResponse
		}
		return nil
	}}
	send := func(method, address string, form url.Values) (*http.Response, string) {
		t.Helper()
		req, err := http.NewRequestWithContext(t.Context(), method, address, strings.NewReader(form.Encode()))
		if err != nil {
			t.Fatal(err)
		}
		if method == http.MethodPost {
			req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		}
		resp, err := browser.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		body, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		return resp, string(body)
	}
	page, body := send(http.MethodGet, s.Outputs.HostedUIURL+"/oauth2/authorize?"+url.Values{
		"client_id": {out["client"].(string)}, "redirect_uri": {callback}, "response_type": {"code"}, "scope": {"openid email"}, "state": {"mine"},
	}.Encode(), nil)
	token := csrfField.FindStringSubmatch(body)
	if !strings.HasPrefix(page.Request.URL.String(), base+"/login") || token == nil {
		t.Fatalf("the browser is not at the second pool's sign-in: %s\n%s", page.Request.URL, body)
	}
	_, body = send(http.MethodPost, page.Request.URL.String(), url.Values{"_csrf": {token[1]}, "username": {"grace"}, "password": {password + "!"}})
	if to == nil || to.Query().Get("code") == "" || to.Query().Get("state") != "mine" {
		t.Fatalf("the browser is led to %v\n%s", to, body)
	}
	_, body = send(http.MethodPost, s.Outputs.HostedUIURL+"/oauth2/token", url.Values{
		"grant_type": {"authorization_code"}, "client_id": {out["client"].(string)}, "code": {to.Query().Get("code")}, "redirect_uri": {callback},
	})
	var tokens struct {
		ID string `json:"id_token"`
	}
	if err := json.Unmarshal([]byte(body), &tokens); err != nil || tokens.ID == "" {
		t.Fatalf("%s", body)
	}
	users := s.Users()
	found := false
	for _, u := range users {
		found = found || u.Username == "Second_"+out["sub"].(string) && u.Status == "EXTERNAL_PROVIDER" && u.Attributes["email"] == "grace@navy.example.com"
	}
	if !found {
		t.Errorf("the users are %+v", users)
	}
	other := *s
	other.Outputs.IdentityPoolID = out["identities"].(string)
	if identity, err := other.Directory().Credentials(t.Context(), tokens.ID); err != nil || identity.ID == "" {
		t.Errorf("credentials: %v", err)
	}
}
