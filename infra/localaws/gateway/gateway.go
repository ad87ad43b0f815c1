// Package gateway is the data plane of API Gateway's REST APIs: it serves what
// stages were deployed, and lets in whom their documents, policies, keys and plans
// let in, in AWS's words.
//
// A request goes through one pipeline, in this order: stage, route, size of the
// body, authorization (signature and IAM decision, Cognito or Lambda authorizer, and
// the API's resource policy), API key, rate and burst, quota, request validation,
// integration. What refuses answers with an entry of the table in errors.go.
package gateway

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"auth-api/infra/localaws/audit"
	"auth-api/infra/localaws/authz"
	"auth-api/infra/localaws/gateway/limits"
	"auth-api/infra/localaws/gateway/openapi"
	"auth-api/infra/localaws/iam"
	"auth-api/infra/localaws/sigv4"
	"auth-api/infra/localaws/store"
	"auth-api/infra/localaws/userpool/jwt"
	"auth-api/infra/localaws/wire"
)

// maxBody is the largest request body that API Gateway takes, in bytes.
const maxBody = 10485760

// Authorizer verifies signatures and decides by IAM's policies; iam.Service is one.
type Authorizer interface {
	Authenticate(r *http.Request, body []byte, service string) (*iam.Caller, error)
	Authorize(c *iam.Caller, r iam.Request, resourcePolicy *authz.Policy) authz.Decision
	Explain(c *iam.Caller, r iam.Request, resourcePolicy *authz.Policy) (authz.Decision, []authz.Step)
}

// Config is what a Service needs.
type Config struct {
	Store   *store.Store
	Now     func() time.Time // nil means time.Now
	Rand    io.Reader        // safe for use by many goroutines; nil means crypto/rand
	Log     *slog.Logger     // nil discards
	Account string           // twelve digits
	Region  string
	IAM     Authorizer
	Tokens  TokenVerifier
	Lambda  Invoker
	// FlushEvery is how often usage counters are written, one second when zero.
	FlushEvery time.Duration
	// Watch, when it is not nil, is called when a request comes in, and what it returns
	// at the end of each part of its way. It is for measuring, and must be quick.
	Watch func() (passed func(Part))
}

// Service serves the stages that are declared. It is safe for use by many goroutines.
type Service struct {
	cfg      Config
	compile  sync.Mutex
	current  atomic.Pointer[compiled]
	limits   *limits.Limits
	verdicts verdicts
}

