package client_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"auth-api/infra/client"
)

// deployed are outputs as AWS gives them, with secrets among them.
func deployed() client.Outputs {
	return client.Outputs{
		APIURL: "https://a1b2c3d4e5.execute-api.us-west-2.amazonaws.com/dev", APIKey: "theKEY0123456789abcdef", Region: "us-west-2",
		UserPoolID: "us-west-2_AbCdEfGhI", UserPoolClientID: "1example23456789", IdentityPoolID: "us-west-2:11111111-2222-4333-8444-555555555555",
		HostedUIURL: "https://auth-api-dev.auth.us-west-2.amazoncognito.com", Issuer: "https://cognito-idp.us-west-2.amazonaws.com/us-west-2_AbCdEfGhI",
		WebURL: "https://a1b2c3d4e5.execute-api.us-west-2.amazonaws.com/dev/", Guests: true,
		CallbackURLs: []string{"https://b.example/", "https://a.example/"}, SignOutURLs: []string{"https://a.example/"},
		DemoUser: "demouser", DemoPassword: "SECRETpass123",
		MachineClients: map[string]client.MachineClient{"reports": {ID: "reports-id", Secret: "SECRETclient"}},
		Routes: map[string]client.Route{
			"GET /require-auth": {Method: "GET", Path: "/require-auth", Authorization: "AWS_IAM", APIKeyRequired: true, Callers: []string{"authenticated"}},
			"GET /partner":      {Method: "GET", Path: "/partner", Authorization: "CUSTOM"},
			"GET /orders":       {Method: "GET", Path: "/orders", Authorization: "COGNITO_USER_POOLS", Scopes: []string{"orders/read"}},
		},
	}
}

func local() client.Outputs {
	o := deployed()
	o.AWSEndpoint, o.APIURL = "http://127.0.0.1:4566", "http://127.0.0.1:4566/execute-api/a1b2c3d4e5/dev"
	o.HostedUIURL = "http://127.0.0.1:4566/auth/auth-api-local"
	return o
}

