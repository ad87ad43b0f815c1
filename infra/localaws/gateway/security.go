package gateway

import (
	"regexp"
	"slices"
	"strings"
	"time"
)

// scheme is one entry of components.securitySchemes.
type scheme struct {
	kind   string // authIAM, authCognito, authCustom or schemeAPIKey
	name   string // as the document calls it
	header string // where the token stands
	pools  []string

	// Of authCustom:
	request  bool   // type REQUEST, else TOKEN
	function string // ARN
	ttl      time.Duration
	sources  []identitySource
	pattern  *regexp.Regexp // what a token must match before the function is asked
}

// contextSources are the context values that can be identity sources.
var contextSources = []string{"httpMethod", "resourcePath", "path", "stage", "apiId", "identity.sourceIp", "identity.userAgent"}

// identitySource is a part of the request by which an authorizer knows the caller.
type identitySource struct{ in, name string } // in is header, query, stage or context

const schemeAPIKey = "api_key"

func readSchemes(v value) map[string]*scheme {
	schemes := map[string]*scheme{}
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
			schemes[name] = &scheme{kind: authIAM, header: header}
		case authorizer.present:
			if strings.EqualFold(authorizer.get("type").str(), "cognito_user_pools") {
				t.oneOf("cognito_user_pools")
				schemes[name] = readAuthorizer(authorizer, header)
			} else {
				t.oneOf("custom")
				schemes[name] = readCustomAuthorizer(authorizer, header)
			}
		case !t.present && strings.EqualFold(header, "x-api-key"):
			schemes[name] = &scheme{kind: schemeAPIKey, header: header}
		default:
			v.problems.add(s.where, "is no security scheme of API Gateway: supported are awsSigv4, cognito_user_pools and custom as x-amazon-apigateway-authtype, and the header x-api-key")
		}
		if schemes[name] != nil {
			schemes[name].name = name
		}
	}
	return schemes
}

func readAuthorizer(v value, header string) *scheme {
	v.only("type", "providerARNs", "identitySource", "authorizerResultTtlInSeconds")
	v.get("type").oneOf("cognito_user_pools")
	v.get("authorizerResultTtlInSeconds").integer(300, 0, 3600)
	s := &scheme{kind: authCognito, header: header}
	if source := v.get("identitySource"); source.present {
		name, ok := strings.CutPrefix(source.str(), "method.request.header.")
		if !ok {
			v.problems.add(source.where, "is %q, it must be method.request.header.NAME", source.str())
		}
		s.header = name
	}
	for _, arn := range v.get("providerARNs").items() {
		_, pool, ok := strings.Cut(arn.str(), ":userpool/")
		if !ok || !strings.HasPrefix(arn.str(), "arn:aws:cognito-idp:") || pool == "" {
			v.problems.add(arn.where, "is %q, it must be the ARN of a user pool", arn.str())
		}
		s.pools = append(s.pools, pool)
	}
	if len(s.pools) == 0 {
		v.problems.add(join(v.where, "providerARNs"), "must name at least one user pool")
	}
	return s
}

// readCustomAuthorizer reads a Lambda authorizer.
//
// https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-swagger-extensions-authorizer.html
func readCustomAuthorizer(v value, header string) *scheme {
	v.only("type", "authorizerUri", "identitySource", "identityValidationExpression", "authorizerResultTtlInSeconds")
	s := &scheme{kind: authCustom, header: header, request: v.get("type").oneOf("token", "request", "cognito_user_pools") == "request"}
	s.ttl = time.Duration(v.get("authorizerResultTtlInSeconds").integer(300, 0, 3600)) * time.Second
	if uri := v.get("authorizerUri"); uri.required() != "" {
		s.function = functionOf(uri)
	}
	source := v.get("identitySource")
	for text := range strings.SplitSeq(source.str(), ",") {
		if text = strings.TrimSpace(text); text == "" {
			continue
		}
		found := identitySource{}
		for prefix, in := range map[string]string{"method.request.header.": "header", "method.request.querystring.": "query", "stageVariables.": "stage", "context.": "context"} {
			if name, ok := strings.CutPrefix(text, prefix); ok && name != "" {
				found = identitySource{in: in, name: name}
			}
		}
		if found.in == "" || (found.in != "header" && !s.request) || (found.in == "context" && !slices.Contains(contextSources, found.name)) {
			v.problems.add(source.where, "names %q; supported are method.request.header.NAME and, of type request, method.request.querystring.NAME, stageVariables.NAME and context.NAME, NAME being %s", text, strings.Join(contextSources, ", "))
			continue
		}
		s.sources = append(s.sources, found)
	}
	switch {
	case !s.request && len(s.sources) == 0:
		s.sources = []identitySource{{in: "header", name: header}}
	case !s.request && len(s.sources) > 1:
		v.problems.add(source.where, "a token authorizer has one identity source")
	case s.request && len(s.sources) == 0 && s.ttl > 0:
		v.problems.add(source.where, "is required of type request unless authorizerResultTtlInSeconds is 0")
	}
	if expression := v.get("identityValidationExpression"); expression.present {
		pattern, err := regexp.Compile("^(?:" + expression.str() + ")$")
		if err != nil || s.request {
			v.problems.add(expression.where, "must be a regular expression, and the type token")
		}
		s.pattern = pattern
	}
	return s
}

// readSecurity takes the method's own security, else the document's. API Gateway
// takes all the schemes named together, in one requirement or several.
func (doc *document) readSecurity(root, v value, m *method) {
	security := v.get("security")
	if !security.present {
		security = root.get("security")
	}
	for _, requirement := range security.items() {
		for _, name := range requirement.fields() {
			scopes := requirement.get(name)
			s, ok := doc.schemes[name]
			switch {
			case !ok:
				v.problems.add(scopes.where, "names a security scheme that components.securitySchemes does not have, or that is not supported")
			case s.kind == schemeAPIKey:
				m.keyRequired = true
			case m.auth != authNone && m.auth != s.kind:
				v.problems.add(security.where, "names both %s and %s, a method has one authorization", m.auth, s.kind)
			default:
				m.auth, m.authorizer = s.kind, s
			}
			if list := scopes.strings(); len(list) > 0 {
				if ok && s.kind != authCognito {
					v.problems.add(scopes.where, "has scopes, which only a Cognito authorizer honours")
				}
				m.scopes = append(m.scopes, list...)
			}
		}
	}
	auth := v.get("x-amazon-apigateway-auth")
	auth.only("type")
	if auth.present {
		kind := auth.get("type").oneOf(authIAM, authNone)
		if kind == authIAM && m.auth == authNone {
			m.auth = authIAM
		} else if kind != m.auth {
			v.problems.add(auth.where, "says %s, but security says %s", kind, m.auth)
		}
	}
}
