package openapi

import (
	"regexp"
	"slices"
	"strings"
	"time"

	"auth-api/infra/localaws/authz"
)

// Authorizer is one entry of components.securitySchemes that lets callers in.
//
// https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-swagger-extensions-authorizer.html
type Authorizer struct {
	ID     string
	Name   string // as the document calls it
	Header string // where the token stands

	// Of AuthCognito:
	UserPools []string // ids

	// Of AuthCustom:
	Request            bool   // type REQUEST, else TOKEN
	Function           string // ARN
	ResultTTL          time.Duration
	IdentitySources    []Parameter
	IdentityValidation *regexp.Regexp // what a token must match before the function is asked; nil for anything

	kind string // AuthIAM, AuthCognito, AuthCustom or schemeAPIKey
}

// contextSources are the context values that can be identity sources.
var contextSources = []string{"httpMethod", "resourcePath", "path", "stage", "apiId", "identity.sourceIp", "identity.userAgent"}

const schemeAPIKey = "api_key"

func readSchemes(v value) map[string]*Authorizer {
	schemes := map[string]*Authorizer{}
	for _, name := range v.fields() {
		s := v.get(name)
		s.only("type", "name", "in", "description", "x-amazon-apigateway-authtype", "x-amazon-apigateway-authorizer")
		s.get("type").oneOf("apiKey")
		s.get("in").oneOf("header")
		header := s.get("name").required()
		authorizer := s.get("x-amazon-apigateway-authorizer")
		switch t := s.get("x-amazon-apigateway-authtype"); {
		case strings.EqualFold(t.str(), "awsSigv4"):
			if !strings.EqualFold(header, "Authorization") {
				v.problems.add(join(s.where, "name"), "is %q, but a signature stands in Authorization", header)
			}
			schemes[name] = &Authorizer{kind: AuthIAM, Header: header}
		case authorizer.present:
			if strings.EqualFold(authorizer.get("type").str(), "cognito_user_pools") {
				t.oneOf("cognito_user_pools")
				schemes[name] = readAuthorizer(authorizer, header)
			} else {
				t.oneOf("custom")
				schemes[name] = readCustomAuthorizer(authorizer, header)
			}
		case !t.present && strings.EqualFold(header, "x-api-key"):
			schemes[name] = &Authorizer{kind: schemeAPIKey, Header: header}
		default:
			v.problems.add(s.where, "is no security scheme of API Gateway: supported are awsSigv4, cognito_user_pools and custom as x-amazon-apigateway-authtype, and the header x-api-key")
		}
		if schemes[name] != nil {
			schemes[name].ID, schemes[name].Name = makeID(name), name
		}
	}
	return schemes
}

func readAuthorizer(v value, header string) *Authorizer {
	v.only("type", "providerARNs", "identitySource", "authorizerResultTtlInSeconds")
	v.get("type").oneOf("cognito_user_pools")
	v.get("authorizerResultTtlInSeconds").integer(300, 0, 3600)
	s := &Authorizer{kind: AuthCognito, Header: header}
	if source := v.get("identitySource"); source.present {
		name, ok := strings.CutPrefix(source.str(), "method.request.header.")
		if !ok {
			v.problems.add(source.where, "is %q, it must be method.request.header.NAME", source.str())
		}
		s.Header = name
	}
	for _, arn := range v.get("providerARNs").items() {
		_, pool, ok := strings.Cut(arn.str(), ":userpool/")
		if !ok || !strings.HasPrefix(arn.str(), "arn:aws:cognito-idp:") || pool == "" {
			v.problems.add(arn.where, "is %q, it must be the ARN of a user pool", arn.str())
		}
		s.UserPools = append(s.UserPools, pool)
	}
	if len(s.UserPools) == 0 {
		v.problems.add(join(v.where, "providerARNs"), "must name at least one user pool")
	}
	return s
}

