// Package logs holds the log groups of the local AWS's functions as CloudWatch Logs
// would, in memory and bounded: when a group is full its oldest lines go.
package logs

import (
	"strings"
	"sync"
	"time"
)

// MaxMessage is the longest message of one event in bytes; CloudWatch's 256 KB less
// the 26 bytes that it counts for each event.
//
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/cloudwatch_limits_cwl.html
const MaxMessage = 256<<10 - overhead

const overhead = 26

// Event is one line of a log. Message has no line end. RequestID is that of the
// invocation during which the line was written, or empty.
type Event struct {
	Group     string    `json:"logGroupName"`
	Stream    string    `json:"logStreamName"`
	Time      time.Time `json:"timestamp"`
	Message   string    `json:"message"`
	RequestID string    `json:"requestId,omitempty"`
	Sequence  uint64    `json:"-"` // counts the Store's events from 1, across groups; the Store sets it
}

// Filter chooses events. The zero Filter chooses all.
type Filter struct {
	Stream    string    // of this stream alone
	RequestID string    // of this invocation alone
	Since     time.Time // at this time or later
	Until     time.Time // before this time
	Contains  string    // with this text, to the letter
	Limit     int       // the newest so many; 0 for all
	Oldest    bool      // Limit means the oldest so many

	Where func(*Event) bool // when it is not nil: for which it is true; it must not call the Store
}

func (f Filter) matches(e *Event) bool {
	return (f.Stream == "" || e.Stream == f.Stream) &&
		(f.RequestID == "" || e.RequestID == f.RequestID) &&
		(f.Since.IsZero() || !e.Time.Before(f.Since)) &&
		(f.Until.IsZero() || e.Time.Before(f.Until)) &&
		strings.Contains(e.Message, f.Contains) &&
		(f.Where == nil || f.Where(e))
}

// Store holds the groups. It is safe for use by many goroutines.
type Store struct {
	max     int
	onEvent func(Event)

	mu       sync.Mutex
	groups   map[string]*group
	sequence uint64
}

// group is a queue: the events from head on.
type group struct {
	events []Event
	head   int
	bytes  int
}

// New returns an empty Store that keeps up to maxBytes of each group, counted as
// CloudWatch does. onEvent, when it is not nil, is told of every event; events of
// one stream come in order, and it must not call the Store.
func New(maxBytes int, onEvent func(Event)) *Store {
	return &Store{max: maxBytes, onEvent: onEvent, groups: map[string]*group{}}
}

// Append adds the event to its group. A message longer than MaxMessage becomes
// several events.
func (s *Store) Append(e Event) {
	message := e.Message
	for {
		e.Message, message = split(message)
		e.Sequence = s.append(e)
		if s.onEvent != nil {
			s.onEvent(e)
		}
		if message == "" {
			return
		}
	}
}

// split cuts the message where it becomes too long, not within a character of UTF-8.
func split(message string) (first, rest string) {
	if len(message) <= MaxMessage {
		return message, ""
	}
	at := MaxMessage
	for back := 0; back < 3 && message[at]&0xC0 == 0x80; back++ {
		at--
	}
	return message[:at], message[at:]
}

func (s *Store) append(e Event) uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sequence++
	e.Sequence = s.sequence
	g := s.groups[e.Group]
	if g == nil {
		g = &group{}
		s.groups[e.Group] = g
	}
	g.events = append(g.events, e)
	g.bytes += len(e.Message) + overhead
	for g.bytes > s.max && g.head < len(g.events)-1 {
		g.bytes -= len(g.events[g.head].Message) + overhead
		g.events[g.head] = Event{}
		g.head++
	}
	if g.head > len(g.events)/2 {
		g.events = append(g.events[:0:0], g.events[g.head:]...)
		g.head = 0
	}
	return e.Sequence
}

// Events returns the events of the group that the filter chooses, oldest first.
func (s *Store) Events(groupName string, f Filter) []Event {
	s.mu.Lock()
	defer s.mu.Unlock()
	g := s.groups[groupName]
	if g == nil {
		return nil
	}
	var found []Event
	for i := g.head; i < len(g.events); i++ {
		if f.matches(&g.events[i]) {
			found = append(found, g.events[i])
		}
		if f.Oldest && f.Limit > 0 && len(found) == f.Limit {
			return found
		}
	}
	if f.Limit > 0 && len(found) > f.Limit {
		found = found[len(found)-f.Limit:]
	}
	return found
}

// Group is a log group as it is listed.
type Group struct {
	Name            string
	RetentionInDays int // 0 for ever
	Bytes           int // as CloudWatch counts what is stored
}

// Stream is a log stream as it is listed: that of one instance of a function.
type Stream struct {
	Name        string
	First, Last time.Time // of its events
}

// Groups returns the groups that hold events, with their sizes.
func (s *Store) Groups() map[string]int {
	s.mu.Lock()
	defer s.mu.Unlock()
	sizes := make(map[string]int, len(s.groups))
	for name, g := range s.groups {
		sizes[name] = g.bytes
	}
	return sizes
}

// Delete drops the group with all its events.
func (s *Store) Delete(groupName string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.groups, groupName)
}

// Clear drops every group with all its events.
func (s *Store) Clear() {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.groups)
}
