package cases

import (
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"auth-api/infra/localaws/awstest"
)

// refusal is something of AWS that the local AWS does not have. It is declared, and
// what comes back goes to the page.
type refusal struct {
	what  string
	names string // what the refusal must name, so that it is refused for what it is
	kind  string // resource type
	more  m      // properties beside those that make a legal one
}

// legal are properties with which the types' resources would be taken.
func (s *stack) legal(kind string) m {
	return map[string]m{
		"aws:cognito/userPool:UserPool":             {},
		"aws:cognito/userPoolClient:UserPoolClient": {"userPoolId": s.users},
		"aws:cognito/userPoolDomain:UserPoolDomain": {"domain": "other-cases", "userPoolId": s.others},
		"aws:cognito/identityPool:IdentityPool":     {"identityPoolName": "refused"},
		"aws:iam/rolePolicy:RolePolicy":             {"role": "member", "name": "refused"},
		"aws:lambda/function:Function": {"name": "refused", "role": "arn:aws:iam::" + account + ":role/function", "runtime": "provided.al2023", "handler": "bootstrap",
			"code": s.code},
		"aws:apigateway/restApi:RestApi":               {"body": s.document(m{"GET /x": invokes("actor")}, nil)},
		"aws:apigateway/deployment:Deployment":         {"restApi": s.api},
		"aws:apigateway/stage:Stage":                   {"restApi": s.api, "stageName": "v2", "deployment": s.deployment},
		"aws:apigateway/methodSettings:MethodSettings": {"restApi": s.api, "stageName": "v1", "methodPath": "*/*"},
	}[kind]
}

// The resource types that many refusals are about.
const (
	userPoolType   = "aws:cognito/userPool:UserPool"
	clientType     = "aws:cognito/userPoolClient:UserPoolClient"
	domainType     = "aws:cognito/userPoolDomain:UserPoolDomain"
	idPoolType     = "aws:cognito/identityPool:IdentityPool"
	rolePolicyType = "aws:iam/rolePolicy:RolePolicy"
	functionType   = "aws:lambda/function:Function"
	restAPIType    = "aws:apigateway/restApi:RestApi"
)

// integration is an API whose one method has this integration.
func integration(in m) m {
	return m{"body": text(m{"openapi": "3.0.1", "info": m{"title": "refused", "version": "1"}, "paths": m{"/x": m{"get": m{
		"responses": m{"200": m{"description": ""}}, "x-amazon-apigateway-integration": in,
	}}}})}
}

