package cases

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"maps"
	"net"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"

	"auth-api/infra/client"
	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentity"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"
)

// What is different in every run, and the word that stands for it.
var masks = []struct {
	pattern *regexp.Regexp
	word    string
}{
	{regexp.MustCompile(`eyJ[\w-]+\.[\w-]+\.[\w-]*`), "JWT"},
	{regexp.MustCompile(`[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}`), "UUID"},
	{regexp.MustCompile(`\bAROA[A-Z0-9]{17}\b`), "AROAID"},
	{regexp.MustCompile(`\bASIA[A-Z0-9]{16}\b`), "ASIAKEY"},
	{regexp.MustCompile(`[A-Za-z0-9+/]{43}=`), "SHA256"},
	{regexp.MustCompile(`"[A-Za-z0-9_-]{43}"`), `"TOKEN"`}, // a refresh token
}

// mask puts words in the place of ids, tokens, keys and hashes, and of nothing else.
func (s *stack) mask(text string) string {
	text = s.names.Replace(text)
	for _, m := range masks {
		text = m.pattern.ReplaceAllString(text, m.word)
	}
	return text
}

// request is one to stage v1 of an API; headers are names and values in turn.
func (c *on) request(method, api, path, body string, headers ...string) *http.Request {
	c.Helper()
	r, err := http.NewRequestWithContext(c.Context(), method, c.aws.URL()+"/execute-api/"+api+"/v1"+path, strings.NewReader(body))
	if err != nil {
		c.Fatal(err)
	}
	r.Header.Set("User-Agent", "cases")
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	return r
}

// get asks the first API.
func (c *on) get(path string, headers ...string) answer {
	c.Helper()
	return c.send(c.request(http.MethodGet, c.api, path, "", headers...))
}

// sign signs with the SDK's signer for API Gateway, at the stack's time.
func (c *on) sign(r *http.Request, body string, by aws.Credentials) *http.Request {
	c.Helper()
	return c.signFor(r, body, by, "execute-api", region, c.clock.Now())
}

func (c *on) signFor(r *http.Request, body string, by aws.Credentials, service, region string, at time.Time) *http.Request {
	c.Helper()
	sum := sha256.Sum256([]byte(body))
	if err := v4.NewSigner().SignHTTP(c.Context(), by, r, hex.EncodeToString(sum[:]), service, region, at); err != nil {
		c.Fatal(err)
	}
	return r
}

// signedGet asks an API, signed.
func (c *on) signedGet(api, path string, by aws.Credentials, headers ...string) answer {
	c.Helper()
	return c.send(c.sign(c.request(http.MethodGet, api, path, "", headers...), "", by))
}

// send sends a request as it is, follows no redirect and reads the answer.
func (c *on) send(r *http.Request) answer {
	c.Helper()
	response, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		c.Fatal(err)
	}
	return c.read(response, r.URL.Path)
}

// raw sends bytes over a connection of its own.
func (c *on) raw(request string) answer {
	c.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(c.aws.URL(), "http://"))
	if err != nil {
		c.Fatal(err)
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, request); err != nil {
		c.Fatal(err)
	}
	response, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		c.Fatal(err)
	}
	_, path, _ := strings.Cut(request, " ")
	return c.read(response, path)
}

// read makes an answer of a response, and holds it against what all answers of the
// service must have.
func (c *on) read(response *http.Response, path string) answer {
	c.Helper()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		c.Fatal(err)
	}
	if err := response.Body.Close(); err != nil {
		c.Fatal(err)
	}
	h := response.Header
	a := answer{status: response.StatusCode, kind: h.Get("x-amzn-ErrorType"), body: c.mask(string(body))}
	switch {
	case strings.HasPrefix(path, "/execute-api/"):
		if h.Get("x-amzn-RequestId") == "" || h.Get("x-amz-apigw-id") == "" {
			c.Errorf("x-amzn-RequestId is %q and x-amz-apigw-id %q; every answer of API Gateway has both", h.Get("x-amzn-RequestId"), h.Get("x-amz-apigw-id"))
		}
		if (a.kind != "") != (a.status >= 400) {
			c.Errorf("%d has the x-amzn-ErrorType %q", a.status, a.kind)
		}
		if kind := h.Get("Content-Type"); kind != "application/json" {
			a = a.with("Content-Type: " + kind)
		}
		for _, name := range slices.Sorted(maps.Keys(h)) { // those that are part of the answer where they are there
			if strings.HasPrefix(name, "Access-Control-") || name == "X-Gateway-Response" {
				a = a.with(name + ": " + h.Get(name))
			}
		}
	case path == "/": // the service APIs
		if h.Get("x-amzn-RequestId") == "" {
			c.Error("the answer has no x-amzn-RequestId")
		}
		if a.status >= 400 && json.Valid(body) {
			var told struct {
				Type    string `json:"__type"`
				Message string `json:"message"`
			}
			if err := json.Unmarshal(body, &told); err != nil || told.Type != a.kind || told.Message == "" {
				c.Errorf("the body is %s, which does not say the error type %q and a message", body, a.kind)
			}
		}
	}
	return a
}

