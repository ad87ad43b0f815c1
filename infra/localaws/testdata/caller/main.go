// Command caller is a Lambda function that calls other services with the clients of
// aws-sdk-go-v2 as they are: where they go, and with which credentials, is said by the
// environment alone.
package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"os"
	"time"

	runtime "github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"auth-api/infra/internal/sdkhttp"
)

// event says what to do: to read the parameter On, to invoke the function On, to say
// who it is, to call the URL On, to read the parameter On as the role As; "echo"
// answers On. An authorizer's event, which has a method, is allowed what it asks for.
type event struct{ Do, On, As, MethodARN string }

type answer struct {
	Said  string
	Error string
}

func main() { runtime.Start(handle) }

func handle(ctx context.Context, e event) (any, error) {
	if e.MethodARN != "" {
		return map[string]any{"principalId": "somebody", "policyDocument": map[string]any{"Version": "2012-10-17", "Statement": []any{
			map[string]any{"Effect": "Allow", "Action": "execute-api:Invoke", "Resource": e.MethodARN},
		}}}, nil
	}
	if e.Do == "" { // API Gateway's event
		return map[string]any{"statusCode": 200, "body": "42 reports"}, nil
	}
	cfg, err := config.LoadDefaultConfig(ctx, config.WithRetryMaxAttempts(1), config.WithHTTPClient(sdkhttp.Client()))
	if err != nil {
		return nil, err
	}
	said, err := do(ctx, cfg, e)
	if err != nil {
		return answer{Error: err.Error()}, nil
	}
	return answer{Said: said}, nil
}

func do(ctx context.Context, cfg aws.Config, e event) (string, error) {
	switch e.Do {
	case "echo":
		return e.On, nil
	case "parameter":
		return parameter(ctx, cfg, e.On)
	case "parameter as":
		out, err := sts.NewFromConfig(cfg).AssumeRole(ctx, &sts.AssumeRoleInput{RoleArn: &e.As, RoleSessionName: aws.String("on-behalf")})
		if err != nil {
			return "", err
		}
		c := out.Credentials
		cfg.Credentials = credentials.NewStaticCredentialsProvider(*c.AccessKeyId, *c.SecretAccessKey, *c.SessionToken)
		return parameter(ctx, cfg, e.On)
	case "invoke":
		out, err := lambda.NewFromConfig(cfg).Invoke(ctx, &lambda.InvokeInput{FunctionName: &e.On, Payload: []byte(`{"Do":"echo","On":"hello"}`)})
		if err != nil {
			return "", err
		}
		return string(out.Payload), nil
	case "who":
		out, err := sts.NewFromConfig(cfg).GetCallerIdentity(ctx, nil)
		if err != nil {
			return "", err
		}
		return *out.Arn, nil
	case "call":
		return call(ctx, cfg, e.On)
	case "environment":
		return os.Getenv("AWS_ENDPOINT_URL"), nil
	}
	return "", fmt.Errorf("the event says %q", e.Do)
}

func parameter(ctx context.Context, cfg aws.Config, name string) (string, error) {
	out, err := ssm.NewFromConfig(cfg).GetParameter(ctx, &ssm.GetParameterInput{Name: &name, WithDecryption: aws.Bool(true)})
	if err != nil {
		return "", err
	}
	return *out.Parameter.Value, nil
}

// call is a GET of a REST API with AWS_IAM, signed.
func call(ctx context.Context, cfg aws.Config, url string) (string, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return "", err
	}
	keys, err := cfg.Credentials.Retrieve(ctx)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(nil)
	if err := v4.NewSigner().SignHTTP(ctx, keys, r, hex.EncodeToString(sum[:]), "execute-api", cfg.Region, time.Now()); err != nil {
		return "", err
	}
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("%d %s", response.StatusCode, body), nil
}