func refusals() []refusal {
	const http = "https://example.com"
	condition := func(operator, key string) m {
		st := statement("Allow", "execute-api:Invoke", []any{"*"})
		st["Condition"] = m{operator: m{key: "x"}}
		return m{"policy": policy(st)}
	}
	resource := func(arn string) m { return m{"policy": policy(statement("Allow", "execute-api:Invoke", []any{arn}))} }
	everybodyElse := statement("Allow", "execute-api:Invoke", []any{"execute-api:/*"})
	everybodyElse["NotPrincipal"] = m{"AWS": account}
	return []refusal{
		{"HTTP and WebSocket APIs", `aws:apigatewayv2/api:Api`, "aws:apigatewayv2/api:Api", nil},
		{"VPC links", `aws:apigateway/vpcLink:VpcLink`, "aws:apigateway/vpcLink:VpcLink", nil},
		{"an integration over a VPC link", `connectionType`, restAPIType, integration(m{"type": "http_proxy", "httpMethod": "GET", "uri": http, "connectionType": "VPC_LINK", "connectionId": "abc123"})},
		{"HTTP and HTTP_PROXY integrations", `"http_proxy"`, restAPIType, integration(m{"type": "http_proxy", "httpMethod": "GET", "uri": http})},
		{"AWS service integrations, and Lambda with mapping templates", `"aws"`, restAPIType, integration(m{"type": "aws", "httpMethod": "POST", "uri": functionURI("actor")})},
		{"an integration's own credentials", `.credentials`, restAPIType, integration(m{"type": "aws_proxy", "httpMethod": "POST", "uri": functionURI("actor"), "credentials": "arn:aws:iam::" + account + ":role/x"})},
		{"mapping templates of a mock, beyond the status code", `requestTemplates`, restAPIType, integration(m{"type": "mock", "requestTemplates": m{"application/json": `#set($a = 1){"statusCode": $a}`}, "responses": m{"default": m{"statusCode": "200"}}})},
		{"mapping templates of a mock's responses, but for the one that answers preflights of several origins", `the one for preflights alone is supported`, restAPIType, integration(m{"type": "mock", "requestTemplates": m{"application/json": `{"statusCode":200}`}, "responses": m{"default": m{"statusCode": "200", "responseTemplates": m{"application/json": "$context.requestId"}}}})},
		{"OpenAPI 3.1 and Swagger 2.0", `"3.1.0"`, restAPIType, m{"body": `{"openapi":"3.1.0","info":{"title":"x","version":"1"},"paths":{}}`}},
		{"edge-optimized endpoints", `EDGE`, restAPIType, m{"endpointConfiguration": m{"types": "EDGE"}}},
		{"private endpoints", `PRIVATE`, restAPIType, m{"endpointConfiguration": m{"types": "PRIVATE"}}},
		{"statements of web ACLs but for managed groups, rates and IP sets", `geoMatchStatement`, "aws:wafv2/webAcl:WebAcl", m{"rules": []any{m{"statement": m{"geoMatchStatement": m{"countryCodes": []any{"XX"}}}}}}},
		{"web ACLs of CloudFront", `CLOUDFRONT`, "aws:wafv2/webAcl:WebAcl", m{"scope": "CLOUDFRONT", "defaultAction": m{"allow": m{}}, "visibilityConfig": m{"cloudwatchMetricsEnabled": true, "sampledRequestsEnabled": true, "metricName": "x"}}},
		{"log groups of the infrequent access class", `INFREQUENT_ACCESS`, "aws:cloudwatch/logGroup:LogGroup", m{"name": "refused", "logGroupClass": "INFREQUENT_ACCESS"}},
		{"merging of documents", `putRestApiMode`, restAPIType, m{"putRestApiMode": "merge"}},
		{"resource policies with NotPrincipal and Allow", `NotPrincipal`, restAPIType, m{"policy": policy(everybodyElse)}},
		{"the cache of a stage", `cacheClusterEnabled`, "aws:apigateway/stage:Stage", m{"cacheClusterEnabled": true}},
		{"the cache of a method", `cachingEnabled`, "aws:apigateway/methodSettings:MethodSettings", m{"settings": m{"cachingEnabled": true}}},
		{"canary releases", `canarySettings`, "aws:apigateway/stage:Stage", m{"canarySettings": m{"percentTraffic": 10}}},
		{"client certificates", `clientCertificateId`, "aws:apigateway/stage:Stage", m{"clientCertificateId": "abc123"}},

		{"identity providers of a user pool but SAML, OpenID Connect and Google", `"Facebook"`, "aws:cognito/identityProvider:IdentityProvider",
			m{"userPoolId": "x", "providerName": "Facebook", "providerType": "Facebook", "providerDetails": m{"client_id": "x"}}},
		{"SMS messages", `smsConfiguration`, userPoolType, m{"smsConfiguration": m{"externalId": "x", "snsCallerArn": "arn:aws:iam::" + account + ":role/x"}}},
		{"confirmation by link", `CONFIRM_WITH_LINK`, userPoolType, m{"verificationMessageTemplate": m{"defaultEmailOption": "CONFIRM_WITH_LINK"}}},
		{"remembered devices", `deviceConfiguration`, userPoolType, m{"deviceConfiguration": m{"challengeRequiredOnNewDevice": true}}},
		{"sign-in without a password", `signInPolicy`, userPoolType, m{"signInPolicy": m{"allowedFirstAuthFactors": []any{"PASSWORD", "EMAIL_OTP"}}}},
		{"the implicit flow", `"implicit"`, clientType, m{"allowedOauthFlows": []any{"implicit"}}},
		{"custom authentication flows", `ALLOW_CUSTOM_AUTH`, clientType, m{"explicitAuthFlows": []any{"ALLOW_CUSTOM_AUTH"}}},
		{"choice-based sign-in", `ALLOW_USER_AUTH`, clientType, m{"explicitAuthFlows": []any{"ALLOW_USER_AUTH"}}},
		{"analytics", `analyticsConfiguration`, clientType, m{"analyticsConfiguration": m{"applicationId": "x"}}},
		{"managed login, version 2", `managedLoginVersion`, domainType, m{"managedLoginVersion": 2}},
		{"a custom domain of the hosted sign-in", `certificateArn`, domainType, m{"certificateArn": "arn:aws:acm:us-east-1:" + account + ":certificate/x"}},
		{"OpenID Connect providers of an identity pool", `openidConnectProviderArns`, idPoolType, m{"openidConnectProviderArns": []any{"arn:aws:iam::" + account + ":oidc-provider/x"}}},
		{"SAML providers of an identity pool", `samlProviderArns`, idPoolType, m{"samlProviderArns": []any{"arn:aws:iam::" + account + ":saml-provider/x"}}},
		{"social providers of an identity pool", `supportedLoginProviders`, idPoolType, m{"supportedLoginProviders": m{"graph.facebook.com": "1"}}},
		{"developer-authenticated identities", `developerProviderName`, idPoolType, m{"developerProviderName": "login.example"}},

		{"IAM users", `aws:iam/user:User`, "aws:iam/user:User", nil},
		{"binary condition operators", `BinaryEquals`, rolePolicyType, condition("BinaryEquals", "aws:SourceIp")},
		{"condition keys that the local AWS does not fill in", `aws:PrincipalOrgID`, rolePolicyType, condition("StringEquals", "aws:PrincipalOrgID")},
		{"policy variables of such keys", `saml:sub`, rolePolicyType, resource("arn:aws:execute-api:*:*:${saml:sub}/*")},

		{"functions in managed runtimes", `nodejs22.x`, functionType, m{"runtime": "nodejs22.x"}},
		{"functions as container images", `packageType`, functionType, m{"packageType": "Image"}},
		{"layers", `layers`, functionType, m{"layers": []any{"arn:aws:lambda:" + region + ":" + account + ":layer:x:1"}}},
		{"file systems", `fileSystemConfig`, functionType, m{"fileSystemConfig": m{"arn": "arn:aws:elasticfilesystem:x", "localMountPath": "/mnt/x"}}},
		{"dead-letter queues", `deadLetterConfig`, functionType, m{"deadLetterConfig": m{"targetArn": "arn:aws:sqs:x"}}},
		{"SnapStart", `snapStart`, functionType, m{"snapStart": m{"applyOn": "PublishedVersions"}}},
		{"logs as JSON", `logFormat`, functionType, m{"loggingConfig": m{"logFormat": "JSON"}}},
		{"function URLs", `aws:lambda/functionUrl`, "aws:lambda/functionUrl:FunctionUrl", nil},
		{"provisioned concurrency", `aws:lambda/provisionedConcurrencyConfig`, "aws:lambda/provisionedConcurrencyConfig:ProvisionedConcurrencyConfig", nil},
		{"functions that stay when their stack goes", `skipDestroy`, functionType, m{"skipDestroy": true}},
		{"any other service, such as DynamoDB", `aws:dynamodb/table`, "aws:dynamodb/table:Table", nil},
	}
}

