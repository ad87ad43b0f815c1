package api_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"

	"auth-api/infra/localaws/store"
	"auth-api/infra/localaws/userpool"
	"auth-api/infra/localaws/userpool/internal/pooltest"
	"auth-api/infra/localaws/userpool/triggers"
)

const functionARN = "arn:aws:lambda:us-west-2:000000000000:function:"

// event is what a function is sent, as it reads it.
type event struct {
	Version       string
	TriggerSource string
	UserName      string
	CallerContext struct{ ClientID string }
	Request       struct {
		UserAttributes, ValidationData, ClientMetadata map[string]string
		GroupConfiguration                             map[string]any
		Scopes                                         []string
	}
	all map[string]any
}

// functions stand in for the pool's three functions: they note what they are sent,
// and answer with the event and this response by source.
type functions struct {
	f         *pooltest.Fixture
	mu        sync.Mutex
	events    []event
	responses map[string]any
}

// withFunctions gives the pool the functions signup, confirmation and tokens.
func withFunctions(t *testing.T, version string) (*pooltest.Fixture, *functions) {
	t.Helper()
	f := pooltest.New(t)
	p := pooltest.Pool()
	p.LambdaConfig = &userpool.LambdaConfig{
		PreSignUp: functionARN + "signup", PostConfirmation: functionARN + "confirmation",
		PreTokenGenerationConfig: &userpool.PreTokenGenerationConfig{LambdaARN: functionARN + "tokens", LambdaVersion: version},
	}
	f.Declare(pooltest.PoolID, p)
	fs := &functions{f: f, responses: map[string]any{}}
	f.SetFunction(fs.answer)
	return f, fs
}

func (fs *functions) answer(arn string, payload []byte, sourceARN string) ([]byte, string, error) {
	var e event
	if err := errors.Join(json.Unmarshal(payload, &e), json.Unmarshal(payload, &e.all)); err != nil {
		fs.f.T.Error(err)
	}
	want := map[string]string{"PreSignUp": "signup", "PostConfirmation": "confirmation", "TokenGeneration": "tokens"}[strings.Split(e.TriggerSource, "_")[0]]
	if arn != functionARN+want || sourceARN != pooltest.PoolARN {
		fs.f.T.Errorf("%s goes to %s on behalf of %s", e.TriggerSource, arn, sourceARN)
	}
	fs.mu.Lock()
	defer fs.mu.Unlock()
	fs.events = append(fs.events, e)
	if r, ok := fs.responses[e.TriggerSource]; ok {
		e.all["response"] = r
	}
	out, err := json.Marshal(e.all)
	return out, "", err
}

// respond sets what is answered to events of this source.
func (fs *functions) respond(source string, response any) {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	fs.responses[source] = response
}

// sources are those of the events since the last call.
func (fs *functions) sources() string {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	var out []string
	for _, e := range fs.events {
		out = append(out, e.TriggerSource)
	}
	fs.events = nil
	return strings.Join(out, " ")
}

func (fs *functions) last() event {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	return fs.events[len(fs.events)-1]
}

