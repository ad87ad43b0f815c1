package logs

import (
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

var start = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

func messages(events []Event) string {
	var all []string
	for _, e := range events {
		all = append(all, e.Message)
	}
	return strings.Join(all, " ")
}

func TestFilter(t *testing.T) {
	s := New(1<<20, nil)
	for n, e := range []Event{
		{Stream: "a", RequestID: "1", Message: "one"},
		{Stream: "b", RequestID: "2", Message: "two"},
		{Stream: "a", RequestID: "1", Message: "three"},
		{Stream: "a", Message: "four"},
	} {
		e.Group, e.Time = "/shop", start.Add(time.Duration(n)*time.Second)
		s.Append(e)
	}
	s.Append(Event{Group: "/other", Message: "elsewhere"})
	for _, test := range []struct {
		filter Filter
		want   string
	}{
		{Filter{}, "one two three four"},
		{Filter{Stream: "a"}, "one three four"},
		{Filter{RequestID: "1"}, "one three"},
		{Filter{Since: start.Add(time.Second)}, "two three four"},
		{Filter{Until: start.Add(2 * time.Second)}, "one two"},
		{Filter{Contains: "o"}, "one two four"},
		{Filter{Limit: 2}, "three four"},
		{Filter{Stream: "a", Contains: "o", Limit: 1}, "four"},
		{Filter{Stream: "c"}, ""},
	} {
		if got := messages(s.Events("/shop", test.filter)); got != test.want {
			t.Errorf("%+v chooses %q, want %q", test.filter, got, test.want)
		}
	}
	s.Delete("/shop")
	if got := messages(s.Events("/shop", Filter{})) + messages(s.Events("/other", Filter{})); got != "elsewhere" {
		t.Errorf("after deleting one group there is %q", got)
	}
}

func TestGroupsAreBounded(t *testing.T) {
	const limit = 10_000
	s := New(limit, nil)
	for n := range 100_000 {
		s.Append(Event{Group: "/busy", Message: fmt.Sprint("line ", n)})
		s.Append(Event{Group: "/quiet", Message: "still here"}) // its own bound
	}
	g := s.groups["/busy"]
	counted := 0
	for _, e := range s.Events("/busy", Filter{}) {
		counted += len(e.Message) + 26
	}
	if counted > limit || counted != g.bytes || cap(g.events) > 4*limit/26 {
		t.Errorf("%d bytes are kept, counted as %d, in room for %d events", counted, g.bytes, cap(g.events))
	}
	if got := messages(s.Events("/busy", Filter{Limit: 1})); got != "line 99999" {
		t.Errorf("the newest is %q", got)
	}
	s.Append(Event{Group: "/huge", Message: strings.Repeat("x", 2*limit)})
	if got := s.Events("/huge", Filter{}); len(got) != 1 {
		t.Errorf("one event larger than the bound leaves %d", len(got))
	}
}

func TestLongMessagesAreSplit(t *testing.T) {
	var told []Event
	s := New(4<<20, func(e Event) { told = append(told, e) })
	message := "x" + strings.Repeat("é", MaxMessage)
	s.Append(Event{Group: "/g", Stream: "s", Message: message, RequestID: "r"})
	events := s.Events("/g", Filter{RequestID: "r", Stream: "s"})
	joined := ""
	for n, e := range events {
		if len(e.Message) > MaxMessage || !utf8.ValidString(e.Message) {
			t.Errorf("event %d has %d bytes, as UTF-8 valid: %v", n, len(e.Message), utf8.ValidString(e.Message))
		}
		joined += e.Message
	}
	if len(events) != 3 || joined != message || len(told) != len(events) {
		t.Errorf("%d events, %d told of; nothing lost: %v", len(events), len(told), joined == message)
	}
}