// refused declares what is not supported and returns what is said to that, which must
// be an error.
func (s *stack) refused(t *testing.T, kind string, more m) string {
	t.Helper()
	properties := maps.Clone(s.legal(kind))
	if properties == nil {
		properties = m{}
	}
	maps.Copy(properties, more)
	_, err := awstest.TryRun(s.aws, declaration(kind, "refused", properties))
	if err == nil {
		t.Fatalf("%s with %v was taken", kind, more)
	}
	return err.Error()
}

// What is left out of a refusal on the page: what Pulumi puts before it, ids that are
// drawn by lot, and the list of what is legal, which the page has elsewhere.
var leftOut = []*regexp.Regexp{
	regexp.MustCompile(`(?s)^.*?(declaring|creating) refused( \([^)]*\))?: `),
	regexp.MustCompile(`declaring user pool( client| domain)? \S+: `),
	regexp.MustCompile(`errors found during import:\n`),
	regexp.MustCompile(`; (it knows|supported are|legal are) [^\n]*`),
}

// refusal returns what is said to a refusal.
func (s *stack) refusal(t *testing.T, r refusal) string {
	t.Helper()
	said := s.refused(t, r.kind, r.more)
	if !strings.Contains(said, r.names) {
		t.Errorf("the refusal does not name %s: %s", r.names, said)
	}
	for _, pattern := range leftOut {
		said = pattern.ReplaceAllString(said, "")
	}
	said = s.mask(said)
	lines := strings.Split(strings.TrimSpace(said), "\n")
	for i, line := range lines {
		lines[i] = strings.TrimSpace(line)
	}
	return strings.Join(lines, "; ")
}