func TestSignUpIsAskedAndConfirmationTold(t *testing.T) {
	f, fs := withFunctions(t, triggers.V1)
	ctx := t.Context()
	up, err := f.SDK.SignUp(ctx, &cognitoidentityprovider.SignUpInput{
		ClientId: aws.String(pooltest.ClientID), Username: aws.String("sam"), Password: aws.String(pooltest.Password), UserAttributes: attributes("email", "sam@example.com"),
		ValidationData: attributes("captcha", "ok"), ClientMetadata: map[string]string{"from": "tv"},
	})
	if err != nil || up.UserConfirmed || up.CodeDeliveryDetails == nil {
		t.Fatalf("%+v %v", up, err)
	}
	e := fs.last()
	if e.UserName != "sam" || e.CallerContext.ClientID != pooltest.ClientID || e.Version != "1" ||
		!reflect.DeepEqual(e.Request.UserAttributes, map[string]string{"email": "sam@example.com"}) || e.Request.ValidationData["captcha"] != "ok" || e.Request.ClientMetadata["from"] != "tv" {
		t.Errorf("%+v", e)
	}
	if got := fs.sources(); got != "PreSignUp_SignUp" {
		t.Error(got)
	}
	if _, err := f.SDK.ConfirmSignUp(ctx, &cognitoidentityprovider.ConfirmSignUpInput{ClientId: aws.String(pooltest.ClientID), Username: aws.String("sam"), ConfirmationCode: aws.String("000000")}); err == nil {
		t.Fatal("a wrong code confirms")
	}
	if got := fs.sources(); got != "" {
		t.Errorf("a wrong code is told as %s", got)
	}
	if _, err := f.SDK.ConfirmSignUp(ctx, &cognitoidentityprovider.ConfirmSignUpInput{
		ClientId: aws.String(pooltest.ClientID), Username: aws.String("sam"), ConfirmationCode: aws.String(f.LastMail().Code), ClientMetadata: map[string]string{"a": "b"},
	}); err != nil {
		t.Fatal(err)
	}
	e = fs.last()
	if a := e.Request.UserAttributes; a["sub"] != *up.UserSub || a["cognito:user_status"] != "CONFIRMED" || a["email_verified"] != "true" || e.Request.ClientMetadata["a"] != "b" {
		t.Errorf("%+v", e)
	}
	if _, err := f.SDK.ForgotPassword(ctx, &cognitoidentityprovider.ForgotPasswordInput{ClientId: aws.String(pooltest.ClientID), Username: aws.String("sam")}); err != nil {
		t.Fatal(err)
	}
	if _, err := f.SDK.ConfirmForgotPassword(ctx, &cognitoidentityprovider.ConfirmForgotPasswordInput{
		ClientId: aws.String(pooltest.ClientID), Username: aws.String("sam"), ConfirmationCode: aws.String(f.LastMail().Code), Password: aws.String("secondPASS1"),
	}); err != nil {
		t.Fatal(err)
	}
	if got := fs.sources(); got != "PostConfirmation_ConfirmSignUp PostConfirmation_ConfirmForgotPassword" {
		t.Error(got)
	}
	// A name that is taken is not asked about.
	pooltest.Refused(t, f.API("SignUp", m{"ClientId": pooltest.ClientID, "Username": "sam", "Password": pooltest.Password}), "UsernameExistsException", "User already exists")
	if got := fs.sources(); got != "" {
		t.Error(got)
	}
}

