package recorded

import (
	"fmt"
	"regexp"
	"strings"

	"auth-api/infra/localaws/declared"
)

// Topic is a topic of SNS (aws:sns/topic:Topic). Its id is its ARN.
//
// https://docs.aws.amazon.com/sns/latest/api/API_CreateTopic.html
type Topic struct {
	Name             string            `json:"name" aws:"replace,autoname" rule:"length=1..256;form=name"`
	DisplayName      string            `json:"displayName,omitempty" rule:"length=0..100"`
	KMSMasterKeyID   string            `json:"kmsMasterKeyId,omitempty"` // id, ARN or alias of a key
	Policy           string            `json:"policy,omitempty" aws:"default" rule:"form=policy"`
	SignatureVersion int               `json:"signatureVersion,omitempty" aws:"default" rule:"range=1..2"`
	TracingConfig    string            `json:"tracingConfig,omitempty" aws:"default" rule:"one=PassThrough|Active"`
	Tags             map[string]string `json:"tags,omitempty"`
	TagsAll          map[string]string `json:"tagsAll,omitempty" aws:"computed"`
	ARN              string            `json:"arn,omitempty" aws:"computed"`
	Owner            string            `json:"owner,omitempty" aws:"computed"`
}

// TopicSubscription is a subscription to a topic (aws:sns/topicSubscription:TopicSubscription).
// Its id is its ARN. Nobody is sent anything, so one by email waits for confirmation forever.
//
// https://docs.aws.amazon.com/sns/latest/api/API_Subscribe.html
type TopicSubscription struct {
	Topic               string `json:"topic" aws:"required,replace" rule:"form=arn"`
	Protocol            string `json:"protocol" aws:"required,replace" rule:"one=email|email-json|sms|https|sqs|lambda|firehose|application"`
	Endpoint            string `json:"endpoint" aws:"required,replace" rule:"length=1..2048"`
	RawMessageDelivery  bool   `json:"rawMessageDelivery,omitempty"`
	FilterPolicy        string `json:"filterPolicy,omitempty" rule:"form=json"`
	FilterPolicyScope   string `json:"filterPolicyScope,omitempty" aws:"default" rule:"one=MessageAttributes|MessageBody"`
	ARN                 string `json:"arn,omitempty" aws:"computed"`
	OwnerID             string `json:"ownerId,omitempty" aws:"computed"`
	PendingConfirmation bool   `json:"pendingConfirmation" aws:"computed"`
}

var emailPattern = regexp.MustCompile(`^[^\s@]+@[^\s@]+\.[^\s@]+$`)

func (s TopicSubscription) check() error {
	switch {
	case strings.HasPrefix(s.Protocol, "email") && !emailPattern.MatchString(s.Endpoint):
		return fmt.Errorf("endpoint is %q; legal with the protocol %s are email addresses", clip(s.Endpoint), s.Protocol)
	case s.Protocol == "https" && !strings.HasPrefix(s.Endpoint, "https://"):
		return fmt.Errorf("endpoint is %q; legal with the protocol https are https URLs", clip(s.Endpoint))
	case (s.Protocol == "sqs" || s.Protocol == "lambda" || s.Protocol == "firehose" || s.Protocol == "application") && !forms["arn"].is(s.Endpoint):
		return fmt.Errorf("endpoint is %q; legal with the protocol %s are ARNs", clip(s.Endpoint), s.Protocol)
	}
	return nil
}

// TopicPolicy says who may use a topic (aws:sns/topicPolicy:TopicPolicy). Its id is the
// topic's ARN.
type TopicPolicy struct {
	ARN    string `json:"arn" aws:"required,replace" rule:"form=arn"`
	Policy string `json:"policy" aws:"required" rule:"length=1..30720;form=policy"`
	Owner  string `json:"owner,omitempty" aws:"computed"`
}

// The kinds of SNS.
const (
	Topics             declared.Kind[Topic]             = Prefix + "sns.Topic"
	TopicSubscriptions declared.Kind[TopicSubscription] = Prefix + "sns.TopicSubscription"
	TopicPolicies      declared.Kind[TopicPolicy]       = Prefix + "sns.TopicPolicy"
)
