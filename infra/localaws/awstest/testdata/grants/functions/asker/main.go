// Command asker is a function that asks other services, with the clients of
// aws-sdk-go-v2 as they are, for what the request names. It answers what they say.
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

	"github.com/aws/aws-lambda-go/events"
	runtime "github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/ssm"

	"auth-api/infra/internal/sdkhttp"
)

func main() { runtime.Start(handle) }

func handle(ctx context.Context, r events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, error) {
	if r.PathParameters["id"] != "" {
		return events.APIGatewayProxyResponse{StatusCode: 200, Body: "order " + r.PathParameters["id"] + " for " + r.RequestContext.Identity.UserArn}, nil
	}
	cfg, err := config.LoadDefaultConfig(ctx, config.WithRetryMaxAttempts(1), config.WithHTTPClient(sdkhttp.Client()))
	if err != nil {
		return events.APIGatewayProxyResponse{}, err
	}
	said, err := ask(ctx, cfg, r.QueryStringParameters["do"], r.QueryStringParameters["on"])
	if err != nil {
		said = "error: " + err.Error()
	}
	return events.APIGatewayProxyResponse{StatusCode: 200, Body: said}, nil
}

func ask(ctx context.Context, cfg aws.Config, do, on string) (string, error) {
	switch do {
	case "variable":
		return os.Getenv(on), nil
	case "parameter":
		out, err := ssm.NewFromConfig(cfg).GetParameter(ctx, &ssm.GetParameterInput{Name: &on, WithDecryption: aws.Bool(true)})
		if err != nil {
			return "", err
		}
		return *out.Parameter.Value, nil
	case "invoke":
		out, err := lambda.NewFromConfig(cfg).Invoke(ctx, &lambda.InvokeInput{FunctionName: &on})
		if err != nil {
			return "", err
		}
		return string(out.Payload), nil
	case "call":
		return call(ctx, cfg, on)
	}
	return "", fmt.Errorf("the request says %q", do)
}

// call is a GET of a route with AWS_IAM, signed with the function's own credentials.
func call(ctx context.Context, cfg aws.Config, address string) (string, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
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
	return fmt.Sprintf("%d %s", response.StatusCode, body), err
}
