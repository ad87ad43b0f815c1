package main

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"auth-api/infra/cmd/internal/cli"
	"auth-api/infra/localaws/audit"
	"auth-api/infra/localaws/recorded"
	"auth-api/infra/localaws/testers"
)

// What people read of the answers. Times are the local AWS's clock's, in UTC.

const (
	dayAndTime = "01-02 15:04:05"
	timeOfDay  = "15:04:05"
)

// shortest is how many characters of its id tell a request: those of a UUID's first part.
const shortest = 8

// short are as many characters of each id as tell it from the others.
func short(list []audit.Entry) []string {
	for n := shortest; ; n++ {
		out, whole, seen := make([]string, len(list)), true, map[string]string{}
		alike := false
		for i, e := range list {
			out[i] = e.ID[:min(n, len(e.ID))]
			whole = whole && out[i] == e.ID
			if of, is := seen[out[i]]; is && of != e.ID {
				alike = true
			}
			seen[out[i]] = e.ID
		}
		if !alike || whole {
			return out
		}
	}
}

// printRequests writes each request on a line of its own, and below it who asked, what
// was decided, and why.
func (v view) printRequests(list []audit.Entry) error {
	ids := short(list)
	columns := shortest
	for _, id := range ids {
		columns = max(columns, len(id))
	}
	indent := strings.Repeat(" ", len(timeOfDay)+2+columns+2) // below the status
	for i, e := range list {
		paint := v.style.Green
		if e.Status >= 400 {
			paint = v.style.Red
		}
		first := fmt.Sprintf("%s  %s  %s  %s  ", v.style.Dim(e.Time.UTC().Format(timeOfDay)), fmt.Sprintf("%-*s", columns, cli.Plain(ids[i])), paint(fmt.Sprintf("%3d", e.Status)), cli.Plain(e.Method))
		room := 0
		if v.width > 0 {
			room = max(8, v.width-len(indent)-len("403  ")-len(e.Method)-2)
		}
		request := cli.Plain(e.Path)
		if e.Path == "/" || e.Path == "" {
			request = cli.Plain(e.Service) // one address for all service APIs
		}
		if err := v.say("%s%s", first, v.style.Bold(cli.Cut(request, room))); err != nil {
			return err
		}
		why := strings.TrimSpace(e.Decision + " " + e.Reason)
		if e.Fault != "" {
			why = strings.TrimSpace(why + " fault: " + e.Fault)
		}
		for _, text := range []string{e.Caller, why} {
			if text == "" {
				continue
			}
			room := 0
			if v.width > 0 {
				room = max(20, v.width-len(indent))
			}
			for _, line := range cli.Wrap(cli.Plain(text), room) {
				if err := v.say("%s%s", indent, v.style.Dim(line)); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// resources tells what is enforced and, after it, what is recorded only.
func (v view) resources(ctx context.Context) error {
	inventory := map[string][]string{}
	data, err := v.api.get(ctx, "/resources", nil, &inventory)
	if err != nil {
		return err
	}
	if done, err := v.raw(data); done {
		return err
	}
	if len(inventory) == 0 {
		return v.say("Nothing is declared.")
	}
	var enforced, rows [][]cli.Cell
	for _, kind := range slices.Sorted(maps.Keys(inventory)) {
		name, only := strings.CutPrefix(kind, recorded.Prefix)
		for _, id := range inventory[kind] {
			if only {
				rows = append(rows, []cli.Cell{{Text: name}, {Text: id}, {Text: "recorded only, not enforced", Paint: v.style.Dim}})
			} else {
				enforced = append(enforced, []cli.Cell{{Text: name}, {Text: id, Paint: v.style.Bold}, {}})
			}
		}
	}
	return v.table([]string{"KIND", "ID", "NOTES"}, append(enforced, rows...))
}

func (v view) mailbox(ctx context.Context, to string) error {
	query := url.Values{}
	if to != "" {
		query.Set("to", to)
	}
	var answer mailAnswer
	data, err := v.api.get(ctx, "/mailbox", query, &answer)
	if err != nil {
		return err
	}
	if done, err := v.raw(data); done {
		return err
	}
	if len(answer.Messages) == 0 {
		return v.say("There are no messages.")
	}
	var rows [][]cli.Cell
	for _, m := range answer.Messages {
		rows = append(rows, []cli.Cell{{Text: m.Time.UTC().Format(dayAndTime)}, {Text: m.Kind}, {Text: m.Code, Paint: v.style.Bold}, {Text: m.Username}, {Text: m.Destination}})
	}
	return v.table([]string{"SENT", "KIND", "CODE", "USER", "TO"}, rows)
}

func (v view) table(header []string, rows [][]cli.Cell) error {
	return cli.Table(v.out, v.style, v.width, header, rows)
}

func (v view) users(ctx context.Context, pool string) error {
	query := url.Values{}
	if pool != "" {
		query.Set("pool", pool)
	}
	var answer userAnswer
	data, err := v.api.get(ctx, "/users", query, &answer)
	if err != nil {
		return err
	}
	if done, err := v.raw(data); done {
		return err
	}
	if len(answer.Users) == 0 {
		return v.say("There are no users.")
	}
	for begin := 0; begin < len(answer.Users); {
		end := begin
		var rows [][]cli.Cell
		for ; end < len(answer.Users) && answer.Users[end].UserPoolID == answer.Users[begin].UserPoolID; end++ {
			u := answer.Users[end]
			var notes []string
			paint := v.style.Dim
			if u.Declared {
				notes = append(notes, "declared")
			}
			if !u.Enabled {
				notes, paint = append(notes, "disabled"), v.style.Red
			}
			if !u.LockedUntil.IsZero() {
				notes, paint = append(notes, "locked until "+u.LockedUntil.UTC().Format(timeOfDay)), v.style.Red
			}
			rows = append(rows, []cli.Cell{
				{Text: u.Username, Paint: v.style.Bold}, {Text: u.Status}, {Text: strings.Join(u.Groups, ",")}, {Text: u.Attributes["email"]}, {Text: strings.Join(notes, ", "), Paint: paint},
			})
		}
		if err := v.say("User pool %s", cli.Plain(answer.Users[begin].UserPoolID)); err != nil {
			return err
		}
		if err := v.table([]string{"USER", "STATUS", "GROUPS", "EMAIL", "NOTES"}, rows); err != nil {
			return err
		}
		begin = end
	}
	return nil
}

func (v view) tokens(ctx context.Context, user, use string) error {
	query := url.Values{}
	for name, value := range map[string]string{"user": user, "use": use} {
		if value != "" {
			query.Set(name, value)
		}
	}
	var answer tokenAnswer
	data, err := v.api.get(ctx, "/tokens", query, &answer)
	if err != nil {
		return err
	}
	if done, err := v.raw(data); done {
		return err
	}
	if len(answer.Tokens) == 0 {
		return v.say("There are no tokens.")
	}
	var now testers.ClockView
	if _, err := v.api.do(ctx, http.MethodGet, "/clock", nil, &now); err != nil {
		return err
	}
	short := func(id string) string { first, _, _ := strings.Cut(id, "-"); return first }
	when := func(t time.Time) string {
		if t.IsZero() {
			return ""
		}
		return t.UTC().Format(dayAndTime)
	}
	var rows [][]cli.Cell
	for _, t := range answer.Tokens {
		state := cli.Cell{Text: "good", Paint: v.style.Green}
		switch {
		case t.Revoked:
			state = cli.Cell{Text: "revoked", Paint: v.style.Red}
		case !now.Now.Before(t.Expires):
			state = cli.Cell{Text: "expired", Paint: v.style.Dim}
		}
		rows = append(rows, []cli.Cell{{Text: when(t.IssuedAt)}, {Text: t.Use}, {Text: t.Username, Paint: v.style.Bold}, {Text: when(t.Expires)}, state, {Text: short(t.JTI)}, {Text: short(t.OriginJTI)}})
	}
	return v.table([]string{"ISSUED", "USE", "USER", "EXPIRES", "STATE", "ID", "SIGN-IN"}, rows)
}

func (v view) usage(ctx context.Context) error {
	var answer usageAnswer
	data, err := v.api.get(ctx, "/usage", nil, &answer)
	if err != nil {
		return err
	}
	if done, err := v.raw(data); done {
		return err
	}
	if len(answer.Usage) == 0 {
		return v.say("There is no API key in a usage plan.")
	}
	var rows [][]cli.Cell
	for _, u := range answer.Usage {
		limit, left := cli.Cell{Text: "none"}, cli.Cell{}
		if u.Limit != nil {
			limit.Text = fmt.Sprintf("%d a %s", *u.Limit, strings.ToLower(u.Period))
		}
		if u.Remaining != nil {
			left.Text = fmt.Sprint(*u.Remaining)
			if *u.Remaining == 0 {
				left.Paint = v.style.Red
			}
		}
		rows = append(rows, []cli.Cell{{Text: u.Day}, {Text: u.Plan}, {Text: u.Key}, {Text: fmt.Sprint(u.Used)}, {Text: limit.Text}, left})
	}
	return v.table([]string{"DAY", "PLAN", "KEY", "USED", "QUOTA", "LEFT"}, rows)
}
