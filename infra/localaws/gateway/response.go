package gateway

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/textproto"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/net/http/httpguts"
)

// proxyResponse is a function's answer, checked.
type proxyResponse struct {
	status  int
	headers http.Header
	body    string
	base64  bool
}

var digits = regexp.MustCompile(`^[0-9]{1,3}$`)

// decodeProxyResponse reads what a function returned. API Gateway takes a JSON object
// with none but these keys, each of its type, and calls everything else a malformed
// Lambda proxy response.
//
// https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html#api-gateway-simple-proxy-for-lambda-output-format
func decodeProxyResponse(payload []byte) (proxyResponse, error) {
	var fields map[string]json.RawMessage
	d := json.NewDecoder(bytes.NewReader(payload))
	if err := d.Decode(&fields); err != nil || fields == nil {
		return proxyResponse{}, errors.New("malformed Lambda proxy response: it is not a JSON object")
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return proxyResponse{}, errors.New("malformed Lambda proxy response: there is something after the JSON object")
	}
	r := proxyResponse{status: http.StatusOK, headers: http.Header{}}
	var headers map[string]any
	var multi map[string][]any
	for key, raw := range fields {
		var err error
		switch key {
		case "statusCode":
			r.status, err = decodeStatus(raw)
		case "headers":
			err = json.Unmarshal(raw, &headers)
		case "multiValueHeaders":
			err = json.Unmarshal(raw, &multi)
		case "body":
			err = json.Unmarshal(raw, &r.body) // null leaves it empty
		case "isBase64Encoded":
			err = json.Unmarshal(raw, &r.base64)
		default:
			err = errors.New("no such key is known")
		}
		if err != nil {
			return proxyResponse{}, fmt.Errorf("malformed Lambda proxy response: %s: %w", key, withoutValue(err))
		}
	}
	for name, values := range multi {
		for _, value := range values {
			if err := r.addHeader(name, value); err != nil {
				return proxyResponse{}, err
			}
		}
	}
	for name, value := range headers {
		text, ok := headerText(value)
		if ok && slices.Contains(r.headers[http.CanonicalHeaderKey(name)], text) {
			continue // given in both, it is sent once
		}
		if err := r.addHeader(name, value); err != nil {
			return proxyResponse{}, err
		}
	}
	return r, nil
}

// withoutValue keeps the function's data out of a log.
func withoutValue(err error) error {
	var wrong *json.UnmarshalTypeError
	if errors.As(err, &wrong) {
		return fmt.Errorf("it must not be a %s", strings.Fields(wrong.Value)[0])
	}
	return err
}

func decodeStatus(raw json.RawMessage) (int, error) {
	text := string(raw)
	if unquoted, err := strconv.Unquote(text); err == nil && strings.HasPrefix(text, `"`) {
		text = unquoted
	}
	status, err := strconv.Atoi(text)
	if !digits.MatchString(text) || err != nil || status < 200 || status > 599 {
		return 0, errors.New("it must be a number from 200 to 599")
	}
	return status, nil
}

func headerText(value any) (string, bool) {
	switch v := value.(type) {
	case string:
		return v, true
	case bool:
		return strconv.FormatBool(v), true
	}
	return "", false
}

func (r *proxyResponse) addHeader(name string, value any) error {
	text, ok := headerText(value)
	if !ok || !httpguts.ValidHeaderFieldName(name) || !httpguts.ValidHeaderFieldValue(text) {
		return fmt.Errorf("malformed Lambda proxy response: the header %q must have a name and text that HTTP allows", name)
	}
	name = textproto.CanonicalMIMEHeaderKey(name)
	r.headers[name] = append(r.headers[name], text)
	return nil
}

// remappedHeaders are those of an integration's answer that go out under another
// name, x-amzn-Remapped-NAME, because the gateway's own server sets them.
//
// https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-known-issues.html
var remappedHeaders = []string{
	"Authorization", "Connection", "Content-Length", "Content-Md5", "Date", "Expect", "Host", "Max-Forwards",
	"Proxy-Authenticate", "Server", "Trailer", "Upgrade", "User-Agent", "Www-Authenticate",
}

