package apidoc_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"auth-api/infra/internal/apidoc"
)

const goldens = "../../api/testdata"

func golden(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(goldens, name))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// Every kind of document that the program writes can be compared, and is itself.
func TestADocumentIsItself(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(goldens, "*.json"))
	if err != nil || len(files) < 5 {
		t.Fatalf("the documents are %v %v", files, err)
	}
	for _, file := range files {
		text := golden(t, filepath.Base(file))
		if found, err := apidoc.Compare(text, text); err != nil || len(found) != 0 {
			t.Errorf("%s: %v %v", filepath.Base(file), found, err)
		}
	}
}

// exported is the article's document with what API Gateway's documentation shows that an
// export has besides: servers, answers and defaults that nobody declared.
const exported = `{
  "openapi": "3.0.1",
  "info": {"title": "auth-api-dev", "version": "2026-11-22T10:00:00Z"},
  "servers": [{"url": "https://abc.execute-api.us-west-2.amazonaws.com/{basePath}", "variables": {"basePath": {"default": "dev"}}}],
  "paths": {
    "/no-auth": {"get": {
      "responses": {"200": {"description": "200 response", "content": {}}},
      "security": [{"api_key": []}],
      "x-amazon-apigateway-request-validator": "all",
      "x-amazon-apigateway-integration": {
        "type": "AWS_PROXY", "httpMethod": "POST", "timeoutInMillis": 29000, "connectionType": "INTERNET",
        "uri": "arn:aws:apigateway:us-west-2:lambda:path/2015-03-31/functions/arn:aws:lambda:us-west-2:111122223333:function:auth-api-dev-no-auth/invocations",
        "responses": {"default": {"statusCode": "200"}}, "passthroughBehavior": "when_no_match", "cacheNamespace": "abc123"
      }}},
    "/require-auth": {"get": {
      "responses": {"200": {"description": "200 response", "content": {}}},
      "security": [{"api_key": []}, {"sigv4": []}],
      "x-amazon-apigateway-request-validator": "all",
      "x-amazon-apigateway-integration": {
        "type": "aws_proxy", "httpMethod": "POST",
        "uri": "arn:aws:apigateway:us-west-2:lambda:path/2015-03-31/functions/arn:aws:lambda:us-west-2:111122223333:function:auth-api-dev-require-auth/invocations",
        "responses": {"default": {"statusCode": "200"}}, "passthroughBehavior": "when_no_match"
      }}}
  },
  "components": {"schemas": {"Empty": {"title": "Empty Schema", "type": "object"}}, "securitySchemes": {
    "api_key": {"type": "apiKey", "name": "x-api-key", "in": "header"},
    "sigv4": {"type": "apiKey", "name": "Authorization", "in": "header", "x-amazon-apigateway-authtype": "awsSigv4"}}},
  "x-amazon-apigateway-request-validators": {"all": {"validateRequestParameters": true, "validateRequestBody": true}}
}`

func TestWhatAnExportHasBesidesIsNoDifference(t *testing.T) {
	found, err := apidoc.Compare(golden(t, "article.json"), []byte(exported))
	if err != nil || len(found) != 0 {
		t.Errorf("%v %v", found, err)
	}
}

