package localaws_test

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/alexedwards/argon2id"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"
	"github.com/aws/smithy-go"

	"auth-api/infra/internal/sdkhttp"
	"auth-api/infra/localaws"
	"auth-api/infra/localaws/iam"
	"auth-api/infra/localaws/lambda"
	"auth-api/infra/localaws/lambda/logs"
	"auth-api/infra/localaws/store"
	"auth-api/infra/localaws/userpool"
)

// triggerCode builds the function of testdata/functions/trigger and returns its archive.
func triggerCode(t *testing.T) (archive []byte, hash string) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "bootstrap")
	build := exec.Command("go", "build", "-trimpath", "-buildvcs=false", "-tags", "lambda.norpc", "-ldflags", "-s -w", "-o", file, "./testdata/functions/trigger")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("building the function: %v\n%s", err, out)
	}
	binary, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	header := &zip.FileHeader{Name: "bootstrap"}
	header.SetMode(0o755)
	w, err := z.CreateHeader(header)
	if err == nil {
		_, err = w.Write(binary)
	}
	if err = errors.Join(err, z.Close()); err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(b.Bytes())
	return b.Bytes(), hex.EncodeToString(sum[:])
}

// A pool's real function, as a process behind the Runtime API, lets people sign up and
// writes into their tokens; without the permission to be called it is not.
func TestAPoolCallsItsFunctionAsItIsPermitted(t *testing.T) {
	const (
		pool, client = "us-west-2_Pool12345", "1example23456789abcdefghij"
		roleARN      = "arn:aws:iam::000000000000:role/worker"
		functionARN  = "arn:aws:lambda:us-west-2:000000000000:function:greeter"
	)
	s := start(t, localaws.Config{Tune: func(r *localaws.Rooms) {
		r.UserPool.PasswordHash = &argon2id.Params{Memory: 64, Iterations: 1, Parallelism: 1, SaltLength: 16, KeyLength: 32}
	}})
	archive, hash := triggerCode(t)
	if err := s.Lambda.PutCode(hash, archive); err != nil {
		t.Fatal(err)
	}
	update := func(write func(tx *store.Tx) error) {
		t.Helper()
		if err := s.Store.Update(write); err != nil {
			t.Fatal(err)
		}
	}
	update(func(tx *store.Tx) error {
		p := userpool.Pool{Name: "people", AutoVerifiedAttributes: []string{"email"}, LambdaConfig: &userpool.LambdaConfig{
			PreSignUp: functionARN, PostConfirmation: functionARN, PreTokenGeneration: functionARN,
		}}
		c := userpool.Client{Name: "client", UserPoolID: pool, ExplicitAuthFlows: []string{"ALLOW_USER_PASSWORD_AUTH"}}
		trust := `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}}`
		return errors.Join(
			iam.Roles.Put(tx, "worker", iam.Role{Name: "worker", AssumeRolePolicy: trust, ARN: roleARN, UniqueID: "AROAWORKER"}),
			lambda.Functions.Put(tx, "greeter", lambda.Function{Name: "greeter", Role: roleARN, Code: lambda.Code{SHA256: hash}, Runtime: "provided.al2023", Handler: "bootstrap"}),
			s.UserPools.PoolDeclared(tx, pool, p), userpool.Pools.Put(tx, pool, p),
			s.UserPools.ClientDeclared(tx, client, &c), userpool.Clients.Put(tx, client, c),
		)
	})
	permit := func(sourceARN string) {
		update(func(tx *store.Tx) error {
			return lambda.Permissions.Put(tx, "pool", lambda.Permission{StatementID: "pool", Action: "lambda:InvokeFunction", Function: "greeter", Principal: "cognito-idp.amazonaws.com", SourceARN: sourceARN})
		})
	}
	sdk := cognitoidentityprovider.New(cognitoidentityprovider.Options{Region: "us-west-2", BaseEndpoint: aws.String(s.URL()), RetryMaxAttempts: 1, HTTPClient: sdkhttp.Client(),
		Credentials: credentials.NewStaticCredentialsProvider("test", "test", "")})
	signUp := func(name, email string) string {
		_, err := sdk.SignUp(t.Context(), &cognitoidentityprovider.SignUpInput{ClientId: aws.String(client), Username: aws.String(name), Password: aws.String("demoPASS123!"),
			UserAttributes: []types.AttributeType{{Name: aws.String("email"), Value: aws.String(email)}}})
		var api smithy.APIError
		if errors.As(err, &api) {
			return api.ErrorCode() + ": " + api.ErrorMessage()
		}
		return fmt.Sprint(err)
	}
	const denied = "UnexpectedLambdaException: PreSignUp invocation failed due to error AccessDeniedException."
	if got := signUp("ann", "ann@example.com"); got != denied {
		t.Errorf("without a permission: %s", got)
	}
	permit("arn:aws:cognito-idp:us-west-2:000000000000:userpool/us-west-2_Another12")
	if got := signUp("ann", "ann@example.com"); got != denied {
		t.Errorf("with another pool's permission: %s", got)
	}
	permit(s.UserPools.PoolARN(pool))
	if got := signUp("eve", "eve@blocked.example"); got != "UserLambdaValidationException: PreSignUp failed with error this domain is not welcome." {
		t.Error(got)
	}
	if got := signUp("ann", "ann@example.com"); got != "<nil>" {
		t.Fatal(got)
	}
	in, err := sdk.InitiateAuth(t.Context(), &cognitoidentityprovider.InitiateAuthInput{ClientId: aws.String(client), AuthFlow: "USER_PASSWORD_AUTH",
		AuthParameters: map[string]string{"USERNAME": "ann", "PASSWORD": "demoPASS123!"}})
	if err != nil {
		t.Fatal(err)
	}
	claims, err := s.UserPools.VerifyToken(pool, *in.AuthenticationResult.IdToken)
	if err != nil || claims.All["greeting"] != "hello ann" || claims.All["email_verified"] != true {
		t.Errorf("%v %v", claims.All, err)
	}
	u, err := sdk.AdminGetUser(t.Context(), &cognitoidentityprovider.AdminGetUserInput{UserPoolId: aws.String(pool), Username: aws.String("ann")})
	if err != nil || u.UserStatus != types.UserStatusTypeConfirmed {
		t.Errorf("%v %v", u, err)
	}
	lines, err := s.Lambda.Logs("/aws/lambda/greeter", logs.Filter{})
	if err != nil {
		t.Fatal(err)
	}
	var told []string
	for _, line := range lines {
		if strings.HasSuffix(line.Message, " ann") {
			told = append(told, line.Message)
		}
	}
	if got := strings.Join(told, ", "); got != "PreSignUp_SignUp ann, PostConfirmation_ConfirmSignUp ann, TokenGeneration_Authentication ann" {
		t.Errorf("the function was told %s", got)
	}
	// A function that is gone is answered like one that is not permitted.
	update(func(tx *store.Tx) error { return lambda.Functions.Delete(tx, "greeter") })
	if got := signUp("bob", "bob@example.com"); got != denied {
		t.Error(got)
	}
}
