package verify

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/apigateway"
	idp "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"
)

const themeDocument = "What is deployed"

const (
	docExport = "https://docs.aws.amazon.com/apigateway/latest/api/API_GetExport.html"
	docClient = "https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-settings-client-apps.html"
)

func documentChecks() []Check {
	const admin = "with an administrator's credentials"
	check := func(id, title, proves, doc string, severity Severity, run func(context.Context, *session) []Result) Check {
		return Check{ID: id, Theme: themeDocument, Title: title, Proves: proves, Doc: doc, Severity: severity, Applies: admin, phase: settled, run: run}
	}
	return []Check{
		check("V-DOC-01", "Nothing is deployed that the settings do not have", "Each method of the document that the stage serves is a route of the route table, or answers preflights.", docExport, Critical, extraRoutes),
		check("V-DOC-02", "Routes are deployed with their authorization", "Authorization, API key and scopes of each method are those of the route table.", docExport, Critical, otherAuthorization),
		check("V-DOC-03", "All routes are deployed", "Each route of the route table is a method of the document.", docExport, Medium, missingRoutes),
		check("V-DOC-04", "The web client sends codes to registered addresses alone", "The client's callback and sign-out URLs are those of the outputs callbackUrls and signOutUrls.", docClient, Critical, clientAddresses),
		check("V-DOC-05", "The web client is as it was meant to be", "The code flow alone, no secret, user existence not told, tokens revocable.", docClient, High, clientSettings),
	}
}

// deployed is what an administrator sees, looked at once.
type deployed struct {
	once  sync.Once
	err   error
	doc   []deployedRoute
	stage *apigateway.GetStageOutput

	client *types.UserPoolClientType
	other  error // why there is no client
}

// inspect looks at what is deployed, or says why it cannot be looked at.
func (s *session) inspect(ctx context.Context) *deployed {
	d := &s.deployed
	d.once.Do(func() {
		if s.target.Admin == nil {
			d.err, d.other = skipped("it needs an administrator's credentials: "+s.target.NoAdmin), skipped("it needs an administrator's credentials: "+s.target.NoAdmin)
			return
		}
		d.err = func() (err error) {
			d.stage, err = s.admin.gateways.GetStage(ctx, &apigateway.GetStageInput{RestApiId: &s.api, StageName: &s.stage})
			if err != nil {
				return fmt.Errorf("looking at the stage: %w", told(err))
			}
			export, err := s.admin.gateways.GetExport(ctx, &apigateway.GetExportInput{
				RestApiId: &s.api, StageName: &s.stage, ExportType: aws.String("oas30"), Accepts: aws.String("application/json"), Parameters: map[string]string{"extensions": "apigateway"},
			})
			if err != nil {
				return fmt.Errorf("exporting the deployed document: %w", told(err))
			}
			d.doc, err = readDocument(export.Body)
			return err
		}()
		out, err := s.admin.users.DescribeUserPoolClient(ctx, &idp.DescribeUserPoolClientInput{UserPoolId: &s.out.UserPoolID, ClientId: &s.out.UserPoolClientID})
		if err != nil {
			d.other = fmt.Errorf("looking at the web client: %w", told(err))
			return
		}
		d.client = out.UserPoolClient
	})
	return d
}

func (r deployedRoute) name() string { return r.method + " " + r.path }

func extraRoutes(ctx context.Context, s *session) (out []Result) {
	d := s.inspect(ctx)
	if d.err != nil {
		return failure(d.err)
	}
	for _, r := range d.doc {
		_, known := s.out.Routes[r.name()]
		switch {
		case known:
			out = append(out, mustHold(r.name(), "", "a route of the route table", "it is", true))
		case r.method == "OPTIONS" && r.mock:
			out = append(out, mustHold(r.name(), "", "a route of the route table", "it answers preflights", true))
		default:
			out = append(out, mustHold(r.name(), "", "a route of the route table", "deployed, "+r.describe(), false))
		}
	}
	return out
}

func (r deployedRoute) describe() string {
	text := r.authorization
	if len(r.scopes) > 0 {
		text += " " + strings.Join(r.scopes, ",")
	}
	if r.apiKeyRequired {
		text += ", key"
	}
	return text
}

func otherAuthorization(ctx context.Context, s *session) (out []Result) {
	d := s.inspect(ctx)
	if d.err != nil {
		return failure(d.err)
	}
	for _, r := range d.doc {
		want, known := s.out.Routes[r.name()]
		if !known {
			continue
		}
		if why := s.gated(r.name()); why != "" {
			out = append(out, skip(r.name(), "", "%s", why)) // which tells already that it is not so
			continue
		}
		if r.authorization == authUntold {
			out = append(out, skip(r.name(), "", "the export does not tell the kind of its authorization"))
			continue
		}
		meant := deployedRoute{authorization: want.Authorization, apiKeyRequired: want.APIKeyRequired, scopes: slices.Sorted(slices.Values(want.Scopes))}
		r.scopes = slices.Sorted(slices.Values(r.scopes))
		out = append(out, mustHold(r.name(), "", meant.describe(), r.describe(), r.describe() == meant.describe()))
	}
	return out
}

func missingRoutes(ctx context.Context, s *session) (out []Result) {
	d := s.inspect(ctx)
	if d.err != nil {
		return failure(d.err)
	}
	for _, name := range s.out.RouteNames() {
		there := slices.ContainsFunc(d.doc, func(r deployedRoute) bool { return r.name() == name })
		got := "deployed"
		if !there {
			got = "not deployed"
		}
		out = append(out, mustHold(name, "", "deployed", got, there))
	}
	return out
}

func clientAddresses(ctx context.Context, s *session) (out []Result) {
	d := s.inspect(ctx)
	if d.client == nil {
		return failure(d.other)
	}
	for what, list := range map[string]struct{ want, got []string }{
		"callback": {s.out.CallbackURLs, d.client.CallbackURLs}, "sign-out": {s.out.SignOutURLs, d.client.LogoutURLs},
	} {
		if len(list.want) == 0 && len(s.out.CallbackURLs) == 0 {
			out = append(out, skip("", what, "the stack's outputs do not tell them; make up adds them"))
			continue
		}
		for _, address := range list.got {
			known := slices.Contains(list.want, address)
			got := "registered"
			if !known {
				got = "registered, and not in the settings"
			}
			out = append(out, mustHold("", what+" "+address, "one of the settings'", got, known))
		}
	}
	return out
}

func clientSettings(ctx context.Context, s *session) []Result {
	d := s.inspect(ctx)
	if d.client == nil {
		return failure(d.other)
	}
	var flows []string
	for _, f := range d.client.AllowedOAuthFlows {
		flows = append(flows, string(f))
	}
	secret := "none"
	if aws.ToString(d.client.ClientSecret) != "" {
		secret = "one"
	}
	return []Result{
		mustHold("", "flows", "code", strings.Join(flows, ", "), slices.Equal(flows, []string{"code"})),
		mustHold("", "secret", "none", secret, secret == "none"),
		mustHold("", "PreventUserExistenceErrors", "ENABLED", string(d.client.PreventUserExistenceErrors), d.client.PreventUserExistenceErrors == types.PreventUserExistenceErrorTypesEnabled),
		mustHold("", "EnableTokenRevocation", "true", fmt.Sprint(aws.ToBool(d.client.EnableTokenRevocation)), aws.ToBool(d.client.EnableTokenRevocation)),
	}
}
