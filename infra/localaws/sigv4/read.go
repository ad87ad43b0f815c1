package sigv4

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

const week = 7 * 24 * time.Hour

// read finds the request's signature and reads it.
func read(r *http.Request) (*signed, *Error) {
	s := &signed{}
	s.path, s.query = target(r)
	authorization := r.Header["Authorization"]
	presigned := hasParameter(s.query, "X-Amz-Algorithm") || hasParameter(s.query, "X-Amz-Signature") || hasParameter(s.query, "X-Amz-Credential")
	switch {
	case len(authorization) == 0 && !presigned:
		return nil, missingToken()
	case len(authorization) > 1 || len(authorization) == 1 && presigned:
		return nil, incomplete("Only one auth mechanism allowed; only one Authorization header, or one set of X-Amz-Algorithm, X-Amz-Credential and X-Amz-Signature query parameters, should be given.")
	case presigned:
		return s, s.readQuery()
	default:
		return s, s.readHeader(r, authorization[0])
	}
}

// hasParameter reports whether a raw query has a parameter of this name.
func hasParameter(query, name string) bool {
	for {
		i := strings.Index(query, name)
		if i < 0 {
			return false
		}
		rest := query[i+len(name):]
		if (i == 0 || query[i-1] == '&') && (rest == "" || rest[0] == '=' || rest[0] == '&') {
			return true
		}
		query = rest
	}
}

// target returns path and query of the request target as they came in. A target in
// absolute form, which proxies are sent, loses its scheme and host.
func target(r *http.Request) (path, query string) {
	raw := r.RequestURI
	if !strings.HasPrefix(raw, "/") {
		if _, rest, ok := strings.Cut(raw, "://"); ok {
			raw = "/"
			if i := strings.IndexAny(rest, "/?"); i >= 0 {
				raw = rest[i:]
			}
		}
	}
	path, query, _ = strings.Cut(raw, "?")
	return path, query
}

func (s *signed) readHeader(r *http.Request, authorization string) *Error {
	fields, refusal := parseAuthorization(authorization)
	if refusal != nil {
		return refusal
	}
	dates, tokens := r.Header["X-Amz-Date"], r.Header["X-Amz-Security-Token"]
	if len(dates) == 0 {
		dates = r.Header["Date"]
	}
	message := ""
	for _, name := range []string{"Credential", "Signature", "SignedHeaders"} {
		if fields[name] == "" {
			message += "Authorization header requires '" + name + "' parameter. "
		}
	}
	if len(dates) == 0 {
		message += "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. "
	}
	if message != "" {
		return incomplete(message + "(Hashed with SHA-256 and encoded with Base64) Authorization=" + hashed(authorization))
	}
	if len(dates) > 1 || len(tokens) > 1 {
		return incomplete("X-Amz-Date, Date and X-Amz-Security-Token may be given once only.")
	}
	if len(tokens) == 1 {
		s.SessionToken = tokens[0]
	}
	s.signature = fields["Signature"]
	return s.readParts(fields["Credential"], fields["SignedHeaders"], dates[0])
}

// parseAuthorization takes an Authorization header apart:
// AWS4-HMAC-SHA256 Credential=…, SignedHeaders=…, Signature=…
func parseAuthorization(authorization string) (map[string]string, *Error) {
	pairs := authorization
	scheme, rest, ok := strings.Cut(authorization, " ")
	switch {
	case ok && scheme == algorithm:
		pairs = rest
	case strings.HasPrefix(scheme, "AWS4-"):
		return nil, incomplete("Unsupported AWS 'algorithm': '" + scheme + "'. Supported is " + algorithm + ".")
	}
	fields := make(map[string]string, 3)
	for pair := range strings.SplitSeq(pairs, ",") {
		name, value, ok := strings.Cut(strings.Trim(pair, " \t"), "=")
		if !ok {
			return nil, incomplete("Invalid key=value pair (missing equal-sign) in Authorization header (hashed with SHA-256 and encoded with Base64): '" + hashed(authorization) + "'.")
		}
		if fields[name] != "" {
			return nil, incomplete("Authorization header has the parameter '" + name + "' twice. (Hashed with SHA-256 and encoded with Base64) Authorization=" + hashed(authorization))
		}
		fields[name] = value
	}
	return fields, nil
}

