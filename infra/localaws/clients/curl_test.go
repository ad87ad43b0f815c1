package clients_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"os/exec"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// curl is curl with a stack. Everything it is told is in a configuration on its
// standard input, so that no secret is on its command line.
type curl struct {
	*site
	path    string
	as      aws.Credentials // signs when there are keys
	service string          // that it signs for
	more    []string        // lines of the configuration
}

// quoted is how curl's configuration has a value in quotes.
var quoted = strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`, "\r", `\r`, "\t", `\t`)

// config is curl's configuration for one request.
func (c curl) config(method, url, body string, header map[string]string) string {
	var b strings.Builder
	option := func(name, value string) { b.WriteString(name + " = \"" + quoted.Replace(value) + "\"\n") }
	b.WriteString("silent\nshow-error\ninclude\ngloboff\npath-as-is\n")
	option("noproxy", "*")
	option("url", url)
	option("request", method)
	for name, value := range header {
		option("header", name+": "+value)
	}
	if body != "" {
		option("data-binary", body)
	}
	if c.as.HasKeys() {
		option("aws-sigv4", "aws:amz:"+c.Outputs.Region+":"+c.service)
		option("user", c.as.AccessKeyID+":"+c.as.SecretAccessKey)
		option("header", "x-amz-security-token: "+c.as.SessionToken)
	}
	return b.String() + strings.Join(c.more, "")
}

func (c curl) run(config string) (string, error) {
	command := exec.CommandContext(c.t.Context(), c.path, "--disable", "--config", "-")
	command.Stdin = strings.NewReader(config)
	var complaint bytes.Buffer
	command.Stderr = &complaint
	out, err := command.Output()
	if err != nil {
		c.t.Errorf("curl: %v: %s", err, complaint.String())
	}
	return string(out), err
}

// ask sends one request and returns what came back.
func (c curl) ask(what, method, url, body string, header map[string]string) (*http.Response, string) {
	c.t.Helper()
	out, err := c.run(c.config(method, url, body, header))
	if err != nil {
		c.t.FailNow()
	}
	// Read as if to HEAD: what follows the headers, curl has decoded.
	printed := bufio.NewReader(strings.NewReader(out))
	resp, err := http.ReadResponse(printed, &http.Request{Method: http.MethodHead})
	if err != nil {
		c.t.Fatalf("%s: reading what curl printed: %v", what, err)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(printed)
	if err != nil {
		c.t.Fatalf("%s: reading what curl printed: %v", what, err)
	}
	return resp, string(answer)
}

// call calls the API.
func (c curl) call(step, path string, header map[string]string) seen {
	c.t.Helper()
	resp, body := c.ask(step, http.MethodGet, c.Outputs.APIURL+path, "", header)
	return seen{step, resp.StatusCode, resp.Header.Get("x-amzn-ErrorType"), body}
}

// operation calls an operation of a service API, as the documentation's examples do.
func (c curl) operation(name string, in, out any) {
	c.t.Helper()
	body, err := json.Marshal(in)
	if err != nil {
		c.t.Fatal(err)
	}
	resp, answer := c.ask(name, http.MethodPost, c.Outputs.AWSEndpoint+"/", string(body), map[string]string{
		"Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": name,
	})
	if resp.StatusCode != http.StatusOK {
		c.t.Fatalf("%s: answered %s %s", name, resp.Status, resp.Header.Get("x-amzn-ErrorType"))
	}
	if err := json.Unmarshal([]byte(answer), out); err != nil {
		c.t.Fatalf("%s: %v", name, err)
	}
}

// credentialsOf asks for the credentials of whoever has these logins.
func (c curl) credentialsOf(logins map[string]string) aws.Credentials {
	c.t.Helper()
	var id struct {
		IdentityID string `json:"IdentityId"`
	}
	c.operation("AWSCognitoIdentityService.GetId", map[string]any{"IdentityPoolId": c.Outputs.IdentityPoolID, "Logins": logins}, &id)
	var got struct {
		Credentials struct{ AccessKeyId, SecretKey, SessionToken string }
	}
	c.operation("AWSCognitoIdentityService.GetCredentialsForIdentity", map[string]any{"IdentityId": id.IdentityID, "Logins": logins}, &got)
	return aws.Credentials{AccessKeyID: got.Credentials.AccessKeyId, SecretAccessKey: got.Credentials.SecretKey, SessionToken: got.Credentials.SessionToken}
}

func TestCurl(t *testing.T) {
	t.Parallel()
	path := tool(t, "curl", "curl")
	s := newSite(t, extended(t))
	nobody := curl{site: s, path: path, service: "execute-api"}

	var begun struct {
		AuthenticationResult struct{ AccessToken, IdToken, RefreshToken string }
	}
	nobody.operation("AWSCognitoIdentityProviderService.InitiateAuth", map[string]any{
		"AuthFlow": "USER_PASSWORD_AUTH", "ClientId": s.Outputs.UserPoolClientID,
		"AuthParameters": map[string]string{"USERNAME": s.Outputs.DemoUser, "PASSWORD": s.Outputs.DemoPassword},
	}, &begun)
	user, guest := nobody, nobody
	user.as = nobody.credentialsOf(map[string]string{s.provider(): begun.AuthenticationResult.IdToken})
	guest.as = nobody.credentialsOf(nil)

	key := map[string]string{"x-api-key": s.Outputs.APIKey}
	// curl signs by itself and cannot be asked for a wrong signature: what it signed is
	// sent again, changed, by a curl that does not sign.
	p := newTap(t, s)
	through := user
	through.more = []string{"connect-to = \"::" + strings.TrimPrefix(p.URL, "http://") + "\"\n"}
	through.call("", "/require-auth", key)
	forged := map[string]string{}
	for name, values := range p.last().header {
		forged[name] = values[0]
	}
	forged["Authorization"] = changed(forged["Authorization"])

	s.saw([]seen{
		nobody.call(openWithKey, "/no-auth", key),
		user.call(signedWithKey, "/require-auth", key),
		nobody.call(unsigned, "/require-auth", key),
		nobody.call(changedSignature, "/require-auth", forged),
		nobody.call(withoutKey, "/no-auth", nil),
		user.call(signedWithoutKey, "/require-auth", nil),
		guest.call(byGuest, "/require-auth", key),
	}, s.calls())

	// STS, as temporary credentials and as no credentials at all.
	form := map[string]string{"Content-Type": "application/x-www-form-urlencoded"}
	identity := user
	identity.service = "sts"
	const whoAmI = "Action=GetCallerIdentity&Version=2011-06-15"
	if resp, body := identity.ask("sts", http.MethodPost, s.Outputs.AWSEndpoint+"/", whoAmI, form); resp.StatusCode != 200 || !strings.Contains(body, "<Arn>"+s.role("authenticated")+"</Arn>") {
		t.Errorf("GetCallerIdentity: %s %s", resp.Status, body)
	}
	if resp, body := nobody.ask("sts", http.MethodPost, s.Outputs.AWSEndpoint+"/", whoAmI, form); resp.StatusCode != 403 || !strings.Contains(body, "<Code>MissingAuthenticationToken</Code>") {
		t.Errorf("GetCallerIdentity unsigned: %s %s", resp.Status, body)
	}

	t.Run("what it signs", func(t *testing.T) {
		p := newTap(t, s)
		c := user
		var config []string
		for _, x := range targets() {
			header := map[string]string{"x-api-key": s.Outputs.APIKey}
			if x.Body != "" {
				header["Content-Type"] = "application/json"
			}
			url := strings.Replace(s.Outputs.APIURL, s.Outputs.AWSEndpoint, p.URL, 1) + x.Path
			config = append(config, c.config(x.Method, url, x.Body, header))
		}
		if _, err := c.run(strings.Join(config, "next\n")); err != nil {
			return
		}
		// Debian's curl escapes no path and sorts no parameters; later ones do.
		p.judge("curl", c.as, s.Outputs.Region, func(x target) bool { return x.Why != "" })
	})
}