func TestAFunctionConfirmsAndVerifies(t *testing.T) {
	f, fs := withFunctions(t, triggers.V1)
	up := func(name string, list ...m) pooltest.Answer {
		return f.API("SignUp", m{"ClientId": pooltest.ClientID, "Username": name, "Password": pooltest.Password, "UserAttributes": list})
	}
	fs.respond("PreSignUp_SignUp", m{"autoConfirmUser": true, "autoVerifyEmail": true})
	// The address is the demo user's alias: it goes to the one whose address the function vouches for.
	a := up("heir", m{"Name": "email", "Value": "demo@example.com"})
	if a.Status != 200 || a.JSON(t)["UserConfirmed"] != true || a.JSON(t)["CodeDeliveryDetails"] != nil || len(f.Mail) != 0 {
		t.Fatalf("%s, %d messages", a.Body, len(f.Mail))
	}
	if got := fs.sources(); got != "PreSignUp_SignUp PostConfirmation_ConfirmSignUp" {
		t.Error(got)
	}
	claims, err := f.Pools.VerifyToken(pooltest.PoolID, f.SignIn("demo@example.com", pooltest.Password)["IdToken"].(string))
	if err != nil || claims.Username != "heir" || claims.All["email_verified"] != true {
		t.Errorf("%v %v", claims.All, err)
	}
	claims, err = f.Pools.VerifyToken(pooltest.PoolID, f.SignIn("demouser", pooltest.Password)["IdToken"].(string))
	if err != nil || claims.All["email_verified"] != false {
		t.Errorf("%v %v", claims.All, err)
	}
	// There must be an address to vouch for.
	pooltest.Refused(t, up("bare"), "InvalidLambdaResponseException", "Unrecognizable lambda output")
	pooltest.Refused(t, f.API("InitiateAuth", pooltest.PasswordFlow("bare", pooltest.Password)), "NotAuthorizedException", pooltest.WrongPassword)
	// Verified alone is not confirmed.
	fs.respond("PreSignUp_SignUp", m{"autoVerifyEmail": true})
	if a := up("verified", m{"Name": "email", "Value": "verified@example.com"}); a.JSON(t)["UserConfirmed"] != false {
		t.Error(a.Body)
	}
	pooltest.Refused(t, f.API("InitiateAuth", pooltest.PasswordFlow("verified", pooltest.Password)), "UserNotConfirmedException", "User is not confirmed.")

	// What the function asks for is ignored when an administrator makes the user.
	fs.sources()
	fs.respond("PreSignUp_AdminCreateUser", m{"autoConfirmUser": true, "autoVerifyEmail": true})
	admin := f.Administrator()
	made, err := admin.AdminCreateUser(t.Context(), &cognitoidentityprovider.AdminCreateUserInput{
		UserPoolId: pool, Username: aws.String("ann"), UserAttributes: attributes("email", "ann@example.com"), ClientMetadata: map[string]string{"a": "b"}, ValidationData: attributes("c", "d"),
	})
	if err != nil || made.User.UserStatus != types.UserStatusTypeForceChangePassword || value(made.User.Attributes, "email_verified") != "" {
		t.Errorf("%+v %v", made, err)
	}
	if e := fs.last(); e.CallerContext.ClientID != "CLIENT_ID_NOT_APPLICABLE" || e.Request.ClientMetadata["a"] != "b" || e.Request.ValidationData["c"] != "d" || e.UserName != "ann" {
		t.Errorf("%+v", e)
	}
	if _, err := admin.AdminConfirmSignUp(t.Context(), &cognitoidentityprovider.AdminConfirmSignUpInput{UserPoolId: pool, Username: aws.String("verified"), ClientMetadata: map[string]string{"x": "y"}}); err != nil {
		t.Fatal(err)
	}
	if e := fs.last(); e.CallerContext.ClientID != "CLIENT_ID_NOT_APPLICABLE" || e.Request.ClientMetadata["x"] != "y" {
		t.Errorf("%+v", e)
	}
	if got := fs.sources(); got != "PreSignUp_AdminCreateUser PostConfirmation_ConfirmSignUp" {
		t.Error(got)
	}
	// A declared user is asked about too, once.
	d := userpool.DeclaredUser{UserPoolID: pooltest.PoolID, Username: "declared", Password: pooltest.Password, MessageAction: "SUPPRESS"}
	if err := f.Pools.AskForUser(d); err != nil {
		t.Fatal(err)
	}
	f.DeclareUser(d)
	if err := f.Pools.AskForUser(d); err != nil {
		t.Fatal(err)
	}
	if got := fs.sources(); got != "PreSignUp_AdminCreateUser" {
		t.Error(got)
	}
}

