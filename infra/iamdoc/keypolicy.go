package iamdoc

// KeyUses are what the services of a stack do with its KMS key.
type KeyUses struct {
	LogGroups []string // patterns of ARNs of log groups that are encrypted with it
	Topics    bool     // whether CloudWatch's alarms write to SNS topics that are
}

// administration is what the account's own policies may allow with a key: all of its
// management, and its use, since without that nobody could let a role use it. It is
// written out, where kms:* would also let in what AWS adds one day.
//
// See https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html.
var administration = []string{
	"kms:CancelKeyDeletion", "kms:CreateAlias", "kms:CreateGrant", "kms:Decrypt", "kms:DeleteAlias", "kms:DescribeKey",
	"kms:DisableKey", "kms:DisableKeyRotation", "kms:EnableKey", "kms:EnableKeyRotation", "kms:Encrypt", "kms:GenerateDataKey",
	"kms:GenerateDataKeyWithoutPlaintext", "kms:GetKeyPolicy", "kms:GetKeyRotationStatus", "kms:ListGrants", "kms:ListKeyPolicies",
	"kms:ListResourceTags", "kms:ListRetirableGrants", "kms:PutKeyPolicy", "kms:ReEncryptFrom", "kms:ReEncryptTo", "kms:RetireGrant", "kms:RevokeGrant",
	"kms:RotateKeyOnDemand", "kms:ListKeyRotations", "kms:ScheduleKeyDeletion", "kms:TagResource", "kms:UntagResource", "kms:UpdateAlias", "kms:UpdateKeyDescription",
}

// KeyPolicy is the policy of a KMS key: the account's own policies decide over it, and
// the services that encrypt the stack's logs and messages may use it for those alone.
//
// See https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/encrypt-log-data-kms.html
// and https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html.
func KeyPolicy(account Account, uses KeyUses) Document {
	d := Document{Statements: []Statement{{
		ID: "AccountDecides", Effect: Allow, Attached: true,
		Principal: &Principal{AWS: "arn:" + account.Partition + ":iam::" + account.ID + ":root"},
		Actions:   administration,
	}}}
	if len(uses.LogGroups) > 0 {
		d.Statements = append(d.Statements, Statement{
			ID: "EncryptOwnLogs", Effect: Allow, Attached: true,
			Principal: &Principal{Service: "logs." + account.Region + ".amazonaws.com"},
			Actions:   []string{"kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey", "kms:GenerateDataKeyWithoutPlaintext", "kms:ReEncryptFrom", "kms:ReEncryptTo"},
			Conditions: Conditions{
				"ArnLike": {"kms:EncryptionContext:aws:logs:arn": uses.LogGroups},
			},
		})
	}
	if uses.Topics {
		d.Statements = append(d.Statements, Statement{
			ID: "AlarmsTellTopics", Effect: Allow, Attached: true,
			Principal: &Principal{Service: "cloudwatch.amazonaws.com"},
			Actions:   []string{"kms:Decrypt", "kms:GenerateDataKey"},
			Conditions: Conditions{
				"StringEquals": {"aws:SourceAccount": {account.ID}},
			},
		})
	}
	return d
}

// PublishAlarms is the policy of an SNS topic: alarms of the account may tell it.
//
// See https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Notify_Users_Alarm_Changes.html.
func PublishAlarms(account Account, topicARN string) Document {
	return Document{Statements: []Statement{{
		ID: "AlarmsOfThisAccount", Effect: Allow,
		Principal:  &Principal{Service: "cloudwatch.amazonaws.com"},
		Actions:    []string{"sns:Publish"},
		Resources:  []string{topicARN},
		Conditions: Conditions{"StringEquals": {"aws:SourceAccount": {account.ID}}},
	}}}
}
