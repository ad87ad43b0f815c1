package recorded

import (
	"errors"
	"fmt"

	"auth-api/infra/localaws/declared"
)

// RiskConfiguration says what threat protection does in a user pool, or for one of its
// clients (aws:cognito/riskConfiguration:RiskConfiguration). Its id is POOL or
// POOL:CLIENT. No sign-in is rated here.
//
// https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_SetRiskConfiguration.html
type RiskConfiguration struct {
	UserPoolID             string                  `json:"userPoolId" aws:"required,replace"`
	ClientID               string                  `json:"clientId,omitempty" aws:"replace"`
	AccountTakeover        *AccountTakeover        `json:"accountTakeoverRiskConfiguration,omitempty"`
	CompromisedCredentials *CompromisedCredentials `json:"compromisedCredentialsRiskConfiguration,omitempty"`
	RiskException          *RiskException          `json:"riskExceptionConfiguration,omitempty"`
}

func (r RiskConfiguration) check() error {
	if r.AccountTakeover == nil && r.CompromisedCredentials == nil && r.RiskException == nil {
		return errors.New("accountTakeoverRiskConfiguration is missing; legal is at least one of accountTakeoverRiskConfiguration, compromisedCredentialsRiskConfiguration, riskExceptionConfiguration")
	}
	return nil
}

// AccountTakeover is what is done with sign-ins by their risk.
type AccountTakeover struct {
	Actions             TakeoverActions      `json:"actions"`
	NotifyConfiguration *NotifyConfiguration `json:"notifyConfiguration,omitempty"`
}

// TakeoverActions are the actions by risk.
type TakeoverActions struct {
	HighAction   *TakeoverAction `json:"highAction,omitempty"`
	MediumAction *TakeoverAction `json:"mediumAction,omitempty"`
	LowAction    *TakeoverAction `json:"lowAction,omitempty"`
}

// TakeoverAction is what is done at one level of risk.
type TakeoverAction struct {
	EventAction string `json:"eventAction" rule:"need;one=BLOCK|MFA_IF_CONFIGURED|MFA_REQUIRED|NO_ACTION"`
	Notify      *bool  `json:"notify" rule:"need"`
}

func (a AccountTakeover) check() error {
	for name, action := range map[string]*TakeoverAction{"highAction": a.Actions.HighAction, "mediumAction": a.Actions.MediumAction, "lowAction": a.Actions.LowAction} {
		if action != nil && *action.Notify && a.NotifyConfiguration == nil {
			return fmt.Errorf("actions.%s.notify is true; legal is that with notifyConfiguration alone", name)
		}
	}
	return nil
}

// NotifyConfiguration says how users are told, by SES.
type NotifyConfiguration struct {
	SourceARN     string       `json:"sourceArn" rule:"need;form=arn"`
	From          string       `json:"from,omitempty"`
	ReplyTo       string       `json:"replyTo,omitempty"`
	BlockEmail    *NotifyEmail `json:"blockEmail,omitempty"`
	MFAEmail      *NotifyEmail `json:"mfaEmail,omitempty"`
	NoActionEmail *NotifyEmail `json:"noActionEmail,omitempty"`
}

// NotifyEmail is a message to a user.
type NotifyEmail struct {
	Subject  string `json:"subject" rule:"need;length=1..140"`
	HTMLBody string `json:"htmlBody" rule:"need;length=6..20000"`
	TextBody string `json:"textBody" rule:"need;length=6..20000"`
}

// CompromisedCredentials is what is done with passwords that are known elsewhere.
type CompromisedCredentials struct {
	Actions      CredentialsActions `json:"actions"`
	EventFilters []string           `json:"eventFilters,omitempty" rule:"one=SIGN_IN|PASSWORD_CHANGE|SIGN_UP"`
}

// CredentialsActions is the action of CompromisedCredentials.
type CredentialsActions struct {
	EventAction string `json:"eventAction" rule:"need;one=BLOCK|NO_ACTION"`
}

// RiskException are addresses that are always, or never, refused.
type RiskException struct {
	BlockedIPRangeLists []string `json:"blockedIpRangeLists,omitempty" rule:"length=1..200;form=cidr"`
	SkippedIPRangeLists []string `json:"skippedIpRangeLists,omitempty" rule:"length=1..200;form=cidr"`
}

func (e RiskException) check() error {
	if len(e.BlockedIPRangeLists)+len(e.SkippedIPRangeLists) == 0 {
		return errors.New("blockedIpRangeLists is missing; legal is at least one of blockedIpRangeLists, skippedIpRangeLists")
	}
	return nil
}

// RiskConfigurations is the kind of risk configurations.
const RiskConfigurations declared.Kind[RiskConfiguration] = Prefix + "cognito.RiskConfiguration"