// setting is one that is taken and shown again, and changes nothing that is answered.
type setting struct {
	kind    string
	more    m
	instead string // what there is in its place, or why there is nothing
}

func settings() []setting {
	return []setting{
		{"aws:apigateway/stage:Stage", m{"accessLogSettings": m{"destinationArn": "arn:aws:logs:x", "format": "$context.requestId"}, "xrayTracingEnabled": true}, "the local log tells of every request"},
		{"aws:apigateway/methodSettings:MethodSettings", m{"settings": m{"loggingLevel": "INFO", "dataTraceEnabled": true, "metricsEnabled": true}}, "likewise"},
		{"aws:apigateway/account:Account", m{"cloudwatchRoleArn": "arn:aws:iam::" + account + ":role/x"}, "API Gateway writes no logs to CloudWatch here"},
		{userPoolType, m{"userPoolTier": "PLUS"}, "every tier has all that there is here"},
		{clientType, m{"enablePropagateAdditionalUserContextData": true}, "there is no threat protection to be told of it"},
		{"aws:cloudwatch/logGroup:LogGroup", m{"name": "recorded", "kmsKeyId": "arn:aws:kms:us-west-2:111122223333:key/1234abcd"}, "logs are held in memory"},
		{functionType, m{"name": "recorded", "memorySize": 1024}, "the function is told of it, and its process is not held to it"},
		{functionType, m{"name": "inside", "vpcConfig": m{"subnetIds": []any{"subnet-1"}, "securityGroupIds": []any{"sg-1"}}}, "the process is in the host's network; the role's right to network interfaces is asked for"},
		{functionType, m{"name": "traced", "tracingConfig": m{"mode": "Active"}}, "there is no X-Ray; the trace header is handed on, or made up"},
		{functionType, m{"name": "encrypted", "kmsKeyArn": "arn:aws:kms:" + region + ":" + account + ":key/x", "environment": m{"variables": m{"STAGE": "v1"}}}, "the store keeps the environment as it is"},
	}
}

// taken declares a setting.
func (s *stack) taken(t *testing.T, x setting) {
	t.Helper()
	properties := maps.Clone(s.legal(x.kind))
	if properties == nil {
		properties = m{}
	}
	maps.Copy(properties, x.more)
	s.declare(t, x.kind, "recorded", properties)
}

// vocabulary is what the local AWS says that it knows, when it is asked for what it
// does not know.
type vocabulary struct {
	types           []string            // resource types
	properties      map[string][]string // by resource type
	operators, keys []string            // of conditions
	places          []string            // in an OpenAPI document, in order
	document        map[string][]string // by place
}

