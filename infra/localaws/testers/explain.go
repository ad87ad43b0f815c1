package testers

import (
	"fmt"
	"net/http"
	"strings"

	"auth-api/infra/localaws/audit"
	"auth-api/infra/localaws/gateway"
)

// Explanation is a request that was handled, and its way through the gateway by what is
// declared now.
type Explanation struct {
	Request audit.Entry `json:"request"`
	// Way is nil for requests to other services than API Gateway, whose reason stands in
	// Request.
	Way *gateway.Way `json:"way,omitempty"`
}

// Explain explains the newest request with this id. It reports false when no such request
// is among those that are held.
func (s *Service) Explain(requestID string) (Explanation, bool, error) {
	entry, found := s.cfg.Requests.Find(requestID)
	if !found {
		return Explanation{}, false, nil
	}
	out := Explanation{Request: entry}
	way, kept, err := s.cfg.Gateway.ExplainRequest(entry)
	if kept && err == nil {
		out.Way = &way
	}
	return out, true, err
}

func (s *Service) serveExplain(c *call) (any, error) {
	id := c.query["request"]
	if id == "" {
		return nil, &problem{http.StatusBadRequest, "the parameter request is missing: the id that the answer had in its header x-amzn-RequestId"}
	}
	switch ids := s.cfg.Requests.IDs(id); {
	case len(ids) == 0:
		return nil, &problem{http.StatusNotFound, "of the last thousand requests none has the id " + audit.Clip(id) + ", and none has one that begins so"}
	case len(ids) > 1:
		return nil, &problem{http.StatusConflict, fmt.Sprintf("of the last thousand requests %d have an id that begins with %s: say more of it (%s)", len(ids), audit.Clip(id), few(ids))}
	default:
		id = ids[0]
	}
	out, found, err := s.Explain(id)
	if err == nil && !found { // it was forgotten since
		return nil, &problem{http.StatusNotFound, "of the last thousand requests none has the id " + audit.Clip(id)}
	}
	return out, err
}

// few are the newest of many ids.
func few(ids []string) string {
	const most = 4
	if len(ids) <= most {
		return strings.Join(ids, ", ")
	}
	return "the newest are " + strings.Join(ids[len(ids)-most:], ", ")
}
