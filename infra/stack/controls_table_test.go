package stack_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// Why a stack does without what costs money, or what needs an account's settings.
const (
	costs   = "it costs money, and the stack is for trying things out"
	account = "it needs the account's CloudWatch role, which a fresh account lacks"
	noVPC   = "the functions reach nothing in a VPC; inside one they would need paid endpoints for what they reach"
	demo    = "the article's demo user has a password without a symbol"
	play    = "the stack is to be thrown away, users and all"
	page    = "browsers ask for the web client's page, its parts and /config.json before anybody has signed in; nothing else is open"
	told    = "the web client's function hands every browser all that is in it, at /config.json"
)

func dev(reason string) map[string]string { return map[string]string{"dev": reason} }

// controls are the rules, in the order of the page.
var controls = []control{
	// The API.
	{"CKV_AWS_59, CKV2_AWS_70, AWS-0004", "every method has authorization or a key, but those that answer preflights", methods(closed), map[string]string{"dev": page, "all": page}},
	{"own: open routes", "what is open is the web client's GET /, GET /config.json and GET /assets/{asset}, which its function answers", methods(openToThePage), nil},
	{"own: security", "every method that asks for Signature Version 4 says so in both ways that the document has", methods(signed), nil},
	{"APIGateway.1", "execution log, ERROR or INFO", both(there("MethodSettings"), each("MethodSettings", oneOf("settings.loggingLevel", "ERROR", "INFO"))), dev(account)},
	{"APIGateway.2", "no HTTP backends, which would need a client certificate", methods(lambdaOrMock), nil},
	{"APIGateway.3, CKV_AWS_73, AWS-0003", "X-Ray on the stage", each("Stage", equal("xrayTracingEnabled", true)), dev(costs)},
	{"APIGateway.4, CKV2_AWS_29, CKV2_AWS_77", "web ACL before the stage", func(r *recorder, looked *int) []string {
		*looked++
		for _, x := range r.of("WebAclAssociation") {
			if strings.HasSuffix(fmt.Sprint(x.Inputs["resourceArn"]), ":stage") {
				return nil
			}
		}
		return []string{"nothing is before the stage"}
	}, dev(costs)},
	{"APIGateway.5", "what is cached is encrypted: nothing is cached", both(absent("Stage", "cacheClusterEnabled"), absent("MethodSettings", "settings.cachingEnabled")), nil},
	{"APIGateway.11, AWS-0005", "TLS 1.2 at the domain", each("DomainName", equal("securityPolicy", "TLS_1_2")), nil},
	{"CKV_AWS_76, AWS-0001", "access log", each("Stage", set("accessLogSettings.destinationArn")), dev(account)},
	{"own: secrets in logs", "the access log holds no header, token or key", each("Stage", func(in map[string]any) string {
		format := fmt.Sprint(at(in, "accessLogSettings.format"))
		for _, secret := range []string{"header", "authorizer.principalId", "identity.apiKey\"", "token", "requestOverride"} {
			if strings.Contains(strings.ToLower(format), strings.ToLower(secret)) {
				return "logs " + secret
			}
		}
		return ""
	}), nil},
	{"CKV_AWS_276", "no bodies in the execution log", each("MethodSettings", equal("settings.dataTraceEnabled", false)), nil},
	{"CKV2_AWS_53", "request validator on every method", each("RestApi", func(in map[string]any) string {
		name := fmt.Sprint(at(in, "body.document.x-amazon-apigateway-request-validator"))
		for _, field := range []string{"validateRequestBody", "validateRequestParameters"} {
			if at(in, "body.document.x-amazon-apigateway-request-validators."+name+"."+field) != true {
				return "does not ask for " + field
			}
		}
		return ""
	}), nil},
	{"CKV_AWS_217, CKV_AWS_237", "the new API and stage are made before the old are deleted", func(r *recorder, looked *int) (broken []string) {
		for _, x := range slices.Concat(r.of("RestApi"), r.of("Deployment"), r.of("Stage")) {
			*looked++
			if x.DeleteBeforeReplace {
				broken = append(broken, x.Name+" is deleted first")
			}
		}
		return broken
	}, nil},
	{"KICS: compression", "minimumCompressionSize is set", each("RestApi", set("minimumCompressionSize")), nil},
	{"KICS: usage plan", "rate, burst and quota", both(there("UsagePlan"), each("UsagePlan", all(set("throttleSettings.rateLimit"), set("throttleSettings.burstLimit"), set("quotaSettings.limit")))), nil},
	{"own: CORS", "preflights are open and without key; no answer is for every origin, and none comes with credentials", each("RestApi", func(in map[string]any) string {
		text := fmt.Sprint(at(in, "body.document"))
		for _, wrong := range []string{"Access-Control-Allow-Origin:'*'", "Access-Control-Allow-Credentials"} {
			if strings.Contains(text, wrong) {
				return "answers with " + wrong
			}
		}
		paths, _ := at(in, "body.document.paths").(map[string]any)
		for path, verbs := range paths {
			byVerb, _ := verbs.(map[string]any)
			op, there := byVerb["options"].(map[string]any)
			if there && len(list(op["security"])) > 0 {
				return "protects the preflights of " + path
			}
		}
		return ""
	}), nil},
	{"own: cached decisions", "what an authorizer decides is not kept for other routes", each("RestApi", func(in map[string]any) string {
		schemes, _ := at(in, "body.document.components.securitySchemes").(map[string]any)
		for name, s := range schemes {
			scheme, _ := s.(map[string]any)
			authorizer, custom := scheme["x-amazon-apigateway-authorizer"].(map[string]any)
			if custom && authorizer["type"] != "cognito_user_pools" && fmt.Sprint(authorizer["authorizerResultTtlInSeconds"]) != "0" {
				return "keeps what " + name + " decides"
			}
		}
		return ""
	}), nil},
	{"own: warnings", "what API Gateway would only warn of stops the deployment", each("RestApi", equal("failOnWarnings", true)), nil},
	{"own: account role", "the account's CloudWatch role is never destroyed with a stack", func(r *recorder, looked *int) (broken []string) {
		for _, x := range r.of("Account") {
			*looked++
			if !x.RetainOnDelete {
				broken = append(broken, x.Name+" goes with the stack")
			}
		}
		return broken
	}, nil},

	// Who signs in.
	{"Cognito.2, CKV_AWS_366", "no guests", each("IdentityPool", equal("allowUnauthenticatedIdentities", false)), map[string]string{
		"dev": "the article's demo has them; they get exact ARNs of routes that name them, here none", "all": "the stack with everything on has a route for guests"}},
	{"Cognito.3", "passwords of 8 characters and all four classes, temporary ones for 7 days at most", each("UserPool", all(
		atLeast("passwordPolicy.minimumLength", 8), equal("passwordPolicy.requireLowercase", true), equal("passwordPolicy.requireUppercase", true),
		equal("passwordPolicy.requireNumbers", true), equal("passwordPolicy.requireSymbols", true), atMost("passwordPolicy.temporaryPasswordValidityDays", 7))), dev(demo)},
	{"Cognito.1, Cognito.4", "threat protection that answers", each("UserPool", equal("userPoolAddOns.advancedSecurityMode", "ENFORCED")), dev(costs)},
	{"Cognito.5, KICS: MFA", "a second factor", each("UserPool", all(equal("mfaConfiguration", "ON"), equal("softwareTokenMfaConfiguration.enabled", true))), dev("the article's demo user signs in with a password alone")},
	{"Cognito.6", "deletion protection, and Pulumi's own", func(r *recorder, looked *int) (broken []string) {
		for _, x := range r.of("UserPool") {
			*looked++
			if x.Inputs["deletionProtection"] != "ACTIVE" || !x.Protect {
				broken = append(broken, x.Name+" can be deleted")
			}
		}
		return broken
	}, dev(play)},
	{"own: classic flow", "callers do not choose their role", each("IdentityPool", equal("allowClassicFlow", false)), nil},
	{"own: signed-out users", "who has signed out gets no credentials", each("IdentityPool", func(in map[string]any) string {
		for _, p := range list(in["cognitoIdentityProviders"]) {
			if provider, _ := p.(map[string]any); provider["serverSideTokenCheck"] != true {
				return "takes tokens without asking the user pool"
			}
		}
		return ""
	}), nil},
	{"own: user enumeration", "nobody learns which users there are; tokens can be revoked", each("UserPoolClient", all(equal("preventUserExistenceErrors", "ENABLED"), equal("enableTokenRevocation", true))), nil},
	{"own: code flow", "browsers get codes, never tokens by the address", each("UserPoolClient", func(in map[string]any) string {
		for _, flow := range list(in["allowedOauthFlows"]) {
			if flow != "code" && flow != "client_credentials" {
				return fmt.Sprintf("allows the flow %v", flow)
			}
		}
		return ""
	}), nil},
	{"own: callback URLs", "https, an app's own scheme, or http on loopback; exact", each("UserPoolClient", func(in map[string]any) string {
		for _, u := range slices.Concat(list(in["callbackUrls"]), list(in["logoutUrls"])) {
			text := fmt.Sprint(u)
			if strings.ContainsAny(text, "*#") || strings.HasPrefix(text, "http://") && !strings.HasPrefix(text, "http://localhost") {
				return "goes to " + text
			}
		}
		return ""
	}), nil},
	{"own: trust", "roles for identities trust one identity pool and one kind of caller", each("Role", func(in map[string]any) string {
		for _, s := range list(at(in, "assumeRolePolicy.document.Statement")) {
			statement, _ := s.(map[string]any)
			if at(statement, "Principal.Federated") == nil {
				continue
			}
			aud, amr := false, false
			for _, operator := range []string{"StringEquals", "ForAnyValue:StringLike", "ForAnyValue:StringEquals"} {
				keys, _ := at(statement, "Condition").(map[string]any)
				of, _ := keys[operator].(map[string]any)
				aud = aud || of["cognito-identity.amazonaws.com:aud"] != nil
				amr = amr || of["cognito-identity.amazonaws.com:amr"] != nil
			}
			if !aud || !amr {
				return "trusts more than one identity pool or kind of caller"
			}
		}
		return ""
	}), nil},

	// Functions.
	{"Lambda.1, CKV_AWS_301, CKV_AWS_364, AWS-0067", "who may invoke is one service, for one source", each("Permission", func(in map[string]any) string {
		if p := fmt.Sprint(in["principal"]); !strings.HasSuffix(p, ".amazonaws.com") {
			return "lets in " + p
		}
		return set("sourceArn")(in)
	}), nil},
	{"KICS: sourceArn", "which does not end in /*/*", each("Permission", func(in map[string]any) string {
		if strings.HasSuffix(fmt.Sprint(in["sourceArn"]), "/*/*") {
			return fmt.Sprintf("has the source %v", in["sourceArn"])
		}
		return ""
	}), nil},
	{"Lambda.2, CKV_AWS_363", "a runtime that is supported", each("Function", oneOf("runtime", "provided.al2023")), nil},
	{"Lambda.5, CKV_AWS_117", "inside a VPC, in two zones at least", each("Function", func(in map[string]any) string {
		if len(list(at(in, "vpcConfig.subnetIds"))) < 2 {
			return "is in no VPC"
		}
		return ""
	}), map[string]string{"dev": noVPC, "prod": noVPC, "all": "not every function there needs one"}},
	{"Lambda.7, CKV_AWS_50, AWS-0066", "X-Ray on functions", each("Function", equal("tracingConfig.mode", "Active")), dev(costs)},
	{"CKV_AWS_115", "no function can take all of the account's concurrency", each("Function", set("reservedConcurrentExecutions")), map[string]string{
		"dev": "a new account has 10 instances at once in all, of which none can be reserved", "prod": "how many there are to share is the account's: say reservedConcurrency by function"}},
	{"CKV_AWS_173", "environments are encrypted with the customer's key", each("Function", func(in map[string]any) string {
		if in["environment"] == nil {
			return ""
		}
		return set("kmsKeyArn")(in)
	}), dev(costs)},
	{"CKV_AWS_45", "no secrets in environments", each("Function", func(in map[string]any) string {
		variables, _ := at(in, "environment.variables").(map[string]any)
		for name, value := range variables {
			if strings.Contains(fmt.Sprint(value), "secret:") || slices.ContainsFunc([]string{"SECRET", "PASSWORD", "TOKEN", "PRIVATE"}, func(s string) bool { return strings.Contains(strings.ToUpper(name), s) }) {
				return "has " + name + " in its environment"
			}
		}
		return ""
	}), nil},

	// Policies.
	{"IAM.1, IAM.21, CKV_AWS_60 to 63, 274, 286 to 290, CKV2_AWS_40, CKV2_AWS_56, AWS-0057", "no wildcards in the actions of a policy", statements(noWildcardAction), nil},
	{"CKV_AWS_355, KMS.1, KMS.2", "no policy is about every resource, but for actions that know none", statements(noWildcardResource), nil},
	{"own: routes", "who may call has the methods' own ARNs: none that ends in a stage's /*", statements(func(s map[string]any) string {
		for _, resource := range list(s["Resource"]) {
			if parts := strings.Split(fmt.Sprint(resource), "/"); strings.Contains(parts[0], ":execute-api:") && (len(parts) < 4 || parts[1] == "*") {
				return fmt.Sprintf("is about %v", resource)
			}
		}
		return ""
	}), nil},

	// What is kept.
	{"CKV_AWS_66, KICS: log retention", "every log has an end", both(there("LogGroup"), each("LogGroup", set("retentionInDays"))), nil},
	{"CKV_AWS_338", "after a year at the earliest", each("LogGroup", atLeast("retentionInDays", 365)), dev(costs)},
	{"CKV_AWS_158, AWS-0017", "logs are encrypted with the customer's key", each("LogGroup", set("kmsKeyId")), dev(costs)},
	{"KMS.4, CKV_AWS_7", "keys are rotated", each("Key", equal("enableKeyRotation", true)), nil},
	{"own: key policy", "no wildcards in who may use a key, and for what", each("Key", func(in map[string]any) string {
		for _, s := range list(at(in, "policy.document.Statement")) {
			statement, _ := s.(map[string]any)
			if f := noWildcardAction(statement); f != "" {
				return f
			}
			principal, _ := statement["Principal"].(map[string]any)
			if len(principal) == 0 {
				return "lets in everybody"
			}
			for kind, who := range principal {
				if who == "*" || kind == "Service" && statement["Condition"] == nil {
					return fmt.Sprintf("lets in %v %v", kind, who)
				}
			}
		}
		return ""
	}), nil},
	{"CKV2_AWS_34", "parameters are encrypted", each("Parameter", equal("type", "SecureString")), map[string]string{"dev": told, "all": told}},
	{"own: what the page is told", "the key in it is a secret of the state, and nothing else in it opens anything", each("Parameter", onlyWhatThePageIsTold), nil},
	{"CKV_AWS_26", "topics are encrypted", each("Topic", set("kmsMasterKeyId")), nil},
	{"WAF.10, WAF.12", "web ACLs have rules, each with metrics", each("WebAcl", func(in map[string]any) string {
		if len(list(in["rules"])) == 0 {
			return "has no rules"
		}
		for _, r := range list(in["rules"]) {
			rule, _ := r.(map[string]any)
			if at(rule, "visibilityConfig.cloudwatchMetricsEnabled") != true {
				return fmt.Sprintf("does not count rule %v", rule["name"])
			}
		}
		return equal("visibilityConfig.cloudwatchMetricsEnabled", true)(in)
	}), nil},
	{"own: samples", "web ACLs keep no samples of requests, which would hold tokens and keys", each("WebAcl", func(in map[string]any) string {
		if f := equal("visibilityConfig.sampledRequestsEnabled", false)(in); f != "" {
			return f
		}
		for _, r := range list(in["rules"]) {
			rule, _ := r.(map[string]any)
			if f := equal("visibilityConfig.sampledRequestsEnabled", false)(rule); f != "" {
				return fmt.Sprintf("%s, for rule %v", f, rule["name"])
			}
		}
		return ""
	}), nil},
	{"WAF.11, CKV2_AWS_31", "web ACLs are logged, without what opens doors", each("WebAclLoggingConfiguration", func(in map[string]any) string {
		hidden := fmt.Sprint(in["redactedFields"])
		for _, header := range []string{"authorization", "x-api-key", "x-amz-security-token"} {
			if !strings.Contains(hidden, header) {
				return "logs " + header
			}
		}
		return ""
	}), nil},
}

