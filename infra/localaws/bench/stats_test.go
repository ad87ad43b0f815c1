package main

import (
	"math"
	"testing"
	"time"
)

func TestSummary(t *testing.T) {
	for _, test := range []struct {
		values []float64
		want   Summary
		text   string
	}{
		{[]float64{7}, Summary{7, 7, 7, 1}, "7"},
		{[]float64{3, 1, 2}, Summary{2, 1, 3, 3}, "2 (1–3)"},
		{[]float64{4, 1, 2, 3}, Summary{2.5, 1, 4, 4}, "2.50 (1–4)"},
		{[]float64{1000.4, 12.34, 5.678}, Summary{12.34, 5.678, 1000.4, 3}, "12.3 (5.68–1000)"},
		{[]float64{5, 5, 5, 900}, Summary{5, 5, 900, 4}, "5 (5–900)"},
	} {
		given := append([]float64{}, test.values...)
		got := summarize(test.values)
		if *got != test.want || got.String() != test.text {
			t.Errorf("%v: %+v, %q; want %+v, %q", test.values, *got, got, test.want, test.text)
		}
		for i := range given {
			if given[i] != test.values[i] {
				t.Fatalf("it changed %v to %v", given, test.values)
			}
		}
	}
	if got := (*Summary)(nil).String(); got != "–" {
		t.Errorf("nothing measured is %q", got)
	}
}

func TestQuantile(t *testing.T) {
	sorted := []float64{10, 20, 30, 40, 50}
	for q, want := range map[float64]float64{0: 10, 0.25: 20, 0.5: 30, 0.9: 46, 1: 50} {
		if got := quantile(sorted, q); math.Abs(got-want) > 1e-9 {
			t.Errorf("the %v-quantile is %v, want %v", q, got, want)
		}
	}
}

func TestUnits(t *testing.T) {
	durations := []time.Duration{1500 * time.Microsecond, 500 * time.Microsecond}
	if got := micros(durations); got[0] != 1500 || got[1] != 500 {
		t.Errorf("in µs they are %v", got)
	}
	if got := sortedMillis(durations); got[0] != 0.5 || got[1] != 1.5 {
		t.Errorf("in ms, the least first, they are %v", got)
	}
}
