package main

import (
	"fmt"
	"math"
	"slices"
	"time"
)

// Summary is what a row of measurements comes to: the median, and how far they lie apart.
type Summary struct {
	Median float64 `json:"median"`
	Low    float64 `json:"low"`  // the least
	High   float64 `json:"high"` // the most
	N      int     `json:"n"`
}

// summarize returns the summary of at least one value, which must be finite.
func summarize(values []float64) *Summary {
	sorted := slices.Sorted(slices.Values(values))
	return &Summary{Median: quantile(sorted, 0.5), Low: sorted[0], High: sorted[len(sorted)-1], N: len(sorted)}
}

// exactly is the summary of one value that does not vary.
func exactly(value float64) *Summary { return summarize([]float64{value}) }

// quantile returns the q-quantile of sorted values, between neighbours in proportion.
func quantile(sorted []float64, q float64) float64 {
	at := q * float64(len(sorted)-1)
	below := int(math.Floor(at))
	if below+1 >= len(sorted) {
		return sorted[len(sorted)-1]
	}
	part := at - float64(below)
	return sorted[below]*(1-part) + sorted[below+1]*part
}

// micros and millis turn durations into numbers of those units.
func micros(durations []time.Duration) []float64 { return in(time.Microsecond, durations) }
func millis(durations []time.Duration) []float64 { return in(time.Millisecond, durations) }

func in(unit time.Duration, durations []time.Duration) []float64 {
	values := make([]float64, len(durations))
	for i, d := range durations {
		values[i] = float64(d) / float64(unit)
	}
	return values
}

// number writes a value with about three digits that count.
func number(v float64) string {
	switch size := math.Abs(v); {
	case size >= 100 || v == math.Trunc(v):
		return fmt.Sprintf("%.0f", v)
	case size >= 10:
		return fmt.Sprintf("%.1f", v)
	default:
		return fmt.Sprintf("%.2f", v)
	}
}

// String is the median with the range it was taken from.
func (s *Summary) String() string {
	switch {
	case s == nil:
		return "–"
	case s.Low == s.High:
		return number(s.Median)
	}
	return number(s.Median) + " (" + number(s.Low) + "–" + number(s.High) + ")"
}

// sortedMillis is millis, the least first.
func sortedMillis(durations []time.Duration) []float64 {
	return slices.Sorted(slices.Values(millis(durations)))
}
