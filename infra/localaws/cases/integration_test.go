package cases

import (
	"bytes"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
)

var (
	badGateway     = answer{status: 502, kind: "InternalServerErrorException", body: internal}
	integrationOff = answer{status: 500, kind: "InternalServerErrorException", body: internal}
	badBody        = answer{status: 400, kind: "BadRequestException", body: `{"message":"Invalid request body"}`}
)

func integrationCases() []testCase {
	pet := func(path, body string, headers ...string) func(*on) answer {
		return func(c *on) answer { return c.ok(c.send(c.request("POST", c.api, path, body, headers...))) }
	}
	says := func(payload string) func(*on) answer {
		return func(c *on) answer { return c.get("/function/answer?answer=" + url.QueryEscape(payload)) }
	}
	return []testCase{
		{id: "39a", title: "required parameters missing, in query and header", known: sure,
			aws: answer{status: 400, kind: "BadRequestException", body: `{"message":"Missing required request parameters: [x, y]"}`}, ask: pet("/pets", `{"name":"Tom"}`)},
		{id: "39b", title: "one of them missing", known: sure,
			aws: answer{status: 400, kind: "BadRequestException", body: `{"message":"Missing required request parameters: [y]"}`}, ask: pet("/pets?x=1", `{"name":"Tom"}`)},
		{id: "40a", title: "a body that its model does not allow", known: sure, aws: badBody, ask: pet("/pets?x=1", `{"name":7}`, "y", "1", "Content-Type", "application/json")},
		{id: "40b", title: "a body that is no JSON", known: sure, aws: badBody, ask: pet("/pets?x=1", `{"name":`, "y", "1", "Content-Type", "application/json")},
		{id: "40c", title: "a body as its model wants it", known: sure, aws: answer{status: 200}, ask: pet("/pets?x=1", `{"name":"Tom"}`, "y", "1", "Content-Type", "application/json")},
		{id: "40d", title: "a content type without a template, passthrough NEVER", known: sure,
			aws: answer{status: 415, kind: "BadRequestException", body: `{"message":"Unsupported Media Type"}`}, ask: pet("/mock", "<x/>", "Content-Type", "application/xml")},
		{id: "40e", title: "a body that breaks its model's format", known: open, said: "not documented whether format is asserted",
			here: badBody, why: "deny in doubt", ask: pet("/pets?x=1", `{"name":"Tom","owner":"nobody"}`, "y", "1", "Content-Type", "application/json")},
		{id: "40f", title: "a body of a media type that has no model", known: sure, aws: answer{status: 200}, ask: pet("/pets?x=1", `<name>Tom</name>`, "y", "1", "Content-Type", "application/xml")},
		{id: "40g", title: "a body with a Content-Encoding, as the function sees it", known: open, said: "documented for APIs with minimumCompressionSize alone, which unpack it",
			here: answer{status: 200, body: "as it was sent"}, why: "it is handed on as it came; answers alone are compressed", ask: func(c *on) answer {
				a := c.send(c.request("POST", c.api, "/open", "as it was sent", "Content-Encoding", "gzip"))
				a.body, _ = c.event(a)["body"].(string)
				return a
			}},
		{id: "41", title: "a body of 10 MB and one byte", known: likely,
			aws: answer{status: 413, kind: "RequestTooLargeException", body: "HTTP content length exceeded 10485760 bytes.", more: []string{"Content-Type: text/plain"}},
			ask: func(c *on) answer {
				r, err := http.NewRequestWithContext(c.Context(), "POST", c.aws.URL()+"/execute-api/"+c.api+"/v1/open", bytes.NewReader(bytes.Repeat([]byte("x"), 10485761)))
				if err != nil {
					c.Fatal(err)
				}
				r.Header.Set("Expect", "100-continue") // so that the refusal comes before the body
				return c.send(r)
			}},
		{id: "41b", title: "a body within 10 MB, and an event over Lambda's 6 MB", known: open, said: "413; the words are not recorded",
			here: answer{status: 413, kind: "RequestEntityTooLargeException", body: `{"message":"Request Too Long"}`}, why: "the function is not invoked, as the limit is Lambda's",
			ask: func(c *on) answer {
				return c.send(c.request("POST", c.api, "/open", strings.Repeat("x", 6<<20)))
			}},
		{id: "41c", title: "a body that breaks off", known: open, said: "not documented",
			here: answer{status: 400, kind: "BadRequestException", body: `{"message":"Bad Request"}`}, why: "what did not come whole goes no further",
			ask: func(c *on) answer {
				return c.raw("POST /execute-api/" + c.api + "/v1/open HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello, no chunk\r\n")
			}},
		{id: "41d", title: fmt.Sprintf("more in bodies at once than the server holds (128 MB; here %d MB are)", bodies>>20), known: open, said: "not documented",
			here: answer{status: 503, kind: "ServiceUnavailableException", body: `{"message":"Service Unavailable"}`}, why: "the local AWS's memory is bounded",
			ask: func(c *on) answer {
				const held = bodies + 64<<10 + 1 // the first 64 KB of each are not counted
				return c.raw(fmt.Sprintf("POST /execute-api/%s/v1/open HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n%s", c.api, held+1, strings.Repeat("x", held)))
			}},
		{id: "42a", title: "the function returns a string", known: sure, aws: badGateway, ask: says(`"hello"`)},
		{id: "42b", title: "the function returns null", known: sure, aws: badGateway, ask: says(`null`)},
		{id: "42c", title: "the function returns an unknown key", known: sure, aws: badGateway, ask: says(`{"statusCode":200,"message":"hello"}`)},
		{id: "42d", title: "the function returns a status that is no number", known: sure, aws: badGateway, ask: says(`{"statusCode":"good"}`)},
		{id: "42e", title: "the function returns multiValueHeaders that are no lists", known: sure, aws: badGateway, ask: says(`{"multiValueHeaders":{"X-A":"b"}}`)},
		{id: "42f", title: "the function returns a status of 99", known: open, said: "not documented", here: badGateway, why: "deny in doubt: it is no status that a client can be given", ask: says(`{"statusCode":99}`)},
		{id: "42g", title: "the function returns a header whose name HTTP does not allow", known: open, said: "not documented", here: badGateway, why: "deny in doubt: it could end the headers early", ask: says(`{"headers":{"a b":"c"}}`)},
		{id: "43a", title: "the function returns {}", known: likely, aws: answer{status: 200}, ask: says(`{}`)},
		{id: "43b", title: "the function returns headers alone", known: sure, aws: answer{status: 200}, ask: says(`{"headers":{"X-A":"b"}}`)},
		{id: "43c", title: `the function returns {"statusCode":"201"}`, known: sure, aws: answer{status: 201}, ask: says(`{"statusCode":"201"}`)},
		{id: "44a", title: "the function fails", known: likely, aws: badGateway, ask: func(c *on) answer { return c.get("/function/fail") }},
		{id: "44b", title: "the function's process dies", known: likely, aws: badGateway, ask: func(c *on) answer { return c.get("/function/die") }},
		{id: "44c", title: "API Gateway has no permission to invoke the function", known: likely, aws: integrationOff, ask: func(c *on) answer { return c.get("/unpermitted") }},
		{id: "45", title: "the integration's time passes (29 s unless less is declared; here 50 ms are)", known: sure,
			aws: answer{status: 504, kind: "InternalServerErrorException", body: `{"message":"Endpoint request timed out"}`}, ask: func(c *on) answer { return c.get("/slow/hang") }},
	}
}