// known asks for nonsense everywhere, and gathers what is known instead.
func (s *stack) known(t *testing.T) vocabulary {
	v := vocabulary{properties: map[string][]string{}, document: map[string][]string{}}
	v.types = list(t, s.refused(t, "aws:nonsense/nonsense:Nonsense", nil), "it knows ")
	for _, kind := range v.types {
		v.properties[kind] = list(t, s.refused(t, kind, m{"nonsense": 1}), "it knows ")
	}
	st := statement("Allow", "execute-api:Invoke", []any{"*"})
	st["Condition"] = m{"Nonsense": m{"aws:SourceIp": "x"}}
	said, rest, _ := strings.Cut(s.refused(t, rolePolicyType, m{"policy": policy(st)}), ", all but Null")
	if !strings.HasPrefix(rest, " also with IfExists at the end and ForAnyValue: or ForAllValues: at the beginning") {
		t.Errorf("which operators are known besides is not told: %s", rest)
	}
	v.operators = list(t, said, "legal are ")
	st["Condition"] = m{"StringEquals": m{"nonsense": "x"}}
	v.keys = list(t, s.refused(t, rolePolicyType, m{"policy": policy(st)}), "supported are ")

	for _, line := range strings.Split(s.refused(t, restAPIType, m{"body": nonsense()}), "\n") {
		place, keys, told := strings.Cut(strings.TrimSpace(line), "nonsense: is not supported here; supported are ")
		if !told {
			continue // the head of the list, and what nonsense leaves out
		}
		place = strings.TrimSuffix(place, ".")
		v.places = append(v.places, place)
		v.document[place] = strings.Split(keys, ", ")
	}
	if len(v.places) < 15 {
		t.Errorf("only %v told what they know", v.places)
	}
	slices.Sort(v.places)
	return v
}

// list cuts the list off the end of a refusal.
func list(t *testing.T, said, after string) []string {
	t.Helper()
	_, names, found := strings.Cut(said, after)
	if !found {
		t.Fatalf("the refusal does not tell what is known: %s", said)
	}
	return strings.Split(strings.TrimSpace(names), ", ")
}

// nonsense is an OpenAPI document with the key nonsense in every object that has keys
// of its own.
func nonsense() string {
	n := func(more m) m { return with(m{"nonsense": 1}, more) }
	proxy := n(m{"type": "aws_proxy", "httpMethod": "POST", "uri": functionURI("actor")})
	mock := n(m{"type": "mock", "requestTemplates": m{"application/json": `{"statusCode":200}`}, "responses": m{"default": n(m{"statusCode": "200"})}})
	responses := m{"200": n(m{"description": ""})}
	scheme := func(kind string, authorizer m) m {
		return n(m{"type": "apiKey", "name": "Authorization", "in": "header", "x-amazon-apigateway-authtype": kind, "x-amazon-apigateway-authorizer": n(authorizer)})
	}
	return text(n(m{
		"openapi": "3.0.1", "info": n(m{"title": "x", "version": "1"}),
		"components": n(m{"securitySchemes": m{
			"cognito": scheme("cognito_user_pools", m{"type": "cognito_user_pools", "providerARNs": []any{"arn:aws:cognito-idp:" + region + ":" + account + ":userpool/x"}}),
			"lambda":  scheme("custom", m{"type": "token", "authorizerUri": functionURI("authorizer")}),
		}}),
		"paths": m{"/x": n(m{
			"get": n(m{"responses": responses, "x-amazon-apigateway-integration": proxy, "x-amazon-apigateway-auth": n(m{"type": "NONE"})}),
			"post": m{
				"responses": responses, "x-amazon-apigateway-integration": mock, "parameters": []any{n(m{"name": "a", "in": "query"})},
				"requestBody": n(m{"content": m{"application/json": n(m{"schema": n(m{"type": "object"})})}}),
			},
		})},
		"x-amazon-apigateway-request-validators": m{"all": n(m{"validateRequestBody": true})},
		"x-amazon-apigateway-gateway-responses":  m{"DEFAULT_4XX": n(m{"statusCode": "400"})},
	}))
}