func web(t *testing.T, o client.Outputs) client.WebConfig {
	t.Helper()
	c, err := o.Web()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// written is a value as JSON writes it, read again without its type.
func written(t *testing.T, value any) any {
	t.Helper()
	data, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	var out any
	if err := json.Unmarshal(data, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

// The names are those of the web client's own Config, all of them.
func TestTheConfigurationHasTheWebClientsShape(t *testing.T) {
	source, err := os.ReadFile(filepath.Join("..", "..", "functions", "web", "client", "types.ts"))
	if err != nil {
		t.Fatal(err)
	}
	value := written(t, web(t, local())).(map[string]any)
	fields := func(name string) []string {
		_, body, found := strings.Cut(string(source), "export interface "+name+" {")
		body, _, ends := strings.Cut(body, "\n}")
		if !found || !ends {
			t.Fatalf("types.ts has no interface %s", name)
		}
		var names []string
		for _, m := range regexp.MustCompile(`(?m)^  ([a-zA-Z]+)\??:`).FindAllStringSubmatch(body, -1) {
			names = append(names, m[1])
		}
		return names
	}
	for _, name := range fields("Config") {
		if _, has := value[name]; !has {
			t.Errorf("Config has %s, and the configuration has none", name)
		}
	}
	routes := value["routes"].([]any)
	if len(routes) != 2 {
		t.Fatalf("the routes are %v, want the two without an authorizer of their own", routes)
	}
	for _, route := range routes {
		for name := range route.(map[string]any) {
			if !slices.Contains(fields("Route"), name) {
				t.Errorf("a route has %s, which Route has not", name)
			}
		}
	}
}

// Everybody who opens the page sees this: the demo user's password and the secrets of
// clients for programs are none of it.
func TestTheConfigurationHoldsNoSecret(t *testing.T) {
	for name, o := range map[string]client.Outputs{"AWS": deployed(), "local": local()} {
		c := web(t, o)
		env, err := c.Env("")
		if err != nil {
			t.Fatal(err)
		}
		amplify, err := c.Amplify()
		if err != nil {
			t.Fatal(err)
		}
		asJSON, err := json.Marshal([]any{c, amplify})
		if err != nil {
			t.Fatal(err)
		}
		for _, text := range []string{env, string(asJSON)} {
			if strings.Contains(text, "SECRET") {
				t.Errorf("%s: it holds a secret:\n%s", name, text)
			}
		}
	}
}

func TestAmplifysConfiguration(t *testing.T) {
	amplify := func(o client.Outputs) any {
		c, err := web(t, o).Amplify()
		if err != nil {
			t.Fatal(err)
		}
		return written(t, c)
	}
	api := func(o client.Outputs) map[string]any {
		return map[string]any{"REST": map[string]any{"api": map[string]any{"endpoint": o.APIURL, "region": "us-west-2"}}}
	}
	pools := map[string]any{
		"userPoolId": "us-west-2_AbCdEfGhI", "userPoolClientId": "1example23456789",
		"identityPoolId": "us-west-2:11111111-2222-4333-8444-555555555555", "allowGuestAccess": true,
	}
	with := func(more map[string]any) map[string]any {
		out := map[string]any{}
		for _, m := range []map[string]any{pools, more} {
			for k, v := range m {
				out[k] = v
			}
		}
		return map[string]any{"Cognito": out}
	}
	if diff := cmp.Diff(any(map[string]any{"API": api(deployed()), "Auth": with(map[string]any{
		"loginWith": map[string]any{"oauth": map[string]any{
			"domain": "auth-api-dev.auth.us-west-2.amazoncognito.com", "scopes": []any{"openid", "email", "profile"}, "responseType": "code",
			"redirectSignIn": []any{"https://a.example/", "https://b.example/"}, "redirectSignOut": []any{"https://a.example/"},
		}},
	})}), amplify(deployed())); diff != "" {
		t.Errorf("on AWS (-want +got):\n%s", diff)
	}
	// Amplify would ask for https there, which nobody answers.
	if diff := cmp.Diff(any(map[string]any{"API": api(local()), "Auth": with(map[string]any{
		"userPoolEndpoint": "http://127.0.0.1:4566", "identityPoolEndpoint": "http://127.0.0.1:4566",
	})}), amplify(local())); diff != "" {
		t.Errorf("on a local stack (-want +got):\n%s", diff)
	}
}

// A shell reads the values back to the letter, and so does Node.js, whose reader is that
// of dotenv.
func TestEnvIsReadAsItWasMeant(t *testing.T) {
	for name, o := range map[string]client.Outputs{"AWS": deployed(), "local": local()} {
		t.Run(name, func(t *testing.T) {
			o.CallbackURLs = []string{"https://a.example/?x=1&y=#z", "https://b.example/ü%20(1)"}
			c := web(t, o)
			text, err := c.Env("VITE_")
			if err != nil {
				t.Fatal(err)
			}
			file := filepath.Join(t.TempDir(), ".env")
			if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			want := map[string]string{
				"VITE_API_URL": c.APIURL, "VITE_API_KEY": c.APIKey, "VITE_REGION": c.Region, "VITE_GUESTS": "true",
				"VITE_IDENTITY_POOL_ID": c.IdentityPoolID, "VITE_CALLBACK_URLS": strings.Join(c.CallbackURLs, ","),
				"VITE_AWS_ENDPOINT": c.AWSEndpoint, "VITE_WEB_URL": c.WebURL,
			}
			readers := map[string]*exec.Cmd{}
			for variable := range want {
				readers["sh "+variable] = exec.Command("sh", "-c", `set -a; . "$1"; printenv "$2" || true`, "sh", file, variable)
				if node, err := exec.LookPath("node"); err == nil && exec.Command(node, "--env-file="+file, "-e", "0").Run() == nil {
					readers["node "+variable] = exec.Command(node, "--env-file="+file, "-p", `process.env[process.argv[1]] ?? ""`, variable)
				}
			}
			for reader, command := range readers {
				_, variable, _ := strings.Cut(reader, " ")
				got, err := command.Output()
				if err != nil {
					t.Fatalf("%s: %v", reader, err)
				}
				if text := strings.TrimSuffix(string(got), "\n"); text != want[variable] {
					t.Errorf("%s reads %q, want %q", reader, text, want[variable])
				}
			}
		})
	}
}

func TestEnvRefusesWhatReadersTakeDifferently(t *testing.T) {
	for value, why := range map[string]string{
		"two\nlines": "readers of .env files differ", "it's": "readers of .env files differ", "$HOME": "readers of .env files differ",
		"`id`": "readers of .env files differ", `back\slash`: "readers of .env files differ", `"quoted"`: "readers of .env files differ",
	} {
		o := deployed()
		o.WebURL = value
		if _, err := web(t, o).Env(""); err == nil || !strings.Contains(err.Error(), "writing a .env file: WEB_URL is ") || !strings.Contains(err.Error(), why) {
			t.Errorf("%q: %v", value, err)
		}
	}
	o := deployed()
	o.SignOutURLs = []string{"https://a.example/a,b"}
	if _, err := web(t, o).Env(""); err == nil || !strings.Contains(err.Error(), `"https://a.example/a,b" has a comma`) {
		t.Errorf("a comma in a URL: %v", err)
	}
	for _, prefix := range []string{"1_", "VITE-", "A=B\nC", "Ä"} {
		if _, err := web(t, deployed()).Env(prefix); err == nil || !strings.Contains(err.Error(), "legal are letters, digits and _") {
			t.Errorf("the prefix %q: %v", prefix, err)
		}
	}
}

func TestOutputsThatLackSomething(t *testing.T) {
	o := deployed()
	o.CallbackURLs, o.HostedUIURL = nil, ""
	if _, err := o.Web(); err == nil || err.Error() != "reading what a web client needs of the stack's outputs: they lack callbackUrls, hostedUiUrl" {
		t.Errorf("got %v", err)
	}
}
