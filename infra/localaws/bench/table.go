package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
)

// Report is all that a run measured.
type Report struct {
	Machine     string  `json:"machine"`
	Against     string  `json:"against,omitempty"`     // what theirs is
	NotCompared string  `json:"notCompared,omitempty"` // why there is no theirs
	Rows        []Row   `json:"rows"`
	Parts       []Share `json:"parts"`
}

// Row is one thing that was measured. Theirs is nil where nothing was compared.
type Row struct {
	What   string   `json:"what"`
	Unit   string   `json:"unit"` // of ours and theirs; empty for a count
	Ours   *Summary `json:"ours"`
	Theirs *Summary `json:"theirs,omitempty"`
	// More says that more is better, as of requests a second; else less is.
	More  bool   `json:"moreIsBetter"`
	Limit *Limit `json:"limit,omitempty"` // nil for information
}

// Limit is what is asked for; one of its fields is set.
type Limit struct {
	AtMost float64 `json:"atMost,omitempty"` // of our median
	Times  float64 `json:"times,omitempty"`  // how many times as good as theirs ours must be, at least
}

func (l *Limit) String() string {
	switch {
	case l == nil:
		return ""
	case l.Times > 0:
		return "at least " + number(l.Times) + " times"
	}
	return "at most " + number(l.AtMost)
}

// Ratio is how many times as good ours is as theirs, 0 when there is nothing to compare.
func (r Row) Ratio() float64 {
	if r.Ours == nil || r.Theirs == nil || r.Ours.Median <= 0 || r.Theirs.Median <= 0 {
		return 0
	}
	if r.More {
		return r.Ours.Median / r.Theirs.Median
	}
	return r.Theirs.Median / r.Ours.Median
}

// The verdicts on a row.
const (
	met         = "met"
	missed      = "MISSED"
	notCompared = "NOT COMPARED"
	notMeasured = "NOT MEASURED"
)

// Verdict says whether the row is as asked for; it is empty for information.
func (r Row) Verdict() string {
	switch {
	case r.Limit == nil:
		return ""
	case r.Ours == nil:
		return notMeasured
	case r.Limit.Times > 0 && r.Theirs == nil:
		return notCompared
	case r.Limit.Times > 0 && r.Ratio() < r.Limit.Times, r.Limit.Times == 0 && r.Ours.Median > r.Limit.AtMost:
		return missed
	}
	return met
}

// Missed returns what is not as asked for.
func (r *Report) Missed() []string {
	var names []string
	for _, row := range r.Rows {
		if row.Verdict() == missed {
			names = append(names, row.What)
		}
	}
	return names
}

// Share is a part of a request's way through the gateway and what it takes of its time.
type Share struct {
	Part   string  `json:"part"`
	Micros float64 `json:"micros"` // median
	Of     float64 `json:"share"`  // of the whole, 0 to 1
}

// shares works out each part's share of the whole, all in µs, and what is left of it
// as a part by the name of rest.
func shares(parts []Share, whole float64, rest string) []Share {
	left := whole
	for _, p := range parts {
		left -= p.Micros
	}
	all := append(append([]Share{}, parts...), Share{Part: rest, Micros: max(left, 0)})
	for i := range all {
		all[i].Of = all[i].Micros / whole
	}
	return append(all, Share{Part: "the whole", Micros: whole, Of: 1})
}

func (r *Report) table() (header []string, rows [][]string) {
	header = []string{"what", "ours", "theirs", "ratio", "asked for", ""}
	for _, row := range r.Rows {
		what, ratio := row.What, ""
		if row.Unit != "" {
			what += ", " + row.Unit
		}
		if times := row.Ratio(); times > 0 {
			ratio = number(times)
		}
		rows = append(rows, []string{what, row.Ours.String(), row.Theirs.String(), ratio, row.Limit.String(), row.Verdict()})
	}
	return header, rows
}

func (r *Report) partTable() (header []string, rows [][]string) {
	for _, p := range r.Parts {
		rows = append(rows, []string{p.Part, number(p.Micros), fmt.Sprintf("%.0f %%", 100*p.Of)})
	}
	return []string{"where a request's time goes", "µs", "share"}, rows
}

// about says what the columns are.
func (r *Report) about() []string {
	lines := []string{r.Machine + ". Medians, with the least and the most in brackets; the ratio says how many times as good ours is."}
	if r.NotCompared != "" {
		return append(lines, notCompared+": "+r.NotCompared)
	}
	return append(lines, "Theirs is "+r.Against+".")
}

// Text writes the report for a terminal.
func (r *Report) Text(w io.Writer) error {
	fmt.Fprintln(w)
	for _, line := range r.about() {
		fmt.Fprintln(w, line)
	}
	write := func(header []string, rows [][]string) error {
		fmt.Fprintln(w)
		columns := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
		for _, row := range append([][]string{header}, rows...) {
			fmt.Fprintln(columns, strings.TrimRight(strings.Join(row, "\t"), "\t"))
		}
		return columns.Flush()
	}
	if err := write(r.table()); err != nil || len(r.Parts) == 0 {
		return err
	}
	return write(r.partTable())
}

// Markdown writes the report for documentation.
func (r *Report) Markdown(w io.Writer) error {
	write := func(header []string, rows [][]string) {
		line := func(cells []string) { fmt.Fprintln(w, "| "+strings.Join(cells, " | ")+" |") }
		line(header)
		line(strings.Split(strings.TrimSuffix(strings.Repeat("---,", len(header)), ","), ","))
		for _, row := range rows {
			line(row)
		}
		fmt.Fprintln(w)
	}
	for _, line := range r.about() {
		fmt.Fprintln(w, line)
	}
	fmt.Fprintln(w)
	write(r.table())
	if len(r.Parts) > 0 {
		write(r.partTable())
	}
	return nil
}

// JSON writes the report for programs, with the ratio and the verdict of each row.
func (r *Report) JSON(w io.Writer) error {
	type judged struct {
		Row
		Ratio   float64 `json:"ratio,omitempty"`
		Verdict string  `json:"verdict,omitempty"`
	}
	rows := make([]judged, len(r.Rows))
	for i, row := range r.Rows {
		rows[i] = judged{row, row.Ratio(), row.Verdict()}
	}
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	return encoder.Encode(struct {
		*Report
		Rows []judged `json:"rows"`
	}{r, rows})
}