func TestWhatFunctionsFailWith(t *testing.T) {
	f, fs := withFunctions(t, triggers.V1)
	up := func() pooltest.Answer {
		return f.API("SignUp", m{"ClientId": pooltest.ClientID, "Username": "sam", "Password": pooltest.Password, "UserAttributes": []m{{"Name": "email", "Value": "sam@example.com"}}})
	}
	calls := 0
	fail := func(payload, functionError string, err error) {
		calls = 0
		f.SetFunction(func(string, []byte, string) ([]byte, string, error) {
			calls++
			return []byte(payload), functionError, err
		})
	}
	refused := func(err string) error { return &userpool.InvokeError{Code: err, Err: errors.New("inside")} }
	for _, c := range []struct {
		payload, functionError string
		err                    error
		code, message          string
		calls                  int
	}{
		{`{"errorMessage":"not from here","errorType":"errorString"}`, "Unhandled", nil, "UserLambdaValidationException", "PreSignUp failed with error not from here.", 1},
		{`{}`, "Unhandled", nil, "UserLambdaValidationException", "PreSignUp failed with error .", 1},
		{`nonsense`, "Unhandled", nil, "UserLambdaValidationException", "PreSignUp failed with error .", 1},
		{`{"errorMessage":"` + strings.Repeat("x", 3000) + `"}`, "Unhandled", nil, "UserLambdaValidationException", "PreSignUp failed with error " + strings.Repeat("x", 2048) + ".", 1},
		{``, "", refused("AccessDeniedException"), "UnexpectedLambdaException", "PreSignUp invocation failed due to error AccessDeniedException.", 1},
		{``, "", refused("TooManyRequestsException"), "UnexpectedLambdaException", "PreSignUp invocation failed due to error TooManyRequestsException.", 3},
		{``, "", refused("ServiceException"), "UnexpectedLambdaException", "PreSignUp invocation failed due to error ServiceException.", 3},
		{``, "", refused("ResourceNotReadyException"), "UnexpectedLambdaException", "PreSignUp invocation failed due to error ResourceNotReadyException.", 1},
		{`null`, "", nil, "InvalidLambdaResponseException", "Unrecognizable lambda output", 1},
		{`{"response":{}}`, "", nil, "InvalidLambdaResponseException", "Unrecognizable lambda output", 1},
		{`<html>`, "", nil, "InvalidLambdaResponseException", "Invalid lambda function output : Invalid JSON", 1},
	} {
		fail(c.payload, c.functionError, c.err)
		pooltest.Refused(t, up(), c.code, c.message)
		if calls != c.calls {
			t.Errorf("%s: called %d times, want %d", c.message, calls, c.calls)
		}
	}
	// A function that does not answer in time is called three times, and what it says later is not heard.
	blocked, release := make(chan struct{}, 3), make(chan struct{})
	f.SetFunction(func(string, []byte, string) ([]byte, string, error) {
		blocked <- struct{}{}
		<-release
		return nil, "", errors.New("too late")
	})
	f.SetImpatient(true)
	pooltest.Refused(t, up(), "UnexpectedLambdaException", "PreSignUp invocation failed due to error Socket timeout while invoking Lambda function.")
	for range 3 {
		<-blocked
	}
	close(release)
	f.SetImpatient(false)
	// What is broken inside is not shown.
	fail(``, "", errors.New("the disk is full"))
	if a := up(); a.Status != 500 || strings.Contains(a.Body, "disk") {
		t.Errorf("%d %s", a.Status, a.Body)
	}

	// A user who was refused is not there; one whose confirmation was told to a function that fails is confirmed.
	f.SetFunction(fs.answer)
	if a := up(); a.Status != 200 {
		t.Fatal(a.Body)
	}
	fail(`{"errorMessage":"out of order"}`, "Unhandled", nil)
	pooltest.Refused(t, f.API("ConfirmSignUp", m{"ClientId": pooltest.ClientID, "Username": "sam", "ConfirmationCode": f.LastMail().Code}), "UserLambdaValidationException", "PostConfirmation failed with error out of order.")
	pooltest.Refused(t, f.API("InitiateAuth", pooltest.PasswordFlow("sam", pooltest.Password)), "UserLambdaValidationException", "PreTokenGeneration failed with error out of order.")
	if _, reason := f.Reason(); !strings.HasPrefix(reason, "UserLambdaValidationException: PreTokenGeneration") {
		t.Error(reason)
	}
	f.SetFunction(fs.answer)
	f.SignIn("sam", pooltest.Password)
}

