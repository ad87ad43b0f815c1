// Package cases holds the local AWS against what AWS answers: one table of cases, each
// asked over TCP of one deployed stack. What came back is written beside AWS's answer
// into CASES.md:
//
//	go test ./infra/localaws/cases -update
//
// Without -update the test fails when the page says other than the run.
package cases

import (
	"flag"
	"fmt"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write CASES.md with what was received in this run")

// certainty says how well AWS's answer is known.
type certainty string

const (
	sure   certainty = "sure"   // recorded from AWS, or documented by AWS
	likely certainty = "likely" // reported by others
	open   certainty = "open"   // nobody wrote it down, or sources disagree
)

// answer is what came back, with what changes from run to run masked: see stack.mask.
type answer struct {
	status int
	kind   string // x-amzn-ErrorType
	body   string
	more   []string // headers that the case is about, and what else was observed
}

func (a answer) String() string {
	parts := []string{fmt.Sprint(a.status)}
	if a.kind != "" {
		parts = append(parts, a.kind)
	}
	if a.body != "" {
		parts = append(parts, "`"+a.body+"`")
	}
	return strings.Join(append(parts, a.more...), " · ")
}

func (a answer) with(more ...string) answer {
	a.more = append(slices.Clone(a.more), more...)
	return a
}

// testCase is one row of the table.
type testCase struct {
	id    string // the case's number, with a letter where it has several parts
	title string
	known certainty

	aws  answer // AWS's answer, where it is known to the letter
	said string // what is known of it, where it is not

	// here is the answer that is wanted where AWS's is not known, or is not given on
	// purpose; why says why. Without here, it is AWS's.
	here answer
	why  string

	ask func(c *on) answer
}

// want is the answer that the test holds out for.
func (tc testCase) want() answer {
	if tc.here.status != 0 {
		return tc.here
	}
	return tc.aws
}

// check refuses a case that hides a difference.
func (tc testCase) check() error {
	differs := tc.here.status != 0
	switch {
	case (tc.aws.status == 0) == (tc.said == ""):
		return fmt.Errorf("it must give AWS's answer, or else say what is known of it")
	case tc.said != "" && !differs:
		return fmt.Errorf("AWS's answer is not known to the letter: it must say what is wanted here")
	case differs && tc.here.String() == tc.aws.String():
		return fmt.Errorf("here repeats AWS's answer")
	case differs != (tc.why != ""):
		return fmt.Errorf("a reason belongs to an answer that is not AWS's, and to no other")
	case !slices.Contains([]certainty{sure, likely, open}, tc.known):
		return fmt.Errorf("its certainty is %q", tc.known)
	}
	return nil
}

type section struct {
	title string
	cases []testCase
}

func sections() []section {
	return []section{
		{"API Gateway: routing", routingCases()},
		{"API Gateway: AWS_IAM (Signature Version 4)", signatureCases()},
		{"API Gateway: the IAM decision", decisionCases()},
		{"API Gateway: Cognito authorizer", cognitoCases()},
		{"API Gateway: Lambda authorizer", authorizerCases()},
		{"API Gateway: keys and limits", limitCases()},
		{"API Gateway: request and integration", integrationCases()},
		{"API Gateway: requestContext.identity of the proxy event", identityCases()},
		{"Hosted sign-in and OAuth", hostedCases()},
		{"User pool API", userPoolCases()},
		{"Identity pool", identityPoolCases()},
	}
}

// TestCases asks every case, and compares CASES.md with what was received.
func TestCases(t *testing.T) {
	s := deploy(t)
	received := map[string]answer{}
	total := 0
	for _, sec := range sections() {
		for _, tc := range sec.cases {
			total++
			t.Run(tc.id+" "+tc.title, func(t *testing.T) {
				if err := tc.check(); err != nil {
					t.Fatal(err)
				}
				if _, twice := received[tc.id]; twice {
					t.Fatal("two cases have this number")
				}
				s.clock.set(noon) // each case has the same time, whatever ran before
				got := tc.ask(&on{T: t, stack: s})
				received[tc.id] = got
				if got.String() != tc.want().String() {
					t.Errorf("answered\n\t%s\nwant\n\t%s", got, tc.want())
				}
			})
		}
	}
	refused := map[string]string{}
	for _, r := range refusals() {
		t.Run("refused "+r.what, func(t *testing.T) { refused[r.what] = s.refusal(t, r) })
	}
	var known *vocabulary
	t.Run("known", func(t *testing.T) { v := s.known(t); known = &v })
	for _, x := range settings() {
		t.Run("recorded "+x.kind, func(t *testing.T) { s.taken(t, x) })
	}
	var operations []service
	t.Run("operations", func(t *testing.T) { operations = probe(t) })
	failed := t.Failed()
	t.Run("page", func(t *testing.T) {
		if failed {
			t.Skip("what was received is not what is wanted")
		}
		if len(received) < total || len(refused) < len(refusals()) || known == nil || operations == nil {
			t.Skip("not everything was asked")
		}
		comparePage(t, page{received, refused, *known, operations})
		compareErrors(t, received)
	})
}

// TestCasesAreAllThere holds the table against the numbers of the reference.
func TestCasesAreAllThere(t *testing.T) {
	numbers := map[string]bool{}
	for _, sec := range sections() {
		for _, tc := range sec.cases {
			numbers[strings.TrimRight(tc.id, "abcdefghijklmnopqrstuvwxyz")] = true
		}
	}
	for n := 1; n <= 60; n++ {
		if !numbers[fmt.Sprint(n)] {
			t.Errorf("there is no case %d", n)
		}
	}
}
