package iam

import (
	"encoding/xml"
	"errors"
	"fmt"
	"net"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"auth-api/infra/localaws/audit"
	"auth-api/infra/localaws/authz"
)

const (
	maxSessionPolicy = 2048             // characters of the Policy parameter
	maxWebToken      = 20000            // characters of a web identity's token
	maxChained       = time.Hour        // of a session that another session began
	minSession       = 15 * time.Minute // of any
	maxNamed         = 10               // parameters that are not known, of one answer
	maxSession       = 12 * time.Hour
)

var (
	roleForm       = regexp.MustCompile(`^arn:aws:iam::\d{12}:role/[\w+=,.@/-]{1,576}$`)
	externalIDForm = regexp.MustCompile(`^[\w+=,.@:\\/-]{2,}$`)
)

func stsInvalid(format string, args ...any) error {
	return &stsRefusal{status: http.StatusBadRequest, code: "ValidationError", message: fmt.Sprintf(format, args...)}
}

func stsConstraint(value, member, rule string) error {
	return stsInvalid("1 validation error detected: Value '%s' at '%s' failed to satisfy constraint: %s", audit.Clip(value), member, rule)
}

// stsSession is what both ways of assuming a role ask for.
type stsSession struct {
	roleARN, name, policy string
	duration              time.Duration
}

// only refuses the parameters that the local AWS does not know, by name.
func (q *stsCall) only(known ...string) error {
	var unknown []string
	for name := range q.form {
		if name != "Action" && name != "Version" && !slices.Contains(known, name) {
			unknown = append(unknown, audit.Clip(name))
		}
	}
	if len(unknown) > 0 {
		slices.Sort(unknown)
		if len(unknown) > maxNamed {
			unknown = append(unknown[:maxNamed], "…")
		}
		return stsInvalid("The local AWS does not know %s of %s; it knows %s", strings.Join(unknown, ", "), q.form.Get("Action"), strings.Join(known, ", "))
	}
	return nil
}

// session reads the parameters of the role's session.
func (q *stsCall) session() (in stsSession, err error) {
	in = stsSession{roleARN: q.form.Get("RoleArn"), name: q.form.Get("RoleSessionName"), policy: q.form.Get("Policy"), duration: time.Hour}
	for _, given := range [][2]string{{"roleArn", in.roleARN}, {"roleSessionName", in.name}} {
		if given[1] == "" {
			return in, stsInvalid("1 validation error detected: Value null at '%s' failed to satisfy constraint: Member must not be null", given[0])
		}
	}
	switch {
	case !roleForm.MatchString(in.roleARN):
		return in, stsInvalid("%s is invalid", audit.Clip(in.roleARN))
	case !sessionName.MatchString(in.name):
		return in, stsConstraint(in.name, "roleSessionName", `Member must satisfy regular expression pattern: [\w+=,.@-]*, and have 2 to 64 characters`)
	case len(in.policy) > maxSessionPolicy:
		return in, stsInvalid("1 validation error detected: Value at 'policy' failed to satisfy constraint: Member must have length less than or equal to %d", maxSessionPolicy)
	}
	if in.policy != "" {
		if _, err := authz.ParseIdentity(in.policy); err != nil {
			return in, &stsRefusal{status: http.StatusBadRequest, code: "MalformedPolicyDocument", message: "The policy is not in the valid JSON format, or the local AWS does not know it: " + err.Error()}
		}
	}
	text := q.form.Get("DurationSeconds")
	if text == "" {
		return in, nil
	}
	seconds, err := strconv.Atoi(text)
	switch { // as seconds: many of them overflow a Duration
	case err != nil:
		return in, stsConstraint(text, "durationSeconds", "Member must be a number")
	case seconds < int(minSession/time.Second):
		return in, stsConstraint(text, "durationSeconds", "Member must have value greater than or equal to 900")
	case seconds > int(maxSession/time.Second):
		return in, stsConstraint(text, "durationSeconds", "Member must have value less than or equal to 43200")
	}
	in.duration = time.Duration(seconds) * time.Second
	return in, nil
}

type stsCredentials struct {
	AccessKeyID     string `xml:"AccessKeyId"`
	SecretAccessKey string
	SessionToken    string
	Expiration      string
}

type assumedRoleUser struct {
	AssumedRoleID string `xml:"AssumedRoleId"`
	ARN           string `xml:"Arn"`
}

// user is who the new session is.
func (q *stsCall) user(in stsSession) (assumedRoleUser, error) {
	v, err := q.view()
	if err != nil {
		return assumedRoleUser{}, err
	}
	role := v.byARN[in.roleARN]
	if role == nil { // it went in the meantime
		return assumedRoleUser{}, fmt.Errorf("assuming role %s: it is gone", in.roleARN)
	}
	return assumedRoleUser{role.uniqueID + ":" + in.name, "arn:aws:sts::" + q.account + ":assumed-role/" + role.name + "/" + in.name}, nil
}

func (c Credentials) xml() stsCredentials {
	return stsCredentials{c.AccessKeyID, c.SecretAccessKey, c.SessionToken, c.Expiration.UTC().Format(time.RFC3339)}
}

