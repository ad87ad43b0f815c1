package apidoc_test

import (
	"cmp"
	"fmt"
	"strings"
	"testing"

	"auth-api/infra/internal/apidoc"
)

// A method's security may stand in one requirement or in several, be its own or the
// document's; what is told of it is the same on every reading.
func TestWhomAMethodLetsIn(t *testing.T) {
	const schemes = `"components": {"securitySchemes": {
		"key": {"type": "apiKey", "in": "header", "name": "X-Api-Key"},
		"sigv4": {"type": "apiKey", "name": "Authorization", "in": "header", "x-amazon-apigateway-authtype": "awsSigv4"},
		"users": {"type": "apiKey", "name": "Authorization", "in": "header", "x-amazon-apigateway-authtype": "cognito_user_pools"},
		"door": {"type": "apiKey", "name": "Authorization", "in": "header", "x-amazon-apigateway-authtype": "custom"},
		"bare": {"type": "apiKey", "name": "Authorization", "in": "header", "x-amazon-apigateway-authorizer": {}},
		"oidc": {"type": "openIdConnect"}}}`
	for _, test := range []struct{ method, document, want, err string }{
		{`{}`, ``, "{NONE  [] false}", ""},
		{`{"security": [{"key": []}]}`, ``, "{NONE  [] true}", ""},
		{`{"security": [{"key": [], "sigv4": []}]}`, ``, "{AWS_IAM  [] true}", ""},
		{`{"security": [{"key": []}, {"sigv4": []}]}`, ``, "{AWS_IAM  [] true}", ""},
		{`{"x-amazon-apigateway-auth": {"type": "aws_iam"}}`, ``, "{AWS_IAM  [] false}", ""},
		{`{"security": [{"users": ["b", "a"]}]}`, ``, "{COGNITO_USER_POOLS users [a b] false}", ""},
		{`{"security": [{"users": ["a"]}, {"sigv4": []}]}`, ``, "{AWS_IAM  [] false}", ""},
		{`{"security": [{"door": []}]}`, ``, "{CUSTOM door [] false}", ""},
		{`{"security": [{"bare": []}]}`, ``, "{UNTOLD bare [] false}", ""},
		{`{}`, `[{"door": []}]`, "{CUSTOM door [] false}", ""},
		{`{"security": []}`, `[{"door": []}]`, "{NONE  [] false}", ""},
		{`{"security": [{"oidc": []}]}`, ``, "{UNTOLD  [] false}", `security scheme "oidc" is neither`},
		{`{"security": [{"tea": [], "key": []}]}`, ``, "{UNTOLD  [] true}", `security names "tea", which`},
	} {
		text := `{"paths": {"/a": {"get": ` + test.method + `}}, "security": ` + cmp.Or(test.document, "null") + `, ` + schemes + `}`
		doc, err := apidoc.Read([]byte(text))
		if err != nil || len(doc.Methods()) != 1 {
			t.Fatalf("%s: %v %v", text, doc.Methods(), err)
		}
		a, err := doc.Access(doc.Methods()[0])
		if got := fmt.Sprint(a); got != test.want || (err == nil) != (test.err == "") || err != nil && !strings.HasPrefix(err.Error(), test.err) {
			t.Errorf("%s, in a document with %s: %s %v; want %s %s", test.method, test.document, got, err, test.want, test.err)
		}
	}
}

func TestWhatAnswers(t *testing.T) {
	doc, err := apidoc.Read([]byte(`{"paths": {"/b": {"x-amazon-apigateway-any-method": {}}, "/a": {"parameters": [],
		"options": {"x-amazon-apigateway-integration": {"type": "MOCK"}},
		"get": {"x-amazon-apigateway-integration": {"type": "aws_proxy", "uri": "arn:aws:apigateway:r:lambda:path/2015-03-31/functions/arn:aws:lambda:r:1:function:f:live/invocations"}}}}}`))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, m := range doc.Methods() {
		got = append(got, fmt.Sprintf("%s %q %v", m.Name(), m.Function(), m.Mock()))
	}
	if want := `GET /a "f" false; OPTIONS /a "" true; ANY /b "" false`; strings.Join(got, "; ") != want {
		t.Errorf("it is %s, want %s", strings.Join(got, "; "), want)
	}
}
