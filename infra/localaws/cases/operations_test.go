package cases

import (
	"context"
	"errors"
	"net"
	"net/http"
	"reflect"
	"strings"
	"testing"

	"auth-api/infra/internal/sdkhttp"
	"auth-api/infra/localaws/awstest"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/apigateway"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentity"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/middleware"
)

// service says which operations of a service the local AWS knows.
type service struct {
	name    string
	known   []string
	unknown int
}

// probe calls every operation that the SDKs have, with made-up parameters and the
// administrator's key, and looks whether the answer is that there is no such operation.
// It has a local AWS of its own, as it may change things.
func probe(t *testing.T) []service {
	server := awstest.Start(t)
	address := strings.TrimPrefix(server.URL(), "http://")
	config := aws.Config{
		Region: region, BaseEndpoint: aws.String(server.URL()), Retryer: func() aws.Retryer { return aws.NopRetryer{} },
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "test", SecretAccessKey: "test"}, nil
		}),
		// Some operations have a host name of their own on AWS; here there is one address.
		HTTPClient: &http.Client{Transport: sdkhttp.Transport(&http.Transport{DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, network, address)
		}})},
		// What is missing in the made-up parameters is for the service to say.
		APIOptions: []func(*middleware.Stack) error{func(s *middleware.Stack) error {
			_, _ = s.Initialize.Remove("OperationInputValidation") // not every operation has it
			return nil
		}},
	}
	clients := []struct {
		name   string
		client any
	}{
		{"cognito-idp (user pools)", cognitoidentityprovider.NewFromConfig(config)},
		{"cognito-identity (identity pools)", cognitoidentity.NewFromConfig(config)},
		{"sts", sts.NewFromConfig(config)},
		{"ssm", ssm.NewFromConfig(config)},
		{"lambda", lambda.NewFromConfig(config)},
		{"logs (CloudWatch Logs)", cloudwatchlogs.NewFromConfig(config)},
		{"apigateway", apigateway.NewFromConfig(config)},
	}
	var services []service
	for _, c := range clients {
		s := service{name: c.name}
		for name, call := range operations(c.client) {
			err := call(t.Context())
			var told smithy.APIError
			switch {
			case err == nil:
				s.known = append(s.known, name)
			case !errors.As(err, &told):
				t.Errorf("%s %s: %v", c.name, name, err)
			case told.ErrorCode() == "UnknownOperationException" || told.ErrorCode() == "InvalidAction":
				s.unknown++
			default:
				s.known = append(s.known, name)
			}
		}
		services = append(services, s)
	}
	return services
}

// operations are the methods of an SDK's client that call an operation, in the order
// of their names.
func operations(client any) func(yield func(string, func(context.Context) error) bool) {
	value := reflect.ValueOf(client)
	return func(yield func(string, func(context.Context) error) bool) {
		for i := range value.NumMethod() {
			name, method := value.Type().Method(i).Name, value.Method(i)
			signature := method.Type()
			if signature.NumIn() != 3 || !signature.IsVariadic() || signature.In(1) != reflect.PointerTo(signature.In(1).Elem()) || signature.In(1).Elem().Name() != name+"Input" {
				continue
			}
			call := func(ctx context.Context) error {
				input := reflect.New(signature.In(1).Elem())
				fill(input.Elem())
				err, _ := method.Call([]reflect.Value{reflect.ValueOf(ctx), input})[1].Interface().(error)
				return err
			}
			if !yield(name, call) {
				return
			}
		}
	}
}

// fill puts a word into every text of an operation's input, as some stand in the path.
func fill(input reflect.Value) {
	for _, field := range input.Fields() {
		switch {
		case !field.CanSet():
		case field.Kind() == reflect.String:
			field.SetString("x")
		case field.Kind() == reflect.Pointer && field.Type().Elem().Kind() == reflect.String:
			field.Set(reflect.New(field.Type().Elem()))
			field.Elem().SetString("x")
		}
	}
}
