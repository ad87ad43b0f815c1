package hosted

import (
	"net/http"
	"slices"
)

// logout ends the browser's session. It leads to a registered sign-out URL, or back to
// the sign-in page for a registered callback, and nowhere else.
//
// https://docs.aws.amazon.com/cognito/latest/developerguide/logout-endpoint.html
func (v *visit) logout() {
	q := v.r.URL.Query()
	app, found, err := v.app(q.Get("client_id"))
	if err != nil {
		v.fault(err)
		return
	}
	to := ""
	switch {
	case !found:
		v.toErrorPage("invalid_client", q.Get("client_id"), "the pool has no such client")
		return
	case q.Has("logout_uri"):
		if to = q.Get("logout_uri"); len(q["logout_uri"]) != 1 || !slices.Contains(app.Client().LogoutURLs, to) {
			v.toErrorPage("logout_mismatch", app.ClientID(), "the logout_uri is not one of the client's logoutUrls, to the letter")
			return
		}
	default:
		a, ok := v.authRequest()
		if !ok {
			return
		}
		to = v.base() + "/login?" + string(a.carried())
	}
	if session := v.session(); session != "" {
		if err := v.pools.EndSession(app, session); err != nil {
			v.fault(err)
			return
		}
	}
	v.cookie(sessionCookie, "", 0)
	v.record.Allow("signed out of the browser")
	v.w.Header().Set("Location", to)
	v.w.WriteHeader(http.StatusFound)
}

// problems are what the error page says; it never repeats what came with the request.
var problems = map[string]string{
	"redirect_mismatch": "The application asked to return to an address that is not registered. The redirect_uri must be one of the client's callback URLs, to the letter.",
	"logout_mismatch":   "The application asked to return to an address that is not registered. The logout_uri must be one of the client's sign-out URLs, to the letter.",
	"invalid_client":    "The application is not known here. The client_id must be one of this user pool's clients.",
}

func (v *visit) errorPage() {
	text, known := problems[v.r.URL.Query().Get("error")]
	if !known {
		text = "The request could not be understood."
	}
	v.record.Deny("the error page was shown")
	v.page(http.StatusBadRequest, "error", page{Title: "This request cannot be served", Error: text})
}
