package ssm_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	client "github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"

	"auth-api/infra/localaws/internal/apitest"
	"auth-api/infra/localaws/ssm"
	"auth-api/infra/localaws/store"
)

const parameters = "arn:aws:ssm:us-west-2:000000000000:parameter/"

type world struct {
	*apitest.World
	*ssm.Service
	t       testing.TB
	address string
}

func newWorld(t testing.TB) *world {
	t.Helper()
	w := &world{World: apitest.New(t), t: t}
	var err error
	if w.Service, err = ssm.New(ssm.Config{Store: w.Store, Now: w.Now, Account: apitest.Account, Region: apitest.Region, IAM: w.IAM}); err != nil {
		t.Fatal(err)
	}
	w.address = w.Serve(func(rw http.ResponseWriter, r *http.Request, body []byte) {
		_, operation, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
		w.ServeAPI(rw, r, operation, body)
	})
	return w
}

// declare does as the provider does.
func (w *world) declare(p ssm.Parameter) error {
	w.Derive(&p)
	if err := w.CheckParameter(p); err != nil {
		return err
	}
	return w.Store.Update(func(tx *store.Tx) error {
		old, found, err := ssm.Parameters.Get(tx, p.Name)
		if err != nil {
			return err
		}
		before := &old
		if !found {
			before = nil
		}
		if err := w.ParameterDeclared(tx, before, &p); err != nil {
			return err
		}
		return ssm.Parameters.Put(tx, p.Name, p)
	})
}

func (w *world) have(name, kind, value string) {
	w.t.Helper()
	if err := w.declare(ssm.Parameter{Name: name, Type: kind, Value: value}); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) client(c aws.CredentialsProvider) *client.Client {
	return client.NewFromConfig(apitest.Config(w.address, c))
}