func TestTokensAreChangedAtEverySource(t *testing.T) {
	f, fs := withFunctions(t, triggers.V1)
	declareGroup(f, "admins", aws.Int(1), "arn:aws:iam::000000000000:role/admins")
	if _, err := f.Administrator().AdminAddUserToGroup(t.Context(), &cognitoidentityprovider.AdminAddUserToGroupInput{UserPoolId: pool, Username: aws.String("demouser"), GroupName: aws.String("admins")}); err != nil {
		t.Fatal(err)
	}
	for _, source := range []string{"Authentication", "RefreshTokens", "NewPasswordChallenge"} {
		fs.respond("TokenGeneration_"+source, m{"claimsOverrideDetails": m{
			"claimsToAddOrOverride": m{"source": source, "sub": "somebody"}, "claimsToSuppress": []string{"given_name"},
			"groupOverrideDetails": m{"groupsToOverride": []string{"guests"}, "iamRolesToOverride": []string{"arn:aws:iam::000000000000:role/guests"}, "preferredRole": "arn:aws:iam::000000000000:role/guests"},
		}})
	}
	check := func(tokens map[string]any, source string) {
		t.Helper()
		id, err := f.Pools.VerifyToken(pooltest.PoolID, tokens["IdToken"].(string))
		if err != nil {
			t.Fatal(err)
		}
		if id.All["source"] != source || id.All["given_name"] != nil || id.Subject == "somebody" || fmt.Sprint(id.Groups) != "[guests]" || id.All["cognito:preferred_role"] != "arn:aws:iam::000000000000:role/guests" {
			t.Errorf("%s: %v", source, id.All)
		}
		access, err := f.Pools.VerifyToken(pooltest.PoolID, tokens["AccessToken"].(string))
		if err != nil || access.All["source"] != nil || fmt.Sprint(access.Groups) != "[guests]" || access.All["cognito:preferred_role"] != nil {
			t.Errorf("%s: %v %v", source, access.All, err)
		}
	}
	tokens := f.SignIn("demouser", pooltest.Password)
	check(tokens, "Authentication")
	e := fs.last()
	if a := e.Request.UserAttributes; a["cognito:user_status"] != "CONFIRMED" || a["email_verified"] != "true" || len(a["sub"]) != 36 || e.Version != "1" || e.Request.Scopes != nil {
		t.Errorf("%+v", e)
	}
	if g := e.Request.GroupConfiguration; fmt.Sprintf("%v %v %v", g["groupsToOverride"], g["iamRolesToOverride"], g["preferredRole"]) != "[admins] [arn:aws:iam::000000000000:role/admins] arn:aws:iam::000000000000:role/admins" {
		t.Errorf("%v", g)
	}
	refresh := m{"AuthFlow": "REFRESH_TOKEN_AUTH", "ClientId": pooltest.ClientID, "ClientMetadata": m{"not": "passed"}, "AuthParameters": m{"REFRESH_TOKEN": tokens["RefreshToken"]}}
	check(f.API("InitiateAuth", refresh).JSON(t)["AuthenticationResult"].(map[string]any), "RefreshTokens")
	if e := fs.last(); len(e.Request.ClientMetadata) != 0 {
		t.Errorf("InitiateAuth hands on %v", e.Request.ClientMetadata)
	}
	check(f.API("GetTokensFromRefreshToken", m{"ClientId": pooltest.ClientID, "RefreshToken": tokens["RefreshToken"], "ClientMetadata": m{"a": "b"}}).JSON(t)["AuthenticationResult"].(map[string]any), "RefreshTokens")
	if e := fs.last(); e.Request.ClientMetadata["a"] != "b" {
		t.Errorf("%+v", e.Request)
	}
	result, _, err := pooltest.SRP(f, "demouser", pooltest.Password, nil, pooltest.ClientID, nil)
	if err != nil {
		t.Fatal(err)
	}
	check(map[string]any{"IdToken": *result.IdToken, "AccessToken": *result.AccessToken}, "Authentication")
	f.DeclareUser(userpool.DeclaredUser{UserPoolID: pooltest.PoolID, Username: "fresh", TemporaryPassword: "temporaryPASS1", MessageAction: "SUPPRESS"})
	fs.sources()
	challenge := f.API("InitiateAuth", pooltest.PasswordFlow("fresh", "temporaryPASS1")).JSON(t)
	if got := fs.sources(); got != "" {
		t.Errorf("a challenge is told as %s", got)
	}
	a := f.API("RespondToAuthChallenge", m{"ChallengeName": "NEW_PASSWORD_REQUIRED", "ClientId": pooltest.ClientID, "Session": challenge["Session"],
		"ClientMetadata": m{"c": "d"}, "ChallengeResponses": m{"USERNAME": "fresh", "NEW_PASSWORD": "chosenPASS1"}})
	check(a.JSON(t)["AuthenticationResult"].(map[string]any), "NewPasswordChallenge")
	if e := fs.last(); e.Request.ClientMetadata["c"] != "d" {
		t.Errorf("%+v", e.Request)
	}
}

