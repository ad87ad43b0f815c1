package verify

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

const themeTransport = "Transport"

const (
	docTLS  = "https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-custom-domain-tls-version.html"
	docHSTS = "https://www.rfc-editor.org/rfc/rfc6797"
)

func transportChecks() []Check {
	const applies = "stacks on AWS: the local AWS speaks HTTP on loopback, which nobody else hears"
	check := func(id, title, proves, doc string, severity Severity, run func(context.Context, *session, []endpoint) []Result) Check {
		return Check{ID: id, Theme: themeTransport, Title: title, Proves: proves, Doc: doc, Severity: severity, Applies: applies, phase: main,
			run: func(ctx context.Context, s *session) []Result {
				if s.target.Local() {
					return []Result{skip("", "", "the local AWS speaks HTTP on loopback, which nobody else hears")}
				}
				return run(ctx, s, s.endpoints())
			}}
	}
	return []Check{
		check("V-TLS-01", "Every address is https", "The API's, the hosted sign-in's, the issuer's and the web client's addresses, by their scheme.", docTLS, Critical, httpsOnly),
		check("V-TLS-02", "Plain HTTP is not served", "The same hosts, asked on port 80: no answer, or a redirect to https.", docTLS, High, plainHTTP),
		check("V-TLS-03", "TLS before 1.2 is refused", "Handshakes with TLS 1.0 and 1.1 fail. API Gateway's own names take them, which no stack can change but by a domain of its own.", docTLS, High, oldTLS),
		check("V-TLS-04", "TLS 1.2 or newer is spoken, with a certificate that is good", "A handshake by the system's certificate authorities, for the host's name, with two weeks left.", docTLS, High, goodTLS),
		check("V-TLS-05", "The hosted sign-in asks browsers to stay with https", "Strict-Transport-Security is on the sign-in page.", docHSTS, Medium, hsts),
		{ID: "V-TLS-06", Theme: themeTransport, Severity: High, phase: main, Doc: "https://docs.aws.amazon.com/apigateway/latest/developerguide/rest-api-disable-default-endpoint.html",
			Title: "The way around the domain is closed", Proves: "API Gateway's own name answers nothing where the API has its own and defaultEndpoint is false.",
			Applies: "stacks with domain and defaultEndpoint false", run: defaultEndpoint},
	}
}

// endpoint is a host of the stack.
type endpoint struct{ what, address string }

func (s *session) endpoints() []endpoint {
	return []endpoint{{"the API", s.base}, {"the hosted sign-in", s.out.HostedUIURL}}
}

func httpsOnly(_ context.Context, s *session, at []endpoint) (out []Result) {
	at = append(at, endpoint{"the issuer", s.out.Issuer}, endpoint{"the web client", s.out.WebURL})
	for _, callback := range s.out.CallbackURLs {
		at = append(at, endpoint{"the callback " + callback, callback})
	}
	for _, e := range at {
		u, err := url.Parse(e.address)
		if err != nil {
			out = append(out, broken("", e.what, errors.New("its address cannot be read")))
			continue
		}
		loopback := u.Hostname() == "localhost" || u.Hostname() == "127.0.0.1" // Cognito takes no other without https
		own := u.Scheme != "http" && u.Scheme != "https"                       // an app's own scheme
		out = append(out, mustHold("", e.what, "https", u.Scheme, u.Scheme == "https" || strings.HasPrefix(e.what, "the callback") && (loopback || own) || e.what == "the web client" && loopback))
	}
	return out
}

func plainHTTP(ctx context.Context, s *session, at []endpoint) (out []Result) {
	for _, e := range at {
		u, err := url.Parse(e.address)
		if err != nil {
			out = append(out, broken("", e.what, errors.New("its address cannot be read")))
			continue
		}
		u.Scheme = "http"
		short, cancel := context.WithTimeout(ctx, 8*time.Second)
		a, err := s.prober.once(short, func() (*http.Request, error) { return request{method: http.MethodGet}.to(short, u.String()) })
		cancel()
		switch {
		case ctx.Err() != nil:
			out = append(out, broken("", e.what, ctx.Err()))
		case err != nil:
			out = append(out, mustHold("", e.what, "no answer, or to https", "no answer", true))
		default:
			to := a.header.Get("Location")
			out = append(out, mustHold("", e.what, "no answer, or to https", strings.TrimSpace(fmt.Sprint(a.status, " ", short4(to))), a.status >= 300 && a.status < 400 && strings.HasPrefix(to, "https://") || a.status >= 400 && a.header.Get("x-amz-apigw-id") == ""))
		}
	}
	return out
}

func short4(to string) string {
	if to == "" {
		return ""
	}
	return "to " + short(to)
}

