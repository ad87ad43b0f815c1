package api

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"auth-api/infra/settings"
)

// answerPreflights has API Gateway itself answer OPTIONS at every path, without
// authorization or key, which browsers send with no preflight request. A route of the
// stack file that answers OPTIONS itself keeps doing so.
//
// See https://fetch.spec.whatwg.org/#cors-preflight-fetch.
func (args DocumentArgs) answerPreflights(paths map[string]map[string]operation) {
	for _, path := range slices.Sorted(maps.Keys(paths)) {
		if _, own := paths[path]["options"]; own {
			continue
		}
		set := map[string]string{
			"Access-Control-Allow-Headers": strings.Join(args.CORS.Headers, ","),
			"Access-Control-Allow-Methods": strings.Join(settings.MethodsAt(args.Routes, path), ","),
			"Access-Control-Max-Age":       strconv.Itoa(args.CORS.MaxAge),
			"Vary":                         "Origin",
		}
		answer := mockResponse{Status: "204", Parameters: map[string]string{}}
		declared := map[string]header{allowOrigin: {Schema: schema{Type: "string"}}}
		if len(args.CORS.Origins) == 1 {
			set[allowOrigin] = args.CORS.Origins[0]
		} else {
			answer.Templates = map[string]string{"application/json": originTemplate(args.CORS.Origins)}
		}
		for name, value := range set {
			answer.Parameters["method.response.header."+name] = "'" + value + "'"
			declared[name] = header{Schema: schema{Type: "string"}}
		}
		paths[path]["options"] = operation{
			Parameters: pathParameters(path),
			Responses:  map[string]response{"204": {Description: "What a page of another origin may send", Headers: declared}},
			Integration: integration{
				Type: "mock", Passthrough: "never", Templates: map[string]string{"application/json": `{"statusCode": 204}`},
				Responses: map[string]mockResponse{"default": answer},
			},
		}
	}
}

const allowOrigin = "Access-Control-Allow-Origin"

// gatewayResponses put the headers that functions answer with on API Gateway's own
// errors, without which a page could not tell one from another. An error of a type that
// has no response of its own takes these.
//
// See https://docs.aws.amazon.com/apigateway/latest/developerguide/supported-gateway-response-types.html.
func gatewayResponses(cors *settings.CORS) map[string]gatewayResponse {
	origin := "'" + cors.Origins[0] + "'"
	if len(cors.Origins) > 1 { // API Gateway cannot choose here
		origin = "method.request.header.Origin"
	}
	parameters := map[string]string{
		"gatewayresponse.header." + allowOrigin: origin,
		"gatewayresponse.header.Vary":           "'Origin'",
	}
	if len(cors.ExposedHeaders) > 0 {
		parameters["gatewayresponse.header.Access-Control-Expose-Headers"] = "'" + strings.Join(cors.ExposedHeaders, ",") + "'"
	}
	return map[string]gatewayResponse{"DEFAULT_4XX": {parameters}, "DEFAULT_5XX": {parameters}}
}

// originTemplate answers with the origin that asks when it is one of these. It says so
// twice, as API Gateway tells the case of header names apart, and clients write Origin
// over HTTP/1.1 and origin over HTTP/2; what a missing header is does not matter then.
//
// See https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-override-request-response-parameters.html.
func originTemplate(origins []string) string {
	var out strings.Builder
	for _, name := range []string{"Origin", "origin"} {
		var tests []string
		for _, origin := range origins {
			tests = append(tests, `$`+name+` == "`+origin+`"`)
		}
		fmt.Fprintf(&out, "#set($%s = $input.params().header.get(\"%s\"))\n#if(%s)\n#set($context.responseOverride.header.%s = $%s)\n#end\n",
			name, name, strings.Join(tests, " || "), allowOrigin, name)
	}
	return out.String()
}