func TestASignInThatAFunctionRefusesLeavesNothing(t *testing.T) {
	f, fs := withFunctions(t, triggers.V1)
	c := pooltest.Client()
	c.ExplicitAuthFlows = slices.DeleteFunc(slices.Clone(c.ExplicitAuthFlows), func(s string) bool { return s == "ALLOW_REFRESH_TOKEN_AUTH" })
	c.RefreshTokenRotation = &userpool.RefreshTokenRotation{Feature: "ENABLED"}
	f.DeclareClient(pooltest.ClientID, c)
	fail := func(string, []byte, string) ([]byte, string, error) {
		return []byte(`{"errorMessage":"no"}`), "Unhandled", nil
	}
	tokens := f.SignIn("demouser", pooltest.Password)
	f.SetFunction(fail)
	pooltest.Refused(t, f.API("InitiateAuth", pooltest.PasswordFlow("demouser", pooltest.Password)), "UserLambdaValidationException", "PreTokenGeneration failed with error no.")
	if n := signIns(t, f); n != 1 {
		t.Errorf("%d sign-ins are in force, want the first alone", n)
	}
	// A refresh that fails does not use the token up.
	refresh := m{"ClientId": pooltest.ClientID, "RefreshToken": tokens["RefreshToken"]}
	pooltest.Refused(t, f.API("GetTokensFromRefreshToken", refresh), "UserLambdaValidationException", "PreTokenGeneration failed with error no.")
	f.SetFunction(fs.answer)
	if a := f.API("GetTokensFromRefreshToken", refresh); a.Status != 200 {
		t.Error(a.Body)
	}
	if a := f.API("GetTokensFromRefreshToken", refresh); a.JSON(t)["__type"] != "RefreshTokenReuseException" {
		t.Error(a.Body)
	}
	// Nor do tokens that cannot be made, as what the function adds is too much.
	tokens = f.SignIn("demouser", pooltest.Password)
	refresh["RefreshToken"] = tokens["RefreshToken"]
	large := m{"claimsOverrideDetails": m{"claimsToAddOrOverride": m{"big": strings.Repeat("x", 20000)}}}
	fs.respond("TokenGeneration_RefreshTokens", large)
	pooltest.Refused(t, f.API("GetTokensFromRefreshToken", refresh), "InvalidLambdaResponseException", "Unrecognizable lambda output")
	fs.respond("TokenGeneration_RefreshTokens", m{})
	if a := f.API("GetTokensFromRefreshToken", refresh); a.Status != 200 {
		t.Error(a.Body)
	}
	fs.respond("TokenGeneration_Authentication", large)
	before := signIns(t, f)
	pooltest.Refused(t, f.API("InitiateAuth", pooltest.PasswordFlow("demouser", pooltest.Password)), "InvalidLambdaResponseException", "Unrecognizable lambda output")
	if got := signIns(t, f); got != before {
		t.Errorf("%d sign-ins are in force, want %d", got, before)
	}
	fs.respond("TokenGeneration_Authentication", m{})
	// A user who is disabled while the function runs gets no tokens.
	tokens = f.SignIn("demouser", pooltest.Password)
	f.SetFunction(func(arn string, event []byte, source string) ([]byte, string, error) {
		admin, err := f.Pools.Admin(t.Context(), pooltest.PoolID, userpool.Extra{})
		if err == nil {
			err = admin.Disable("demouser") // no transaction is open meanwhile
		}
		if err != nil {
			t.Error(err)
		}
		return fs.answer(arn, event, source)
	})
	pooltest.Refused(t, f.API("GetTokensFromRefreshToken", m{"ClientId": pooltest.ClientID, "RefreshToken": tokens["RefreshToken"]}), "NotAuthorizedException", "User is disabled.")
}

