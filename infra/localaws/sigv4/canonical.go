package sigv4

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// payloadHash returns the hash that stands in the canonical request. It is computed
// over the body that was received; a request that names another one is refused (ok
// is false). UNSIGNED-PAYLOAD, which leaves the body unprotected, is documented for
// Amazon S3 alone and is refused for every other service.
func (s *signed) payloadHash(r *http.Request, body []byte) (hash string, ok bool) {
	sum := sha256.Sum256(body)
	hash = hex.EncodeToString(sum[:])
	named := r.Header["X-Amz-Content-Sha256"]
	if s.Service == "s3" && (len(named) == 1 && named[0] == unsignedPayload || len(named) == 0 && s.Presigned) {
		return unsignedPayload, true
	}
	for _, n := range named {
		if n != hash {
			return "", false
		}
	}
	return hash, true
}

// canonicalRequest builds the canonical request. A signed header that the request
// does not have is returned in missing.
func (s *signed) canonicalRequest(r *http.Request, payload string) (canonical []byte, missing string) {
	b := make([]byte, 0, 512+len(s.path)+2*len(s.query)+len(s.SessionToken))
	b = append(b, r.Method...)
	b = append(b, '\n')
	b = appendPath(b, s.path, s.Service)
	b = append(b, '\n')
	b = appendQuery(b, s.query, s.Presigned)
	b = append(b, '\n')
	for _, name := range s.SignedHeaders {
		values := headerValues(r, name)
		if values == nil {
			return nil, name
		}
		b = append(b, name...)
		b = append(b, ':')
		for i, v := range values {
			if i > 0 {
				b = append(b, ',')
			}
			b = appendFolded(b, v)
		}
		b = append(b, '\n')
	}
	b = append(b, '\n')
	b = append(b, s.signedHeaders...)
	b = append(b, '\n')
	return append(b, payload...), ""
}

// headerValues returns a header's values by its name in lower case, nil when the
// request does not have it. net/http keeps some headers elsewhere.
func headerValues(r *http.Request, name string) []string {
	switch name {
	case "host":
		return []string{r.Host}
	case "transfer-encoding":
		return r.TransferEncoding
	case "content-length":
		if v := r.Header["Content-Length"]; v != nil || r.ContentLength < 0 {
			return v
		}
		return []string{strconv.FormatInt(r.ContentLength, 10)}
	}
	if name != strings.ToLower(name) {
		return nil // a name in SignedHeaders is in lower case
	}
	return r.Header[http.CanonicalHeaderKey(name)]
}

// appendFolded appends a header's value without the spaces around it, and with one
// in place of many.
func appendFolded(b []byte, v string) []byte {
	v = strings.Trim(v, " \t")
	for i := 0; i < len(v); i++ {
		if v[i] == ' ' && v[i-1] == ' ' {
			continue
		}
		b = append(b, v[i])
	}
	return b
}

// appendPath appends the path in canonical form: as it was sent, which is escaped,
// and escaped again, except for Amazon S3. Dot segments and empty ones are kept.
func appendPath(b []byte, path, service string) []byte {
	if path == "" {
		path = "/"
	}
	if service == "s3" {
		return append(b, path...)
	}
	return appendEscaped(b, path, true)
}

// appendQuery appends the query in canonical form: names and values decoded, encoded
// again in the one way, and sorted. The presigned signature itself is left out.
func appendQuery(b []byte, query string, presigned bool) []byte {
	if query == "" {
		return b
	}
	type pair struct{ name, value string }
	pairs := make([]pair, 0, strings.Count(query, "&")+1)
	for part := range strings.SplitSeq(query, "&") {
		name, value, _ := strings.Cut(part, "=")
		if part == "" || presigned && name == "X-Amz-Signature" {
			continue
		}
		pairs = append(pairs, pair{escape(unescape(name)), escape(unescape(value))})
	}
	slices.SortFunc(pairs, func(x, y pair) int {
		if c := strings.Compare(x.name, y.name); c != 0 {
			return c
		}
		return strings.Compare(x.value, y.value)
	})
	for i, p := range pairs {
		if i > 0 {
			b = append(b, '&')
		}
		b = append(b, p.name...)
		b = append(b, '=')
		b = append(b, p.value...)
	}
	return b
}

func escape(s string) string {
	for i := 0; i < len(s); i++ {
		if !unreserved(s[i]) {
			return string(appendEscaped(make([]byte, 0, len(s)+16), s, false))
		}
	}
	return s
}

func appendEscaped(b []byte, s string, keepSlash bool) []byte {
	const digits = "0123456789ABCDEF"
	for i := 0; i < len(s); i++ {
		if c := s[i]; unreserved(c) || c == '/' && keepSlash {
			b = append(b, c)
		} else {
			b = append(b, '%', digits[c>>4], digits[c&15])
		}
	}
	return b
}

// unreserved reports whether RFC 3986 leaves the character unescaped.
func unreserved(c byte) bool {
	return 'A' <= c && c <= 'Z' || 'a' <= c && c <= 'z' || '0' <= c && c <= '9' || c == '-' || c == '_' || c == '.' || c == '~'
}

// shownHeaders have their values in the canonical request that developers see. Any
// other may carry a secret.
var shownHeaders = []string{"content-length", "content-type", "host", "x-amz-content-sha256", "x-amz-date", "x-amz-target"}

// redactedCanonicalRequest is the canonical request without what may be secret: of the
// query, and of most headers' values, it says no more than how long they are.
func (s *signed) redactedCanonicalRequest(r *http.Request, payload string) string {
	canonical, _ := s.canonicalRequest(r, payload)
	lines := strings.Split(string(canonical), "\n")
	if n := len(lines[2]); n > 0 {
		lines[2] = "(" + strconv.Itoa(n) + " bytes)"
	}
	for i := range s.SignedHeaders { // they follow method, path and query
		name, value, _ := strings.Cut(lines[3+i], ":")
		if !slices.Contains(shownHeaders, name) {
			lines[3+i] = name + ":(" + strconv.Itoa(len(value)) + " bytes)"
		}
	}
	return strings.Join(lines, "\n")
}
