package testers

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"slices"
	"strings"

	"auth-api/infra/localaws/audit"
)

// maxBody is how much is read of what is posted.
const maxBody = 64 << 10

// problem is a refusal: its message is the answer.
type problem struct {
	status  int
	message string
}

func (p *problem) Error() string { return p.message }

// ServeHTTP answers testers, and no page from elsewhere, be it by its origin or under a
// name of its own that resolves to loopback (DNS rebinding). path is what follows
// /_local, as it was sent.
func (s *Service) ServeHTTP(w http.ResponseWriter, r *http.Request, path string) {
	record := audit.From(r.Context())
	record.Service("local " + r.Method + " " + path)
	answer, err := s.serve(w, r, path)
	status := http.StatusOK
	var no *problem
	switch {
	case errors.As(err, &no):
		status, answer = no.status, message{no.message}
	case err != nil:
		record.Fault(err)
		status, answer = http.StatusInternalServerError, message{"something failed in the local AWS; its log has the reason"}
	}
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	encoder.SetEscapeHTML(false)
	_ = encoder.Encode(answer) // a client that has gone away is no fault
}

type message struct {
	Message string `json:"message"`
}

func (s *Service) serve(w http.ResponseWriter, r *http.Request, path string) (any, error) {
	record := audit.From(r.Context())
	host, _, err := net.SplitHostPort(r.Host)
	if err != nil {
		host = r.Host
	}
	origin := r.Header.Get("Origin")
	if origin != "" && origin != s.cfg.URL() || host != "localhost" && host != "127.0.0.1" {
		record.Deny("a page of another origin asks, or one under another name than localhost")
		return nil, &problem{http.StatusForbidden, "this address answers no page of another origin"}
	}
	if path == "" {
		path = "/"
	}
	var methods []string
	for _, e := range Endpoints() {
		if e.Path != Prefix+path {
			continue
		}
		if e.Method != r.Method {
			methods = append(methods, e.Method)
			continue
		}
		c := &call{r: r}
		if c.query, err = e.readQuery(r.URL.RawQuery); err != nil {
			return nil, err
		}
		if e.Method == http.MethodPost {
			if c.body, err = readBody(w, r); err != nil {
				return nil, err
			}
		}
		return e.serve(s, c)
	}
	if len(methods) > 0 {
		w.Header().Set("Allow", join(methods))
		return nil, &problem{http.StatusMethodNotAllowed, Prefix + path + " is for " + join(methods) + " alone"}
	}
	return nil, &problem{http.StatusNotFound, "there is no " + audit.Clip(Prefix+path) + "; there are: " + strings.Join(addresses(), ", ")}
}

func addresses() []string {
	var all []string
	for _, e := range Endpoints() {
		all = append(all, e.Method+" "+e.Path)
	}
	return all
}

// readBody reads what is posted. A page from elsewhere can post without being asked
// first only as a form or text, so that what is no JSON is refused.
func readBody(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/json" {
		return nil, &problem{http.StatusUnsupportedMediaType, "the Content-Type must be application/json"}
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		return nil, &problem{http.StatusRequestEntityTooLarge, fmt.Sprintf("the body is larger than %d bytes", maxBody)}
	}
	if err != nil {
		return nil, &problem{http.StatusBadRequest, "the body could not be read"}
	}
	return body, nil
}

// decode reads one JSON object with no other members than T has.
func decode[T any](body []byte) (T, error) {
	var v T
	d := json.NewDecoder(bytes.NewReader(body))
	d.DisallowUnknownFields()
	err := d.Decode(&v)
	if err == nil && !bytes.HasPrefix(bytes.TrimSpace(body), []byte("{")) {
		err = errors.New("it is no object")
	}
	if err == nil {
		if _, more := d.Token(); !errors.Is(more, io.EOF) {
			err = errors.New("something follows the object")
		}
	}
	if err != nil {
		return v, &problem{http.StatusBadRequest, "the body is not the JSON object that is wanted: " + audit.Clip(err.Error())}
	}
	return v, nil
}

func join(words []string) string {
	words = slices.Compact(slices.Clone(words))
	return strings.Join(words, ", ")
}