// respond sends a function's answer to the client.
func (x *exchange) respond(answer proxyResponse) {
	body := []byte(answer.body)
	if answer.base64 && matchesMediaType(x.stage.api.binaryTypes, x.r.Header.Get("Accept")) {
		decoded, err := base64.StdEncoding.DecodeString(answer.body)
		if err != nil {
			x.refuse(answerMalformed, "malformed Lambda proxy response: isBase64Encoded is true and the body is not base64")
			return
		}
		body = decoded
	}
	h := x.w.Header()
	for name, values := range answer.headers {
		switch {
		case name == "Transfer-Encoding":
		case slices.Contains(remappedHeaders, name):
			h["X-Amzn-Remapped-"+name] = values
		default:
			h[name] = values
		}
	}
	if h.Get("Content-Type") == "" {
		h.Set("Content-Type", "application/json")
	}
	x.stamp(h)
	h.Set("X-Amzn-Trace-Id", x.traceID)
	x.send(answer.status, body)
}

// send writes the answer, compressed where the API says so and the client takes it.
//
// https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-gzip-compression-decompression.html
func (x *exchange) send(status int, body []byte) {
	h := x.w.Header()
	if least := x.stage.api.compressionSize; least >= 0 && len(body) > 0 && len(body) >= least && h.Get("Content-Encoding") == "" && acceptsGzip(x.r.Header) {
		var b bytes.Buffer
		z := gzip.NewWriter(&b)
		_, _ = z.Write(body) // a bytes.Buffer takes everything
		_ = z.Close()
		body = b.Bytes()
		h.Set("Content-Encoding", "gzip")
	}
	if status != http.StatusNoContent && status != http.StatusNotModified {
		h.Set("Content-Length", strconv.Itoa(len(body)))
	}
	x.w.WriteHeader(status)
	if x.r.Method != http.MethodHead && status != http.StatusNoContent && status != http.StatusNotModified {
		_, _ = x.w.Write(body) // a client that has gone away is no fault
	}
}

func acceptsGzip(h http.Header) bool {
	for part := range strings.SplitSeq(strings.Join(h.Values("Accept-Encoding"), ","), ",") {
		coding, parameter, _ := strings.Cut(strings.TrimSpace(part), ";")
		if !strings.EqualFold(strings.TrimSpace(coding), "gzip") {
			continue
		}
		weight, ok := strings.CutPrefix(strings.ReplaceAll(parameter, " ", ""), "q=")
		if !ok {
			return true
		}
		q, err := strconv.ParseFloat(weight, 64)
		return err == nil && q > 0
	}
	return false
}

// answerMock answers as a mock integration says.
//
// https://docs.aws.amazon.com/apigateway/latest/developerguide/how-to-mock-integration.html
func (x *exchange) answerMock(in *integration) {
	mediaType := requestMediaType(x.r.Header)
	status, ok := in.mockStatus[mediaType]
	if !ok && in.mockNever {
		x.refuse(answerMediaType, "the mock integration has no template for "+mediaType+" and passes nothing through")
		return
	}
	if !ok {
		// Without a template the body itself is what the mock answers by, and on AWS
		// one that gives no status code is an error.
		x.refuse(answerInternal, "the mock integration has no template for "+mediaType)
		return
	}
	answer, ok := in.mockAnswer[status]
	if !ok {
		answer = *in.mockFallback
	}
	h := x.w.Header()
	for name, text := range answer.headers {
		h.Set(name, text)
	}
	if h.Get("Content-Type") == "" {
		h.Set("Content-Type", "application/json")
	}
	x.stamp(h)
	x.send(answer.status, []byte(answer.body))
}

// requestMediaType is the request's media type, application/json when it names none.
func requestMediaType(h http.Header) string {
	text, _, _ := strings.Cut(h.Get("Content-Type"), ";")
	if text = strings.ToLower(strings.TrimSpace(text)); text != "" {
		return text
	}
	return "application/json"
}
