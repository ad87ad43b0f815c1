package hosted

import (
	"encoding/json"
	"net/http"

	"auth-api/infra/localaws/audit"
)

// ServeWellKnown answers with a pool's jwks.json or openid-configuration.
//
// https://docs.aws.amazon.com/cognito/latest/developerguide/federation-endpoints.html
func (s *Server) ServeWellKnown(w http.ResponseWriter, r *http.Request, poolID, document string) {
	record := audit.From(r.Context())
	record.Service("cognito-idp " + document)
	w.Header().Set("Access-Control-Allow-Origin", "*")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	if r.Method == http.MethodOptions {
		w.Header().Set("Access-Control-Allow-Methods", "GET, OPTIONS")
		w.WriteHeader(http.StatusNoContent)
		return
	}
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD, OPTIONS")
		writeOAuth(w, http.StatusMethodNotAllowed, map[string]string{"message": "Method Not Allowed"})
		return
	}
	keys, err := s.pools.JWKS(poolID)
	if err != nil {
		record.Fault(err)
		writeOAuth(w, http.StatusInternalServerError, map[string]string{"message": "Internal Server Error"})
		return
	}
	if keys == nil {
		record.Denyf("user pool %q does not exist", poolID)
		writeOAuth(w, http.StatusNotFound, map[string]string{"message": "User pool " + poolID + " does not exist."})
		return
	}
	switch document {
	case "jwks.json":
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Cache-Control", "public, max-age=3600")
		_, _ = w.Write(keys)
	case "openid-configuration":
		v, err := s.configuration(poolID)
		if err != nil {
			record.Fault(err)
			writeOAuth(w, http.StatusInternalServerError, map[string]string{"message": "Internal Server Error"})
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(v) // a client that has gone away is no fault
	default:
		record.Denyf("there is no document %q under .well-known", document)
		writeOAuth(w, http.StatusNotFound, map[string]string{"message": "Not Found"})
	}
}

func (s *Server) configuration(poolID string) (map[string]any, error) {
	base := s.endpoint()
	v := map[string]any{
		"issuer":                                s.pools.Issuer(poolID),
		"jwks_uri":                              base + "/" + poolID + "/.well-known/jwks.json",
		"id_token_signing_alg_values_supported": []string{"RS256"},
		"response_types_supported":              []string{"code"},
		"scopes_supported":                      []string{"openid", "email", "phone", "profile"},
		"subject_types_supported":               []string{"public"},
		"token_endpoint_auth_methods_supported": []string{"client_secret_basic", "client_secret_post"},
		"code_challenge_methods_supported":      []string{"S256"},
		"grant_types_supported":                 []string{"authorization_code", "client_credentials", "refresh_token"},
	}
	domain, err := s.pools.DomainOf(poolID)
	if domain != "" {
		hosted := base + "/auth/" + domain
		v["authorization_endpoint"] = hosted + "/oauth2/authorize"
		v["token_endpoint"] = hosted + "/oauth2/token"
		v["userinfo_endpoint"] = hosted + "/oauth2/userInfo"
		v["revocation_endpoint"] = hosted + "/oauth2/revoke"
		v["end_session_endpoint"] = hosted + "/logout"
	}
	return v, err
}
