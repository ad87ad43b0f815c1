package userpool_test

import (
	"context"
	"strings"
	"testing"

	"auth-api/infra/localaws/store"
	"auth-api/infra/localaws/userpool"
	"auth-api/infra/localaws/userpool/internal/pooltest"
)

func TestLambdaConfigsThatAreRefused(t *testing.T) {
	f := pooltest.New(t)
	const arn = "arn:aws:lambda:us-west-2:000000000000:function:f"
	declare := func(tier string, c userpool.LambdaConfig) string {
		p := pooltest.Pool()
		p.Tier, p.LambdaConfig = tier, &c
		return f.TryUpdate(func(tx *store.Tx) error { return f.Pools.PoolDeclared(tx, pooltest.PoolID, p) })
	}
	config := func(arn, version string) *userpool.PreTokenGenerationConfig {
		return &userpool.PreTokenGenerationConfig{LambdaARN: arn, LambdaVersion: version}
	}
	for want, c := range map[string]userpool.LambdaConfig{
		`lambdaConfig.preSignUp: "hello" is not the ARN of a Lambda function`:                                             {PreSignUp: "hello"},
		`lambdaConfig.postConfirmation: "arn:aws:s3:::bucket" is not the ARN`:                                             {PostConfirmation: "arn:aws:s3:::bucket"},
		`lambdaConfig.preTokenGenerationConfig.lambdaVersion: "V3_0" is not one of V1_0, V2_0`:                            {PreTokenGenerationConfig: config(arn, "V3_0")},
		`lambdaConfig.preTokenGenerationConfig.lambdaArn: it is required`:                                                 {PreTokenGenerationConfig: config("", "V2_0")},
		`lambdaConfig.preTokenGeneration: "` + arn + `g" is not preTokenGenerationConfig.lambdaArn; give one of the two`:  {PreTokenGeneration: arn + "g", PreTokenGenerationConfig: config(arn, "V2_0")},
		`lambdaConfig.preTokenGenerationConfig.lambdaVersion: V2_0 needs userPoolTier ESSENTIALS or PLUS, and it is LITE`: {PreTokenGenerationConfig: config(arn, "V2_0")},
	} {
		tier := ""
		if strings.Contains(want, "LITE") {
			tier = "LITE"
		}
		if got := declare(tier, c); !strings.Contains(got, want) {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	for _, c := range []userpool.LambdaConfig{{}, {PreTokenGeneration: arn}, {PreTokenGeneration: arn, PreTokenGenerationConfig: config(arn, "V1_0")}, {PreSignUp: arn + ":$LATEST", PostConfirmation: arn}} {
		if got := declare("LITE", c); got != "" {
			t.Errorf("%+v: %s", c, got)
		}
	}
	alone, err := userpool.New(userpool.Config{Store: f.Store, Region: "us-west-2", Account: "000000000000", Mail: func(context.Context, userpool.Message) {}, PasswordHash: f.PasswordHash})
	if err != nil {
		t.Fatal(err)
	}
	p := pooltest.Pool()
	p.LambdaConfig = &userpool.LambdaConfig{PreSignUp: arn}
	if got := f.TryUpdate(func(tx *store.Tx) error { return alone.PoolDeclared(tx, pooltest.PoolID, p) }); !strings.Contains(got, "lambdaConfig.preSignUp: there are no functions here to call") {
		t.Errorf("got %q", got)
	}
}
