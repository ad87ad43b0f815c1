package iam_test

import (
	"testing"

	"auth-api/infra/localaws/iam"
)

// A policy can tell what Lambda does with a function's role from what the function's own
// code does.
func TestWhatAFunctionsCodeMayNotDoThoughLambdaMay(t *testing.T) {
	w := newWorld(t)
	w.role(t, "worker", "AROAWORKER", trustLambda)
	w.policy(t, "worker", "network", `{"Version": "2012-10-17", "Statement": [
		{"Effect": "Allow", "Action": "ec2:*", "Resource": "*"},
		{"Effect": "Deny", "Action": "ec2:CreateNetworkInterface", "Resource": "*", "Condition": {"ArnLike": {"lambda:SourceFunctionArn": "arn:aws:lambda:us-west-2:000000000000:function:function-1"}}}]}`)
	const role = "arn:aws:iam::000000000000:role/worker"
	code := func(function, action string) bool {
		t.Helper()
		c, err := w.AssumeServiceRole(role, "lambda.amazonaws.com", function)
		if err != nil {
			t.Fatal(err)
		}
		caller, err := w.authenticate(t, c)
		if err != nil {
			t.Fatal(err)
		}
		return w.Authorize(caller, iam.Request{Action: action, Resource: "*"}, nil).Allowed
	}
	for name, got := range map[string]struct{ is, want bool }{
		"Lambda":                             {w.AuthorizeServiceRole(role, "function-1", iam.Request{Action: "ec2:CreateNetworkInterface", Resource: "*"}).Allowed, true},
		"the function's code":                {code("function-1", "ec2:CreateNetworkInterface"), false},
		"the function's code, anything else": {code("function-1", "ec2:DescribeSubnets"), true},
		"another function's code":            {code("function-2", "ec2:CreateNetworkInterface"), true},
	} {
		if got.is != got.want {
			t.Errorf("%s: allowed is %v", name, got.is)
		}
	}
}
