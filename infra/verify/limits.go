package verify

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"auth-api/infra/client"
)

const themeLimits = "Limits"

func limitChecks() []Check {
	const applies = "stacks with a route that asks for a key and nothing else, with --limits"
	return []Check{
		{ID: "V-LIM-01", Theme: themeLimits, Severity: Medium, phase: last, Doc: "https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-request-throttling.html",
			Title: "The rate is limited", Proves: "More requests at once than the usage plan's burst and two seconds of its rate: some are answered 429.",
			Applies: applies, run: throttle},
		{ID: "V-LIM-02", Theme: themeLimits, Severity: Medium, phase: last, Doc: docKeys,
			Title: "The quota is limited", Proves: "One request more than the usage plan's quota is answered 429 Limit Exceeded. It uses the key's quota up.",
			Applies: applies + ", where the quota is not above --max-quota", run: quota},
	}
}

// limited is a route on which limits can be tried.
func (s *session) limited() (string, client.Route, string) {
	switch {
	case !s.o.Limits:
		return "", client.Route{}, "it uses up the key's limits; --limits tries it"
	case s.out.UsagePlan == nil:
		return "", client.Route{}, "the stack's outputs do not tell its usage plan; make up adds it"
	}
	for _, name := range s.out.RouteNames() {
		if r := s.out.Routes[name]; r.APIKeyRequired && r.Authorization == authNone && safe(methodOf(r)) && s.gated(name) == "" && s.unreachable() == "" {
			return name, r, ""
		}
	}
	return "", client.Route{}, "no route that changes nothing asks for a key and nothing else"
}

// flood sends n requests, as many at once as the prober does, and counts the answers.
func (s *session) flood(ctx context.Context, r client.Route, n int, until Verdict) (map[Verdict]int, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var mu sync.Mutex
	var wg sync.WaitGroup
	counts := map[Verdict]int{}
	var failed error
	for range maxConcurrent {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for {
				mu.Lock()
				more := n > 0 && counts[until] == 0 && failed == nil && ctx.Err() == nil
				n--
				mu.Unlock()
				if !more {
					return
				}
				a, err := s.prober.once(ctx, func() (*http.Request, error) {
					return request{method: methodOf(r), path: Example(r.Path), header: s.keyed(r)}.to(ctx, s.base)
				})
				if err == nil && a.verdict() == Throttled && until == UsedUp {
					err = s.prober.wait(ctx, 200*time.Millisecond) // a throttled request uses none of the quota
					mu.Lock()
					n++
					mu.Unlock()
				}
				mu.Lock()
				if err != nil && failed == nil {
					failed = err
				}
				counts[a.verdict()]++
				mu.Unlock()
			}
		}()
	}
	wg.Wait()
	return counts, failed
}

func throttle(ctx context.Context, s *session) []Result {
	name, r, why := s.limited()
	if why != "" {
		return []Result{skip("", "", "%s", why)}
	}
	p := s.out.UsagePlan
	n := p.BurstLimit + int(2*p.RateLimit) + 1
	if n > 5000 {
		return []Result{skip(name, "", "its rate of %g and burst of %d take more requests than are sent", p.RateLimit, p.BurstLimit)}
	}
	counts, err := s.flood(ctx, r, n, Throttled)
	if err != nil {
		return []Result{broken(name, "", err)}
	}
	if counts[UsedUp] > 0 {
		return []Result{skip(name, "", "the key's quota is used up")}
	}
	return []Result{mustHold(name, "nobody, with the key", "429 TooManyRequestsException", fmt.Sprintf("%d throttled, %d let in", counts[Throttled], counts[LetIn]), counts[Throttled] > 0)}
}

