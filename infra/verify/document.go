package verify

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"

	"auth-api/infra/internal/apidoc"
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
			served, err := apidoc.Export(ctx, s.admin.gateways, s.api, s.stage)
			if err != nil {
				return fmt.Errorf("exporting the deployed document: %w", told(err))
			}
			d.doc, err = readDocument(served)
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

// deployedRoute is a method of the deployed document, and whom it lets in.
type deployedRoute struct {
	apidoc.Method
	apidoc.Access
}

// readDocument reads what is deployed. An authorization that the document does not tell is
// apidoc.Untold.
func readDocument(data []byte) ([]deployedRoute, error) {
	doc, err := apidoc.Read(data)
	if err != nil {
		return nil, fmt.Errorf("reading the deployed document: %w", err)
	}
	var out []deployedRoute
	for _, m := range doc.Methods() {
		a, _ := doc.Access(m) // what is not told is skipped by the check that asks for it
		out = append(out, deployedRoute{m, a})
	}
	return out, nil
}

func extraRoutes(ctx context.Context, s *session) (out []Result) {
	d := s.inspect(ctx)
	if d.err != nil {
		return failure(d.err)
	}
	for _, r := range d.doc {
		_, known := s.out.Routes[r.Name()]
		switch {
		case known:
			out = append(out, mustHold(r.Name(), "", "a route of the route table", "it is", true))
		case r.Verb == "OPTIONS" && r.Mock():
			out = append(out, mustHold(r.Name(), "", "a route of the route table", "it answers preflights", true))
		default:
			out = append(out, mustHold(r.Name(), "", "a route of the route table", "deployed, "+describe(r.Access), false))
		}
	}
	return out
}

func describe(a apidoc.Access) string {
	text := a.Authorization
	if len(a.Scopes) > 0 {
		text += " " + strings.Join(a.Scopes, ",")
	}
	if a.APIKeyRequired {
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
		want, known := s.out.Routes[r.Name()]
		if !known {
			continue
		}
		if why := s.gated(r.Name()); why != "" {
			out = append(out, skip(r.Name(), "", "%s", why)) // which tells already that it is not so
			continue
		}
		if r.Authorization == apidoc.Untold {
			out = append(out, skip(r.Name(), "", "the export does not tell the kind of its authorization"))
			continue
		}
		meant := describe(apidoc.Access{Authorization: want.Authorization, APIKeyRequired: want.APIKeyRequired, Scopes: slices.Sorted(slices.Values(want.Scopes))})
		got := describe(r.Access)
		out = append(out, mustHold(r.Name(), "", meant, got, got == meant))
	}
	return out
}

func missingRoutes(ctx context.Context, s *session) (out []Result) {
	d := s.inspect(ctx)
	if d.err != nil {
		return failure(d.err)
	}
	for _, name := range s.out.RouteNames() {
		there := slices.ContainsFunc(d.doc, func(r deployedRoute) bool { return r.Name() == name })
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
