package iam

import (
	"encoding/xml"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"auth-api/infra/localaws/audit"
	"auth-api/infra/localaws/sigv4"
)

const stsNamespace = "https://sts.amazonaws.com/doc/2011-06-15/"

// ServeSTS answers the STS API, which speaks the query protocol: parameters in a
// form, answers in XML. It serves GetCallerIdentity, for which a valid signature is
// enough, AssumeRole, and AssumeRoleWithWebIdentity, which is not signed; every other
// action is answered with InvalidAction and its name.
//
// https://docs.aws.amazon.com/STS/latest/APIReference/API_Operations.html
func (s *Service) ServeSTS(w http.ResponseWriter, r *http.Request, body []byte) {
	form, err := url.ParseQuery(string(body))
	if err != nil {
		stsError(w, r, http.StatusBadRequest, "MalformedQueryString", "The query string contains a syntax error.")
		return
	}
	q := &stsCall{Service: s, w: w, r: r, body: body, form: form}
	for name, values := range r.URL.Query() {
		if form[name] == nil && !strings.HasPrefix(strings.ToLower(name), "x-amz-") {
			form[name] = values
		}
	}
	action, version := form.Get("Action"), form.Get("Version")
	audit.From(r.Context()).Service("sts " + audit.Clip(action))
	operation := stsOperations[action]
	switch {
	case action == "":
		stsError(w, r, http.StatusBadRequest, "MissingAction", "The request is missing an action or a required parameter.")
	case operation == nil || version != "2011-06-15":
		stsError(w, r, http.StatusBadRequest, "InvalidAction", "Could not find operation "+audit.Clip(action)+" for version "+audit.Clip(version))
	default:
		answer, err := operation(q)
		if err != nil {
			q.fail(err)
			return
		}
		writeXML(w, r, http.StatusOK, answer)
	}
}

var stsOperations = map[string]func(*stsCall) (any, error){
	"GetCallerIdentity":         (*stsCall).getCallerIdentity,
	"AssumeRole":                (*stsCall).assumeRole,
	"AssumeRoleWithWebIdentity": (*stsCall).assumeRoleWithWebIdentity,
}

// stsCall is a request that is being answered.
type stsCall struct {
	*Service
	w    http.ResponseWriter
	r    *http.Request
	body []byte
	form url.Values
}

// stsRefusal is an error as STS answers it.
type stsRefusal struct {
	status        int
	code, message string
	reason        string // for the request's record; the message when empty
}

func (e *stsRefusal) Error() string { return e.code + ": " + e.message }

// fail answers with an error.
func (q *stsCall) fail(err error) {
	var signature *sigv4.Error
	var refusal *stsRefusal
	switch {
	case errors.As(err, &signature): // which Authenticate has put into the record
		writeSTSError(q.w, q.r, signature.Status, stsCode(signature.Code), signature.Message)
	case errors.As(err, &refusal):
		stsError(q.w, q.r, refusal.status, refusal.code, refusal.message)
		if refusal.reason != "" {
			audit.From(q.r.Context()).Deny(refusal.reason)
		}
	default:
		audit.From(q.r.Context()).Fault(err)
		writeSTSError(q.w, q.r, http.StatusInternalServerError, "InternalFailure", "An internal error occurred; the local AWS's log has the reason.")
	}
}

// responseMetadata ends every answer.
type responseMetadata struct {
	RequestID string `xml:"RequestId"`
}

func (q *stsCall) metadata() responseMetadata {
	return responseMetadata{audit.From(q.r.Context()).RequestID}
}

// getCallerIdentity needs no permission; not even a denial of it counts.
//
// https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html
func (q *stsCall) getCallerIdentity() (any, error) {
	caller, err := q.Authenticate(q.r, q.body, "sts")
	if err != nil {
		return nil, err
	}
	audit.From(q.r.Context()).Allow("sts:GetCallerIdentity needs no permission")
	type result struct {
		ARN     string `xml:"Arn"`
		UserID  string `xml:"UserId"`
		Account string `xml:"Account"`
	}
	return struct {
		XMLName   xml.Name         `xml:"GetCallerIdentityResponse"`
		Namespace string           `xml:"xmlns,attr"`
		Result    result           `xml:"GetCallerIdentityResult"`
		Metadata  responseMetadata `xml:"ResponseMetadata"`
	}{Namespace: stsNamespace, Result: result{ARN: caller.ARN, UserID: caller.UserID, Account: caller.Account}, Metadata: q.metadata()}, nil
}

// stsCode gives a refusal of a signature the name that STS has for it.
//
// https://docs.aws.amazon.com/STS/latest/APIReference/CommonErrors.html
func stsCode(code string) string {
	switch code {
	case sigv4.CodeMissingToken:
		return "MissingAuthenticationToken"
	case sigv4.CodeIncomplete:
		return "IncompleteSignature"
	case sigv4.CodeUnknownKey:
		return "InvalidClientTokenId"
	case sigv4.CodeExpiredToken:
		return "ExpiredToken"
	default:
		return "SignatureDoesNotMatch"
	}
}

// stsError answers a refusal and says so in the request's record.
func stsError(w http.ResponseWriter, r *http.Request, status int, code, message string) {
	audit.From(r.Context()).Deny(code + ": " + message)
	writeSTSError(w, r, status, code, message)
}

func writeSTSError(w http.ResponseWriter, r *http.Request, status int, code, message string) {
	fault := "Sender"
	if status >= http.StatusInternalServerError {
		fault = "Receiver"
	}
	writeXML(w, r, status, struct {
		XMLName   xml.Name `xml:"ErrorResponse"`
		Namespace string   `xml:"xmlns,attr"`
		Type      string   `xml:"Error>Type"`
		Code      string   `xml:"Error>Code"`
		Message   string   `xml:"Error>Message"`
		RequestID string   `xml:"RequestId"`
	}{Namespace: stsNamespace, Type: fault, Code: code, Message: message, RequestID: audit.From(r.Context()).RequestID})
}

func writeXML(w http.ResponseWriter, r *http.Request, status int, v any) {
	body, err := xml.Marshal(v)
	if err != nil {
		audit.From(r.Context()).Fault(err)
		http.Error(w, "", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/xml")
	w.Header().Set("x-amzn-RequestId", audit.From(r.Context()).RequestID)
	w.WriteHeader(status)
	_, _ = w.Write(body) // a client that has gone away is no fault
}