// Who may read which parameter. The leading slash of a name is that of the ARN.
func TestWhoMayRead(t *testing.T) {
	w := newWorld(t)
	for _, name := range []string{"/app/db/host", "/app/db/password", "/app/name", "/other/name", "plain"} {
		w.have(name, "String", "value of "+name)
	}
	denied := func(role, action, resource, because string) string {
		return "User: " + apitest.Session(role) + " is not authorized to perform: ssm:" + action + " on resource: " + resource + " " + because
	}
	const none = "because no identity-based policy allows the ssm:%s action"
	for i, c := range []struct {
		name     string
		policies []string
		ask      func(*client.Client) error
		code     string
		resource string // of the denial
		action   string
		because  string
	}{
		{name: "one", policies: []string{apitest.Allow("ssm:GetParameter", parameters+"app/name")}, ask: get("/app/name")},
		{name: "one without a slash", policies: []string{apitest.Allow("ssm:GetParameter", parameters+"plain")}, ask: get("plain")},
		{name: "by its ARN", policies: []string{apitest.Allow("ssm:GetParameter", parameters+"app/name")}, ask: get(parameters + "app/name")},
		{name: "by the ARN of one without a slash", policies: []string{apitest.Allow("ssm:GetParameter", parameters+"plain")}, ask: get(parameters + "plain")},
		{name: "by its version", policies: []string{apitest.Allow("ssm:GetParameter", parameters+"app/name")}, ask: get("/app/name:1")},
		{name: "no grant", ask: get("/app/name"), action: "GetParameter", resource: "app/name", because: none},
		{name: "a grant for another", policies: []string{apitest.Allow("ssm:GetParameter", parameters+"other/*")}, ask: get("/app/name"), action: "GetParameter", resource: "app/name", because: none},
		{name: "a grant with two slashes", policies: []string{apitest.Allow("ssm:GetParameter", parameters+"/app/name")}, ask: get("/app/name"), action: "GetParameter", resource: "app/name", because: none},
		{name: "a grant of another action", policies: []string{apitest.Allow("ssm:GetParameters", "*")}, ask: get("/app/name"), action: "GetParameter", resource: "app/name", because: none},
		{name: "denied", policies: []string{apitest.Allow("ssm:*", "*"), apitest.Deny("ssm:GetParameter", parameters+"app/*")}, ask: get("/app/name"), action: "GetParameter", resource: "app/name", because: "with an explicit deny in an identity-based policy"},
		{name: "one that is not there is not told without a grant", ask: get("/app/gone"), action: "GetParameter", resource: "app/gone", because: none},

		{name: "many", policies: []string{apitest.Allow("ssm:GetParameters", parameters+"app/*")}, ask: getAll("/app/name", "/app/db/host")},
		{name: "many, one without a grant", policies: []string{apitest.Allow("ssm:GetParameters", parameters+"app/*")}, ask: getAll("/app/name", "/other/name"), action: "GetParameters", resource: "other/name", because: none},

		{name: "a path", policies: []string{apitest.Allow("ssm:GetParametersByPath", parameters+"app")}, ask: getPath("/app")},
		{name: "a path with a denial below it", policies: []string{apitest.Allow("ssm:GetParametersByPath", parameters+"app"), apitest.Deny("ssm:*", parameters+"app/db/*")}, ask: getPath("/app")},
		{name: "a path that only what is below is granted of", policies: []string{apitest.Allow("ssm:GetParametersByPath", parameters+"app/*")}, ask: getPath("/app"), action: "GetParametersByPath", resource: "app", because: none},
		// The path is authorized as it was sent, with a slash at its end or without.
		{name: "what is below a path, asked for with a slash at its end", policies: []string{apitest.Allow("ssm:GetParametersByPath", parameters+"app/*")}, ask: getPath("/app/")},
		{name: "a path, asked for with a slash at its end", policies: []string{apitest.Allow("ssm:GetParametersByPath", parameters+"app")}, ask: getPath("/app/"), action: "GetParametersByPath", resource: "app/", because: none},
		{name: "the root", policies: []string{apitest.Allow("ssm:GetParametersByPath", parameters+"app/*")}, ask: getPath("/"), action: "GetParametersByPath", resource: "", because: none},
	} {
		t.Run(c.name, func(t *testing.T) {
			role := fmt.Sprint("r", i)
			err := c.ask(w.client(w.Role(role, c.policies...)))
			if c.action == "" {
				apitest.Refused(t, err, "", "")
				return
			}
			because := strings.Replace(c.because, "%s", c.action, 1)
			apitest.Refused(t, err, "AccessDeniedException", denied(role, c.action, parameters+c.resource, because))
			if decision, _ := w.Decision(); decision != "deny" {
				t.Errorf("the record says %s", decision)
			}
		})
	}
	t.Run("a stranger", func(t *testing.T) {
		apitest.Refused(t, get("/app/name")(w.client(credentials("nobody", "x"))), "UnrecognizedClientException", "The security token included in the request is invalid.")
	})
}

func credentials(id, secret string) aws.CredentialsProvider {
	return aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
		return aws.Credentials{AccessKeyID: id, SecretAccessKey: secret}, nil
	})
}

func get(name string) func(*client.Client) error {
	return func(c *client.Client) error {
		_, err := c.GetParameter(context.Background(), &client.GetParameterInput{Name: &name})
		return err
	}
}

func getAll(names ...string) func(*client.Client) error {
	return func(c *client.Client) error {
		out, err := c.GetParameters(context.Background(), &client.GetParametersInput{Names: names})
		if err == nil && len(out.Parameters) != len(names) {
			err = fmt.Errorf("got %d parameters of %v", len(out.Parameters), names)
		}
		return err
	}
}

func getPath(path string) func(*client.Client) error {
	return func(c *client.Client) error {
		out, err := c.GetParametersByPath(context.Background(), &client.GetParametersByPathInput{Path: &path, Recursive: aws.Bool(true)})
		if err == nil && len(out.Parameters) != 3 {
			err = fmt.Errorf("got %d parameters below %s", len(out.Parameters), path)
		}
		return err
	}
}