// assumeRole gives a caller credentials for a role.
//
// https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
func (q *stsCall) assumeRole() (any, error) {
	caller, err := q.Authenticate(q.r, q.body, "sts")
	if err != nil {
		return nil, err
	}
	if err := q.only("RoleArn", "RoleSessionName", "DurationSeconds", "Policy", "ExternalId"); err != nil {
		return nil, err
	}
	in, err := q.session()
	if err != nil {
		return nil, err
	}
	externalID := q.form.Get("ExternalId")
	switch {
	case externalID != "" && (len(externalID) > 1224 || !externalIDForm.MatchString(externalID)):
		return nil, stsInvalid(`1 validation error detected: Value at 'externalId' failed to satisfy constraint: Member must satisfy regular expression pattern: [\w+=,.@:\/-]*, and have 2 to 1224 characters`)
	case caller.RoleName != "" && in.duration > maxChained:
		return nil, stsInvalid("The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining.")
	}
	source, _, _ := net.SplitHostPort(q.r.RemoteAddr)
	given, err := q.AssumeRole(caller, AssumeRoleInput{
		RoleARN: in.roleARN, SessionName: in.name, Duration: in.duration, ExternalID: externalID, Policy: in.policy,
		SourceIP: source, UserAgent: q.r.UserAgent(), Referer: q.r.Referer(),
	})
	if err != nil {
		return nil, stsAssuming(err)
	}
	user, err := q.user(in)
	if err != nil {
		return nil, err
	}
	audit.From(q.r.Context()).Allow("the trust policy of " + in.roleARN + " lets " + caller.ARN + " in")
	type result struct {
		Credentials      stsCredentials
		AssumedRoleUser  assumedRoleUser
		SessionTokenSize int // in bytes
	}
	return struct {
		XMLName   xml.Name         `xml:"AssumeRoleResponse"`
		Namespace string           `xml:"xmlns,attr"`
		Result    result           `xml:"AssumeRoleResult"`
		Metadata  responseMetadata `xml:"ResponseMetadata"`
	}{Namespace: stsNamespace, Result: result{given.xml(), user, len(given.SessionToken)}, Metadata: q.metadata()}, nil
}

// stsAssuming gives the errors of assuming a role the form of STS.
func stsAssuming(err error) error {
	var denied *DeniedError
	var duration *DurationError
	var trust *TrustError
	switch {
	case errors.As(err, &denied):
		return &stsRefusal{http.StatusForbidden, "AccessDenied", denied.Message, denied.Reason}
	case errors.As(err, &trust):
		return &stsRefusal{http.StatusForbidden, "AccessDenied", "Not authorized to perform sts:AssumeRoleWithWebIdentity", trust.Error()}
	case errors.As(err, &duration):
		return stsInvalid("The requested DurationSeconds exceeds the MaxSessionDuration set for this role.")
	}
	return err
}

// assumeRoleWithWebIdentity gives credentials for a role to whoever has the token of
// an identity provider that the role trusts: the basic flow of identity pools.
//
// https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html
func (q *stsCall) assumeRoleWithWebIdentity() (any, error) {
	if err := q.only("RoleArn", "RoleSessionName", "DurationSeconds", "Policy", "WebIdentityToken"); err != nil {
		return nil, err
	}
	in, err := q.session()
	if err != nil {
		return nil, err
	}
	token := q.form.Get("WebIdentityToken")
	switch {
	case token == "":
		return nil, stsInvalid("1 validation error detected: Value null at 'webIdentityToken' failed to satisfy constraint: Member must not be null")
	case len(token) > maxWebToken:
		return nil, stsInvalid("1 validation error detected: Value at 'webIdentityToken' failed to satisfy constraint: Member must have length less than or equal to %d", maxWebToken)
	case q.webIdentities == nil:
		return nil, &stsRefusal{http.StatusBadRequest, "InvalidIdentityToken", "The web identity token that was passed could not be validated.", "no identity provider is there"}
	}
	who, err := q.webIdentities(token)
	var refused *TokenError
	switch {
	case errors.As(err, &refused):
		return nil, &stsRefusal{http.StatusBadRequest, refused.Code, refused.Message, refused.Error()}
	case err != nil:
		return nil, err
	}
	request := AssumeRoleWithWebIdentityInput{
		RoleARN: in.roleARN, Provider: who.Provider, Claims: who.Claims, SessionName: in.name, Duration: in.duration, Cognito: who.Cognito,
		PrincipalTags: who.Tags,
	}
	if in.policy != "" {
		request.SessionPolicies = []string{in.policy}
	}
	given, err := q.AssumeRoleWithWebIdentity(request)
	if err != nil {
		return nil, stsAssuming(err)
	}
	user, err := q.user(in)
	if err != nil {
		return nil, err
	}
	first := func(claim string) string { return append(who.Claims[claim], "")[0] }
	audit.From(q.r.Context()).Caller(first("sub"))
	audit.From(q.r.Context()).Allow("the trust policy of " + in.roleARN + " lets the web identity in")
	type result struct {
		Credentials      stsCredentials
		Subject          string `xml:"SubjectFromWebIdentityToken"`
		AssumedRoleUser  assumedRoleUser
		Provider         string
		Audience         string
		SessionTokenSize int // in bytes
	}
	return struct {
		XMLName   xml.Name         `xml:"AssumeRoleWithWebIdentityResponse"`
		Namespace string           `xml:"xmlns,attr"`
		Result    result           `xml:"AssumeRoleWithWebIdentityResult"`
		Metadata  responseMetadata `xml:"ResponseMetadata"`
	}{Namespace: stsNamespace, Result: result{given.xml(), first("sub"), user, who.Provider, first("aud"), len(given.SessionToken)}, Metadata: q.metadata()}, nil
}