func quota(ctx context.Context, s *session) []Result {
	name, r, why := s.limited()
	if why != "" {
		return []Result{skip("", "", "%s", why)}
	}
	limit := s.out.UsagePlan.QuotaLimit
	if limit > s.o.MaxQuota {
		return []Result{skip(name, "", "its quota is %d a %s, above --max-quota %d", limit, s.out.UsagePlan.QuotaPeriod, s.o.MaxQuota)}
	}
	counts, err := s.flood(ctx, r, limit+1, UsedUp)
	if err != nil {
		return []Result{broken(name, "", err)}
	}
	return []Result{mustHold(name, "nobody, with the key", "429 LimitExceededException", fmt.Sprintf("%d over the quota, %d let in", counts[UsedUp], counts[LetIn]), counts[UsedUp] > 0)}
}

// clockWord is why what needs a moved clock is skipped.
func (s *session) clockWord() string {
	switch {
	case !s.target.Local():
		return "AWS's clock cannot be moved; presigned addresses that are over are tried by V-SIG-14"
	case !s.o.Clock:
		return "it moves the clock of the local AWS, which others may be using; --clock does it"
	}
	return ""
}

// later does something at a later time by the local AWS's clock, which it moves back.
func (s *session) later(ctx context.Context, by time.Duration, do func() []Result) (out []Result) {
	if err := s.advance(ctx, by); err != nil {
		return []Result{broken("", "", err)}
	}
	defer func() {
		back, cancel := context.WithTimeout(context.WithoutCancel(ctx), cleanup)
		defer cancel()
		if err := s.advance(back, -by); err != nil {
			s.people.leftover(fmt.Sprintf("the local AWS's clock, which is %s ahead: %v; bin/local clock reset puts it right", by, err))
		}
	}()
	return do()
}

func (s *session) advance(ctx context.Context, by time.Duration) error {
	body, err := json.Marshal(map[string]string{"advance": by.String()})
	if err != nil {
		return fmt.Errorf("moving the local AWS's clock: %w", err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.out.AWSEndpoint+"/_local/clock", bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("moving the local AWS's clock: %w", err)
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := s.prober.http.Do(req)
	if err != nil {
		return fmt.Errorf("moving the local AWS's clock: %w", err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return errors.New("moving the local AWS's clock: it answers " + resp.Status)
	}
	return s.reach(ctx)
}

func expiredToken(ctx context.Context, s *session) []Result {
	if why := s.clockWord(); why != "" {
		return []Result{skip("", "", "%s", why)}
	}
	tokens := map[string]string{}
	for _, name := range s.out.RouteNames() {
		if r := s.out.Routes[name]; isCognito(r) {
			tokens[name], _, _ = s.good(ctx, r)
		}
	}
	return s.later(ctx, 25*time.Hour, func() []Result {
		return s.routes(isCognito, func(name string, r client.Route) []Result {
			switch {
			case s.gated(name) != "":
				return []Result{skip(name, "", "%s", s.gated(name))}
			case tokens[name] == "":
				return []Result{skip(name, "", "there is no token that the route takes")}
			}
			return []Result{s.withToken(ctx, name, "a token of a day ago", r, tokens[name])}
		})
	})
}

func expiredCredentials(ctx context.Context, s *session) []Result {
	if why := s.clockWord(); why != "" {
		return []Result{skip("", "", "%s", why)}
	}
	return s.later(ctx, 25*time.Hour, func() []Result {
		return s.routes(isIAM, func(name string, r client.Route) []Result {
			u, why := s.people.may(r)
			if why = join(s.gated(name), why); why != "" {
				return []Result{skip(name, "", "%s", why)}
			}
			return []Result{s.refuses(ctx, name, u.label+", a day later", refusedByGateway, s.signedBy(ctx, u, r))}
		})
	})
}

func expiredCode(ctx context.Context, s *session) (out []Result) {
	if why := s.clockWord(); why != "" {
		return []Result{skip("", "", "%s", why)}
	}
	f, code, err := s.people.code(ctx)
	if err != nil {
		return failure(err)
	}
	return s.later(ctx, 6*time.Minute, func() []Result {
		a, err := s.redeem(ctx, f, code, nil)
		if err != nil {
			return []Result{broken("", "", err)}
		}
		return []Result{refusedToken("six minutes later", a)}
	})
}
