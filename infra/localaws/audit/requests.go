package audit

import (
	"strings"
	"sync"
	"time"
)

// Entry is what is kept of a request that is over. No secret is in it (see the
// package), and neither are the details of a signature that did not match, which are
// long: those are in the local AWS's log alone.
type Entry struct {
	ID       string        `json:"id"`   // as the client got it in x-amzn-RequestId
	Time     time.Time     `json:"time"` // when it came, by the local AWS's clock
	Method   string        `json:"method"`
	Path     string        `json:"path"` // as it was sent, without the query
	Status   int           `json:"status"`
	Took     time.Duration `json:"tookNanoseconds"` // by the real clock
	Service  string        `json:"service,omitempty"`
	Caller   string        `json:"caller,omitempty"`
	Decision string        `json:"decision,omitempty"` // allow, deny, or nothing was to decide
	Reason   string        `json:"reason,omitempty"`
	Fault    string        `json:"fault,omitempty"` // what failed in the local AWS itself

	// Kept is what the room that answered explains its answer by, as Record.Keep got it.
	Kept any `json:"-"`
}

// The longest texts that are kept of a request, in bytes: a thousand requests of
// strangers must not fill the memory.
const (
	longestName = 256
	longestText = 1024
)

// Entry returns the record as it stands, with what the server knows of the request.
func (r *Record) Entry(at time.Time, method, path string, status int, took time.Duration) Entry {
	r.mu.Lock()
	defer r.mu.Unlock()
	e := Entry{
		ID: r.RequestID, Time: at.UTC(), Method: clip(method, longestName), Path: clip(path, longestText), Status: status, Took: took,
		Service: clip(r.service, longestName), Caller: clip(r.caller, longestName), Decision: r.decision,
	}
	e.Kept = r.kept
	reason, _, more := strings.Cut(r.reason, "\n")
	if more { // what is put in parentheses after it begins on this line
		reason = strings.TrimSuffix(reason, " (canonical request:")
	}
	e.Reason = clip(reason, longestText)
	if r.fault != nil {
		e.Fault = clip(r.fault.Error(), longestText)
	}
	return e
}

// clip is a copy of at most n bytes of s, so that a short text keeps no long one alive.
func clip(s string, n int) string {
	if len(s) <= n {
		return strings.Clone(s)
	}
	return strings.ToValidUTF8(s[:n], "") + "…"
}

// Filter chooses entries. The zero Filter chooses all.
type Filter struct {
	Decision string // allow or deny
	Service  string // contained in the service, whatever the case
	Caller   string // contained in the caller, whatever the case
	Since    string // those after the one with this id; all when none of this id is held
	Limit    int    // the newest so many; 0 for all
}

func (f Filter) matches(e *Entry) bool {
	return (f.Decision == "" || e.Decision == f.Decision) && contains(e.Service, f.Service) && contains(e.Caller, f.Caller)
}

func contains(text, part string) bool {
	return part == "" || strings.Contains(strings.ToLower(text), strings.ToLower(part))
}

// Requests holds the entries of the newest requests, in memory alone. Its zero value
// holds none, and is ready. It is safe for use by many goroutines.
type Requests struct {
	mu   sync.Mutex
	ring []Entry
	next int // where the next one goes once the ring is full
}

// MaxRequests is how many entries are held.
const MaxRequests = 1000

// Add puts an entry behind the others, in place of the oldest when there are many.
func (q *Requests) Add(e Entry) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.ring) < MaxRequests {
		q.ring = append(q.ring, e)
		return
	}
	q.ring[q.next] = e
	q.next = (q.next + 1) % MaxRequests
}

// List returns the entries that the filter chooses, in the order in which the requests
// ended, newest last.
func (q *Requests) List(f Filter) []Entry {
	q.mu.Lock()
	defer q.mu.Unlock()
	n := len(q.ring)
	at := func(i int) *Entry { return &q.ring[(q.next+i)%n] }
	first := 0
	if f.Since != "" {
		for i := n - 1; i >= 0; i-- {
			if at(i).ID == f.Since {
				first = i + 1
				break
			}
		}
	}
	found := []Entry{}
	for i := first; i < n; i++ {
		if e := at(i); f.matches(e) {
			found = append(found, *e)
		}
	}
	if f.Limit > 0 && len(found) > f.Limit {
		found = found[len(found)-f.Limit:]
	}
	return found
}

// Find returns the newest entry of the request with this id.
func (q *Requests) Find(id string) (Entry, bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for i := len(q.ring) - 1; i >= 0; i-- {
		if e := &q.ring[(q.next+i)%len(q.ring)]; e.ID == id {
			return *e, true
		}
	}
	return Entry{}, false
}

// Clear forgets all entries.
func (q *Requests) Clear() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.ring, q.next = nil, 0
}