// readCustomAuthorizer reads a Lambda authorizer.
//
// https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-swagger-extensions-authorizer.html
func readCustomAuthorizer(v value, header string) *Authorizer {
	v.only("type", "authorizerUri", "identitySource", "identityValidationExpression", "authorizerResultTtlInSeconds")
	s := &Authorizer{kind: AuthCustom, Header: header, Request: v.get("type").oneOf("token", "request", "cognito_user_pools") == "request"}
	s.ResultTTL = time.Duration(v.get("authorizerResultTtlInSeconds").integer(300, 0, 3600)) * time.Second
	if uri := v.get("authorizerUri"); uri.required() != "" {
		s.Function = functionOf(uri)
	}
	source := v.get("identitySource")
	for text := range strings.SplitSeq(source.str(), ",") {
		if text = strings.TrimSpace(text); text == "" {
			continue
		}
		found := Parameter{}
		for prefix, in := range map[string]string{"method.request.header.": "header", "method.request.querystring.": "query", "stageVariables.": "stage", "context.": "context"} {
			if name, ok := strings.CutPrefix(text, prefix); ok && name != "" {
				found = Parameter{In: in, Name: name}
			}
		}
		if found.In == "" || (found.In != "header" && !s.Request) || (found.In == "context" && !slices.Contains(contextSources, found.Name)) {
			v.problems.add(source.where, "names %q; supported are method.request.header.NAME and, of type request, method.request.querystring.NAME, stageVariables.NAME and context.NAME, NAME being %s", text, strings.Join(contextSources, ", "))
			continue
		}
		s.IdentitySources = append(s.IdentitySources, found)
	}
	switch {
	case !s.Request && len(s.IdentitySources) == 0:
		s.IdentitySources = []Parameter{{In: "header", Name: header}}
	case !s.Request && len(s.IdentitySources) > 1:
		v.problems.add(source.where, "a token authorizer has one identity source")
	case s.Request && len(s.IdentitySources) == 0 && s.ResultTTL > 0:
		v.problems.add(source.where, "is required of type request unless authorizerResultTtlInSeconds is 0")
	}
	if expression := v.get("identityValidationExpression"); expression.present {
		pattern, err := regexp.Compile("^(?:" + expression.str() + ")$")
		if err != nil || s.Request {
			v.problems.add(expression.where, "must be a regular expression, and the type token")
		}
		s.IdentityValidation = pattern
	}
	return s
}

// readSecurity takes the method's own security, else the document's. API Gateway
// takes all the schemes named together, in one requirement or several.
func (r *reader) readSecurity(v value, m *Method) {
	security := v.get("security")
	if !security.present {
		security = r.root.get("security")
	}
	for _, requirement := range security.items() {
		for _, name := range requirement.fields() {
			scopes := requirement.get(name)
			s, ok := r.schemes[name]
			switch {
			case !ok:
				v.problems.add(scopes.where, "names a security scheme that components.securitySchemes does not have, or that is not supported")
			case s.kind == schemeAPIKey:
				m.APIKeyRequired = true
			case m.AuthorizationType != AuthNone && m.AuthorizationType != s.kind:
				v.problems.add(security.where, "names both %s and %s, a method has one authorization", m.AuthorizationType, s.kind)
			case m.Authorizer != nil && m.Authorizer != s:
				v.problems.add(security.where, "names both %s and %s, a method has one authorizer", m.Authorizer.Name, name)
			default:
				m.AuthorizationType, m.Authorizer = s.kind, s
			}
			if list := scopes.strings(); len(list) > 0 {
				if ok && s.kind != AuthCognito {
					v.problems.add(scopes.where, "has scopes, which only a Cognito authorizer honours")
				}
				m.AuthorizationScopes = append(m.AuthorizationScopes, list...)
			}
		}
	}
	auth := v.get("x-amazon-apigateway-auth")
	auth.only("type")
	if auth.present {
		kind := auth.get("type").oneOf(AuthIAM, AuthNone)
		if kind == AuthIAM && m.AuthorizationType == AuthNone {
			m.AuthorizationType = AuthIAM
		} else if kind != m.AuthorizationType {
			v.problems.add(auth.where, "says %s, but security says %s", kind, m.AuthorizationType)
		}
	}
}

// ParsePolicy reads the resource policy of the API whose ARN this is, or, with the ARN
// arn:aws:execute-api, that of an API which has none yet, to be checked alone. Its
// resources may have the short form execute-api:/STAGE/VERB/PATH, which stands for the
// API's own.
//
// https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-resource-policies-create-attach.html
func ParsePolicy(document, apiARN string) (*authz.Policy, error) {
	return authz.ParseResource(document, func(pattern string) string {
		if rest, ok := strings.CutPrefix(pattern, "execute-api:/"); ok {
			return apiARN + "/" + rest
		}
		return pattern
	})
}