func TestAParameterAsItIsShown(t *testing.T) {
	w := newWorld(t)
	c := w.client(apitest.Administrator())
	w.have("/app/hosts", "StringList", "a,b")
	w.have("/app/secret", "SecureString", "hunter2 hunter2")
	show := func(name string, decrypt bool) *types.Parameter {
		t.Helper()
		out, err := c.GetParameter(t.Context(), &client.GetParameterInput{Name: &name, WithDecryption: &decrypt})
		if err != nil {
			t.Fatal(err)
		}
		return out.Parameter
	}
	list := show("/app/hosts", false)
	if *list.ARN != parameters+"app/hosts" || *list.Name != "/app/hosts" || list.Type != types.ParameterTypeStringList || *list.Value != "a,b" || list.Version != 1 || *list.DataType != "text" || w.Now().Sub(*list.LastModifiedDate).Abs().Minutes() > 1 || list.Selector != nil {
		t.Errorf("%+v", list)
	}
	if at := show("/app/hosts:1", false); *at.Selector != ":1" || *at.Name != "/app/hosts" {
		t.Errorf("%+v", at)
	}
	if p := show("/app/secret", true); *p.Value != "hunter2 hunter2" || p.Type != types.ParameterTypeSecureString {
		t.Errorf("%+v", p)
	}
	cipher := *show("/app/secret", false).Value
	if plain, err := base64.StdEncoding.DecodeString(cipher); err != nil || bytes.Contains(plain, []byte("hunter2")) {
		t.Errorf("without decryption it answers %q", cipher)
	}
	many, err := c.GetParameters(t.Context(), &client.GetParametersInput{Names: []string{"/app/secret", "/gone", "/app/hosts:7"}})
	if err != nil || len(many.Parameters) != 1 || *many.Parameters[0].Value != cipher || strings.Join(many.InvalidParameters, " ") != "/gone /app/hosts:7" {
		t.Errorf("%+v %v", many, err)
	}

	w.have("/app/hosts", "StringList", "a,b,c")
	if p := show("/app/hosts", false); p.Version != 2 || *p.Value != "a,b,c" {
		t.Errorf("%+v", p)
	}
	if err := w.declare(ssm.Parameter{Name: "/app/hosts", Type: "StringList", Value: "a,b,c", Tags: map[string]string{"team": "blue"}}); err != nil {
		t.Fatal(err)
	}
	if p := show("/app/hosts", false); p.Version != 2 {
		t.Errorf("tags make no version, and it is %d", p.Version)
	}
	apitest.Refused(t, get("/app/hosts:1")(c), "ParameterVersionNotFound", "Systems Manager could not find version 1 of /app/hosts. Verify the version and try again.")
	apitest.Refused(t, get("/app/hosts:live")(c), "ParameterVersionNotFound", "Systems Manager could not find version live of /app/hosts. Verify the version and try again.")
	apitest.Refused(t, get("/app/gone")(c), "ParameterNotFound", "")
	if _, reason := w.Decision(); !strings.Contains(reason, "/app/gone") {
		t.Errorf("the record says %q", reason)
	}
}

