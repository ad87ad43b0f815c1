package cases

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// choice is a point on which AWS's answer is not documented, or sources disagree, and
// what was chosen.
type choice struct {
	about  string
	chosen string
	why    string
	held   string // by which test: a case's number, a refusal of this page, or FOLDER TestName
}

// choices are those that are not rows of the table themselves. The rows that are open
// stand on the page beside them.
func choices() []choice {
	return append([]choice{
		{"an API that does not exist; on AWS its name does not resolve", "403 Forbidden, as for an unknown stage", "there is one host name for all", "gateway TestRouting"},
		{"the offset of a quota's window", "the day of the week (from Sunday) or of the month (from the 1st) on which it begins, plus the offset", "the reading that fits its bounds, 6 and 27", "gateway/limits TestQuotaWindows"},
		{"a function that Lambda throttles, or that is gone", "500 Internal server error, as without the permission to invoke it", "the caller is told nothing of the function", "gateway TestIntegration"},
		{"an event over Lambda's 6 MB", "413 Request Too Long", "refused before the function is asked", "gateway TestIntegration"},
		{"a function's isBase64Encoded body that is not base64", "502 Internal server error", "deny in doubt", "gateway TestBinaryAndCompressedAnswers"},
		{"codings of one weight in Accept-Encoding", "the first of them is what the client wants most, and the answer is not compressed where API Gateway has not that one", "documented is that the one of the highest priority must be supported, not which of several it is", "gateway TestBinaryAndCompressedAnswers"},
		{"the coding deflate", "the format of zlib", "as RFC 9110 has it; clients take both", "gateway TestBinaryAndCompressedAnswers"},
		{"a disabled execute-api endpoint, and what the API's gateway responses say of it", "403 Forbidden without them, as for an API that does not exist", "it tells nothing of the API", "gateway TestADisabledEndpointSaysNothing"},
		{"a preflight by a template, with no Origin or several", "no Access-Control-Allow-Origin", "what a template sees of a missing or repeated header is not documented; the one template that is supported does not depend on it", "gateway TestPreflightsOfSeveralOrigins"},
		{"the space between the directives of that template", "not in the answer's body", "nobody reads a preflight's body; with 204 there is none", "gateway TestPreflightsOfSeveralOrigins"},
		{"a gateway response's header whose value from the request cannot stand in a header", "left out", "a line break would begin another header", "gateway TestGatewayResponseHeadersFromTheRequest"},
		{"a Lambda authorizer on an API with a resource policy", "both must allow", "deny in doubt", "gateway TestLambdaAuthorizer"},
		{"a Lambda authorizer that may not be invoked, is throttled or too slow", "500, as any other failure of it (case 31)", "deny in doubt", "gateway TestLambdaAuthorizer"},

		{"UNSIGNED-PAYLOAD", "refused for every service but s3", "documented for Amazon S3 alone", "S2"},
		{"a path with // or dot segments", "signed as it is sent, which is as aws-sdk-go-v2 signs; a signature of the path put in order, as the JavaScript signers make it, is refused", "AWS documents that paths are put in order, and not what execute-api does; a path that may be sent in another form than it was signed in could reach another route", "sigv4 TestRandomRequestsSignedByTheSDK"},
		{"two signatures in one request", "refused", "which of them would count is not documented", "S1"},
		{"a presigned request without X-Amz-Expires", "good for as long as a signed header: five minutes, or the service's own skew", "deny in doubt", "S5"},

		{"NotPrincipal with Allow", "refused when it is declared", "it would let in everybody else, anonymous callers too; AWS advises against it", "refused: resource policies with NotPrincipal and Allow"},
		{"a condition key that the local AWS does not fill in", "refused when it is declared", "a condition that never sees its key would hold or fail for the wrong reason", "refused: condition keys that the local AWS does not fill in"},
		{"aws:SecureTransport on loopback", "true", "the endpoint stands in for AWS's, which speak TLS alone", "iam TestAuthorize"},
		{"a condition's value that cannot be compared, a key with many values without ForAnyValue or ForAllValues, a variable without a value", "an allow fails and a deny holds", "deny in doubt", "authz TestDoubtDenies"},
		{"an element that stands twice in a policy", "refused when it is declared", "readers differ in which of the two counts", "authz TestParseRefuses"},
		{"a policy variable in a policy of version 2008-10-17", "refused when it is declared", "AWS takes it to the letter, which is never what is meant", "authz TestParseRefuses"},
		{"an escaped path against policies", "it must be allowed both as it was received and decoded", "deny in doubt", "D3"},
		{"a session whose role was deleted or made anew", "the token is invalid (case 13)", "the credentials were for another role", "iam TestSessionsAreRefused"},

		{"what a guest may do in the enhanced flow", "what the role allows and either of the two session policies that AWS lists, the inline or the managed one", "AWS names both and does not say how they are taken together", "identitypool TestGuests"},
		{"the order of case 59's checks", "form, issuer, signature, time, kind of token, client, signed out", "what a token claims is looked at once it is vouched for; the issuer can only refuse", "59e"},
		{"the words for a user who has signed out, with serverSideTokenCheck", "Invalid login token. Token is not valid.", "the check is documented, the words are not", "T3"},
		{"CustomRoleArn where the provider has no role mapping", "InvalidParameterException", "deny in doubt", "identitypool TestRoles"},
		{"a guest's identity with the login of a user who has one", "the user's identity; the guest's is forbidden from then on", "AWS merges them, as Amplify's tests of 2025 against it have it (aws-amplify/amplify-js, 14207); which of the two it disables is not documented", "identitypool TestAGuestSignsInAsAUserWhoHasAnIdentity"},
		{"logins that belong to different identities", "ResourceConflictException", "deny in doubt: AWS merges identities in some cases, which gives one the other's data", "identitypool TestIdentitiesBelongToTheirLogins"},

		{"a code that is used twice", "invalid_grant, and the tokens that it gave are revoked", "RFC 6749, section 4.1.2; AWS documents the refusal alone", "userpool/hosted TestCodeUsedTwiceRevokesItsTokens"},
		{"error_description in redirects of the hosted sign-in", "our own words, which this page leaves out", "AWS's are not documented", "47a"},
		{"a refresh token that was rotated, used again", "refused; the sign-in goes on", "AWS documents the refusal alone", "57c"},
		{"sign-in by Secure Remote Password with an email address", "USER_ID_FOR_SRP tells the user name", "as AWS does: the client needs it for its proof", "U1"},
		{"Secure Remote Password for a user that is not there", "salt and user id are made up, the same each time", "RFC 5054, section 2.5.1.3, so that it cannot be told from a user", "userpool/api TestSRPHidesWhoExists"},
		{"wrong passwords for a name that nobody has", "counted and locked out as for one that is there", "else the lock-out would tell who exists", "userpool/api TestLockOut"},
		{"how long a refused sign-up takes", "one of a wrong form is refused at once; one of a taken name after its password was hashed, as a good one is", "that the name is taken is told anyway, as AWS does", "userpool/api TestSignUpRefusals"},

		{"a software token's code of the step that was used last, or of one before", "ExpiredCodeException, and it counts as a wrong one", "RFC 6238, section 5.2, for the first; nobody may guess on without limit for the second", "userpool/api TestUsedCodesLock"},
		{"a temporary password where a second factor is due, too", "NEW_PASSWORD_REQUIRED comes first", "a second factor is set up by who has a password of their own", "userpool/hosted TestNoWayInWithoutTheSecondFactor"},
		{"how long the sessions of a set-up are good", "each for one authSessionValidity", "the setting is documented for sign-in, not for its steps", "userpool/api TestEachStepOfASetUpHasItsTime"},
		{"a pool with MFA ON, of which a user has turned the software token off", "asked for all the same", "deny in doubt", "userpool/api TestOptionalSoftwareToken"},
		{"a software token verified in MFA_SETUP", "enabled and preferred at once", "it was the factor of that sign-in", "userpool/api TestRequiredSoftwareToken"},
		{"a software token verified by access token", "not asked for before SetUserMFAPreference", "AWS documents that the preference turns it on", "userpool/api TestOptionalSoftwareToken"},
		{"mfaConfiguration OPTIONAL without a factor, or OFF with one", "refused when it is declared", "as SetUserPoolMfaConfig; of the pool's own inputs it is not documented", "userpool TestSecondFactorOfAPool"},
		{"browser sessions and codes from before MFA was turned on", "worth nothing", "deny in doubt: no second factor was shown", "userpool/hosted TestSessionsFromBeforeTheSecondFactor"},

		{"a PostConfirmation function that fails", "its error is answered, and the user is confirmed", "the event tells what has happened", "userpool/api TestWhatFunctionsFailWith"},
		{"a sign-up with a username that is taken", "refused before PreSignUp is called", "the function is not asked about users who cannot be", "userpool/api TestSignUpIsAskedAndConfirmationTold"},
		{"autoVerifyEmail for a user without an address", "InvalidLambdaResponseException", "AWS documents that it is an error, and not which", "userpool/api TestAFunctionConfirmsAndVerifies"},
		{"a pre token generation function at the hosted sign-in", "called at the sign-in; its error goes to the callback as invalid_request", "nobody who is refused gets a code", "userpool/hosted TestAFunctionRefusesAHostedSignIn"},
		{"a trigger whose function was deleted, or does not permit the pool", "UnexpectedLambdaException that names AccessDeniedException", "the words reported for a missing permission", ". TestAPoolCallsItsFunctionAsItIsPermitted"},
		{"how often a trigger's function is called", "three times when it is too slow or throttled and after a ServiceException, else once", "AWS documents the three attempts, and not after which errors", "userpool/api TestWhatFunctionsFailWith"},
		{"claims cognito:… of a pre token generation function", "added or overridden they are ignored, suppressed they are gone; cognito:username stays", "groups change by groupOverrideDetails; to take away is safe", "userpool/triggers TestChanges"},
		{"scopesToAdd with aws.cognito.…", "ignored", "deny in doubt: no function gives out Cognito's own operations", "userpool/triggers TestChanges"},
		{"a token of over 16 KB by what a function adds", "InvalidLambdaResponseException", "nobody would read it", "userpool/api TestTheSecondVersionChangesAccessTokens"},
		{"the event after a new password that a second factor followed", "TokenGeneration_Authentication", "the second factor ended the sign-in", "userpool/api TestTheFunctionIsAskedAfterTheSecondFactor"},

		{"a user who is disabled, deleted or signed out everywhere while the pre token generation function runs", "not signed in", "deny in doubt", "userpool/api TestASignInIsDecidedAgainAfterTheFunction"},
		{"an Admin operation without a usable UserPoolId", "authorized on userpool/*, and then refused", "what is wrong is told to nobody without a grant", "userpool/api TestEveryAdministratorsOperationIsSignedAndGranted"},
		{"AdminCreateUser without DesiredDeliveryMediums", "by SMS when the user has a phone number, else by mail when there is an address, else no message", "AWS's default is SMS; a user without a phone would never hear of it", "userpool/api TestInvitationsGoToWhatTheUserHas"},
		{"AdminCreateUser with RESEND and other attributes", "they are ignored", "it is documented to send a message", "userpool/api TestAdministratorMakesAUserWhoIsInvited"},
		{"a refresh token of a user who is disabled", "NotAuthorizedException: User is disabled.; revoked once enabled again", "disabling is documented to revoke tokens", "userpool/api TestDisabledAndDeletedUsers"},

		{"deleting a policy that is nothing but a boundary", "DeleteConflict", "AWS documents it of attached ones; a boundary that is gone would be no boundary", "iam TestQuotasAndReferences"},
		{"a role's managedPolicyArns beside attachments of other resources", "refused when it is declared", "the one undoes the other at every update", "iam TestQuotasAndReferences"},
		{"the words of a denied AssumeRole", "without a because clause, unless it is an explicit deny", "as reported; more would tell which roles there are", "iam TestWhoMayAssumeARole"},
		{"AssumeRole by the account's administrator", "Roles may not be assumed by root accounts.", "it is the account's root user here", "iam TestRolesThatAreNotAskedForRightly"},
		{"the administrator's key on a page of another origin, or under a name that public DNS may resolve", "the token is invalid (case 13)", "AWS's keys are secret, and test/test is known to every page that somebody visits", "iam TestPagesFromElsewhereMayNotUseTheAdministratorsKey"},
		{"a guest's session of the basic flow", "no scope-down policy", "AWS documents it of the enhanced flow alone", "identitypool TestTheBasicFlow"},

		{"a parameter's allowedPattern", "must match the whole value", "the narrower reading", "ssm TestDeclarationsAreChecked"},
		{"an earlier version of a parameter", "ParameterVersionNotFound", "only the current one is kept", "ssm TestAParameterAsItIsShown"},
		{"the payload of an invocation of type Event", "at most 1 MB", "the newer of the limits that AWS's pages name", "lambda TestEventsThatAreNotTaken"},
		{"the queue of events", "in memory; over 64 MB it is TooManyRequestsException", "AWS names no bound; memory has one", "lambda TestEventsThatAreNotTaken"},
		{"an event whose function fails", "run again after one minute and after two", "AWS documents two retries, about so far apart", "lambda TestAnEventRunsTwiceMoreWhenTheFunctionFails"},
		{"a function that is changed and changed back before it is published", "no new version", "AWS documents that nothing is published when nothing has changed since the last version", "lambda TestWhatPublishesAVersion"},
		{"a service that invokes a function by the qualifier $LATEST", "not permitted", "a permission of the function is for its unqualified ARN, and $LATEST cannot have one", "lambda TestPermissionsBelongToAQualifier"},
		{"the permissions of an alias that is deleted", "they go with it", "an alias of the same name is another", "lambda TestPermissionsBelongToAQualifier"},
		{"an alias that is not there", "Function not found when it is invoked, Cannot find alias arn when it is looked at", "as reported", "lambda/api TestLookingAtVersionsAndAliases"},
		{"the resource of GetAlias, ListAliases and ListVersionsByFunction", "the function, without a qualifier", "the resource type that AWS lists for them", "lambda/api TestLookingAtVersionsAndAliases"},
		{"when processes of a version to which no alias leads end", "when something is declared, and after the idle time", "AWS does not say", "lambda TestAnAliasMoves"},
		{"which rights to its network a function's role is asked for", "CreateNetworkInterface for the interface, every subnet and every security group, DescribeNetworkInterfaces and DeleteNetworkInterface, when network or role are new", "the refusals that are reported name these three", "lambda TestAFunctionNeedsARightToItsNetwork"},
		{"the resource of CloudWatch Logs' operations on a group", "log-group:NAME:log-stream:", "as denials of AWS have it; its pages say log-group:NAME:*, which matches", "lambda/logs/api TestWhoMayRead"},
		{"a term of a filter pattern within a longer word", "does not match", "the examples of AWS are whole words", "lambda/logs TestPattern"},
		{"GetUsage of keys that were not used, and of a plan without a quota", "zeros; -1 is left", "so that every key of the plan is listed", "gateway TestGetUsage"},

		{"request bodies over 128 MB together", "503 at once", "AWS has no such bound; bodies that waited for one another could wait for ever", "stress TestLargeBodiesTogether"},
		{"a request that cannot be counted against its quota", "500 Internal server error, and it is not let in", "deny in doubt", "gateway TestAQuotaThatCannotBeCounted"},
		{"Content-Length with Transfer-Encoding: chunked", "read as chunks", "RFC 9112, section 6.3", "stress TestShapesOfRequests"},
		{"a clock that a tester puts back", "undoes nothing: used codes stay used, and what was ended is over", "AWS's clock runs one way", "userpool/api TestAClockThatGoesBackUndoesNothing"},
		{"tokens from before a reset", "good for who only verifies signatures until they expire, as those of a deleted user on AWS", "the keys stay, and no API asks the pool", "userpool TestResetMakesDeclaredUsersAnew"},
	}, cognitoChoices()...)
}

// TestChoicesAreHeld looks up the test that every choice names.
func TestChoicesAreHeld(t *testing.T) {
	held := map[string]bool{}
	for _, sec := range sections() {
		for _, tc := range sec.cases {
			held[tc.id] = true
		}
	}
	for _, r := range refusals() {
		held["refused: "+r.what] = true
	}
	for _, c := range choices() {
		if c.about == "" || c.chosen == "" || c.why == "" {
			t.Errorf("the choice %+v is not complete", c)
		}
		folder, name, isTest := strings.Cut(c.held, " Test")
		if !held[c.held] && !(isTest && hasTest(t, folder, "Test"+name)) {
			t.Errorf("%s: there is no %s", c.about, c.held)
		}
	}
}

// hasTest tells whether a folder of the local AWS has this test.
func hasTest(t *testing.T, folder, name string) bool {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("..", filepath.FromSlash(folder), "*_test.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		source, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), file, source, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range parsed.Decls {
			if f, ok := d.(*ast.FuncDecl); ok && f.Recv == nil && f.Name.Name == name {
				return true
			}
		}
	}
	return false
}
