package userpool

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"auth-api/infra/localaws/store"
)

// AddOns are a pool's threat protection. The local AWS records it: it rates no risk.
//
// https://docs.aws.amazon.com/cognito/latest/developerguide/cognito-user-pool-settings-threat-protection.html
type AddOns struct {
	AdvancedSecurityMode string `json:"advancedSecurityMode"` // OFF, AUDIT, ENFORCED
}

// EmailConfiguration says how a pool sends mail. The local AWS records it: its mail
// goes to the mailbox.
type EmailConfiguration struct {
	ConfigurationSet    string `json:"configurationSet,omitempty"`
	EmailSendingAccount string `json:"emailSendingAccount,omitempty"` // COGNITO_DEFAULT, DEVELOPER
	FromEmailAddress    string `json:"fromEmailAddress,omitempty"`
	ReplyToEmailAddress string `json:"replyToEmailAddress,omitempty"`
	SourceARN           string `json:"sourceArn,omitempty"` // of an address or a domain that SES has verified
}

// checkSettings refuses settings that AWS refuses, in its order of things: features by
// the pool's tier, which is ESSENTIALS when it is not said.
//
// https://docs.aws.amazon.com/cognito/latest/developerguide/cognito-sign-in-feature-plans.html
func checkSettings(p Pool) error {
	if a := p.UserPoolAddOns; a != nil {
		if err := oneOf("userPoolAddOns.advancedSecurityMode", []string{a.AdvancedSecurityMode}, []string{"OFF", "AUDIT", "ENFORCED"}); err != nil {
			return err
		}
		if a.AdvancedSecurityMode != "OFF" && p.Tier != "PLUS" {
			return unavailable("userPoolAddOns.advancedSecurityMode: "+a.AdvancedSecurityMode, p.Tier, "PLUS")
		}
	}
	if w := p.PasswordPolicy; w != nil && w.PasswordHistorySize > 0 && p.Tier == "LITE" {
		return unavailable(fmt.Sprintf("passwordPolicy.passwordHistorySize: %d", w.PasswordHistorySize), p.Tier, "ESSENTIALS or PLUS")
	}
	if err := checkRecovery(p.AccountRecoverySetting); err != nil {
		return err
	}
	return checkEmail(p.EmailConfiguration)
}

func unavailable(setting, tier, needs string) error {
	if tier == "" {
		tier = "ESSENTIALS, as it is not declared"
	}
	return fmt.Errorf("%s: FeatureUnavailableInTierException: it needs userPoolTier %s, and that is %s", setting, needs, tier)
}

func checkRecovery(r *AccountRecoverySetting) error {
	if r == nil {
		return nil
	}
	const key = "accountRecoverySetting.recoveryMechanisms"
	if len(r.RecoveryMechanisms) > 2 {
		return fmt.Errorf("%s: %d are not legal; legal are 2 at most", key, len(r.RecoveryMechanisms))
	}
	for i, m := range r.RecoveryMechanisms {
		if err := oneOf(key+".name", []string{m.Name}, []string{"verified_email", "verified_phone_number", "admin_only"}); err != nil {
			return err
		}
		switch {
		case m.Name == "admin_only" && len(r.RecoveryMechanisms) > 1:
			return fmt.Errorf("%s: InvalidParameterException: admin_only cannot stand beside another mechanism", key)
		case m.Priority < 1 || m.Priority > 2:
			return fmt.Errorf("%s.priority: %d is not between 1 and 2", key, m.Priority)
		case slices.ContainsFunc(r.RecoveryMechanisms[:i], func(o RecoveryMechanism) bool { return o.Name == m.Name || o.Priority == m.Priority }):
			return fmt.Errorf("%s: two have the name %q or the priority %d", key, m.Name, m.Priority)
		}
	}
	return nil
}

func checkEmail(e *EmailConfiguration) error {
	if e == nil {
		return nil
	}
	if err := oneOf("emailConfiguration.emailSendingAccount", some(e.EmailSendingAccount), []string{"COGNITO_DEFAULT", "DEVELOPER"}); err != nil {
		return err
	}
	switch {
	case e.EmailSendingAccount == "DEVELOPER" && e.SourceARN == "":
		return errors.New("emailConfiguration.sourceArn: it is required with emailSendingAccount DEVELOPER")
	case e.SourceARN != "" && !strings.HasPrefix(e.SourceARN, "arn:aws:ses:"):
		return fmt.Errorf("emailConfiguration.sourceArn: %q is not the ARN of an identity of SES", e.SourceARN)
	case e.EmailSendingAccount != "DEVELOPER" && (e.ConfigurationSet != "" || e.FromEmailAddress != "" && e.SourceARN == ""):
		return errors.New("emailConfiguration: configurationSet and fromEmailAddress need emailSendingAccount DEVELOPER and sourceArn")
	}
	if r := e.ReplyToEmailAddress; r != "" && checkFormats(map[string]string{"email": r}) != nil {
		return fmt.Errorf("emailConfiguration.replyToEmailAddress: %q is not an address", r)
	}
	return nil
}

// PoolChanged checks what becomes of a pool that is there, and then does what
// PoolDeclared does. It is called inside the provider's transaction.
func (s *Service) PoolChanged(tx *store.Tx, id string, before, after Pool) error {
	if err := after.attributes().Extends(before.attributes()); err != nil {
		return fmt.Errorf("changing user pool %s: %w", id, err)
	}
	return s.PoolDeclared(tx, id, after)
}
