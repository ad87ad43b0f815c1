package testers

import (
	"net/http"

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
	out, found, err := s.Explain(id)
	if err == nil && !found {
		return nil, &problem{http.StatusNotFound, "of the last thousand requests none has the id " + audit.Clip(id)}
	}
	return out, err
}