func TestBelowAPath(t *testing.T) {
	w := newWorld(t)
	for i := range 23 {
		w.have(fmt.Sprintf("/app/deep/p%02d", i), "SecureString", fmt.Sprint("secret ", i))
	}
	w.have("/app/name", "String", "n")
	w.have("/application", "String", "a")
	w.have("plain", "String", "p")
	c := w.client(apitest.Administrator())
	for _, test := range []struct {
		path      string
		recursive bool
		want      int
		pages     int
	}{
		{"/", false, 2, 1}, {"/", true, 26, 3}, {"/app", false, 1, 1}, {"/app/", false, 1, 1}, {"/app", true, 24, 3}, {"/app/deep", false, 23, 3}, {"/nothing", true, 0, 1}, {"/plain", true, 0, 1},
	} {
		pages, seen := client.NewGetParametersByPathPaginator(c, &client.GetParametersByPathInput{Path: &test.path, Recursive: &test.recursive, WithDecryption: aws.Bool(true)}), map[string]bool{}
		count := 0
		for pages.HasMorePages() {
			count++
			page, err := pages.NextPage(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			for _, p := range page.Parameters {
				seen[*p.Name] = true
				if strings.HasPrefix(*p.Name, "/app/deep/") && !strings.HasPrefix(*p.Value, "secret ") {
					t.Errorf("%s is %q", *p.Name, *p.Value)
				}
			}
		}
		if len(seen) != test.want || count != test.pages {
			t.Errorf("below %s (recursive %v) are %d in %d pages, want %d in %d", test.path, test.recursive, len(seen), count, test.want, test.pages)
		}
	}
}

func TestRequestsThatAreNone(t *testing.T) {
	w := newWorld(t)
	c := w.client(apitest.Administrator())
	path := func(in client.GetParametersByPathInput) error {
		_, err := c.GetParametersByPath(t.Context(), &in)
		return err
	}
	names := func(n int) error {
		_, err := c.GetParameters(t.Context(), &client.GetParametersInput{Names: make([]string, n)})
		return err
	}
	const number = "1 validation error detected: Value '%d%s' at '%s' failed to satisfy constraint: Member must have %s between 1 and 10"
	apitest.Refused(t, get("a b")(c), "ValidationException", "Parameter name: can't be other than letters, digits and any of _.- with / between levels.")
	apitest.Refused(t, get("")(c), "ValidationException", "1 validation error detected: Value null at 'name' failed to satisfy constraint: Member must not be null")
	apitest.Refused(t, get("arn:aws:ssm:us-west-2:111111111111:parameter/x")(c), "ValidationException", "The ARN arn:aws:ssm:us-west-2:111111111111:parameter/x is no parameter of this account and region.")
	apitest.Refused(t, names(11), "ValidationException", fmt.Sprintf(number, 11, " names", "names", "length"))
	apitest.Refused(t, names(0), "ValidationException", fmt.Sprintf(number, 0, " names", "names", "length"))
	apitest.Refused(t, path(client.GetParametersByPathInput{Path: aws.String("/a"), MaxResults: aws.Int32(11)}), "ValidationException", fmt.Sprintf(number, 11, "", "maxResults", "value"))
	apitest.Refused(t, path(client.GetParametersByPathInput{Path: aws.String("/a"), NextToken: aws.String("!")}), "InvalidNextToken", "The specified token isn't valid.")
	apitest.Refused(t, path(client.GetParametersByPathInput{Path: aws.String("/a"), ParameterFilters: []types.ParameterStringFilter{{Key: aws.String("Type")}}}), "ValidationException", "The local AWS does not know ParameterFilters.")
	if err := path(client.GetParametersByPathInput{Path: aws.String("a")}); err == nil || !strings.Contains(err.Error(), "The parameter name must begin with a forward slash") {
		t.Error(err)
	}
	_, err := c.PutParameter(t.Context(), &client.PutParameterInput{Name: aws.String("/a"), Value: aws.String("v"), Type: types.ParameterTypeString})
	apitest.Refused(t, err, "UnknownOperationException", "The local AWS does not know the operation PutParameter of ssm.")
}

func TestDeclarationsAreChecked(t *testing.T) {
	w := newWorld(t)
	for _, c := range []struct {
		p    ssm.Parameter
		want string
	}{
		{ssm.Parameter{Name: "/a/b"}, ""},
		{ssm.Parameter{Name: "c", Type: "StringList"}, ""},
		{ssm.Parameter{Name: "/s", Type: "SecureString", KeyID: "alias/aws/ssm"}, ""},
		{ssm.Parameter{Name: "/n", AllowedPattern: `\d+`, Value: "42"}, ""},
		{ssm.Parameter{Name: "/quoted", AllowedPattern: `\Qa.b`, Value: "a.b"}, ""},
		{ssm.Parameter{Name: "/longest", AllowedPattern: `a|ab`, Value: "ab"}, ""},
		{ssm.Parameter{Name: "/t", AllowedPattern: `\Qa.b`, Value: "a.b confidential"}, "ParameterPatternMismatchException"},
		{ssm.Parameter{Name: "/t", AllowedPattern: `(?m)^a$`, Value: "a\nconfidential"}, "ParameterPatternMismatchException"},
		{ssm.Parameter{Name: "/json", Value: `{"a":{"b":1}}`}, ""},
		{ssm.Parameter{Name: "/big", Value: strings.Repeat("x", 8192), Tier: "Advanced"}, ""},
		{ssm.Parameter{Name: "/a b"}, `parameter name "/a b" is not legal`},
		{ssm.Parameter{Name: "a/b"}, "it begins with a slash"},
		{ssm.Parameter{Name: "/AWS/b"}, `it can't be prefixed with "aws" or "ssm"`},
		{ssm.Parameter{Name: "ssmX"}, "prefixed"},
		{ssm.Parameter{Name: strings.Repeat("/x", 15)}, ""},
		{ssm.Parameter{Name: strings.Repeat("/x", 16)}, "HierarchyLevelLimitExceededException"},
		{ssm.Parameter{Name: strings.Repeat("x", 1000)}, "legal are 1011"},
		{ssm.Parameter{Name: "/t", Type: "Number"}, `type "Number" is not legal`},
		{ssm.Parameter{Name: "/t", Tier: "Intelligent-Tiering"}, `tier "Intelligent-Tiering" is not known`},
		{ssm.Parameter{Name: "/t", DataType: "aws:ec2:image"}, `dataType "aws:ec2:image" is not known`},
		{ssm.Parameter{Name: "/t", KeyID: "alias/aws/ssm"}, "keyId is legal with type SecureString alone"},
		{ssm.Parameter{Name: "/t", Type: "SecureString", KeyID: "alias/own"}, `InvalidKeyId: parameter /t: keyId "alias/own" is not known`},
		{ssm.Parameter{Name: "/t", Value: strings.Repeat("x", 4097)}, "maximum parameter value of 4096 characters, and its value has 4097"},
		{ssm.Parameter{Name: "/t", Value: "{{ssm:other}}"}, "may not refer to another parameter"},
		{ssm.Parameter{Name: "/t", AllowedPattern: `\d+`, Value: "a42 confidential"}, "ParameterPatternMismatchException"},
		{ssm.Parameter{Name: "/t", AllowedPattern: `(?=x)`}, `allowedPattern "(?=x)" cannot be read`},
		{ssm.Parameter{Name: "/t", Description: strings.Repeat("x", 1025)}, "legal are 1024"},
		{ssm.Parameter{Name: "a"}, ""},
		{ssm.Parameter{Name: "/a"}, "ParameterAlreadyExists: The parameter already exists. (a)"},
		{ssm.Parameter{Name: "/c"}, "ParameterAlreadyExists"},
		{ssm.Parameter{Name: "/a/b", Type: "SecureString"}, "HierarchyTypeMismatchException: Parameter Store does not support changing a parameter type, here from String to SecureString"},
		{ssm.Parameter{Name: "/big"}, "You can't downgrade"},
	} {
		if c.p.Type == "" {
			c.p.Type = "String"
		}
		if c.p.Value == "" {
			c.p.Value = "confidential"
		}
		err := w.declare(c.p)
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s: got %v, want %s", c.p.Name, err, c.want)
		}
		if err != nil && strings.Contains(err.Error(), "confidential") {
			t.Errorf("%v tells the value", err)
		}
	}
	if err := w.declare(ssm.Parameter{Name: "/empty", Type: "String"}); err == nil || !strings.Contains(err.Error(), "its value is empty") {
		t.Error(err)
	}
}

