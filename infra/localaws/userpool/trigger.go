package userpool

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"strings"
	"time"

	"auth-api/infra/localaws/store"
	"auth-api/infra/localaws/userpool/triggers"
)

// How a pool calls its Lambda functions. None is called inside a store transaction.

// InvokeError says why Lambda did not run a function.
type InvokeError struct {
	Code string // of Lambda's exception, such as AccessDeniedException
	Err  error  // for the local AWS's log alone
}

func (e *InvokeError) Error() string { return e.Code + ": " + e.Err.Error() }

// Unwrap returns the cause.
func (e *InvokeError) Unwrap() error { return e.Err }

// functionLimit is how long a function may take to answer, and triggerAttempts how
// often it is called until it does.
//
// https://docs.aws.amazon.com/cognito/latest/developerguide/cognito-user-pools-working-with-lambda-triggers.html#important-lambda-considerations
const (
	functionLimit   = 5 * time.Second
	triggerAttempts = 3
)

// maxThrown is how many bytes of a function's error the caller is told.
const maxThrown = 2048

var lambdaARN = regexp.MustCompile(`^arn:aws[\w-]*:lambda:[a-z0-9-]+:\d{12}:function:[a-zA-Z0-9_-]{1,64}(:[a-zA-Z0-9$_-]{1,128})?$`)

// checkLambdaConfig checks the functions that a pool names.
func (s *Service) checkLambdaConfig(p Pool) error {
	c := p.LambdaConfig
	if c == nil {
		return nil
	}
	arns := [][2]string{
		{"preSignUp", c.PreSignUp}, {"postConfirmation", c.PostConfirmation}, {"preTokenGeneration", c.PreTokenGeneration},
		{"preAuthentication", c.PreAuthentication}, {"postAuthentication", c.PostAuthentication},
	}
	if g := c.PreTokenGenerationConfig; g != nil {
		if err := oneOf("lambdaConfig.preTokenGenerationConfig.lambdaVersion", []string{g.LambdaVersion}, []string{triggers.V1, triggers.V2}); err != nil {
			return err
		}
		switch {
		case g.LambdaARN == "":
			return errors.New("lambdaConfig.preTokenGenerationConfig.lambdaArn: it is required")
		case g.LambdaVersion != triggers.V1 && p.Tier == "LITE":
			return fmt.Errorf("lambdaConfig.preTokenGenerationConfig.lambdaVersion: %s needs userPoolTier ESSENTIALS or PLUS, and it is LITE", g.LambdaVersion)
		case c.PreTokenGeneration != "" && c.PreTokenGeneration != g.LambdaARN:
			return fmt.Errorf("lambdaConfig.preTokenGeneration: %q is not preTokenGenerationConfig.lambdaArn; give one of the two", c.PreTokenGeneration)
		}
		arns = append(arns, [2]string{"preTokenGenerationConfig.lambdaArn", g.LambdaARN})
	}
	for _, arn := range arns {
		switch {
		case arn[1] == "":
		case !lambdaARN.MatchString(arn[1]):
			return fmt.Errorf("lambdaConfig.%s: %q is not the ARN of a Lambda function", arn[0], arn[1])
		case s.cfg.Invoke == nil:
			return fmt.Errorf("lambdaConfig.%s: there are no functions here to call", arn[0])
		}
	}
	return nil
}

// lambdaConfig is the pool's, or an empty one.
func (p pool) lambdaConfig() LambdaConfig {
	if p.LambdaConfig == nil {
		return LambdaConfig{}
	}
	return *p.LambdaConfig
}

// tokenFunction is the pool's pre token generation function and its event's version.
func (p pool) tokenFunction() (arn, version string) {
	c := p.lambdaConfig()
	if g := c.PreTokenGenerationConfig; g != nil {
		return g.LambdaARN, g.LambdaVersion
	}
	return c.PreTokenGeneration, triggers.V1
}

// eventFor is what the functions are told of a user.
func (s *Service) eventFor(p pool, c call, source, clientID string, u user) triggers.Request {
	attributes := maps.Clone(u.Attributes)
	if source != triggers.SourceSignUp && source != triggers.SourceAdminCreateUser && source != triggers.SourceExternalProvider { // which come before there is a user
		attributes["sub"], attributes["cognito:user_status"] = u.Sub, u.Status
	}
	return triggers.Request{
		Source: source, Region: s.cfg.Region, UserPoolID: p.ID, ClientID: clientID, Username: u.Username,
		UserAttributes: attributes, ClientMetadata: c.ClientMetadata,
	}
}

// preSignUp asks the pool's function whether the user may be made.
func (s *Service) preSignUp(p pool, c call, source, clientID string, u user) (triggers.SignUp, error) {
	arn := p.lambdaConfig().PreSignUp
	if arn == "" {
		return triggers.SignUp{}, nil
	}
	event, err := triggers.PreSignUpEvent(s.eventFor(p, c, source, clientID, u), c.ValidationData)
	if err != nil {
		return triggers.SignUp{}, err
	}
	payload, err := s.callFunction(p, c, triggers.PreSignUp, arn, event)
	if err != nil {
		return triggers.SignUp{}, err
	}
	asked, err := triggers.ReadPreSignUp(payload)
	return asked, invalidAnswer(triggers.PreSignUp, err)
}