// signIns is how many sign-ins are in force.
func signIns(t *testing.T, f *pooltest.Fixture) (n int) {
	t.Helper()
	if err := f.Store.View(func(tx *store.Tx) error {
		families, err := store.Table[struct{ Revoked bool }]{Name: "userpool.families"}.List(tx, "")
		for _, family := range families {
			if !family.Value.Revoked {
				n++
			}
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return n
}

// Whoever is disabled, deleted or signed out while the function runs is not let in, and
// what the function itself changes about the user is in the tokens.
func TestASignInIsDecidedAgainAfterTheFunction(t *testing.T) {
	for story, c := range map[string]struct {
		change  func(userpool.Admin) error
		message string // "" for a sign-in
	}{
		"disabled":   {func(a userpool.Admin) error { return a.Disable("demouser") }, "User is disabled."},
		"deleted":    {func(a userpool.Admin) error { return a.Delete("demouser") }, invalidSession},
		"signed out": {func(a userpool.Admin) error { return a.GlobalSignOut("demouser") }, invalidSession},
		"renamed": {func(a userpool.Admin) error {
			return a.UpdateAttributes("demouser", map[string]string{"given_name": "Changed"})
		}, ""},
		"must choose a password": {func(a userpool.Admin) error { return a.SetPassword("demouser", "temporaryPASS1", false) }, invalidSession},
	} {
		t.Run(story, func(t *testing.T) {
			f, fs := withFunctions(t, triggers.V1)
			f.SetFunction(func(arn string, event []byte, source string) ([]byte, string, error) {
				admin, err := f.Pools.Admin(t.Context(), pooltest.PoolID, userpool.Extra{})
				if err == nil {
					err = c.change(admin)
				}
				if err != nil {
					t.Error(err)
				}
				return fs.answer(arn, event, source)
			})
			a := f.API("InitiateAuth", pooltest.PasswordFlow("demouser", pooltest.Password))
			if c.message != "" {
				pooltest.Refused(t, a, "NotAuthorizedException", c.message)
				return
			}
			if a.Status != 200 {
				t.Fatal(a.Body)
			}
			claims, err := f.Pools.VerifyToken(pooltest.PoolID, a.JSON(t)["AuthenticationResult"].(m)["IdToken"].(string))
			if err != nil || claims.All["given_name"] != "Changed" {
				t.Errorf("%v %v", claims.All, err)
			}
		})
	}
}

func TestTheSecondVersionChangesAccessTokens(t *testing.T) {
	f, fs := withFunctions(t, triggers.V2)
	fs.respond("TokenGeneration_Authentication", m{"claimsAndScopeOverrideDetails": m{
		"idTokenGeneration":     m{"claimsToAddOrOverride": m{"list": []any{"a", 1}}},
		"accessTokenGeneration": m{"claimsToAddOrOverride": m{"tenant": m{"id": 7}, "client_id": "other"}, "scopesToAdd": []string{"read:all"}, "scopesToSuppress": []string{"aws.cognito.signin.user.admin"}},
	}})
	tokens := f.SignIn("demouser", pooltest.Password)
	access, err := f.Pools.VerifyToken(pooltest.PoolID, tokens["AccessToken"].(string))
	if err != nil || fmt.Sprint(access.Scopes) != "[read:all]" || fmt.Sprint(access.All["tenant"]) != "map[id:7]" || access.ClientID != pooltest.ClientID || access.All["list"] != nil {
		t.Errorf("%v %v", access.All, err)
	}
	id, err := f.Pools.VerifyToken(pooltest.PoolID, tokens["IdToken"].(string))
	if err != nil || fmt.Sprint(id.All["list"]) != "[a 1]" || id.All["tenant"] != nil {
		t.Errorf("%v %v", id.All, err)
	}
	if e := fs.last(); e.Version != "2" || fmt.Sprint(e.Request.Scopes) != "[aws.cognito.signin.user.admin]" {
		t.Errorf("%+v", e)
	}
	pooltest.Refused(t, f.API("GetUser", m{"AccessToken": tokens["AccessToken"]}), "NotAuthorizedException", "Access Token does not have required scopes")
	// A token that nobody would read is not made.
	fs.respond("TokenGeneration_Authentication", m{"claimsAndScopeOverrideDetails": m{"accessTokenGeneration": m{"claimsToAddOrOverride": m{"big": strings.Repeat("x", 20000)}}}})
	pooltest.Refused(t, f.API("InitiateAuth", pooltest.PasswordFlow("demouser", pooltest.Password)), "InvalidLambdaResponseException", "Unrecognizable lambda output")
}

func TestClientMetadataThatIsNone(t *testing.T) {
	f, _ := withFunctions(t, triggers.V1)
	a := f.API("SignUp", m{"ClientId": pooltest.ClientID, "Username": "sam", "Password": pooltest.Password, "ClientMetadata": m{"a": 1}})
	if a.Status != 400 || a.JSON(t)["__type"] != "SerializationException" {
		t.Error(a.Body)
	}
}