// No value stands in the store as it is, and a value that was moved to another
// parameter opens nothing.
func TestValuesAreSealed(t *testing.T) {
	w := newWorld(t)
	w.have("/app/secret", "SecureString", "do not look at me")
	w.have("/app/open", "String", "nor at me either")
	w.Update(func(tx *store.Tx) error {
		row, found, err := store.Table[map[string]any]{Name: "ssm.values"}.Get(tx, "/app/secret")
		if err != nil || !found {
			return fmt.Errorf("%v %v", found, err)
		}
		return store.Table[map[string]any]{Name: "ssm.values"}.Put(tx, "/app/open", row)
	})
	data, err := os.ReadFile(w.File)
	if err != nil {
		t.Fatal(err)
	}
	for _, plain := range []string{"do not look at me", "nor at me either"} {
		if bytes.Contains(data, []byte(plain)) {
			t.Errorf("the store holds %q", plain)
		}
	}
	err = get("/app/open")(w.client(apitest.Administrator()))
	apitest.Refused(t, err, "InternalErrorException", "An internal error occurred; the local AWS's log has the reason.")

	w.Update(func(tx *store.Tx) error {
		if err := ssm.Parameters.Delete(tx, "/app/secret"); err != nil {
			return err
		}
		return w.ParameterDeleted(tx, "/app/secret")
	})
	if err := w.Store.View(func(tx *store.Tx) error {
		if found, err := w.HasValue(tx, "/app/secret"); err != nil || found {
			return fmt.Errorf("%v %v", found, err)
		}
		return nil
	}); err != nil {
		t.Error("the value of a deleted parameter is still there:", err)
	}
}