// grantSignUp does to a new user what the pre sign-up function asks for.
func (u *user) grantSignUp(asked triggers.SignUp) error {
	for attribute, verify := range map[string]bool{"email": asked.VerifyEmail, "phone_number": asked.VerifyPhone} {
		if !verify {
			continue
		}
		if u.Attributes[attribute] == "" {
			return refuseAnswer(triggers.Unrecognizable, "the PreSignUp function asks to verify the user's "+attribute+", and there is none")
		}
		u.Attributes[attribute+"_verified"] = "true"
	}
	if asked.ConfirmUser {
		u.Status = statusConfirmed
	}
	return nil
}

// postConfirmation tells the pool's function that the user was confirmed, or has a new
// password by a code. That stands even when the function fails.
func (s *Service) postConfirmation(p pool, c call, source, clientID string, u user) error {
	arn := p.lambdaConfig().PostConfirmation
	if arn == "" {
		return nil
	}
	event, err := triggers.PostConfirmationEvent(s.eventFor(p, c, source, clientID, u))
	if err != nil {
		return err
	}
	payload, err := s.callFunction(p, c, triggers.PostConfirmation, arn, event)
	if err != nil {
		return err
	}
	return invalidAnswer(triggers.PostConfirmation, triggers.ReadPostConfirmation(payload))
}

// customize asks the pool's function what to change in the tokens of the grant.
func (s *Service) customize(g *grant, source string) error {
	arn, version := g.pool.tokenFunction()
	if arn == "" {
		return nil
	}
	var groups triggers.Groups
	err := s.cfg.Store.View(func(tx *store.Tx) (err error) {
		groups.Names, groups.Roles, groups.Preferred, err = groupClaims(tx, g.user, g.pool.ID)
		return err
	})
	if err != nil {
		return err
	}
	event, err := triggers.TokenGenerationEvent(version, s.eventFor(g.pool, g.call, source, g.client.ID, g.user), groups, g.scopes)
	if err != nil {
		return err
	}
	payload, err := s.callFunction(g.pool, g.call, triggers.PreTokenGeneration, arn, event)
	if err != nil {
		return err
	}
	g.changes, err = triggers.ReadTokenGeneration(version, payload)
	return invalidAnswer(triggers.PreTokenGeneration, err)
}

// invalidAnswer turns what is wrong with a function's answer into Cognito's refusal.
func invalidAnswer(trigger string, err error) error {
	var invalid triggers.Invalid
	if !errors.As(err, &invalid) {
		return err
	}
	return refuseAnswer(invalid, "the answer of the "+trigger+" function: "+string(invalid))
}

// refuseAnswer is the refusal of a function's answer that cannot be used.
func refuseAnswer(invalid triggers.Invalid, reason string) *Refusal {
	return Refuse("InvalidLambdaResponseException", string(invalid)).because(reason)
}

// errSlow says that a function took longer than Cognito waits.
var errSlow = errors.New("the function did not answer within " + functionLimit.String())

// callFunction calls a function until it answers, three times at most. What it says
// when it fails is for the caller, as on AWS.
func (s *Service) callFunction(p pool, c call, trigger, arn string, event []byte) ([]byte, error) {
	if s.cfg.Invoke == nil {
		return nil, fmt.Errorf("calling the %s function %s: there are no functions here to call", trigger, arn)
	}
	unexpected := func(reason string, err error) *Refusal {
		return Refuse("UnexpectedLambdaException", trigger+" invocation failed due to error "+reason+".").because(trigger + " function " + arn + ": " + err.Error())
	}
	var failure error
	for range triggerAttempts {
		payload, functionError, err := s.callOnce(c.context(), p, arn, event)
		var refused *InvokeError
		switch {
		case errors.Is(err, errSlow):
			failure = unexpected("Socket timeout while invoking Lambda function", err)
		case errors.As(err, &refused):
			if failure = unexpected(refused.Code, err); refused.Code != "TooManyRequestsException" && refused.Code != "ServiceException" {
				return nil, failure
			}
		case err != nil:
			return nil, fmt.Errorf("calling the %s function %s: %w", trigger, arn, err)
		case functionError != "":
			var thrown struct{ ErrorMessage string }
			_ = json.Unmarshal(payload, &thrown)      // a function may throw what has no message
			if len(thrown.ErrorMessage) > maxThrown { // it goes into a header too
				thrown.ErrorMessage = strings.ToValidUTF8(thrown.ErrorMessage[:maxThrown], "")
			}
			return nil, Refuse("UserLambdaValidationException", trigger+" failed with error "+thrown.ErrorMessage+".")
		default:
			return payload, nil
		}
	}
	return nil, failure
}

// callOnce calls a function and waits as long as Cognito does. The function is called
// to the end even when the client has gone away.
func (s *Service) callOnce(ctx context.Context, p pool, arn string, event []byte) ([]byte, string, error) {
	ctx, cancel := context.WithCancelCause(context.WithoutCancel(ctx))
	defer cancel(nil)
	stop := s.cfg.AfterFunc(functionLimit, func() { cancel(errSlow) })
	defer stop()
	payload, functionError, err := s.cfg.Invoke(ctx, arn, event, s.PoolARN(p.ID))
	if err != nil && errors.Is(context.Cause(ctx), errSlow) {
		err = errSlow
	}
	return payload, functionError, err
}
