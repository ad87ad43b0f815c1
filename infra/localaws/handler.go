package localaws

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"time"

	"auth-api/infra/localaws/audit"
	"auth-api/infra/localaws/gateway"
	"auth-api/infra/localaws/lambda"
	lambdaapi "auth-api/infra/localaws/lambda/api"
	"auth-api/infra/localaws/lambda/logs"
	"auth-api/infra/localaws/userpool"
	"auth-api/infra/localaws/wire"
	"github.com/google/uuid"
)

// maxBody is how much a service API reads of a request.
const maxBody = 10 << 20

// handler opens a record for each request, answers it, and logs the record.
func (s *Server) handler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.RequestURI, "/_runtime/") {
			// Two of them carry every invocation. They are the functions' own polling and
			// not recorded, as their path holds the functions' tokens.
			s.serveRuntime(w, r)
			return
		}
		id, err := uuid.NewRandomFromReader(s.rand)
		if err != nil {
			http.Error(w, "", http.StatusInternalServerError)
			return
		}
		record := &audit.Record{RequestID: id.String()}
		answer := &recorder{ResponseWriter: w}
		defer s.bound(answer, r)()
		w.Header().Set("Date", s.Now().UTC().Format(http.TimeFormat)) // clients' SDKs set their clocks by it
		came, start := s.Now(), time.Now()
		defer func() {
			if p := recover(); p != nil && p != http.ErrAbortHandler {
				record.Fault(fmt.Errorf("panic: %v", p))
				if answer.status == 0 {
					http.Error(answer, "", http.StatusInternalServerError)
				}
			}
			s.logRequest(r, record, answer, came, time.Since(start))
		}()
		s.admit(answer, r.WithContext(audit.With(r.Context(), record)))
	})
}

// admit lets the request in unless a tester's reset is under way, and then after it. The
// testers themselves are always let in.
func (s *Server) admit(w http.ResponseWriter, r *http.Request) {
	if first, _ := splitPath(r.RequestURI); first == "_local" {
		s.route(w, r)
		return
	}
	pass, err := s.gate.Enter(r.Context())
	if err != nil {
		return // the client has gone away
	}
	defer pass.End()
	s.route(w, r.WithContext(lambda.WithWaiting(r.Context(), pass.Outside)))
}

func (s *Server) route(w http.ResponseWriter, r *http.Request) {
	// The path as it was sent: an encoded slash separates nothing.
	path, _, _ := strings.Cut(r.RequestURI, "?")
	switch first, rest := splitPath(path); {
	case first == "execute-api":
		api, rest := splitPath(rest)
		stage, rest := splitPath(rest)
		s.Gateway.ServeHTTP(w, r, api, stage, rest)
	case first == "auth":
		prefix, _ := splitPath(rest)
		s.hosted.Serve(w, r, prefix)
	case first == "_local":
		s.testers.ServeHTTP(w, r, rest)
	case strings.HasPrefix(rest, "/.well-known/"):
		s.hosted.ServeWellKnown(w, r, first, strings.TrimPrefix(rest, "/.well-known/"))
	case path == lambdaapi.Prefix || strings.HasPrefix(path, lambdaapi.Prefix+"/"):
		if body, ok := readBody(w, r); ok {
			s.lambdaAPI.Serve(w, r, body)
		}
	case strings.HasPrefix(path, gateway.UsagePrefix+"/"):
		if body, ok := readBody(w, r); ok {
			s.usageAPI.Serve(w, r, body)
		}
	case strings.HasPrefix(path, gateway.DescribePrefix+"/"):
		if body, ok := readBody(w, r); ok {
			s.describeAPI.Serve(w, r, body)
		}
	case path == "/":
		s.serveAPI(w, r)
	default:
		unknownOperation(w, r, r.Method+" "+path)
	}
}

func (s *Server) serveRuntime(w http.ResponseWriter, r *http.Request) {
	path, _, _ := strings.Cut(r.RequestURI, "?")
	_, path = splitPath(path)
	token, rest := splitPath(path)
	answer := &recorder{ResponseWriter: w}
	defer s.bound(answer, r)()
	s.Lambda.ServeRuntime(answer, r, token, rest)
}

// splitPath returns the first segment of a path and what follows it, slash included.
func splitPath(path string) (first, rest string) {
	path = strings.TrimPrefix(path, "/")
	if i := strings.IndexByte(path, '/'); i >= 0 {
		return path[:i], path[i:]
	}
	return path, ""
}

