// Command web is the function behind the web client: it serves the page, its scripts and
// styles, and /config.json, by which one artifact serves every stack. What it serves is
// for everybody, and holds no secret.
//
// The page's source is in the folder client. It is bundled when the function is built for
// a stack, and embedded; in the sources, dist holds a placeholder alone. The configuration
// is a parameter of Systems Manager's Parameter Store, which the function's role may read;
// the variable WEB_PARAMETER has its name.
//
// The page is of the API's own origin, so that it needs no CORS, and no other origin's
// page may read it, whatever the stack's setting cors lets others do with the API.
package main

import (
	"context"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"io/fs"
	"log"
	"net/http"
	"os"
	"path"
	"strings"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"auth-api/functions/internal/parameter"
	"auth-api/functions/internal/respond"
)

//go:embed all:dist
var dist embed.FS

// site is what is served.
type site struct {
	before, after string // of the page's base
	fault         *fault // why there is no page
	assets        map[string]asset
	configuration *configuration
}

type asset struct{ contentType, body string }

// contentTypes of what a client is made of, by how files are named.
var contentTypes = map[string]string{
	".html": "text/html; charset=utf-8",
	".js":   "text/javascript; charset=utf-8",
	".css":  "text/css; charset=utf-8",
	".svg":  "image/svg+xml",
}

func fromEnvironment() *site {
	files, err := fs.Sub(dist, "dist")
	if err != nil { // dist is a valid path
		log.Fatal(err)
	}
	return newSite(files, &configuration{name: os.Getenv("WEB_PARAMETER"), get: parameter.Get, now: time.Now})
}

// newSite serves a bundled client with a configuration.
func newSite(files fs.FS, c *configuration) *site {
	s := &site{assets: map[string]asset{}, configuration: c}
	page, err := fs.ReadFile(files, "index.html")
	if err != nil {
		s.fault = notBundled
		return s
	}
	found := false
	if s.before, s.after, found = strings.Cut(string(page), bundledBase); !found {
		s.fault = notBundled
		return s
	}
	entries, err := fs.ReadDir(files, "assets")
	if err != nil {
		s.fault = notBundled
		return s
	}
	for _, entry := range entries {
		contentType := contentTypes[path.Ext(entry.Name())]
		body, err := fs.ReadFile(files, "assets/"+entry.Name())
		if err != nil || contentType == "" {
			s.fault = notBundled
			return s
		}
		s.assets[entry.Name()] = asset{contentType, string(body)}
	}
	return s
}

// handle answers by the route. The query is no business of the function's: it holds the
// code of who comes back from the hosted sign-in, and is neither logged nor answered.
func (s *site) handle(ctx context.Context, request events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, error) {
	switch {
	case request.HTTPMethod != http.MethodGet:
	case request.Resource == "/":
		return s.page(ctx, request), nil
	case request.Resource == "/config.json":
		return s.config(ctx, request)
	case request.Resource == "/assets/{asset}":
		if found, ok := s.assets[request.PathParameters["asset"]]; ok {
			return text(request, http.StatusOK, found.contentType, assetPolicy, "public, max-age=31536000, immutable", found.body), nil
		}
	}
	return failure(request, http.StatusNotFound, "there is nothing here")
}

// page answers the page, or says why there is none.
func (s *site) page(ctx context.Context, request events.APIGatewayProxyRequest) events.APIGatewayProxyResponse {
	if s.fault != nil {
		log.Print(s.fault.what)
		return s.fault.page(request)
	}
	base, ok := baseOf(request.RequestContext.Path)
	if !ok {
		return noSuchPlace.page(request)
	}
	settings, f := s.configuration.current(ctx)
	if f != nil {
		return f.page(request)
	}
	policy := pagePolicy(settings.origins)
	body := s.before + baseTag(base) + s.after
	if len(request.QueryStringParameters) > 0 || len(request.MultiValueQueryStringParameters) > 0 {
		// The address of a callback has the code in it: it is not to be in a cache.
		return text(request, http.StatusOK, contentTypes[".html"], policy, "no-store", body)
	}
	// Weak: API Gateway may compress the body. The policy is part of what it stands for, as
	// browsers keep that of a page which they are told to take from their cache.
	sum := sha256.Sum256([]byte(policy + "\n" + body))
	tag := `W/"` + base64.RawURLEncoding.EncodeToString(sum[:16]) + `"`
	status := http.StatusOK
	if matches(header(request, "If-None-Match"), tag) {
		status, body = http.StatusNotModified, ""
	}
	response := text(request, status, contentTypes[".html"], policy, "no-cache", body)
	response.Headers["ETag"] = tag
	return response
}

func (s *site) config(ctx context.Context, request events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, error) {
	settings, f := s.configuration.current(ctx)
	if f != nil {
		return f.json(request)
	}
	return text(request, http.StatusOK, "application/json", closedPolicy, "no-store", settings.body), nil
}

// failure answers an error in JSON.
func failure(request events.APIGatewayProxyRequest, status int, words string) (events.APIGatewayProxyResponse, error) {
	response, err := respond.JSON(status, struct {
		Error string `json:"error"`
	}{words}, respond.NoStore)
	if err == nil {
		secure(response.Headers, request, closedPolicy)
	}
	return response, err
}

// text answers with a text and the headers that go with it.
func text(request events.APIGatewayProxyRequest, status int, contentType, policy, cache, body string) events.APIGatewayProxyResponse {
	headers := map[string]string{"Content-Type": contentType, "Cache-Control": cache}
	secure(headers, request, policy)
	return events.APIGatewayProxyResponse{StatusCode: status, Headers: headers, Body: body}
}

// matches tells whether an If-None-Match names the tag, compared weakly (RFC 9110,
// section 13.1.2).
func matches(names, tag string) bool {
	for name := range strings.SplitSeq(names, ",") {
		if name = strings.TrimSpace(name); name == "*" || name != "" && strings.TrimPrefix(name, "W/") == strings.TrimPrefix(tag, "W/") {
			return true
		}
	}
	return false
}

// header is a request's header: API Gateway leaves names in the case that the client
// wrote.
func header(request events.APIGatewayProxyRequest, name string) string {
	for given, value := range request.Headers {
		if strings.EqualFold(given, name) {
			return value
		}
	}
	return ""
}
