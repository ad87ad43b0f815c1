package audit

import (
	"slices"
	"strings"
)

// IDs returns the ids of the requests that are held whose id begins with this, each once,
// newest last. An id in full stands for itself alone.
func (q *Requests) IDs(prefix string) []string {
	q.mu.Lock()
	defer q.mu.Unlock()
	var found []string
	n := len(q.ring)
	for i := range n {
		switch id := q.ring[(q.next+i)%n].ID; {
		case id == prefix:
			return []string{strings.Clone(id)}
		case strings.HasPrefix(id, prefix) && !slices.Contains(found, id):
			found = append(found, id)
		}
	}
	return found
}
