package settings

import (
	"fmt"
	"strings"
)

// PasswordPolicy is what a user's password must have.
//
// See https://docs.aws.amazon.com/cognito/latest/developerguide/managing-users-passwords.html.
type PasswordPolicy struct {
	MinimumLength                 int
	RequireLowercase              bool
	RequireUppercase              bool
	RequireNumbers                bool
	RequireSymbols                bool
	TemporaryPasswordValidityDays int
	HistorySize                   int // former passwords that are refused
}

func readPasswordPolicy(o object) PasswordPolicy {
	var p PasswordPolicy
	o.child("passwordPolicy", "What a password must have.", func(o object) {
		p = PasswordPolicy{
			MinimumLength:                 o.integer("minimumLength", 8, 6, 99, "Characters."),
			RequireLowercase:              o.boolean("requireLowercase", true, "A lower-case letter."),
			RequireUppercase:              o.boolean("requireUppercase", true, "An upper-case letter."),
			RequireNumbers:                o.boolean("requireNumbers", true, "A digit."),
			RequireSymbols:                o.boolean("requireSymbols", true, "A symbol."),
			TemporaryPasswordValidityDays: o.integer("temporaryPasswordValidityDays", 7, 1, 365, "How long a password that an administrator gave opens the first sign-in."),
			HistorySize:                   o.integer("historySize", 0, 0, 24, "How many former passwords a new one must differ from; more than 0 needs the tier ESSENTIALS."),
		}
	})
	return p
}

// symbols are the characters that Cognito counts as such.
const symbols = "^$*.[]{}()?-\"!@#%&/\\,><':;|_~`+="

// Lacks says what of the policy a password does not have, without the password. It is
// empty when the password will do.
func (p PasswordPolicy) Lacks(password string) string {
	var missing []string
	need := func(required bool, what string, is func(rune) bool) {
		if required && !strings.ContainsFunc(password, is) {
			missing = append(missing, what)
		}
	}
	if n := len([]rune(password)); n < p.MinimumLength {
		missing = append(missing, fmt.Sprintf("a length of %d", p.MinimumLength))
	} else if n > 256 {
		missing = append(missing, "a length of at most 256")
	}
	need(p.RequireLowercase, "a lower-case letter", func(r rune) bool { return 'a' <= r && r <= 'z' })
	need(p.RequireUppercase, "an upper-case letter", func(r rune) bool { return 'A' <= r && r <= 'Z' })
	need(p.RequireNumbers, "a digit", func(r rune) bool { return '0' <= r && r <= '9' })
	need(p.RequireSymbols, "a symbol", func(r rune) bool { return strings.ContainsRune(symbols, r) })
	return strings.Join(missing, ", ")
}