// handshake begins TLS with a host.
func handshake(ctx context.Context, address string, config *tls.Config) (tls.ConnectionState, error) {
	u, err := url.Parse(address)
	if err != nil {
		return tls.ConnectionState{}, errors.New("its address cannot be read")
	}
	port := u.Port()
	if port == "" {
		port = "443"
	}
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	c, err := (&tls.Dialer{Config: config}).DialContext(ctx, "tcp", net.JoinHostPort(u.Hostname(), port))
	if err != nil {
		return tls.ConnectionState{}, err
	}
	defer c.Close()
	return c.(*tls.Conn).ConnectionState(), nil
}

func oldTLS(ctx context.Context, s *session, at []endpoint) (out []Result) {
	for _, e := range at {
		for _, version := range []uint16{tls.VersionTLS10, tls.VersionTLS11} {
			// Every cipher that there is: a refusal must be of the version.
			config := s.tls()
			config.MinVersion, config.MaxVersion, config.InsecureSkipVerify = version, version, true
			for _, suite := range append(tls.CipherSuites(), tls.InsecureCipherSuites()...) {
				config.CipherSuites = append(config.CipherSuites, suite.ID)
			}
			_, err := handshake(ctx, e.address, config)
			var network *net.OpError
			caller := e.what + ", " + tls.VersionName(version)
			if errors.As(err, &network) && network.Op == "dial" {
				out = append(out, broken("", caller, fmt.Errorf("reaching it: %w", err)))
				continue
			}
			got := "refused"
			if err == nil {
				got = "spoken"
				if strings.Contains(e.address, ".execute-api.") {
					// Its policy is TLS_1_0 for every regional API, and cannot be chosen.
					out = append(out, skip("", caller, "API Gateway's own names speak it for every stack; a domain with defaultEndpoint false does not"))
					continue
				}
			}
			out = append(out, mustHold("", caller, "refused", got, err != nil))
		}
	}
	return out
}

func goodTLS(ctx context.Context, s *session, at []endpoint) (out []Result) {
	for _, e := range at {
		config := s.tls()
		config.MinVersion = tls.VersionTLS12
		state, err := handshake(ctx, e.address, config)
		if err != nil {
			var network *net.OpError
			if errors.As(err, &network) && network.Op == "dial" {
				out = append(out, broken("", e.what, fmt.Errorf("reaching it: %w", err)))
				continue
			}
			out = append(out, mustHold("", e.what, "TLS 1.2 or newer", err.Error(), false))
			continue
		}
		left := time.Until(state.PeerCertificates[0].NotAfter)
		out = append(out, mustHold("", e.what, "TLS 1.2 or newer, two weeks left", fmt.Sprintf("%s, %d days left", tls.VersionName(state.Version), int(left.Hours()/24)), left > 14*24*time.Hour))
	}
	return out
}

// tls is how handshakes begin; tests trust a certificate of their own.
func (s *session) tls() *tls.Config {
	if t, ok := s.prober.http.Transport.(*http.Transport); ok && t.TLSClientConfig != nil {
		return t.TLSClientConfig.Clone()
	}
	return &tls.Config{}
}

func hsts(ctx context.Context, s *session, _ []endpoint) []Result {
	f, err := s.flow()
	if err != nil {
		return []Result{broken("", "", err)}
	}
	a, err := s.newBrowser().open(ctx, "/login", f.q)
	if err != nil {
		return []Result{broken("", "", err)}
	}
	got := a.header.Get("Strict-Transport-Security")
	return []Result{mustHold("", "the sign-in page", "max-age of half a year at least", shownOr(got, "none"), maxAge(got) >= 15552000)}
}

// maxAge reads a Strict-Transport-Security (RFC 6797, section 6.1).
func maxAge(header string) int {
	for _, directive := range strings.Split(header, ";") {
		name, value, _ := strings.Cut(strings.TrimSpace(directive), "=")
		if strings.EqualFold(name, "max-age") {
			seconds, err := strconv.Atoi(strings.Trim(value, `"`))
			if err != nil {
				return 0
			}
			return seconds
		}
	}
	return 0
}

func defaultEndpoint(ctx context.Context, s *session) []Result {
	if !s.target.ownDomain() {
		return nil
	}
	// An unknown path, as an endpoint that answers knows it for what it is; one that is
	// disabled says Forbidden of every path.
	a, err := s.prober.send(ctx, func() (*http.Request, error) {
		return request{method: http.MethodGet, path: "/verify-nothing"}.to(ctx, strings.TrimSuffix(s.out.APIURL, "/"))
	})
	if err != nil {
		return []Result{broken("", "nobody", err)}
	}
	return []Result{mustHold("", "nobody, at API Gateway's own name", "403 ForbiddenException", a.String(), a.status == http.StatusForbidden && a.errorType == "ForbiddenException")}
}
