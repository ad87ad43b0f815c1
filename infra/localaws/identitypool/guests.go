package identitypool

import (
	"encoding/json"
	"strings"
)

// guestSessionPolicies limit what a guest can do in the enhanced flow, whatever the
// guests' role allows: an inline session policy, which takes in execute-api, and the
// managed policy AmazonCognitoUnAuthedIdentitiesSessionPolicy. A guest may do what the
// role and either of the two allow; anything else is refused because no session policy
// allows it, such as ssm:GetParameter.
//
// https://docs.aws.amazon.com/cognito/latest/developerguide/iam-roles.html#access-policies
// https://docs.aws.amazon.com/aws-managed-policy/latest/reference/AmazonCognitoUnAuthedIdentitiesSessionPolicy.html
var guestSessionPolicies = []string{
	allowOnly(`
		appsync:* cloudwatch:* codewhisperer:* cognito-identity:* cognito-idp:* cognito-sync:* comprehend:*
		dynamodb:* execute-api:* firehose:* gamelift:* iot:* kinesis:* lambda:* lex:* logs:* machinelearning:*
		mobileanalytics:* mobiletargeting:* personalize:* polly:* rekognition:* s3:* sagemaker:InvokeEndpoint
		sdb:* ses:* sns:* sqs:* textract:AnalyzeDocument textract:DetectDocumentText transcribe:* translate:*`),
	allowOnly(`
		comprehend:* firehose:* geo:*DevicePosition* geo:*Geofence geo:*Geofences geo:CalculateRoute* geo:GetMap*
		geo:GetPlace geo:SearchPlaceIndex* kms:Decrypt kms:Encrypt kms:GenerateDataKey kms:GenerateDataKeyPair
		kms:GenerateDataKeyPairWithoutPlaintext kms:GenerateDataKeyWithoutPlaintext kms:ReEncryptFrom
		kms:ReEncryptTo mobiletargeting:* personalize:* polly:* rekognition:* rum:PutRumEvents
		sagemaker:InvokeEndpoint transcribe:* translate:*`),
}

// allowOnly writes a policy that allows these actions on everything.
func allowOnly(actions string) string {
	type statement struct {
		Effect   string
		Action   []string
		Resource string
	}
	document, err := json.Marshal(struct {
		Version   string
		Statement []statement
	}{"2012-10-17", []statement{{"Allow", strings.Fields(actions), "*"}}})
	if err != nil {
		panic(err) // it is all strings
	}
	return string(document)
}
