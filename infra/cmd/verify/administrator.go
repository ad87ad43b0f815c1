package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"auth-api/infra/cmd/internal/daemon"
	"auth-api/infra/cmd/internal/workspace"
	"auth-api/infra/verify"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
)

// administrator finds the credentials that users are made with, and what is deployed and
// logged is looked at. Those of AWS go to AWS alone, and the local ones to the local AWS.
func (o *options) administrator(ctx context.Context, stack workspace.Stack, t *verify.Target) error {
	switch {
	case stack.Local != t.Local():
		return fmt.Errorf("reading the outputs of stack %s: Pulumi.%s.yaml and the outputs differ in whether it is of the local AWS; make up STACK=%s brings it up anew", o.stack, o.stack, o.stack)
	case o.noAdmin:
		t.NoAdmin = "--no-admin was given"
		return nil
	case t.Local():
		key, err := daemon.AdminKeyFrom(os.Getenv)
		if err != nil {
			return err
		}
		id, secret := key.Pair()
		if id == "" {
			id, secret = "test", "test"
		}
		t.Admin = credentials.NewStaticCredentialsProvider(id, secret, "")
		return nil
	}
	loading := []func(*config.LoadOptions) error{config.WithRegion(t.Outputs.Region)}
	if stack.Profile != "" {
		loading = append(loading, config.WithSharedConfigProfile(stack.Profile))
	}
	c, err := config.LoadDefaultConfig(ctx, loading...)
	if err == nil {
		_, err = c.Credentials.Retrieve(ctx)
	}
	switch {
	case err == nil:
		t.Admin = c.Credentials
	case o.user == "":
		return errors.New("no AWS credentials were found to make users with; sign in (aws sso login, or AWS_PROFILE), say --user NAME, or --no-admin to try what needs no user")
	default:
		t.NoAdmin = "no AWS credentials were found"
	}
	return nil
}
