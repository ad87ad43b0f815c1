package respond

import (
	"context"
	"errors"
	"testing"

	"github.com/aws/aws-lambda-go/events"
	"github.com/google/go-cmp/cmp"
)

const app, admin = "https://app.example.com", "https://admin.example.com"

func TestAnswersAreForTheListedPages(t *testing.T) {
	type headers = map[string]string
	for _, c := range []struct {
		name, origins, exposed string
		origin                 string // that asks
		answered               headers
		want                   headers
	}{
		{"no setting", "", "", app, headers{"A": "1"}, headers{"A": "1"}},
		{"the one origin asks", app, "", app, headers{"A": "1"}, headers{"A": "1", "Access-Control-Allow-Origin": app, "Vary": "Origin"}},
		{"another asks: the browser compares", app, "", "https://evil.example", nil, headers{"Access-Control-Allow-Origin": app, "Vary": "Origin"}},
		{"the second of two", app + ", " + admin, "x-a,x-b", admin, nil, headers{"Access-Control-Allow-Origin": admin, "Access-Control-Expose-Headers": "x-a,x-b", "Vary": "Origin"}},
		{"none of two", app + "," + admin, "x-a", "https://evil.example", nil, headers{"Vary": "Origin"}},
		{"a sandboxed page", app + "," + admin, "", "null", nil, headers{"Vary": "Origin"}},
		{"a longer name", app + "," + admin, "", app + ".evil.example", nil, headers{"Vary": "Origin"}},
		{"no page at all", app + "," + admin, "", "", nil, headers{"Vary": "Origin"}},
		{"an answer that varies already", app, "", app, headers{"vary": "Accept"}, headers{"vary": "Accept, Origin", "Access-Control-Allow-Origin": app}},
		{"an answer that says so itself", app, "", app, headers{"Vary": "Accept, origin"}, headers{"Vary": "Accept, origin", "Access-Control-Allow-Origin": app}},
		{"an answer for nobody else", app, "", app, headers{"Vary": "*"}, headers{"Vary": "*", "Access-Control-Allow-Origin": app}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Setenv(originsVariable, c.origins)
			t.Setenv(exposedVariable, c.exposed)
			for _, name := range []string{"Origin", "origin"} { // as HTTP/1.1 and HTTP/2 clients write it
				answered := headers{}
				for k, v := range c.answered {
					answered[k] = v
				}
				handle := WithCORS(func(context.Context, events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, error) {
					return events.APIGatewayProxyResponse{StatusCode: 403, Headers: answered}, nil
				})
				got, err := handle(t.Context(), events.APIGatewayProxyRequest{Headers: headers{name: c.origin}})
				if err != nil || got.StatusCode != 403 {
					t.Errorf("answered %d, %v", got.StatusCode, err)
				}
				if diff := cmp.Diff(c.want, got.Headers); diff != "" {
					t.Errorf("asked with %s: -want +got %s", name, diff)
				}
			}
		})
	}
}

func TestAnErrorStaysOne(t *testing.T) {
	t.Setenv(originsVariable, app)
	fault := errors.New("out of order")
	handle := WithCORS(func(context.Context, events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, error) {
		return events.APIGatewayProxyResponse{}, fault
	})
	if _, err := handle(t.Context(), events.APIGatewayProxyRequest{}); !errors.Is(err, fault) {
		t.Errorf("got %v", err)
	}
}
