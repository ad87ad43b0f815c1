package main

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"auth-api/infra/localaws/gateway"
	"auth-api/infra/localaws/iam"
	"auth-api/infra/localaws/lambda"
	"auth-api/infra/localaws/lambda/logs"
	"auth-api/infra/localaws/store"
)

// decision measures what it takes to verify a signature over a body of 1 KB and to
// decide by the user's policies: µs, and allocations.
func (o *ours) decision(ctx context.Context, rounds int, progress func(string, ...any)) (took, allocations *Summary, err error) {
	body := []byte(strings.Repeat("0123456789abcdef", 64))
	r, err := o.call(ctx, string(body))
	if err != nil {
		return nil, nil, err
	}
	r.RequestURI = r.URL.RequestURI() // as a server has it
	r.Host = r.URL.Host
	apiID, stage, path, ok := gateway.SplitPath(r.URL.EscapedPath())
	if !ok {
		return nil, nil, fmt.Errorf("measuring the decision: %s is no address of the gateway", r.URL)
	}
	want := iam.Request{
		Action: "execute-api:Invoke", SourceIP: "127.0.0.1", UserAgent: r.UserAgent(),
		Resource: "arn:aws:execute-api:" + o.outputs.Region + ":" + o.aws.Account + ":" + apiID + "/" + stage + "/" + http.MethodGet + path,
	}
	decide := func() {
		caller, fault := o.aws.IAM.Authenticate(r, body, "execute-api")
		if fault != nil {
			err = fault
		} else if d := o.aws.IAM.Authorize(caller, want, nil); !d.Allowed {
			err = errors.New(d.Reason)
		}
	}
	const times = 5000
	var each []time.Duration
	for range rounds {
		begin := time.Now()
		for range times {
			decide()
		}
		each = append(each, time.Since(begin)/times)
	}
	took, allocations = summarize(micros(each)), exactly(testing.AllocsPerRun(times, decide))
	if err != nil {
		return nil, nil, fmt.Errorf("measuring the decision: %w", err)
	}
	progress("signature and decision: %s µs, %s allocations", took, allocations)
	return took, allocations, nil
}

// handler is the protected function in one of its makes, in the local AWS's Lambda room.
type handler struct {
	name      string
	function  lambda.Function
	firstPoll []float64 // ms
	warm      []float64 // µs, the median of each round
	memory    []float64 // MB, the most that an instance has had
}