// New returns a Service that has read back the usage counted so far. Close it.
func New(cfg Config) (*Service, error) {
	if cfg.Store == nil || cfg.IAM == nil || cfg.Tokens == nil || cfg.Lambda == nil || cfg.Account == "" || cfg.Region == "" {
		return nil, errors.New("starting the gateway: Store, IAM, Tokens, Lambda, Account and Region are required")
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Rand == nil {
		cfg.Rand = rand.Reader
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.FlushEvery == 0 {
		cfg.FlushEvery = time.Second
	}
	s := &Service{cfg: cfg, verdicts: verdicts{byKey: map[[sha256.Size]byte]cachedVerdict{}}}
	var err error
	if s.limits, err = limits.Open(cfg.Store, cfg.Log, cfg.FlushEvery); err != nil {
		return nil, fmt.Errorf("starting the gateway: %w", err)
	}
	return s, nil
}

// Close writes the usage counters, and no longer does so by itself; called again, it
// writes what has been counted since. The store must still be open.
func (s *Service) Close() error { return s.limits.Close() }

// exchange is one request on its way through the gateway.
type exchange struct {
	service    *Service
	w          http.ResponseWriter
	r          *http.Request
	record     *audit.Record
	now        time.Time
	apiID      string
	stageName  string
	fullPath   string // as received, without the query
	path       string // below the stage, as received, with one slash at its front
	requestID  string
	extendedID string
	traceID    string
	sourceIP   string
	stage      *stage
	method     *openapi.Method
	parameters map[string]string
	body       []byte
	caller     *iam.Caller
	claims     map[string]any
	holder     *jwt.Claims // of the token that the Cognito authorizer took
	answered   *verdict    // by the Lambda authorizer
	unproven   *outcome    // why the request does not prove who sent it
	key        *apiKey
	validation string     // what the request lacks
	watcher    func(Part) // nil unless somebody measures
}

// ServeHTTP serves a request to a stage of an API. rest is the path below the stage,
// percent-encoded as received; the request itself is handed over untouched, as its
// signature is over the bytes received.
//
// An API or stage that does not exist is answered as a stage that does not exist is
// on AWS, 403 Forbidden; on AWS the name of an unknown API does not resolve.
func (s *Service) ServeHTTP(w http.ResponseWriter, r *http.Request, apiID, stageName, rest string) {
	record := audit.From(r.Context())
	x := &exchange{
		service: s, w: w, r: r, record: record, now: s.cfg.Now(), apiID: apiID, stageName: stageName,
		fullPath: rawPath(r), path: "/" + strings.TrimLeft(rest, "/"), sourceIP: sourceIP(r.RemoteAddr),
	}
	if s.cfg.Watch != nil {
		x.watcher = s.cfg.Watch()
	}
	record.Service("execute-api " + r.Method + " " + x.path)
	if err := x.identify(record.RequestID); err != nil {
		record.Fault(err)
		x.refuse(answerInternal, "no randomness for request ids")
		return
	}
	c, err := s.state()
	if err != nil {
		record.Fault(err)
		x.refuse(answerInternal, "the declared APIs cannot be read")
		return
	}
	defer x.keep(c)
	var found outcome
	if x.stage, found = c.find(apiID, stageName, false); !x.pass(found) {
		return
	}
	x.method, x.parameters = x.stage.api.Match(r.Method, x.path)
	if x.method == nil {
		x.pass(unserved(r, x.path))
		return
	}
	if !x.readBody() {
		return
	}
	x.passed(PartRoute)
	if !x.authorize() {
		return
	}
	x.passed(PartDecision)
	if !x.admitKey(c) || !x.validate() {
		return
	}
	x.passed(PartLimits)
	x.integrate()
}

// identify makes the request's ids.
func (x *exchange) identify(requestID string) error {
	var random [27]byte // 11 bytes for the extended id, 16 for the others
	if _, err := io.ReadFull(x.service.cfg.Rand, random[:]); err != nil {
		return fmt.Errorf("making request ids: %w", err)
	}
	x.extendedID = base64.StdEncoding.EncodeToString(random[:11])
	x.requestID = requestID
	if requestID == "" {
		id := uuid.UUID(random[11:])
		id[6], id[8] = id[6]&0x0f|0x40, id[8]&0x3f|0x80 // a random one: version 4
		x.requestID = id.String()
	}
	x.traceID = traceID(x.r.Header.Get("X-Amzn-Trace-Id"), x.now, random[11:23])
	return nil
}

// unserved is the refusal for a resource or method that is not there. AWS reads an
// Authorization header even then, and says so when it cannot be a signature.
func unserved(r *http.Request, path string) outcome {
	reason := "no resource and method of the API serve " + r.Method + " " + path
	if a, why, ok := signatureAnswer(sigv4.Unserved(r)); ok && a.Code == answerIncomplete.Code {
		return refused(a, reason+"; "+why)
	}
	return refused(answerMissingToken, reason)
}

// readBody reads the body up to the limit.
func (x *exchange) readBody() bool {
	if x.r.ContentLength > maxBody {
		x.w.Header().Set("Connection", "close")
		return x.refuse(answerTooLarge, "the body is larger than 10 MB")
	}
	if x.r.Body == nil || x.r.ContentLength == 0 {
		return true
	}
	body, err := io.ReadAll(io.LimitReader(x.r.Body, maxBody+1))
	switch {
	case errors.Is(err, wire.ErrBusy):
		x.w.Header().Set("Connection", "close")
		return x.refuse(answerBusy, "too many large requests are sent at once")
	case err != nil:
		x.w.Header().Set("Connection", "close")
		return x.refuse(answerUnreadable, "the body could not be read: "+err.Error())
	case len(body) > maxBody:
		x.w.Header().Set("Connection", "close")
		return x.refuse(answerTooLarge, "the body is larger than 10 MB")
	}
	x.body = body
	return true
}

func (s *Service) apiARN(apiID string) string {
	return "arn:aws:execute-api:" + s.cfg.Region + ":" + s.cfg.Account + ":" + apiID
}

// rawPath is the request's path as received.
func rawPath(r *http.Request) string {
	uri, _, _ := strings.Cut(r.RequestURI, "?")
	if uri == "" || uri[0] != '/' { // a request that came from no wire, or in absolute form
		return r.URL.EscapedPath()
	}
	return uri
}

// SplitPath takes the path of a request to the gateway, percent-encoded as received,
// apart: /execute-api/API/STAGE/rest. rest is empty, or begins with a slash.
func SplitPath(path string) (apiID, stage, rest string, ok bool) {
	path, ok = strings.CutPrefix(path, "/execute-api/")
	if !ok {
		return "", "", "", false
	}
	apiID, path, _ = strings.Cut(path, "/")
	stage, rest, more := strings.Cut(path, "/")
	if apiID == "" || stage == "" {
		return "", "", "", false
	}
	if more {
		rest = "/" + rest
	}
	return apiID, stage, rest, true
}

func sourceIP(remote string) string {
	host, _, err := net.SplitHostPort(remote)
	if err != nil {
		return remote
	}
	return host
}

// parseQuery decodes a query as API Gateway does: parts are split at & and ;, a plus
// is a space, and an escape that is none stands for itself.
func parseQuery(raw string) map[string][]string {
	if raw == "" {
		return nil
	}
	values := map[string][]string{}
	for _, part := range strings.FieldsFunc(raw, func(c rune) bool { return c == '&' || c == ';' }) {
		name, text, _ := strings.Cut(part, "=")
		name = unescape(name)
		values[name] = append(values[name], unescape(text))
	}
	return values
}

// queryValue is the last value of this name in the query, "" when there is none.
func (x *exchange) queryValue(name string) string {
	values := parseQuery(x.r.URL.RawQuery)[name]
	if len(values) == 0 {
		return ""
	}
	return values[len(values)-1]
}

func unescape(s string) string {
	if decoded, err := url.QueryUnescape(s); err == nil {
		return decoded
	}
	return s
}
