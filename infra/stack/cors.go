package stack

import (
	"strings"

	"auth-api/infra/settings"
)

// corsVariables tell a function that answers routes which pages of other origins may read
// its answers: functions/internal/respond reads them.
func corsVariables(s *settings.Settings, name string) map[string]string {
	if s.CORS == nil {
		return nil
	}
	for _, r := range s.Routes {
		if r.Function == name {
			return map[string]string{
				settings.OriginsVariable:        strings.Join(s.CORS.Origins, ","),
				settings.ExposedHeadersVariable: strings.Join(s.CORS.ExposedHeaders, ","),
			}
		}
	}
	return nil
}