func closed(path, verb string, op, document map[string]any) string {
	if verb == "options" && at(op, "x-amazon-apigateway-integration.type") == "mock" {
		return ""
	}
	if len(list(op["security"])) == 0 {
		return "is open"
	}
	return ""
}

// openToThePage is closed for all but the web client's own routes.
func openToThePage(path, verb string, op, document map[string]any) string {
	fault := closed(path, verb, op, document)
	if fault == "" {
		return ""
	}
	to := fmt.Sprint(at(op, "x-amazon-apigateway-integration.uri"))
	if verb != "get" || !slices.Contains([]string{"/", "/config.json", "/assets/{asset}"}, path) || !strings.HasSuffix(to, "-web/invocations") {
		return fault + ", and leads to " + to
	}
	return ""
}

// onlyWhatThePageIsTold wants a parameter's value to be a secret of the state, and to have
// the fields of the page's configuration alone.
func onlyWhatThePageIsTold(in map[string]any) string {
	value, _ := in["value"].(map[string]any)
	text, secret := value["secret"].(string)
	if !secret {
		return "has a value that the state shows"
	}
	var fields map[string]any
	if err := json.Unmarshal([]byte(text), &fields); err != nil {
		return "has a value that is no JSON object"
	}
	for name := range fields {
		if !slices.Contains([]string{"region", "webUrl", "apiUrl", "apiKey", "userPoolId", "userPoolClientId", "identityPoolId", "hostedUiUrl", "issuer", "cognitoIdentityUrl", "guests", "routes"}, name) {
			return "tells the page of " + name
		}
	}
	return ""
}

