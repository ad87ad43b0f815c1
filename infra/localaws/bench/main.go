// Command bench measures the local AWS, side by side with what else there is: requests
// a second against serverless-offline, handlers against claudia-api-builder on Node,
// what a decision, a start and an idle process cost, and where a request's time goes.
//
//	make bench
//	go run ./infra/localaws/bench -markdown
//
// It starts what it needs on free ports of loopback and stops it again. What it
// compares with is installed from npm at pinned versions, under .auth-api/bench; without
// Node it says so and measures ours alone. It tells no pass from fail by its exit code
// unless -check is given: figures depend on the machine.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"
)

// scale says how long is measured.
type scale struct {
	rounds    int           // of each load, in turn
	round     time.Duration // of the load that a limit is on; half of it for the others
	starts    int
	handlers  int           // cold starts of each handler
	warm      time.Duration // of warm invocations after each
	parts     time.Duration
	decisions int
	previews  int // of each table of routes, and runs of the program
}

var (
	full  = scale{rounds: 7, round: 3 * time.Second, starts: 9, handlers: 11, warm: 500 * time.Millisecond, parts: 4 * time.Second, decisions: 9, previews: 5}
	quick = scale{rounds: 5, round: 500 * time.Millisecond, starts: 3, handlers: 3, warm: 200 * time.Millisecond, parts: time.Second, decisions: 3, previews: 1}
)

func main() {
	asJSON := flag.Bool("json", false, "print JSON")
	asMarkdown := flag.Bool("markdown", false, "print Markdown")
	check := flag.Bool("check", false, "exit with code 1 when a limit is missed")
	tables := flag.Bool("routes", false, "measure only what stacks of 2, 100 and 300 routes cost")
	short := flag.Bool("quick", false, "measure a quarter of a minute, to see that it works; the figures are rough")
	flag.Parse()
	if flag.NArg() > 0 || *asJSON && *asMarkdown {
		fmt.Fprintln(os.Stderr, "bench: it takes no arguments, and one of -json and -markdown")
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	how := full
	if *short {
		how = quick
	}
	report, err := run(ctx, how, *tables)
	stop()
	if err != nil {
		fmt.Fprintf(os.Stderr, "bench: %v\n", err)
		os.Exit(1)
	}
	write := report.Text
	switch {
	case *asJSON:
		write = report.JSON
	case *asMarkdown:
		write = report.Markdown
	}
	if err := write(os.Stdout); err != nil {
		fmt.Fprintf(os.Stderr, "bench: writing the report: %v\n", err)
		os.Exit(1)
	}
	if missed := report.Missed(); *check && len(missed) > 0 {
		fmt.Fprintf(os.Stderr, "bench: missed: %s\n", strings.Join(missed, "; "))
		os.Exit(1)
	}
}

// bench is one run.
type bench struct {
	scale
	began  time.Time
	ours   *ours
	peers  *peers // nil when there is nothing to compare with
	report *Report
}

// progress tells whoever waits what is done.
func (b *bench) progress(format string, args ...any) {
	fmt.Fprintf(os.Stderr, "%4.0f s  %s\n", time.Since(b.began).Seconds(), fmt.Sprintf(format, args...))
}

func run(ctx context.Context, how scale, tables bool) (report *Report, err error) {
	root, err := os.Getwd()
	if err != nil {
		return nil, err
	}
	if _, err := os.Stat(filepath.Join(root, "Pulumi.local.yaml")); err != nil {
		return nil, fmt.Errorf("it must run in the repository's own folder: %w", err)
	}
	cache := filepath.Join(root, ".auth-api", "bench")
	if err := os.MkdirAll(cache, 0o700); err != nil {
		return nil, err
	}
	work, err := os.MkdirTemp(cache, "run-")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(work)) }()

	b := &bench{scale: how, began: time.Now(), report: &Report{
		Machine: fmt.Sprintf("%s on %s/%s, %d processors", runtime.Version(), runtime.GOOS, runtime.GOARCH, runtime.NumCPU()),
	}}
	if tables {
		b.report.NotCompared = "only stacks of many routes are measured"
		return b.report, b.routes(ctx, root, work)
	}
	if b.peers, err = install(ctx, cache, b.progress); err != nil {
		var none errNoPeers
		if !errors.As(err, &none) {
			return nil, err
		}
		b.report.NotCompared = none.Error()
		b.progress("%s: %s", notCompared, none)
	} else {
		b.report.Against = b.peers.name
	}
	b.progress("bringing the article's stack up")
	if b.ours, err = deploy(ctx, root, work); b.ours != nil {
		defer func() { err = errors.Join(err, b.ours.close()) }()
	}
	if err == nil {
		err = b.ours.build(ctx)
	}
	if err == nil {
		err = b.inProcess(ctx)
	}
	if err == nil {
		err = b.ours.close()
	}
	if err == nil {
		err = b.sideBySide(ctx)
	}
	if err == nil {
		err = b.routes(ctx, root, work)
	}
	return b.report, err
}

