package awstest_test

import (
	"compress/gzip"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"auth-api/infra/localaws"
	"auth-api/infra/localaws/awstest"
	"auth-api/infra/localaws/ssm"
	"auth-api/infra/localaws/store"
)

// repositoryWithClient is a copy of the functions, where web has the small client that
// the bundler is tested with.
func repositoryWithClient(t *testing.T) string {
	t.Helper()
	root := t.TempDir()
	for from, to := range map[string]string{"../../../functions/internal": "functions/internal", "../../../functions/web": "functions/web", "../../function/testdata/client": "client"} {
		if err := os.CopyFS(filepath.Join(root, to), os.DirFS(from)); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"go.mod", "go.sum"} {
		text, err := os.ReadFile("../../../" + name)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(root, name), text, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	client := filepath.Join(root, "functions/web/client")
	if err := os.RemoveAll(client); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(filepath.Join(root, "client"), client); err != nil {
		t.Fatal(err)
	}
	return root
}

func putText(t *testing.T, aws *localaws.Server, name, value string) {
	t.Helper()
	p := ssm.Parameter{Name: name, Type: "String", Value: value}
	aws.SSM.Derive(&p)
	err := aws.Store.Update(func(tx *store.Tx) error {
		if err := aws.SSM.ParameterDeclared(tx, nil, &p); err != nil {
			return err
		}
		return ssm.Parameters.Put(tx, name, p)
	})
	if err != nil {
		t.Fatal(err)
	}
}

// browse sends a GET as a browser does, and reads what is answered.
func browse(t *testing.T, url string, headers ...string) (*http.Response, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), "GET", url, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Accept-Encoding", "gzip, deflate, br, zstd")
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	var body io.Reader = response.Body
	if response.Header.Get("Content-Encoding") == "gzip" {
		if body, err = gzip.NewReader(body); err != nil {
			t.Fatal(err)
		}
	}
	text, err := io.ReadAll(body)
	if err != nil {
		t.Fatal(err)
	}
	return response, string(text)
}

// The function that serves the page, built with a client and run by the local AWS: its
// role reads the parameter that it is granted, with a signature that is verified.
func TestTheWebFunctionOnTheLocalAWS(t *testing.T) {
	root := repositoryWithClient(t)
	route := func(path string) map[string]any {
		return map[string]any{"method": "GET", "path": path, "function": "web", "authorization": "NONE", "public": true}
	}
	up := func(aws *localaws.Server, web map[string]any) string {
		t.Helper()
		web["environment"] = map[string]any{"WEB_PARAMETER": "/shop/local/web"}
		outputs, err := awstest.Up(aws, root, awstest.Settings{
			"routes":    []any{route("/"), route("/config.json"), route("/assets/{asset}")},
			"functions": map[string]any{"web": web},
		})
		if err != nil {
			t.Fatal(err)
		}
		return outputs.APIURL
	}
	aws := awstest.Start(t)
	url := up(aws, map[string]any{"grants": []any{map[string]any{"parameter": "/shop/local/web"}}})

	response, text := browse(t, url+"/config.json")
	if response.StatusCode != 503 || !strings.Contains(text, "/shop/local/web does not exist") {
		t.Errorf("without the parameter it answers %d %s", response.StatusCode, text)
	}
	config, err := json.Marshal(map[string]string{"webUrl": url + "/", "apiUrl": url, "hostedUiUrl": aws.URL() + "/auth", "cognitoIdentityUrl": aws.URL()})
	if err != nil {
		t.Fatal(err)
	}
	putText(t, aws, "/shop/local/web", string(config))
	response, text = browse(t, url+"/config.json")
	if response.StatusCode != 200 || text != string(config) || response.Header.Get("Cache-Control") != "no-store" || response.Header.Get("Content-Type") != "application/json" {
		t.Errorf("the configuration is %d %v %s", response.StatusCode, response.Header, text)
	}

	// A stage's root is reached with a slash and without, and what the page names is below it.
	stage := strings.TrimPrefix(url, aws.URL())
	var named []string
	for _, address := range []string{url, url + "/"} {
		response, text = browse(t, address)
		if response.StatusCode != 200 || !strings.Contains(text, `<base href="`+stage+`/">`) || response.Header.Get("Content-Type") != "text/html; charset=utf-8" ||
			!strings.Contains(response.Header.Get("Content-Security-Policy"), "connect-src 'self' "+aws.URL()+"; ") {
			t.Errorf("%s is %d %v\n%s", address, response.StatusCode, response.Header, text)
		}
		named = regexp.MustCompile(`assets/[^"]+`).FindAllString(text, -1)
		again, body := browse(t, address, "If-None-Match", response.Header.Get("ETag"))
		if again.StatusCode != 304 || body != "" || again.Header.Get("ETag") != response.Header.Get("ETag") || again.Header.Get("Content-Encoding") != "" {
			t.Errorf("%s again is %d %v %s", address, again.StatusCode, again.Header, body)
		}
	}
	if len(named) != 4 {
		t.Errorf("the page names %v", named)
	}
	for _, name := range named {
		response, text = browse(t, url+"/"+name)
		if response.StatusCode != 200 || text == "" || response.Header.Get("Cache-Control") != "public, max-age=31536000, immutable" {
			t.Errorf("%s is %d %v %s", name, response.StatusCode, response.Header, text)
		}
	}
	if response, text = browse(t, url+"/assets/main-OLDOLDOL.js"); response.StatusCode != 404 || text != `{"error":"there is nothing here"}` {
		t.Errorf("an asset of before is %d %s", response.StatusCode, text)
	}

	// Service-to-service access control is enforced: where the grant is missing, that is said.
	other := awstest.Start(t)
	url = up(other, map[string]any{})
	putText(t, other, "/shop/local/web", string(config))
	response, text = browse(t, url)
	if response.StatusCode != 503 || !strings.Contains(text, "has no permission to read its configuration") {
		t.Errorf("without the grant it answers %d %s", response.StatusCode, text)
	}
}
