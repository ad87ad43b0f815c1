package settings

import (
	"net/mail"
	"regexp"
	"strings"
)

// Tokens are how long what the user pool gives out lasts.
type Tokens struct {
	AccessMinutes        int
	IDMinutes            int
	RefreshDays          int
	SessionMinutes       int  // that a sign-in of several steps may take
	Rotation             bool // whether a refresh gives a new refresh token and ends the old one
	RotationGraceSeconds int  // that the old one is taken for
}

// Email is who sends the user pool's messages; empty, Cognito's own sender does.
//
// See https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-email.html.
type Email struct {
	From      string // an address, or NAME <ADDRESS>
	SourceARN string // of the identity of SES that sends
}

// sesIdentity is the ARN of an identity of SES.
var sesIdentity = regexp.MustCompile(`^arn:aws[a-z-]*:ses:[a-z]{2}(-[a-z]+)+-[0-9]:[0-9]{12}:identity/\S+$`)

// readProtection reads what a user pool asks of users beside the password, and what it
// gives them.
func readProtection(o object, id *Identity) {
	id.Tier = o.choice("tier", "LITE", []string{"LITE", "ESSENTIALS", "PLUS"}, "The user pool's feature plan, which may change at any time.",
		cost("a month and active user: LITE 0.0055 USD and ESSENTIALS 0.015 USD, both above 10,000 users; PLUS 0.02 USD from the first user"))
	id.MFA = o.choice("mfa", "OFF", []string{"OFF", "OPTIONAL", "REQUIRED"}, "Whether a sign-in asks for a code of an authenticator app (TOTP) after the password. OPTIONAL leaves it to each user; with REQUIRED those without an app set one up at their next sign-in. Write OFF in quotes, since YAML reads it as false.")
	id.ThreatProtection = o.choice("threatProtection", "OFF", []string{"OFF", "AUDIT", "ENFORCED"}, "Whether Cognito rates sign-ins by their risk, and finds passwords that are known to others: AUDIT tells of it, ENFORCED answers by asking for more or refusing. Write OFF in quotes, since YAML reads it as false.",
		cost("needs the tier PLUS, 0.02 USD a month and active user"))
	if id.Tier != "" && id.Tier != "PLUS" && id.ThreatProtection != "OFF" && id.ThreatProtection != "" {
		o.p.add(o.at("threatProtection"), "is %q, which needs %s PLUS (0.02 USD a month and active user), and it is %s", id.ThreatProtection, o.at("tier"), id.Tier)
	}
	o.child("tokens", "How long what the user pool gives out lasts.", func(o object) {
		t := Tokens{
			AccessMinutes:        o.integer("accessMinutes", 60, 5, 1440, "Minutes that access tokens last, those of machineClients too."),
			IDMinutes:            o.integer("idMinutes", 60, 5, 1440, "Minutes that ID tokens last."),
			RefreshDays:          o.integer("refreshDays", 30, 1, 3650, "Days that a refresh token lasts, and so a sign-in."),
			SessionMinutes:       o.integer("sessionMinutes", 3, 3, 15, "Minutes that a sign-in of several steps may take."),
			Rotation:             o.boolean("rotation", false, "Whether a refresh gives a new refresh token and ends the old one, so that a stolen one shows when it is used again. Needs the tier ESSENTIALS. Clients refresh by GetTokensFromRefreshToken or the token endpoint, as the flow REFRESH_TOKEN_AUTH is shut then."),
			RotationGraceSeconds: o.integer("rotationGraceSeconds", 0, 0, 60, "With rotation: seconds that the old refresh token is taken for still, for answers that were lost on the way."),
		}
		if t.RotationGraceSeconds > 0 && !t.Rotation {
			o.p.add(o.at("rotationGraceSeconds"), "is %d, but rotation is false", t.RotationGraceSeconds)
		}
		id.Tokens = t
	})
	o.child("email", "Who sends the user pool's codes. By default Cognito does, 50 messages a day and account.", func(o object) {
		id.Email = Email{
			From:      o.text("from", "", "is an address, or NAME <ADDRESS>", "The sender that users see; its address or domain is verified in SES."),
			SourceARN: o.text("sourceArn", "", sesRule, "The identity of SES that sends.", cost("SES, 0.10 USD for 1000 messages")),
		}
		if _, err := mail.ParseAddress(id.Email.From); id.Email.From != "" && (err != nil || strings.ContainsAny(id.Email.From, "\r\n")) {
			o.p.add(o.at("from"), "is %q: legal is an address, or NAME <ADDRESS>", id.Email.From)
		}
		if id.Email.SourceARN != "" && !sesIdentity.MatchString(id.Email.SourceARN) {
			o.p.add(o.at("sourceArn"), "is %q: legal %s", id.Email.SourceARN, sesRule)
		}
		if (id.Email.From == "") != (id.Email.SourceARN == "") {
			o.p.add(o.key, "has one of from and sourceArn: Cognito needs both to send by SES")
		}
	})
}

const sesRule = "is the ARN of an identity of SES, such as arn:aws:ses:us-west-2:111122223333:identity/example.com"