// handlers returns the function as the stack has it, in Go, and the one whose archive
// is given, under names of their own.
func (o *ours) handlers(node []byte) ([]*handler, error) {
	var declared lambda.Function
	err := o.aws.Store.View(func(tx *store.Tx) error {
		functions, err := lambda.Functions.All(tx)
		for _, f := range functions {
			if strings.Contains(f.ID, "require-auth") {
				declared = f.Value
			}
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	if declared.Name == "" {
		return nil, errors.New("measuring the handlers: the stack has no function require-auth")
	}
	inGo := &handler{name: "bench-go", function: declared}
	list := []*handler{inGo}
	if node != nil {
		sum := sha256.Sum256(node)
		inNode := &handler{name: "bench-node", function: declared}
		inNode.function.Code.SHA256 = hex.EncodeToString(sum[:])
		if err := o.aws.Lambda.PutCode(inNode.function.Code.SHA256, node); err != nil {
			return nil, fmt.Errorf("measuring the handlers: %w", err)
		}
		list = append(list, inNode)
	}
	return list, nil
}

// measureHandlers starts each handler anew some times, in turn, and each time invokes
// it warm for a while, on the event that the gateway makes of a call.
func (o *ours) measureHandlers(ctx context.Context, list []*handler, rounds int, duration time.Duration, progress func(string, ...any)) error {
	for round := range rounds {
		for _, h := range list {
			if err := o.measureHandler(ctx, h, round, duration); err != nil {
				return fmt.Errorf("measuring the handler %s: %w", h.name, err)
			}
		}
	}
	for _, h := range list {
		progress("%s: first poll after %s ms, warm %s µs, %s MB", h.name, summarize(h.firstPoll), summarize(h.warm), summarize(h.memory))
	}
	return nil
}

func (o *ours) measureHandler(ctx context.Context, h *handler, round int, duration time.Duration) error {
	f := h.function
	f.Name, f.Timeout, f.LoggingConfig = h.name, 10+round, nil // a change of its timeout makes it start anew
	err := o.aws.Store.Update(func(tx *store.Tx) error {
		if err := o.aws.Lambda.FunctionDeclared(tx, f.Name, f); err != nil {
			return err
		}
		return lambda.Functions.Put(tx, f.Name, f)
	})
	if err != nil {
		return err
	}
	if err := o.aws.Lambda.Prune(); err != nil {
		return err
	}
	in := lambda.Invocation{Function: h.name, Payload: []byte(o.event()), Principal: "arn:aws:iam::" + o.aws.Account + ":root"}
	invoke := func(in lambda.Invocation) (lambda.Result, error) {
		result, err := o.aws.Lambda.Invoke(ctx, in)
		if err == nil && (result.FunctionError != "" || !bytes.Contains(result.Payload, []byte("velvet rope"))) {
			err = fmt.Errorf("it answered %s: %s", result.Payload, o.lastLine(f))
		}
		return result, err
	}
	first := in
	first.LogTail = true
	result, err := invoke(first)
	if err != nil {
		return err
	}
	if err := h.read(string(result.LogTail)); err != nil {
		return err
	}
	var each []time.Duration
	for begin, at := time.Now(), time.Now(); at.Sub(begin) < duration; {
		if _, err := invoke(in); err != nil {
			return err
		}
		now := time.Now()
		each = append(each, now.Sub(at))
		at = now
	}
	h.warm = append(h.warm, summarize(micros(each)).Median)
	return nil
}

// lastLine is what the function's log ends with.
func (o *ours) lastLine(f lambda.Function) string {
	events, err := o.aws.Lambda.Logs("/aws/lambda/"+f.Name, logs.Filter{Limit: 8})
	if err != nil {
		return err.Error()
	}
	var b strings.Builder
	for _, e := range events {
		b.WriteString(e.Message + "\n")
	}
	return b.String()
}

// read takes the figures out of the REPORT line of a first invocation.
func (h *handler) read(log string) error {
	init, err := figure(log, "Init Duration: ", " ms")
	if err != nil {
		return err
	}
	memory, err := figure(log, "Max Memory Used: ", " MB")
	if err != nil {
		return err
	}
	h.firstPoll, h.memory = append(h.firstPoll, init), append(h.memory, memory)
	return nil
}

// figure finds a number between a name and a unit.
func figure(text, name, unit string) (value float64, err error) {
	_, rest, found := strings.Cut(text, name)
	number, _, ends := strings.Cut(rest, unit)
	if !found || !ends {
		return 0, fmt.Errorf("there is no %q…%q in %q", name, unit, text)
	}
	if _, err := fmt.Sscan(number, &value); err != nil {
		return 0, fmt.Errorf("reading %q: %w", name+number, err)
	}
	return value, nil
}

// event is the event of a call of the protected route, in the form of the gateway's.
func (o *ours) event() string {
	provider := strings.TrimPrefix(o.outputs.Issuer, "https://")
	return `{"resource":"/require-auth","path":"/require-auth","httpMethod":"GET","headers":{"Accept":"application/json","Host":"localhost:4566","User-Agent":"make-bench"},` +
		`"multiValueHeaders":{"Accept":["application/json"],"Host":["localhost:4566"],"User-Agent":["make-bench"]},"queryStringParameters":null,"multiValueQueryStringParameters":null,` +
		`"pathParameters":null,"stageVariables":null,"requestContext":{"resourceId":"abc123","resourcePath":"/require-auth","httpMethod":"GET","extendedRequestId":"AAAAAAAAAAAAAAA=",` +
		`"requestTime":"22/Nov/2026:10:30:00 +0000","path":"/dev/require-auth","accountId":"` + o.aws.Account + `","protocol":"HTTP/1.1","stage":"dev","domainPrefix":"localhost",` +
		`"requestTimeEpoch":1795343400000,"requestId":"11111111-1111-4111-8111-111111111111","identity":{"cognitoIdentityPoolId":"` + o.outputs.IdentityPoolID + `",` +
		`"accountId":"` + o.aws.Account + `","cognitoIdentityId":"` + o.user.ID + `","caller":null,"sourceIp":"127.0.0.1","principalOrgId":null,"accessKey":null,` +
		`"cognitoAuthenticationType":"authenticated","cognitoAuthenticationProvider":"` + provider + `,` + provider + `:CognitoSignIn:5a0d11","userArn":"arn:aws:sts::` + o.aws.Account +
		`:assumed-role/user/CognitoIdentityCredentials","userAgent":"make-bench","user":null},"domainName":"localhost","deploymentId":"def456","apiId":"abcdef1234"},"body":null,"isBase64Encoded":false}`
}

// archive packs a handler as Lambda takes it: these files, and the folder below them.
func archive(files map[string][]byte, folder, under string) ([]byte, error) {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	add := func(name string, content []byte) error {
		h := &zip.FileHeader{Name: name, Method: zip.Deflate}
		h.SetMode(0o755)
		w, err := z.CreateHeader(h)
		if err == nil {
			_, err = w.Write(content)
		}
		return err
	}
	for name, content := range files {
		if err := add(name, content); err != nil {
			return nil, err
		}
	}
	err := filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		name, err := filepath.Rel(folder, path)
		if err != nil {
			return err
		}
		return add(under+"/"+filepath.ToSlash(name), content)
	})
	if err != nil {
		return nil, fmt.Errorf("packing a handler: %w", err)
	}
	if err := z.Close(); err != nil {
		return nil, fmt.Errorf("packing a handler: %w", err)
	}
	return b.Bytes(), nil
}
