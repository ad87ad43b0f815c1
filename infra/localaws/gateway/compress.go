package gateway

import (
	"bytes"
	"compress/gzip"
	"compress/zlib"
	"io"
	"net/http"
	"strconv"
	"strings"
)

// compress compresses an answer's body and says so in its headers, where the API says
// that bodies of its size are compressed and the client takes a coding that API Gateway
// has.
//
// https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-receive-response-with-compressed-payload.html
func (x *exchange) compress(status int, body []byte) []byte {
	h, least := x.w.Header(), x.stage.api.MinimumCompressionSize
	if least < 0 || len(body) == 0 || len(body) < least || h.Get("Content-Encoding") != "" || status == http.StatusNoContent || status == http.StatusNotModified {
		return body
	}
	coding := contentCoding(x.r.Header)
	var out bytes.Buffer
	var to io.WriteCloser
	switch coding {
	case "gzip":
		to = gzip.NewWriter(&out)
	case "deflate": // which is the format of zlib (RFC 9110, section 8.4.1.2)
		to = zlib.NewWriter(&out)
	default:
		return body
	}
	_, _ = to.Write(body) // a bytes.Buffer takes everything
	_ = to.Close()
	h.Set("Content-Encoding", coding)
	return out.Bytes()
}

// contentCoding is the coding that the client wants most, empty when API Gateway does
// not compress by it: the one of the highest weight must be one that it has, and of
// several it is the first. Neither * nor identity, nor a weight that is none, asks for
// compression.
//
// https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-enable-compression.html
func contentCoding(h http.Header) string {
	wanted, most := "", 0.0
	for part := range strings.SplitSeq(strings.Join(h.Values("Accept-Encoding"), ","), ",") {
		coding, parameter, weighted := strings.Cut(part, ";")
		weight := 1.0
		if weighted {
			text, ok := strings.CutPrefix(strings.ToLower(strings.TrimSpace(parameter)), "q=")
			q, err := strconv.ParseFloat(text, 64)
			if !ok || err != nil || !(q >= 0 && q <= 1) {
				continue
			}
			weight = q
		}
		if weight > most {
			wanted, most = strings.ToLower(strings.TrimSpace(coding)), weight
		}
	}
	if wanted == "gzip" || wanted == "deflate" {
		return wanted
	}
	return ""
}
