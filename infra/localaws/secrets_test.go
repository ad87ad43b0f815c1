package localaws_test

import (
	"crypto/sha256"
	"encoding/hex"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"auth-api/infra/localaws"
)

// A signature that does not match is explained in the log by all that is no secret.
func TestTheLogExplainsSignaturesWithoutSecrets(t *testing.T) {
	var log buffer
	s := start(t, localaws.Config{Log: slog.New(slog.NewJSONHandler(&log, nil))})
	const body = "Action=GetCallerIdentity&Version=2011-06-15&Extra=in-the-body"
	secrets := []string{"in-the-query", "in-the-name", "in-a-header", "in-the-body", "in-the-token"}
	requests := []struct{ service, method, path, target string }{
		{"sts", "POST", "/?Q=in-the-query&in-the-name", ""},
		{"ssm", "POST", "/?Q=in-the-query", "AmazonSSM.GetParameter"},
		{"cognito-idp", "POST", "/?Q=in-the-query", "AWSCognitoIdentityProviderService.ListUsers"},
		{"lambda", "POST", "/2015-03-31/functions/worker/invocations?Qualifier=in-the-query", ""},
		{"apigateway", "GET", "/usageplans/plan/usage?startDate=in-the-query", ""},
	}
	for _, c := range requests {
		for _, token := range []string{"", "in-the-token"} {
			r, err := http.NewRequestWithContext(t.Context(), c.method, s.URL()+c.path, strings.NewReader(body))
			if err != nil {
				t.Fatal(err)
			}
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			r.Header.Set("X-Own-Secret", "in-a-header")
			if c.target != "" {
				r.Header.Set("X-Amz-Target", c.target)
			}
			sum := sha256.Sum256([]byte(body))
			who := aws.Credentials{AccessKeyID: "test", SecretAccessKey: "wrong", SessionToken: token}
			if err := v4.NewSigner().SignHTTP(t.Context(), who, r, hex.EncodeToString(sum[:]), c.service, "us-west-2", time.Now()); err != nil {
				t.Fatal(err)
			}
			_, signature, _ := strings.Cut(r.Header.Get("Authorization"), "Signature=")
			secrets = append(secrets, signature)
			response, err := http.DefaultClient.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			_ = response.Body.Close()
			if response.StatusCode != 400 && response.StatusCode != 403 {
				t.Errorf("%s %s: %d", c.service, c.path, response.StatusCode)
			}
		}
	}
	if err := s.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	text := log.String()
	if n := strings.Count(text, "canonical request:"); n != len(requests) { // one without a token each
		t.Errorf("%d signatures are explained, want %d\n%s", n, len(requests), text)
	}
	for _, secret := range secrets {
		if secret == "" || strings.Contains(text, secret) {
			t.Errorf("the log holds %q\n%s", secret, text)
		}
	}
}