// tap is a transport that keeps the last answer, so that the SDK asks and the test sees
// what it was told.
type tap struct {
	on   *on
	last answer
}

func (t *tap) RoundTrip(r *http.Request) (*http.Response, error) {
	response, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return nil, err
	}
	copied := *response
	copied.Body = io.NopCloser(bytes.NewReader(body))
	t.last = t.on.read(&copied, r.URL.Path)
	response.Body = io.NopCloser(bytes.NewReader(body))
	return response, nil
}

// userPools is the SDK's client of the user pools.
func (c *on) userPools() (*cognitoidentityprovider.Client, *tap) {
	t := &tap{on: c}
	return cognitoidentityprovider.New(cognitoidentityprovider.Options{
		Region: region, BaseEndpoint: aws.String(c.aws.URL()), HTTPClient: &http.Client{Transport: t}, Retryer: aws.NopRetryer{},
	}), t
}

// identityPools is the SDK's client of the identity pools.
func (c *on) identityPools() (*cognitoidentity.Client, *tap) {
	t := &tap{on: c}
	return cognitoidentity.New(cognitoidentity.Options{
		Region: region, BaseEndpoint: aws.String(c.aws.URL()), HTTPClient: &http.Client{Transport: t}, Retryer: aws.NopRetryer{},
	}), t
}

// refusedBySDK returns what the SDK was told, which must be an error.
func refusedBySDK(c *on, t *tap, err error) answer {
	c.Helper()
	if err == nil {
		c.Error("the SDK has no error")
	}
	return t.last
}

// signIn signs a user in by password.
func (c *on) signIn(clientID, user string) *types.AuthenticationResultType {
	c.Helper()
	users, _ := c.userPools()
	out, err := users.InitiateAuth(c.Context(), &cognitoidentityprovider.InitiateAuthInput{
		AuthFlow: types.AuthFlowTypeUserPasswordAuth, ClientId: aws.String(clientID),
		AuthParameters: map[string]string{"USERNAME": user, "PASSWORD": password},
	})
	if err != nil {
		c.Fatal(err)
	}
	if out.AuthenticationResult == nil {
		c.Fatalf("the pool asks for %s", out.ChallengeName)
	}
	return out.AuthenticationResult
}

// directory is the project's own client of the stack's pools.
func (c *on) directory() *client.Directory {
	d := client.NewDirectory(client.Outputs{
		Region: region, UserPoolID: c.users, UserPoolClientID: c.web, IdentityPoolID: c.ids, Issuer: "https://" + provider(c.users), AWSEndpoint: c.aws.URL(),
	})
	d.Now = c.clock.Now
	return d
}

// member signs ada in, by Secure Remote Password, and returns her credentials.
func (c *on) member() aws.Credentials {
	c.Helper()
	tokens, err := c.directory().SignIn(c.Context(), "ada", password)
	if err != nil {
		c.Fatal(err)
	}
	return c.credentials(tokens.ID)
}

// guest returns the credentials of somebody who has not signed in.
func (c *on) guest() aws.Credentials {
	c.Helper()
	return c.credentials("")
}

func (c *on) credentials(idToken string) aws.Credentials {
	c.Helper()
	identity, err := c.directory().Credentials(context.WithoutCancel(c.Context()), idToken)
	if err != nil {
		c.Fatal(err)
	}
	return identity.Credentials
}

// event is the event that the function answered with.
func (c *on) event(a answer) m {
	c.Helper()
	var event m
	if err := json.Unmarshal([]byte(a.body), &event); err != nil {
		c.Fatalf("the function did not answer with its event: %s", a)
	}
	return event
}

// ok keeps the status of an answer that may say what it likes.
func (c *on) ok(a answer) answer {
	if a.status == http.StatusOK {
		a.body = ""
	}
	return a
}
