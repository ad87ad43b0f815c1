package cases

import "fmt"

// The bodies that many cases share.
const (
	missingToken = `{"message":"Missing Authentication Token"}`
	forbidden    = `{"message":"Forbidden"}`
	unauthorized = `{"message":"Unauthorized"}`
	internal     = `{"message":"Internal server error"}`
)

// unknownRoute is the answer of case 1, which stands for many.
var unknownRoute = answer{status: 403, kind: "MissingAuthenticationTokenException", body: missingToken}

func routingCases() []testCase {
	return []testCase{
		{id: "1", title: "unknown path, no Authorization header", known: sure, aws: unknownRoute,
			ask: func(c *on) answer { return c.get("/nowhere") }},
		{id: "2a", title: "known path, undeclared method", known: sure, aws: unknownRoute,
			ask: func(c *on) answer { return c.send(c.request("DELETE", c.api, "/open", "")) }},
		{id: "2b", title: "unsigned GET of a path of which only POST is protected, below an open ANY /{proxy+}", known: sure, aws: answer{status: 200},
			ask: func(c *on) answer { return c.ok(c.get("/wide/admin")) }},
		{id: "2c", title: "unsigned POST of the same path", known: sure, aws: unknownRoute,
			ask: func(c *on) answer { return c.send(c.request("POST", c.api, "/wide/admin", "")) }},
		{id: "2d", title: "a method beyond HTTP's own, PROPFIND, on an open ANY /{proxy+}", known: open, said: "not documented", here: unknownRoute,
			why: "deny in doubt: ANY stands for the seven methods that API Gateway lists", ask: func(c *on) answer { return c.send(c.request("PROPFIND", c.api, "/wide/x", "")) }},
		{id: "3", title: "unknown path, Authorization: Bearer x", known: likely,
			aws: answer{status: 403, kind: "IncompleteSignatureException", body: `{"message":"Invalid key=value pair (missing equal-sign) in Authorization header (hashed with SHA-256 and encoded with Base64): 'SHA256'."}`},
			ask: func(c *on) answer { return c.get("/nowhere", "Authorization", "Bearer x") }},
		{id: "4", title: "OPTIONS that is not declared", known: likely, aws: unknownRoute,
			ask: func(c *on) answer { return c.send(c.request("OPTIONS", c.api, "/keyed", "")) }},
		{id: "5", title: "OPTIONS that is declared, with neither key nor signature", known: sure,
			aws: answer{status: 204, more: []string{"Access-Control-Allow-Origin: " + origin}},
			ask: func(c *on) answer { return c.send(c.request("OPTIONS", c.api, "/cors", "")) }},
		{id: "6a", title: "a trailing slash on /files/{proxy+}: path keeps it, the parameter does not", known: sure,
			aws: answer{status: 200, body: `path=/files/a/b/ proxy=a/b`},
			ask: func(c *on) answer {
				a := c.get("/files/a/b/")
				e := c.event(a)
				a.body = fmt.Sprintf("path=%v proxy=%v", e["path"], e["pathParameters"].(m)["proxy"])
				return a
			}},
		{id: "6b", title: "//open is routed as /open, and requestContext.path keeps both slashes", known: sure,
			aws: answer{status: 200, body: `path=/open requestContext.path=/execute-api/API/v1//open`},
			ask: func(c *on) answer {
				a := c.get("//open")
				e := c.event(a)
				a.body = fmt.Sprintf("path=%v requestContext.path=%v", e["path"], e["requestContext"].(m)["path"])
				return a
			}},
		{id: "6c", title: "a trailing slash on a resource that is not greedy", known: open, said: "sources disagree: 200, or as case 1",
			here: unknownRoute, why: "deny in doubt: the path is not the one that was declared",
			ask: func(c *on) answer { return c.get("/open/") }},
		{id: "6d", title: "an escaped letter in a literal part, /o%70en", known: open, said: "not documented",
			here: unknownRoute, why: "deny in doubt: parts are compared as they were received",
			ask: func(c *on) answer { return c.get("/o%70en") }},
		{id: "6e", title: "dot segments, /files/../open, sent as they are", known: open, said: "not documented",
			here: answer{status: 200, body: "path=/files/../open resource=/files/{proxy+}"}, why: "they are parts like any other: resolving them would let a path choose another route than its policy names",
			ask: func(c *on) answer {
				a := c.raw("GET /execute-api/" + c.api + "/v1/files/../open HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
				e := c.event(a)
				a.body = fmt.Sprintf("path=%v resource=%v", e["path"], e["resource"])
				return a
			}},
		{id: "7a", title: "a gateway error has no CORS header of its own", known: sure, aws: unknownRoute,
			ask: func(c *on) answer { return c.get("/signed", "Origin", origin) }},
		{id: "7b", title: "DEFAULT_4XX sets a header; the status stays the error's", known: sure,
			aws: answer{status: 401, kind: "UnauthorizedException", body: unauthorized, more: []string{"Access-Control-Allow-Origin: " + origin}},
			ask: func(c *on) answer { return c.send(c.request("GET", c.gates, "/user", "")) }},
		{id: "7c", title: "DEFAULT_5XX likewise", known: sure,
			aws: answer{status: 502, kind: "InternalServerErrorException", body: internal, more: []string{"Access-Control-Allow-Origin: " + origin}},
			ask: func(c *on) answer { return c.send(c.request("GET", c.gates, "/function/fail", "")) }},
		{id: "7d", title: "a response of the specific type wins alone: its status and body, no header of DEFAULT_4XX", known: sure,
			aws: answer{status: 404, kind: "MissingAuthenticationTokenException", body: `{"error":"Missing Authentication Token","type":"MISSING_AUTHENTICATION_TOKEN"}`},
			ask: func(c *on) answer { return c.send(c.request("GET", c.gates, "/nowhere", "")) }},
		{id: "G1", title: "a stage that does not exist", known: open, said: "403 `Forbidden`; not recorded",
			here: answer{status: 403, kind: "ForbiddenException", body: forbidden}, why: "also for an API that does not exist, whose name does not resolve on AWS",
			ask: func(c *on) answer {
				r := c.request("GET", c.api, "", "")
				r.URL.Path = "/execute-api/" + c.api + "/v2/open"
				return c.send(r)
			}},
	}
}