func TestWhatSomebodyChanged(t *testing.T) {
	for _, test := range []struct {
		name, document, from, to string
		want                     []string
	}{
		{"a key that is asked for no more", "article.json", `"api_key": []`, `"sigv4": []`, []string{
			"GET /no-auth: authorization is AWS_IAM; the program says NONE",
			"GET /no-auth: the API key is none; the program says required",
			"GET /require-auth: the API key is none; the program says required",
		}},
		{"a route that is gone, and one that is new", "article.json", `"/no-auth"`, `"/open"`, []string{
			"GET /no-auth: in the program, and not deployed",
			"GET /open: deployed, and not in the program: authorization NONE, API key required, aws_proxy POST arn:aws:apigateway:us-west-2:lambda:path/2015-03-31/functions/arn:aws:lambda:us-west-2:111122223333:function:auth-api-dev-no-auth/invocations",
		}},
		{"another method", "article.json", `"get"`, `"x-amazon-apigateway-any-method"`, []string{
			"ANY /no-auth: deployed, and not in the program", "ANY /require-auth: deployed, and not in the program", "GET /no-auth: in the program, and not deployed", "GET /require-auth: in the program, and not deployed",
		}},
		{"another account's function", "article.json", "111122223333:function:auth-api-dev-no-auth", "444455556666:function:thief", []string{
			"GET /no-auth: the integration is aws_proxy POST arn:aws:apigateway:us-west-2:lambda:path/2015-03-31/functions/arn:aws:lambda:us-west-2:444455556666:function:thief/invocations; the program says aws_proxy POST ",
		}},
		{"a user pool of somebody else's", "every-kind.json", "userpool/", "userpool/x", []string{"authorizer users: providerARNs is "}},
		{"a decision that is kept for longer", "authorizers.json", `"authorizerResultTtlInSeconds": 0`, `"authorizerResultTtlInSeconds": 3600`, []string{"authorizerResultTtlInSeconds is 3600; the program says 0"}},
		{"validation switched off", "checked.json", `"validateRequestParameters": true`, `"validateRequestParameters": false`, []string{"the required parameters is none; the program says "}},
		{"a body that may be anything", "checked.json", `"validateRequestBody": true`, `"validateRequestBody": false`, []string{"the body's schema is none; the program says "}},
		{"pages of another origin", "pages-of-one-origin.json", "https://app.example.com", "https://evil.example", []string{"OPTIONS ", "gateway response DEFAULT_4XX: its headers is ", "gateway response DEFAULT_5XX: its headers is "}},
	} {
		t.Run(test.name, func(t *testing.T) {
			text := golden(t, test.document)
			changed := strings.ReplaceAll(string(text), test.from, test.to)
			if changed == string(text) {
				t.Fatalf("%s has no %s", test.document, test.from)
			}
			found, err := apidoc.Compare(text, []byte(changed))
			if err != nil {
				t.Fatal(err)
			}
			var lines []string
			for _, d := range found {
				lines = append(lines, d.String())
			}
			all := strings.Join(lines, "\n")
			for _, want := range test.want {
				if !strings.Contains(all, want) {
					t.Errorf("it does not say %q:\n%s", want, all)
				}
			}
			back, err := apidoc.Compare([]byte(changed), text)
			if err != nil || len(back) != len(found) {
				t.Errorf("the other way round it is %v %v", back, err)
			}
		})
	}
}

func TestTheAnswerOfTheGatewayItselfIsNoDifference(t *testing.T) {
	with := func(response string) []byte {
		return []byte(`{"paths": {}, "x-amazon-apigateway-gateway-responses": {"DEFAULT_4XX": ` + response + `}}`)
	}
	found, err := apidoc.Compare(with(`{}`), with(`{"responseTemplates": {"application/json": "{\"message\":$context.error.messageString}"}}`))
	if err != nil || len(found) != 0 {
		t.Errorf("%v %v", found, err)
	}
	found, err = apidoc.Compare(with(`{}`), with(`{"statusCode": 200}`))
	if want := []apidoc.Difference{{Where: "gateway response DEFAULT_4XX", What: "its status", Deployed: "200"}}; err != nil || cmp.Diff(want, found) != "" {
		t.Errorf("%v %v", found, err)
	}
}

func TestWhatCannotBeRead(t *testing.T) {
	good := golden(t, "article.json")
	for text, says := range map[string]string{
		"":   "unexpected end of JSON input",
		"{}": "it is no OpenAPI document",
		"[]": "cannot unmarshal array",
		`{"paths": {"/a": {"get": {"security": [{"tea": []}]}}}}`:                    `GET /a: security names "tea"`,
		`{"paths": {"/a": {"get": {"x-amazon-apigateway-request-validator": "x"}}}}`: `GET /a: the request validator "x"`,
	} {
		if _, err := apidoc.Compare(good, []byte(text)); err == nil || !strings.HasPrefix(err.Error(), "reading the deployed document: ") || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v", text, err)
		}
		if _, err := apidoc.Compare([]byte(text), good); err == nil || !strings.HasPrefix(err.Error(), "reading the declared document: ") {
			t.Errorf("%s: %v", text, err)
		}
	}
}

// Who could write the deployed document could write anything: it is read without harm,
// and what is read is the same in itself.
func FuzzCompare(f *testing.F) {
	f.Add([]byte(exported))
	for _, name := range []string{"article.json", "authorizers.json", "checked.json", "every-kind.json", "pages-of-two-origins.json"} {
		f.Add(golden(f, name))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		found, err := apidoc.Compare(text, text)
		if err == nil && len(found) != 0 {
			t.Errorf("a document differs from itself: %v", found)
		}
	})
}