func TestNewWantsWhatItNeeds(t *testing.T) {
	w := apitest.New(t)
	for _, c := range []ssm.Config{
		{}, {Store: w.Store, Account: "1", Region: "r"}, {Store: w.Store, Account: "1", IAM: w.IAM}, {Store: w.Store, Account: "1", Region: "r", IAM: w.IAM, Rand: strings.NewReader("")},
	} {
		if _, err := ssm.New(c); err == nil {
			t.Errorf("New took %+v", c)
		}
	}
}

// No body, however it is made, gets anything but an answer in AWS's form: never 500,
// and never a value.
func FuzzServeAPI(f *testing.F) {
	w := newWorld(f)
	w.have("/app/secret", "SecureString", "hunter2")
	for _, body := range []string{
		`{"Name":"/app/secret"}`, `{"Names":["/app/secret","a:1"]}`, `{"Path":"/","Recursive":true,"NextToken":"L2E"}`, `{"Path":"/app/","MaxResults":0}`, `{"Name":"arn:aws:ssm:us-west-2:000000000000:parameter/app/secret:2"}`, `null`, `[`, `{"Names":[null]}`,
	} {
		for _, operation := range []string{"GetParameter", "GetParameters", "GetParametersByPath"} {
			f.Add(operation, []byte(body))
		}
	}
	f.Fuzz(func(t *testing.T, operation string, body []byte) {
		r := httptest.NewRequest("POST", "http://localhost/", bytes.NewReader(body))
		apitest.Sign(t, r, body, "ssm", apitest.Administrator())
		rw := httptest.NewRecorder()
		w.ServeAPI(rw, r, operation, body)
		if rw.Code != 200 && rw.Code != 400 {
			t.Errorf("%d %s", rw.Code, rw.Body)
		}
		if bytes.Contains(rw.Body.Bytes(), []byte("hunter2")) && !bytes.Contains(bytes.ToLower(body), []byte("withdecryption")) {
			t.Errorf("it tells the value: %s", rw.Body)
		}
	})
}
