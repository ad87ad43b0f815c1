package main

import (
	"bytes"
	"encoding/json"
	"math"
	"slices"
	"strings"
	"testing"
)

func TestVerdicts(t *testing.T) {
	for _, test := range []struct {
		name  string
		row   Row
		want  string
		ratio float64
	}{
		{"information is not judged", Row{Ours: exactly(5), Theirs: exactly(10)}, "", 2},
		{"at the limit", Row{Ours: exactly(60), Limit: &Limit{AtMost: 60}}, met, 0},
		{"over it", Row{Ours: exactly(60.1), Limit: &Limit{AtMost: 60}}, missed, 0},
		{"the median counts, not the worst", Row{Ours: summarize([]float64{10, 20, 900}), Limit: &Limit{AtMost: 60}}, met, 0},
		{"three times as many", Row{Ours: exactly(300), Theirs: exactly(100), More: true, Limit: &Limit{Times: 3}}, met, 3},
		{"fewer than three times", Row{Ours: exactly(299), Theirs: exactly(100), More: true, Limit: &Limit{Times: 3}}, missed, 2.99},
		{"a third of the time", Row{Ours: exactly(100), Theirs: exactly(300), Limit: &Limit{Times: 3}}, met, 3},
		{"less is better, and ours is more", Row{Ours: exactly(300), Theirs: exactly(100), Limit: &Limit{Times: 1}}, missed, 1. / 3},
		{"nobody to compare with", Row{Ours: exactly(300), More: true, Limit: &Limit{Times: 3}}, notCompared, 0},
		{"what the system does not tell", Row{Limit: &Limit{AtMost: 60}}, notMeasured, 0},
		{"nothing at all is no ratio", Row{Ours: exactly(0), Theirs: exactly(0)}, "", 0},
	} {
		if got := test.row.Verdict(); got != test.want {
			t.Errorf("%s: %q, want %q", test.name, got, test.want)
		}
		if got := test.row.Ratio(); math.Abs(got-test.ratio) > 1e-9 {
			t.Errorf("%s: the ratio is %v, want %v", test.name, got, test.ratio)
		}
	}
}

func TestShares(t *testing.T) {
	got := shares([]Share{{Part: "a", Micros: 20}, {Part: "b", Micros: 30}}, 100, "rest")
	want := []Share{{"a", 20, 0.2}, {"b", 30, 0.3}, {"rest", 50, 0.5}, {"the whole", 100, 1}}
	if !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	// Medians of parts may add up to more than the median of the whole.
	if got := shares([]Share{{Part: "a", Micros: 120}}, 100, "rest"); got[1].Micros != 0 {
		t.Errorf("the rest is %v", got[1])
	}
}

func report() *Report {
	return &Report{
		Machine: "go1.26 on linux/amd64, 2 processors", Against: "another",
		Rows: []Row{
			{What: "requests a second", Ours: summarize([]float64{290, 300, 310}), Theirs: exactly(100), More: true, Limit: &Limit{Times: 3}},
			{What: "start", Unit: "ms", Ours: exactly(151), Limit: &Limit{AtMost: 150}},
		},
		Parts: []Share{{"signature", 25, 0.25}, {"the whole", 100, 1}},
	}
}

func TestTextLinesUp(t *testing.T) {
	var b bytes.Buffer
	if err := report().Text(&b); err != nil {
		t.Fatal(err)
	}
	want := `
go1.26 on linux/amd64, 2 processors. Medians, with the least and the most in brackets; the ratio says how many times as good ours is.
Theirs is another.

what               ours           theirs  ratio  asked for
requests a second  300 (290–310)  100     3      at least 3 times  met
start, ms          151            –              at most 150       MISSED

where a request's time goes  µs   share
signature                    25   25 %
the whole                    100  100 %
`
	if b.String() != want {
		t.Errorf("got\n%s\nwant\n%s", b.String(), want)
	}
}

func TestMarkdown(t *testing.T) {
	var b bytes.Buffer
	if err := report().Markdown(&b); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"\n| what | ours | theirs | ratio | asked for |  |\n| --- | --- | --- | --- | --- | --- |\n",
		"\n| requests a second | 300 (290–310) | 100 | 3 | at least 3 times | met |\n",
		"\n| signature | 25 | 25 % |\n",
	} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("there is no %q in\n%s", want, b.String())
		}
	}
}

func TestJSON(t *testing.T) {
	var b bytes.Buffer
	if err := report().JSON(&b); err != nil {
		t.Fatal(err)
	}
	var got struct {
		Against string
		Rows    []struct {
			What    string
			Ours    Summary
			Ratio   float64
			Verdict string
		}
		Parts []Share
	}
	if err := json.Unmarshal(b.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	if got.Against != "another" || len(got.Rows) != 2 || got.Rows[0].Ratio != 3 || got.Rows[0].Ours.Low != 290 || got.Rows[1].Verdict != missed || len(got.Parts) != 2 {
		t.Errorf("it says %s", b.String())
	}
}

func TestMissed(t *testing.T) {
	if got := report().Missed(); !slices.Equal(got, []string{"start"}) {
		t.Errorf("missed: %q", got)
	}
}

func TestWithNothingToCompareWith(t *testing.T) {
	r := report()
	r.NotCompared, r.Against, r.Rows[0].Theirs = "there is no node on PATH", "", nil
	var b bytes.Buffer
	if err := r.Text(&b); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"\nNOT COMPARED: there is no node on PATH\n", "300 (290–310)  –              at least 3 times  NOT COMPARED\n"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("there is no %q in\n%s", want, b.String())
		}
	}
	if got := r.Missed(); !slices.Equal(got, []string{"start"}) {
		t.Errorf("missed: %q", got)
	}
}
