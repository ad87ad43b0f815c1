package stress

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
)

// remote is a local AWS as its clients see it.
type remote struct {
	url  string
	http *http.Client
}

// reply is an answer, read whole.
type reply struct {
	status    int
	kind      string // x-amzn-ErrorType
	requestID string
	body      string
}

func (r reply) String() string { return fmt.Sprintf("%d %s %.300s", r.status, r.kind, r.body) }

// field is a member of the answer's JSON object, "" when it is not there.
func (r reply) field(name string) string {
	var object map[string]any
	if json.Unmarshal([]byte(r.body), &object) != nil {
		return ""
	}
	if inner, ok := object["AuthenticationResult"].(map[string]any); ok {
		object = inner
	}
	if inner, ok := object["Credentials"].(map[string]any); ok {
		object = inner
	}
	if object[name] == nil {
		return ""
	}
	return fmt.Sprint(object[name])
}

func (c remote) do(req *http.Request) (reply, error) {
	resp, err := c.http.Do(req)
	if err != nil {
		return reply{}, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return reply{}, err
	}
	return reply{resp.StatusCode, resp.Header.Get("x-amzn-ErrorType"), resp.Header.Get("x-amzn-RequestId"), string(body)}, nil
}

// post calls an operation of a JSON API; target is what stands in X-Amz-Target.
func (c remote) post(ctx context.Context, target string, in map[string]any) (reply, error) {
	body := text(in)
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.url+"/", bytes.NewReader([]byte(body)))
	if err != nil {
		return reply{}, err
	}
	req.Header.Set("X-Amz-Target", target)
	req.Header.Set("Content-Type", "application/x-amz-json-1.1")
	return c.do(req)
}

func (c remote) users(ctx context.Context, operation string, in map[string]any) (reply, error) {
	return c.post(ctx, "AWSCognitoIdentityProviderService."+operation, in)
}

func (c remote) identities(ctx context.Context, operation string, in map[string]any) (reply, error) {
	return c.post(ctx, "AWSCognitoIdentityService."+operation, in)
}

func (c remote) get(ctx context.Context, path string) (reply, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, c.url+path, nil)
	if err != nil {
		return reply{}, err
	}
	return c.do(req)
}

// call makes a request to the API's stage, with a key unless it is empty.
func (c remote) call(ctx context.Context, api, method, path, body, key string) (*http.Request, error) {
	req, err := http.NewRequestWithContext(ctx, method, c.url+"/execute-api/"+api+"/"+stage+path, bytes.NewReader([]byte(body)))
	if err == nil && key != "" {
		req.Header.Set("X-Api-Key", key)
	}
	return req, err
}

// sign signs the request for API Gateway with the SDK's signer.
func sign(req *http.Request, body string, c aws.Credentials, now time.Time) error {
	sum := sha256.Sum256([]byte(body))
	return v4.NewSigner().SignHTTP(req.Context(), c, req, hex.EncodeToString(sum[:]), "execute-api", region, now)
}

// credentials are those of an answer of GetCredentialsForIdentity.
func credentials(r reply) aws.Credentials {
	return aws.Credentials{AccessKeyID: r.field("AccessKeyId"), SecretAccessKey: r.field("SecretKey"), SessionToken: r.field("SessionToken")}
}