func (b *bench) row(r Row) { b.report.Rows = append(b.report.Rows, r) }

// inProcess measures the rooms.
func (b *bench) inProcess(ctx context.Context) error {
	took, allocations, err := b.ours.decision(ctx, b.decisions, b.progress)
	if err != nil {
		return err
	}
	b.row(Row{What: "signature and decision, 1 KB body", Unit: "µs", Ours: took, Limit: &Limit{AtMost: 60}})
	b.row(Row{What: "the same, allocations", Ours: allocations, Limit: &Limit{AtMost: 60}})
	if b.report.Parts, err = b.ours.parts(ctx, b.parts, b.progress); err != nil {
		return err
	}
	var node []byte
	if b.peers != nil {
		if node, err = b.peers.handler(); err != nil {
			return err
		}
	}
	list, err := b.ours.handlers(node)
	if err != nil {
		return err
	}
	if err := b.ours.measureHandlers(ctx, list, b.handlers, b.warm, b.progress); err != nil {
		return err
	}
	for _, row := range []struct {
		what, unit string
		of         func(*handler) []float64
	}{
		{"handler's start to its first poll", "ms", func(h *handler) []float64 { return h.firstPoll }},
		{"warm invocation", "µs", func(h *handler) []float64 { return h.warm }},
		{"handler's memory", "MB", func(h *handler) []float64 { return h.memory }},
	} {
		r := Row{What: row.what, Unit: row.unit, Ours: summarize(row.of(list[0]))}
		if len(list) > 1 {
			r.Theirs = summarize(row.of(list[1]))
		}
		b.row(r)
	}
	return nil
}

// sideBySide measures the processes: their starts, their memory, and what they bear.
func (b *bench) sideBySide(ctx context.Context) (err error) {
	existing, empty, err := b.ours.starts(ctx, b.starts, b.progress)
	if err != nil {
		return err
	}
	start := Row{What: "start to the first answer of the protected route", Unit: "ms", Ours: existing, Limit: &Limit{AtMost: 150}}
	log := filepath.Join(b.ours.work, "serverless-offline.log")
	if b.peers != nil {
		if start.Theirs, err = b.peers.starts(ctx, 3, func(path string) ([]byte, error) { return b.request(ctx, path) }, log, b.progress); err != nil {
			return err
		}
	}
	b.row(start)
	b.row(Row{What: "first start, on an empty folder", Unit: "ms", Ours: empty, Limit: &Limit{AtMost: 150}})

	a := &side{request: b.ours.request}
	if a.process, err = b.ours.serve(b.ours.dir); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, a.stop()) }()
	var z *side
	if b.peers != nil {
		z = &side{}
		var path string
		if z.process, path, err = b.peers.serve(log); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, z.stop()) }()
		z.request = func(ctx context.Context) ([]byte, error) { return b.request(ctx, path) }
	}
	if err := b.atRest(ctx, a, z); err != nil {
		return err
	}
	for _, clients := range []int{16, 1, 64} {
		if err := b.throughput(ctx, a, z, clients); err != nil {
			return err
		}
	}
	return nil
}