func (s *signed) readQuery() *Error {
	s.Presigned = true
	values := map[string]string{}
	for pair := range strings.SplitSeq(s.query, "&") {
		name, value, _ := strings.Cut(pair, "=")
		switch name {
		case "X-Amz-Algorithm", "X-Amz-Credential", "X-Amz-Date", "X-Amz-Expires", "X-Amz-Security-Token", "X-Amz-Signature", "X-Amz-SignedHeaders":
			if _, twice := values[name]; twice {
				return incomplete("AWS query-string parameters may be given once only: '" + name + "'. Re-examine the query-string parameters.")
			}
			values[name] = unescape(value)
		}
	}
	message := ""
	for _, name := range []string{"X-Amz-Algorithm", "X-Amz-Credential", "X-Amz-Signature", "X-Amz-SignedHeaders", "X-Amz-Date"} {
		if values[name] == "" {
			message += "AWS query-string parameters must include '" + name + "'. "
		}
	}
	if message != "" {
		return incomplete(message + "Re-examine the query-string parameters.")
	}
	if values["X-Amz-Algorithm"] != algorithm {
		return incomplete("Unsupported AWS 'algorithm'. Supported is " + algorithm + ".")
	}
	if expires, given := values["X-Amz-Expires"]; given {
		n, err := strconv.ParseUint(expires, 10, 31)
		if err != nil || n == 0 {
			return incomplete("X-Amz-Expires must be a positive number of seconds. Re-examine the query-string parameters.")
		}
		if s.expires = time.Duration(n) * time.Second; s.expires > week {
			return incomplete("X-Amz-Expires must be less than a week (in seconds); that is, the given X-Amz-Expires must be less than 604800 seconds")
		}
	}
	s.SessionToken = values["X-Amz-Security-Token"]
	s.signature = values["X-Amz-Signature"]
	return s.readParts(values["X-Amz-Credential"], values["X-Amz-SignedHeaders"], values["X-Amz-Date"])
}

// readParts reads what both forms of a signature have.
func (s *signed) readParts(credential, headers, date string) *Error {
	parts := strings.Split(credential, "/")
	if len(parts) != 5 || slices.Contains(parts, "") {
		return incomplete("Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got '" + credential + "'.")
	}
	s.AccessKeyID, s.scopeDate, s.Region, s.Service, s.terminator = parts[0], parts[1], parts[2], parts[3], parts[4]

	var err error
	if s.SignedAt, err = time.Parse(dateForm, date); err != nil {
		if s.SignedAt, err = http.ParseTime(date); err != nil || s.Presigned {
			return incomplete("Date must be in ISO-8601 'basic format'. Got '" + date + "'. See http://en.wikipedia.org/wiki/ISO_8601")
		}
	}
	s.SignedAt = s.SignedAt.UTC()
	s.date = s.SignedAt.Format(dateForm)

	s.signedHeaders = headers
	s.SignedHeaders = strings.Split(headers, ";")
	if !slices.Contains(s.SignedHeaders, "host") {
		return incomplete("'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.")
	}
	return nil
}

// unescape decodes a part of a query. An escape that is none is taken to the letter,
// as it then counts as such in the canonical query too.
func unescape(s string) string {
	if !strings.ContainsAny(s, "%+") {
		return s
	}
	if out, err := url.QueryUnescape(s); err == nil {
		return out
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '+':
			b.WriteByte(' ')
		case s[i] == '%' && i+2 < len(s) && hexDigit(s[i+1]) >= 0 && hexDigit(s[i+2]) >= 0:
			b.WriteByte(byte(hexDigit(s[i+1])<<4 | hexDigit(s[i+2])))
			i += 2
		default:
			b.WriteByte(s[i])
		}
	}
	return b.String()
}

func hexDigit(c byte) int {
	switch {
	case '0' <= c && c <= '9':
		return int(c - '0')
	case 'a' <= c && c <= 'f':
		return int(c-'a') + 10
	case 'A' <= c && c <= 'F':
		return int(c-'A') + 10
	default:
		return -1
	}
}
