// Package password is what a user pool knows of passwords: what its policy asks of them,
// how temporary ones are made up, and how they are kept and checked. It knows nothing of
// pools, users or the store.
package password

import (
	"strings"
	"time"
	"unicode/utf8"

	"auth-api/infra/localaws/userpool/random"
)

// Policy is what a pool asks of passwords, as it is declared: Cognito's
// PasswordPolicyType. Fields left out have no default here; see Effective.
//
// https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_PasswordPolicyType.html
type Policy struct {
	MinimumLength                 int  `json:"minimumLength,omitempty"`
	RequireLowercase              bool `json:"requireLowercase,omitempty"`
	RequireUppercase              bool `json:"requireUppercase,omitempty"`
	RequireNumbers                bool `json:"requireNumbers,omitempty"`
	RequireSymbols                bool `json:"requireSymbols,omitempty"`
	PasswordHistorySize           int  `json:"passwordHistorySize,omitempty"`
	TemporaryPasswordValidityDays int  `json:"temporaryPasswordValidityDays,omitempty"`
}

// Effective is what a pool that declares the policy asks of passwords: all of Cognito's
// classes and eight characters when it declares nothing.
func (p *Policy) Effective() Policy {
	if p == nil {
		return Policy{MinimumLength: 8, RequireLowercase: true, RequireUppercase: true, RequireNumbers: true, RequireSymbols: true}
	}
	policy := *p
	if policy.MinimumLength == 0 {
		policy.MinimumLength = 6
	}
	return policy
}

// symbols are the special characters that Cognito counts, and the space within.
//
// https://docs.aws.amazon.com/cognito/latest/developerguide/managing-users-passwords.html
const symbols = "^$*.[]{}()?-\"!@#%&/\\,><':;|_~`=+ "

// Problem is what Cognito says of a password that breaks the policy, or "".
func (p Policy) Problem(password string) string {
	has := func(chars string) bool { return strings.ContainsAny(password, chars) }
	n := utf8.RuneCountInString(password)
	switch {
	case n > 256:
		return "Password too long"
	case n < p.MinimumLength:
		return "Password not long enough"
	case p.RequireUppercase && !has("ABCDEFGHIJKLMNOPQRSTUVWXYZ"):
		return "Password must have uppercase characters"
	case p.RequireLowercase && !has("abcdefghijklmnopqrstuvwxyz"):
		return "Password must have lowercase characters"
	case p.RequireNumbers && !has("0123456789"):
		return "Password must have numeric characters"
	case p.RequireSymbols && !has(symbols):
		return "Password must have symbol characters"
	case password != strings.TrimSpace(password):
		return "Password must not begin or end with a space"
	}
	return ""
}

// Temporary makes a password that the policy takes: of all classes, and of 20
// characters unless the policy asks for more.
func (p Policy) Temporary(source *random.Source) (string, error) {
	var parts []string
	each := max(5, (p.MinimumLength+3)/4)
	for _, class := range []string{"ABCDEFGHJKLMNPQRSTUVWXYZ", "abcdefghijkmnopqrstuvwxyz", "23456789", "!@#%*-_=+?"} {
		part, err := source.Pick(class, each)
		if err != nil {
			return "", err
		}
		parts = append(parts, part)
	}
	return strings.Join(parts, ""), nil
}

// TemporaryExpires is when a temporary password set at a time is over: after 7 days
// unless the policy says otherwise.
func (p *Policy) TemporaryExpires(set time.Time) time.Time {
	days := 7
	if p != nil && p.TemporaryPasswordValidityDays > 0 {
		days = p.TemporaryPasswordValidityDays
	}
	return set.AddDate(0, 0, days)
}

// Kept is how many passwords before the one in force are remembered, so that they are
// not used again.
func (p *Policy) Kept() int {
	if p == nil {
		return 0
	}
	return max(0, p.PasswordHistorySize-1)
}
