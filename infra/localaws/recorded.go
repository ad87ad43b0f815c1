package localaws

import "log/slog"

// Recorded is called by the provider, once a deployment, when the stack declares what
// is recorded only (package recorded): that must not go unsaid.
func (s *Server) Recorded(stack, resourceType string) {
	s.log.Info("the stack declares resources that are recorded and not enforced; local resources lists them", slog.String("stack", stack), slog.String("first", resourceType))
}