// keyID is the id of the API key, which is drawn by lot.
var keyID = regexp.MustCompile(`"apiKeyId":"[a-z0-9]{10}"`)

// identityCases look at what the function is told of the caller.
func identityCases() []testCase {
	identity := func(c *on, a answer) answer {
		if a.status == http.StatusOK {
			a.body = keyID.ReplaceAllString(text(c.event(a)["requestContext"].(m)["identity"]), `"apiKeyId":"KEYID"`)
		}
		return a
	}
	const nothing = `"accessKey":null,"accountId":null,"caller":null,"cognitoAuthenticationProvider":null,"cognitoAuthenticationType":null,"cognitoIdentityId":null,"cognitoIdentityPoolId":null,"principalOrgId":null,"sourceIp":"127.0.0.1","user":null,"userAgent":"cases","userArn":null}`
	signed := func(role, kind, provider string) answer {
		return answer{status: 200, body: `{"accessKey":"ASIAKEY","accountId":"000000000000","caller":"AROAID:CognitoIdentityCredentials","cognitoAuthenticationProvider":` + provider +
			`,"cognitoAuthenticationType":"` + kind + `","cognitoIdentityId":"us-west-2:UUID","cognitoIdentityPoolId":"IDPOOL","principalOrgId":null,"sourceIp":"127.0.0.1",` +
			`"user":"AROAID:CognitoIdentityCredentials","userAgent":"cases","userArn":"arn:aws:sts::000000000000:assumed-role/` + role + `/CognitoIdentityCredentials"}`}
	}
	return []testCase{
		{id: "I0", title: "the name of a header, x-my-header, as the function sees it", known: likely, said: "200; as it was sent, x-my-header", here: answer{status: 200, body: "X-My-Header"},
			why: "Go's HTTP server keeps names in HTTP's canonical form alone; handlers compare names without regard to case", ask: func(c *on) answer {
				a := c.raw("GET /execute-api/" + c.api + "/v1/whoami HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nx-my-header: 1\r\n\r\n")
				headers, _ := c.event(a)["headers"].(m)
				for name := range headers {
					if strings.EqualFold(name, "x-my-header") {
						a.body = name
					}
				}
				return a
			}},
		{id: "I1", title: "unsigned: exactly twelve keys", known: sure, aws: answer{status: 200, body: "{" + nothing},
			ask: func(c *on) answer { return identity(c, c.get("/whoami")) }},
		{id: "I2", title: "with an API key: two more", known: likely,
			aws: answer{status: 200, body: `{` + strings.Replace(nothing, `"caller"`, `"apiKey":"`+keyGood+`","apiKeyId":"KEYID","caller"`, 1)},
			ask: func(c *on) answer { return identity(c, c.get("/keyed", "x-api-key", keyGood)) }},
		{id: "I3", title: "signed by a user of the identity pool", known: sure,
			aws: signed("member", "authenticated", `"cognito-idp.us-west-2.amazonaws.com/POOL,cognito-idp.us-west-2.amazonaws.com/POOL:CognitoSignIn:UUID"`),
			ask: func(c *on) answer { return identity(c, c.signedGet(c.api, "/whoami/signed", c.member())) }},
		{id: "I4", title: "signed by a guest of the identity pool", known: likely, aws: signed("guest", "unauthenticated", "null"),
			ask: func(c *on) answer { return identity(c, c.signedGet(c.api, "/whoami/signed", c.guest())) }},
	}
}