// serveAPI answers the service APIs, told apart as AWS tells their operations apart:
// by X-Amz-Target (JSON protocol) or by the form field Action (query protocol).
func (s *Server) serveAPI(w http.ResponseWriter, r *http.Request) {
	target := r.Header.Get("X-Amz-Target")
	service, operation, _ := strings.Cut(target, ".")
	if strings.HasPrefix(service, "AWSCognito") {
		// Cognito's APIs are for browsers too: https://docs.aws.amazon.com/cognito/latest/developerguide/
		w.Header().Set("Access-Control-Allow-Origin", "*")
		w.Header().Set("Access-Control-Expose-Headers", "x-amzn-RequestId,x-amzn-ErrorType,x-amzn-ErrorMessage,Date")
	}
	if r.Method == http.MethodOptions {
		w.Header().Set("Access-Control-Allow-Origin", "*")
		w.Header().Set("Access-Control-Allow-Methods", "POST")
		w.Header().Set("Access-Control-Allow-Headers", "authorization,cache-control,content-type,x-amz-content-sha256,x-amz-date,x-amz-security-token,x-amz-target,x-amz-user-agent,amz-sdk-invocation-id,amz-sdk-request")
		w.Header().Set("Access-Control-Max-Age", "172800")
		w.WriteHeader(http.StatusOK)
		return
	}
	if r.Method != http.MethodPost {
		unknownOperation(w, r, r.Method+" /")
		return
	}
	body, ok := readBody(w, r)
	if !ok {
		return
	}
	switch service {
	case "AWSCognitoIdentityProviderService":
		s.userAPI.Serve(w, r, operation, body)
		return
	case "AWSCognitoIdentityService":
		s.IdentityPools.ServeAPI(w, r, operation, body)
		return
	case "AmazonSSM":
		s.SSM.ServeAPI(w, r, operation, body)
		return
	case "Logs_20140328":
		s.logsAPI.Serve(w, r, operation, body)
		return
	}
	if kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type")); kind == "application/x-www-form-urlencoded" {
		if form, err := url.ParseQuery(string(body)); err == nil && form.Get("Version") == "2011-06-15" {
			s.IAM.ServeSTS(w, r, body)
			return
		}
	}
	if target == "" {
		target = "POST / without X-Amz-Target"
	}
	unknownOperation(w, r, target)
}

// readBody reads the body of a service API's request, or answers why it could not.
func readBody(w http.ResponseWriter, r *http.Request) ([]byte, bool) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	var tooLarge *http.MaxBytesError
	switch {
	case errors.Is(err, wire.ErrBusy):
		wire.WriteError(w, r, err)
		return nil, false
	case errors.As(err, &tooLarge):
		wire.WriteError(w, r, &wire.Error{Status: http.StatusRequestEntityTooLarge, Code: "RequestEntityTooLargeException", Message: fmt.Sprintf("Request body is larger than %d bytes.", maxBody)})
		return nil, false
	case err != nil:
		wire.WriteError(w, r, wire.NewError("SerializationException", "The request's body could not be read."))
		return nil, false
	}
	return body, true
}

// unknownOperation names what the local AWS does not have, in AWS's form.
func unknownOperation(w http.ResponseWriter, r *http.Request, what string) {
	wire.WriteError(w, r, wire.NewError("UnknownOperationException", "The local AWS does not know "+what+"."))
}

// logRequest writes one line, and keeps the request for testers. Neither the query
// string nor a header is in it: both carry credentials.
func (s *Server) logRequest(r *http.Request, record *audit.Record, answer *recorder, came time.Time, took time.Duration) {
	path, _, _ := strings.Cut(r.RequestURI, "?")
	first, _ := splitPath(path)
	attrs := append([]slog.Attr{
		slog.String("method", r.Method), slog.String("path", path),
		slog.Int("status", answer.status), slog.Duration("took", took.Round(time.Microsecond)),
	}, record.Attrs()...)
	level := slog.LevelInfo
	if answer.status >= 500 {
		level = slog.LevelWarn
	}
	switch {
	case first != "_local" || answer.status >= 400:
		s.requests.Add(record.Entry(came, r.Method, path, answer.status, took))
	case r.Method == http.MethodGet:
		level = slog.LevelDebug // whoever looks on
	}
	s.log.LogAttrs(r.Context(), level, "request", attrs...)
}

// mail puts what AWS would have sent into the mailbox and, as nobody gets mail here, the
// code into the log. An invitation's is a password: it is in the mailbox alone.
func (s *Server) mail(ctx context.Context, m userpool.Message) {
	s.Mailbox.Deliver(ctx, m)
	code := slog.String("code", m.Code)
	if m.Kind == userpool.MailInvitation {
		code = slog.String("password", "in the mailbox: bin/local mailbox")
	}
	s.log.LogAttrs(ctx, slog.LevelInfo, "mail", slog.String("kind", m.Kind), slog.String("user", m.Username), slog.String("to", m.Destination), code)
}

// logFunction writes a line of a function's log, as it stands in its log group. What
// Lambda itself writes there about each invocation is for those who ask for more.
func (s *Server) logFunction(e logs.Event) {
	level := slog.LevelInfo
	for _, own := range []string{"START ", "END ", "REPORT "} {
		if strings.HasPrefix(e.Message, own) {
			level = slog.LevelDebug
		}
	}
	s.log.LogAttrs(context.Background(), level, "function", slog.String("group", e.Group), slog.String("message", e.Message), slog.String("requestId", e.RequestID))
}

// recorder remembers the status of an answer, and gives the client so long to take
// each part of it.
type recorder struct {
	http.ResponseWriter
	status  int
	control *http.ResponseController // nil where an answer is not bound
	within  time.Duration
}

func (w *recorder) begin() {
	if w.control != nil {
		_ = w.control.SetWriteDeadline(time.Now().Add(w.within)) // it fails where there is no connection
	}
}

func (w *recorder) WriteHeader(status int) {
	if w.status == 0 {
		w.status = status
	}
	w.begin()
	w.ResponseWriter.WriteHeader(status)
}

func (w *recorder) Write(b []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	w.begin()
	return w.ResponseWriter.Write(b)
}

// Unwrap lets http.ResponseController reach the connection.
func (w *recorder) Unwrap() http.ResponseWriter { return w.ResponseWriter }