func signed(path, verb string, op, document map[string]any) string {
	inSecurity := false
	for _, s := range list(op["security"]) {
		requirement, _ := s.(map[string]any)
		for name := range requirement {
			scheme, _ := at(document, "components.securitySchemes").(map[string]any)
			inSecurity = inSecurity || at(scheme, name+".x-amazon-apigateway-authtype") == "awsSigv4"
		}
	}
	if inExtension := at(op, "x-amazon-apigateway-auth.type") == "AWS_IAM"; inExtension != inSecurity {
		return fmt.Sprintf("asks for a signature in its security: %v, in its extension: %v", inSecurity, inExtension)
	}
	return ""
}

func lambdaOrMock(path, verb string, op, document map[string]any) string {
	return oneOf("x-amazon-apigateway-integration.type", "aws_proxy", "mock")(op)
}

func oneOf(path string, legal ...string) func(map[string]any) string {
	return func(in map[string]any) string {
		if !slices.Contains(legal, fmt.Sprint(at(in, path))) {
			return fmt.Sprintf("has %s %v", path, at(in, path))
		}
		return ""
	}
}

func atMost(path string, want float64) func(map[string]any) string {
	return func(in map[string]any) string {
		if n, ok := at(in, path).(float64); !ok || n > want {
			return fmt.Sprintf("has %s %v, more than %v", path, at(in, path), want)
		}
		return ""
	}
}

func all(faults ...func(map[string]any) string) func(map[string]any) string {
	return func(in map[string]any) string {
		for _, fault := range faults {
			if f := fault(in); f != "" {
				return f
			}
		}
		return ""
	}
}

// absent wants resources of a type to leave a field out, or false.
func absent(typ, path string) func(*recorder, *int) []string {
	return each(typ, func(in map[string]any) string {
		if v := at(in, path); v != nil && v != false {
			return fmt.Sprintf("has %s %v", path, v)
		}
		return ""
	})
}
