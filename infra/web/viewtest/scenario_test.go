package viewtest_test

import "strings"

type object = map[string]any

// scenario is what the fakes of testdata/entry.ts hold and answer.
type scenario struct {
	Config    object              `json:"config"`
	NoConfig  object              `json:"noConfig,omitempty"`
	Account   object              `json:"account,omitempty"`
	Elsewhere bool                `json:"elsewhere,omitempty"`
	Start     object              `json:"start,omitempty"`
	Skew      int                 `json:"skew,omitempty"`
	Hold      bool                `json:"hold,omitempty"`
	Answers   map[string][]object `json:"answers"`
}

var (
	open1  = object{"method": "GET", "path": "/no-auth", "authorization": "NONE", "apiKeyRequired": true}
	signed = object{"method": "GET", "path": "/require-auth", "authorization": "AWS_IAM", "apiKeyRequired": true}
	both   = object{"method": "GET", "path": "/require-auth", "authorization": "AWS_IAM", "apiKeyRequired": true, "guests": true}
	token  = object{"method": "GET", "path": "/profile", "authorization": "COGNITO_USER_POOLS", "apiKeyRequired": false}
	scoped = object{"method": "GET", "path": "/orders", "authorization": "COGNITO_USER_POOLS", "apiKeyRequired": false, "scopes": []string{"shop/read", "shop/write"}}
	demo   = object{"sub": "8b1e", "username": "demouser", "email": "demouser@example.com", "groups": []string{"staff", "editors"}}
)

func config(routes ...object) object {
	if routes == nil {
		routes = []object{}
	}
	return object{
		"region": "us-west-2", "webUrl": "http://localhost/dev/", "apiUrl": "http://localhost/dev", "apiKey": "key", "userPoolId": "us-west-2_Pool",
		"userPoolClientId": "client", "identityPoolId": "us-west-2:pool", "hostedUiUrl": "http://localhost/hosted", "issuer": "http://localhost/issuer",
		"cognitoIdentityUrl": "http://localhost/identity", "guests": true, "routes": routes,
	}
}

// guest is the article's page for somebody who has not signed in; member for who has.
func guest(answers map[string][]object) scenario {
	return scenario{Config: config(open1, signed), Answers: answers}
}

func member(answers map[string][]object) scenario {
	s := guest(answers)
	s.Account = demo
	return s
}

// alone is who has signed in before a page with one door.
func alone(route object, answer object) scenario {
	path, _ := route["path"].(string)
	return scenario{Config: config(route), Account: demo, Answers: map[string][]object{path: {answer}}}
}

// answer is an exchange with a route: the answer's status, body and what it means.
func answer(route object, as, decision string, status int, errorType, body string, more ...object) object {
	text := map[int]string{200: "OK", 400: "Bad Request", 401: "Unauthorized", 403: "Forbidden", 429: "Too Many Requests", 502: "Bad Gateway", 504: "Gateway Timeout"}[status]
	path, _ := route["path"].(string)
	headers := []object{{"name": "x-api-key", "value": "qX3f…", "secret": true}}
	response := object{
		"status": status, "statusText": text, "body": body, "took": 34.4, "requestId": "c6af9ac6-7b61-11e6-9a41-93e8deadbeef",
		"headers": []object{{"name": "content-type", "value": "application/json"}, {"name": "x-amzn-requestid", "value": "c6af9ac6-7b61-11e6-9a41-93e8deadbeef"}},
	}
	if errorType != "" {
		response["errorType"] = errorType
	}
	for _, m := range more {
		for key, value := range m {
			response[key] = value
		}
	}
	request := object{"method": "GET", "url": "https://a1b2c3d4e5.execute-api.us-west-2.amazonaws.com/dev" + path, "headers": headers, "curl": "curl 'https://a1b2c3d4e5.execute-api.us-west-2.amazonaws.com/dev" + path + "' \\\n  -H \"x-api-key: $API_KEY\""}
	exchange := object{"route": route, "request": request, "response": response, "decision": decision}
	if route["authorization"] == "AWS_IAM" && as != "" {
		request["headers"] = append(headers,
			object{"name": "x-amz-date", "value": "20261122T200000Z", "secret": false},
			object{"name": "x-amz-security-token", "value": "IQoJb3JpZ2lu…", "secret": true},
			object{"name": "authorization", "value": "AWS4-HMAC-SHA256 Credential=ASIAXXXXXXXXEXAMPLE/20261122/us-west-2/execute-api/aws4_request, SignedHeaders=host;x-amz-date;x-amz-security-token;x-api-key, Signature=5d67…", "secret": true})
		request["signing"] = object{
			"canonicalRequest": strings.Join([]string{"GET", "/dev" + path, "", "host:a1b2c3d4e5.execute-api.us-west-2.amazonaws.com", "x-amz-date:20261122T200000Z", "x-amz-security-token:IQoJb3JpZ2lu…", "x-api-key:qX3f…", "", "host;x-amz-date;x-amz-security-token;x-api-key", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"}, "\n"),
			"stringToSign":     "AWS4-HMAC-SHA256\n20261122T200000Z\n20261122/us-west-2/execute-api/aws4_request\n9f2c6a1d0e7f4b5f8f3a9f3dba2d1f7f0f6e1c2b3a495867a8b9c0d1e2f30415",
			"credentialScope":  "20261122/us-west-2/execute-api/aws4_request", "signedHeaders": "host;x-amz-date;x-amz-security-token;x-api-key",
		}
		exchange["as"] = object{"identityId": "us-west-2:1d0e7b1c-5a52-4c4e-8b7a-2f1f3c9f6a11", "role": "auth-api-dev-" + as, "arn": "arn:aws:sts::123456789012:assumed-role/auth-api-dev-" + as + "/CognitoIdentityCredentials", "expires": 0}
	}
	return object{"exchange": exchange}
}

// deniedBy is a refusal of who has a role, for this reason.
func deniedBy(role, why string) string {
	return strings.NewReplacer("auth-api-dev-guest", "auth-api-dev-"+role, "because no identity-based policy allows the execute-api:Invoke action", why).Replace(denied)
}

const denied = `{"Message":"User: arn:aws:sts::123456789012:assumed-role/auth-api-dev-guest/CognitoIdentityCredentials is not authorized to perform: execute-api:Invoke on resource: arn:aws:execute-api:us-west-2:********9012:a1b2c3d4e5/dev/GET/require-auth because no identity-based policy allows the execute-api:Invoke action"}`

func fault(kind string, more ...object) object {
	f := object{"kind": kind}
	for _, m := range more {
		for key, value := range m {
			f[key] = value
		}
	}
	return f
}
