package iam

import (
	"encoding/xml"
	"errors"
	"net/http"
	"net/url"

	"auth-api/infra/localaws/audit"
	"auth-api/infra/localaws/sigv4"
)

const stsNamespace = "https://sts.amazonaws.com/doc/2011-06-15/"

// ServeSTS answers the STS API, which speaks the query protocol: parameters in a
// form, answers in XML. It serves GetCallerIdentity, for which a valid signature is
// enough; every other action is answered with InvalidAction and its name.
//
// https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html
func (s *Service) ServeSTS(w http.ResponseWriter, r *http.Request, body []byte) {
	form, err := url.ParseQuery(string(body))
	if err != nil {
		stsError(w, r, http.StatusBadRequest, "MalformedQueryString", "The query string contains a syntax error.")
		return
	}
	get := func(name string) string {
		if v := form.Get(name); v != "" {
			return v
		}
		return r.URL.Query().Get(name)
	}
	action, version := get("Action"), get("Version")
	audit.From(r.Context()).Service("sts " + action)
	switch {
	case action == "":
		stsError(w, r, http.StatusBadRequest, "MissingAction", "The request is missing an action or a required parameter.")
	case action != "GetCallerIdentity" || version != "2011-06-15":
		stsError(w, r, http.StatusBadRequest, "InvalidAction", "Could not find operation "+action+" for version "+version)
	default:
		s.getCallerIdentity(w, r, body)
	}
}

func (s *Service) getCallerIdentity(w http.ResponseWriter, r *http.Request, body []byte) {
	caller, err := s.Authenticate(r, body, "sts")
	var refusal *sigv4.Error
	switch {
	case errors.As(err, &refusal):
		writeSTSError(w, r, refusal.Status, stsCode(refusal.Code), refusal.Message)
		return
	case err != nil:
		audit.From(r.Context()).Fault(err)
		writeSTSError(w, r, http.StatusInternalServerError, "InternalFailure", "An internal error occurred; the local AWS's log has the reason.")
		return
	}
	audit.From(r.Context()).Allow("sts:GetCallerIdentity needs no permission")
	type result struct {
		ARN     string `xml:"Arn"`
		UserID  string `xml:"UserId"`
		Account string `xml:"Account"`
	}
	writeXML(w, r, http.StatusOK, struct {
		XMLName   xml.Name `xml:"GetCallerIdentityResponse"`
		Namespace string   `xml:"xmlns,attr"`
		Result    result   `xml:"GetCallerIdentityResult"`
		RequestID string   `xml:"ResponseMetadata>RequestId"`
	}{
		Namespace: stsNamespace,
		Result:    result{ARN: caller.ARN, UserID: caller.UserID, Account: caller.Account},
		RequestID: audit.From(r.Context()).RequestID,
	})
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