// request is the call of the protected route on the wire, to another path.
func (b *bench) request(ctx context.Context, path string) ([]byte, error) {
	r, err := b.ours.call(ctx, "")
	if err != nil {
		return nil, err
	}
	r.URL.Path = path
	return onWire(r)
}

// side is one of the two servers under load.
type side struct {
	*process
	request func(context.Context) ([]byte, error)
	paces   []float64 // requests a second
	typical []float64 // ms, the median of each round
	worst   []float64 // ms, the 99th of a hundred
}

// atRest measures the memory of both a while after their first requests.
func (b *bench) atRest(ctx context.Context, a, z *side) (err error) {
	const requests, rest = 10, 3 * time.Second
	for _, s := range []*side{a, z} {
		if s == nil {
			continue
		}
		wire, err := s.request(ctx)
		if err != nil {
			return err
		}
		for range requests {
			if _, err := s.answers(ctx, wire); err != nil {
				return err
			}
		}
	}
	select {
	case <-time.After(rest):
	case <-ctx.Done():
		return ctx.Err()
	}
	row := Row{What: "memory at rest, after the first requests", Unit: "MB", Limit: &Limit{AtMost: 60}}
	if row.Ours, err = a.memory(); err != nil {
		return err
	}
	if z != nil {
		if row.Theirs, err = z.memory(); err != nil {
			return err
		}
	}
	b.row(row)
	b.progress("memory at rest: %s MB", row.Ours)
	return nil
}

// throughput puts both under the same load in turn: ours, theirs, ours, theirs, …
func (b *bench) throughput(ctx context.Context, a, z *side, clients int) error {
	duration := b.round
	if clients != 16 {
		duration /= 2
	}
	name := fmt.Sprintf("%d clients", clients)
	if clients == 1 {
		name = "one client"
	}
	for round := range b.rounds {
		line := fmt.Sprintf("%s, round %d of %d:", name, round+1, b.rounds)
		for _, s := range []*side{a, z} {
			if s == nil {
				continue
			}
			if round == 0 {
				s.paces, s.typical, s.worst = nil, nil, nil
			}
			wire, err := s.request(ctx) // signed anew each round, before the clock runs
			if err != nil {
				return err
			}
			l := load{address: s.address, request: wire, clients: clients}
			if round == 0 { // a handler's process for each client is started before the clock runs
				if _, err := l.run(ctx, duration/3); err != nil {
					return fmt.Errorf("%s %w", line, err)
				}
			}
			p, err := l.run(ctx, duration)
			if err != nil {
				return fmt.Errorf("%s %w", line, err)
			}
			sorted := sortedMillis(p.each)
			s.paces = append(s.paces, p.perSecond())
			s.typical = append(s.typical, quantile(sorted, 0.5))
			s.worst = append(s.worst, quantile(sorted, 0.99))
			line += fmt.Sprintf(" %s/s", number(p.perSecond()))
		}
		b.progress("%s", line)
	}
	rows := []struct {
		Row
		of func(*side) []float64
	}{
		{Row{What: "requests a second, " + name, More: true}, func(s *side) []float64 { return s.paces }},
		{Row{What: "time of a request, " + name, Unit: "ms"}, func(s *side) []float64 { return s.typical }},
		{Row{What: "99 of 100 within, " + name, Unit: "ms"}, func(s *side) []float64 { return s.worst }},
	}
	if clients == 16 {
		rows[0].Limit = &Limit{Times: 3}
	}
	for _, r := range rows {
		r.Ours = summarize(r.of(a))
		if z != nil {
			r.Theirs = summarize(r.of(z))
		}
		b.row(r.Row)
	}
	return nil
}
