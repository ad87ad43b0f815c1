package viewtest_test

import "testing"

// TestStates shows every state that the page has, checks its words and that whoever
// reads, hears or looks at it can.
func TestStates(t *testing.T) {
	p := open(t)
	for _, state := range []struct {
		name     string
		scenario scenario
		press    string // before it shows
		heading  string
		shows    []string
		says     string // to a screen reader
	}{
		{"guest", guest(nil), "", "Which door?", []string{"Sign In", "Open to all", "Locked for guests. Try it.", "Only now does code run"}, ""},
		{"guest-open", guest(map[string][]object{"/no-auth": {answer(open1, "", "allowed", 200, "", `{"message":"Open for All!"}`)}}), "No Auth",
			"Open for All!", []string{"200 OK", "34 ms", "asks nobody who they are"}, "200 OK. Open for All!"},
		{"guest-refused", guest(map[string][]object{"/require-auth": {answer(signed, "guest", "not-permitted", 403, "AccessDeniedException", denied)}}), "Req. Auth",
			"Not for guests", []string{"403 Forbidden", "Your credentials are a guest’s. The guest role may not call this route.", "The API’s own words", "no identity-based policy allows", "Sign in"}, "403 Forbidden. Not for guests. Your credentials are a guest’s."},
		{"guest-allowed", scenario{Config: config(both), Answers: map[string][]object{"/require-auth": {answer(both, "guest", "allowed", 200, "", `{"message":"Welcome, guest"}`)}}}, "Req. Auth",
			"Welcome, guest", []string{"the guest role may call this route", "Open to guests too"}, "200 OK. Welcome, guest"},
		{"member", member(nil), "", "Which door?", []string{"demouser", "Asks who you are"}, ""},
		{"member-in", member(map[string][]object{"/require-auth": {answer(signed, "authenticated", "allowed", 200, "", `{"message":"You're past the velvet rope!","caller":{"kind":"user"}}`)}}), "Req. Auth",
			"You're past the velvet rope!", []string{"200 OK", "your role may call this route"}, "200 OK. You're past the velvet rope!"},
		{"member-refused", member(map[string][]object{"/require-auth": {answer(signed, "authenticated", "not-permitted", 403, "AccessDeniedException", denied)}}), "Req. Auth",
			"Not for your role", []string{"You are signed in", "by adding you to a group"}, "403 Forbidden. Not for your role."},
		{"waiting", scenario{Config: config(open1, signed), Hold: true}, "Req. Auth", "Asking GET /require-auth …", []string{"Waiting for the answer."}, "Asking Req. Auth."},
		{"api-down", guest(map[string][]object{"/no-auth": {{"fault": fault("unreachable", object{"what": "api"})}}}), "No Auth",
			"The API does not answer", []string{"Is this device online?", "make up", "Ask again"}, "The API does not answer."},
		{"sign-in-down", member(map[string][]object{"/require-auth": {{"fault": fault("unreachable", object{"what": "sign-in"})}}}), "Req. Auth", "The sign-in does not answer", []string{"Ask again"}, "The sign-in does not answer."},
		{"identity-pool-down", guest(map[string][]object{"/require-auth": {{"fault": fault("unreachable", object{"what": "identity-pool"})}}}), "Req. Auth", "No credentials for now", []string{"nothing was sent to the API"}, "No credentials for now."},
		{"no-configuration", scenario{NoConfig: fault("configuration", object{"detail": "config.json answered 404."})}, "",
			"This page does not know its API yet", []string{"make up", "config.json answered 404.", "Load the page again"}, "This page does not know its API yet."},
		{"no-routes", scenario{Config: config()}, "", "No doors yet", []string{"No route of this API has a button here.", "web.routes"}, ""},
		{"no-credentials", scenario{Config: config(open1, signed, token), Answers: map[string][]object{"/profile": {answer(token, "", "no-credentials", 401, "UnauthorizedException", `{"message":"Unauthorized"}`)}}}, "/profile",
			"Sign in first", []string{"This door wants a token", "Unauthorized"}, "401 Unauthorized. Sign in first."},
		{"no-proof", member(map[string][]object{"/require-auth": {answer(signed, "authenticated", "no-credentials", 403, "MissingAuthenticationTokenException", `{"message":"Missing Authentication Token"}`)}}), "Req. Auth",
			"The API saw no proof", []string{"Missing Authentication Token", "Load the page again"}, "403 Forbidden. The API saw no proof."},
		{"token-not-taken", alone(token, answer(token, "", "no-credentials", 401, "UnauthorizedException", `{"message":"Unauthorized"}`)), "/profile",
			"Your token was not taken", []string{"The API does not say why.", "Sign in"}, "401 Unauthorized. Your token was not taken."},
		{"scope", alone(scoped, answer(scoped, "", "no-credentials", 401, "UnauthorizedException", `{"message":"Unauthorized"}`)), "/orders",
			"Your token was not taken", []string{"the scope shop/read or shop/write", "Sign in"}, "401 Unauthorized. Your token was not taken."},
		{"not-from-here", guest(map[string][]object{"/no-auth": {answer(open1, "", "not-permitted", 403, "AccessDeniedException", `{"Message":"User: anonymous is not authorized to perform: execute-api:Invoke on resource: arn:aws:execute-api:us-west-2:********9012:a1b2c3d4e5/dev/GET/no-auth with an explicit deny"}`)}}), "No Auth",
			"Not from here", []string{"the API’s own policy", "User: anonymous"}, "403 Forbidden. Not from here."},
		{"not-from-here-denied", member(map[string][]object{"/require-auth": {answer(signed, "authenticated", "not-permitted", 403, "AccessDeniedException", deniedBy("authenticated", "with an explicit deny in a resource-based policy"))}}), "Req. Auth",
			"Not from here", []string{"Your role is not in question.", "the API’s own policy", "in a resource-based policy"}, "403 Forbidden. Not from here."},
		{"not-from-here-guest", guest(map[string][]object{"/require-auth": {answer(signed, "guest", "not-permitted", 403, "AccessDeniedException", deniedBy("guest", "because no resource-based policy allows the execute-api:Invoke action"))}}), "Req. Auth",
			"Not from here", []string{"Your role is not in question.", "no resource-based policy allows"}, "403 Forbidden. Not from here."},
		{"member-denied", member(map[string][]object{"/require-auth": {answer(signed, "authenticated", "not-permitted", 403, "AccessDeniedException", deniedBy("authenticated", "with an explicit deny in an identity-based policy"))}}), "Req. Auth",
			"Not for your role", []string{"by adding you to a group"}, "403 Forbidden. Not for your role."},
		{"firewall", alone(token, answer(token, "", "bad-key", 403, "ForbiddenException", `{"message":"Forbidden"}`)), "/profile",
			"The API turned it away", []string{"a firewall before it"}, "403 Forbidden. The API turned it away."},
		{"redirect", guest(map[string][]object{"/no-auth": {answer(open1, "", "failed", 0, "", "")}}), "No Auth",
			"The answer leads elsewhere", []string{"A redirect", "This page does not go there"}, "A redirect. The answer leads elsewhere."},
		{"no-storage", member(map[string][]object{"/require-auth": {{"fault": fault("refused", object{"service": "browser", "error": "NoStorage", "description": "Allow it to keep site data."})}}}), "Req. Auth",
			"This browser said no", []string{"Allow it to keep site data.", "Load the page again"}, "This browser said no."},
		{"bad-signature", member(map[string][]object{"/require-auth": {answer(signed, "authenticated", "bad-signature", 403, "InvalidSignatureException", `{"message":"Signature expired: 20261122T195000Z is now earlier than 20261122T195500Z"}`)}}), "Req. Auth",
			"The signature does not fit", []string{"more than five minutes off", "Signature expired"}, "403 Forbidden. The signature does not fit."},
		{"clock", member(map[string][]object{"/require-auth": {answer(signed, "authenticated", "bad-signature", 403, "InvalidSignatureException", `{"message":"Signature not yet current"}`,
			object{"headers": []object{{"name": "Date", "value": "Mon, 01 Jan 2024 00:00:00 GMT"}}})}}), "Req. Auth", "The signature does not fit", []string{"days fast. Set it right"}, "403 Forbidden."},
		{"expired", member(map[string][]object{"/require-auth": {answer(signed, "authenticated", "expired", 403, "ExpiredTokenException", `{"message":"The security token included in the request is expired"}`)}}), "Req. Auth",
			"Your pass had run out", []string{"Ask again: the page gets new ones."}, "403 Forbidden. Your pass had run out."},
		{"bad-key", guest(map[string][]object{"/no-auth": {answer(open1, "", "bad-key", 403, "ForbiddenException", `{"message":"Forbidden"}`)}}), "No Auth",
			"The API key was not taken", []string{"Who you are is not in question", "Load the page again"}, "403 Forbidden. The API key was not taken."},
		{"throttled", guest(map[string][]object{"/no-auth": {answer(open1, "", "throttled", 429, "TooManyRequestsException", `{"message":"Too Many Requests"}`, object{"retryAfter": 5})}}), "No Auth",
			"A little too fast", []string{"429 Too Many Requests", "in 5 seconds"}, "429 Too Many Requests. A little too fast."},
		{"throttled-no-time", guest(map[string][]object{"/no-auth": {answer(open1, "", "throttled", 429, "TooManyRequestsException", `{"message":"Too Many Requests"}`)}}), "No Auth",
			"A little too fast", []string{"Wait a second or two", "Ask again"}, "429 Too Many Requests."},
		{"quota", guest(map[string][]object{"/no-auth": {answer(open1, "", "quota", 429, "LimitExceededException", `{"message":"Limit Exceeded"}`)}}), "No Auth",
			"The allowance is used up", []string{"at midnight UTC", "when the week turns", "on the first"}, "429 Too Many Requests. The allowance is used up."},
		{"quota-reset", guest(map[string][]object{"/no-auth": {answer(open1, "", "quota", 429, "LimitExceededException", `{"message":"Limit Exceeded"}`, object{"retryAfter": 10800})}}), "No Auth",
			"The allowance is used up", []string{"It starts anew in 3 hours, at "}, "429 Too Many Requests. The allowance is used up."},
		{"failed", member(map[string][]object{"/require-auth": {answer(signed, "authenticated", "failed", 502, "InternalServerErrorException", `{"message":"Internal server error"}`)}}), "Req. Auth",
			"Something broke inside", []string{"request ID: c6af9ac6-7b61-11e6-9a41-93e8deadbeef", "Internal server error"}, "502 Bad Gateway. Something broke inside."},
		{"timed-out", member(map[string][]object{"/require-auth": {answer(signed, "authenticated", "failed", 504, "IntegrationTimeoutException", `{"message":"Endpoint request timed out"}`, object{"statusText": ""})}}) /* as by HTTP/2 */, "Req. Auth",
			"No answer in time", []string{"29 seconds", "Ask again"}, "504 Gateway Timeout. No answer in time."},
		{"not-taken", guest(map[string][]object{"/no-auth": {answer(open1, "", "failed", 400, "BadRequestException", `{"message":"Missing required request parameters: [x]"}`)}}), "No Auth",
			"The API did not take it", []string{"It answered 400.", "Missing required request parameters"}, "400 Bad Request."},
		{"guests-refused", guest(map[string][]object{"/require-auth": {{"fault": fault("guests-refused")}}}), "Req. Auth", "No credentials for guests", []string{"nothing was sent to the API", "Sign in"}, "No credentials for guests."},
		{"refused", member(map[string][]object{"/require-auth": {{"fault": fault("refused", object{"service": "identity-pool", "error": "NotAuthorizedException", "description": "Token is not from a supported provider of this identity pool."})}}}), "Req. Auth",
			"The identity pool said no", []string{"Token is not from a supported provider", "NotAuthorizedException"}, "The identity pool said no."},
		{"refused-by-sign-in", scenario{Config: config(open1, signed), Start: fault("refused", object{"service": "sign-in", "error": "invalid_client", "description": ""})}, "", "Which door?", []string{"The sign-in said no", "It gave no reason.", "invalid_client"}, "The sign-in said no."},
		{"foreign-callback", scenario{Config: config(open1, signed), Start: fault("foreign-callback")}, "", "Which door?", []string{"That sign-in was not begun here", "Nobody was signed in."}, "That sign-in was not begun here."},
		{"used-callback", scenario{Config: config(open1, signed), Start: fault("used-callback")}, "", "Which door?", []string{"That sign-in was used already"}, "That sign-in was used already."},
		{"sign-in-refused", scenario{Config: config(open1, signed), Start: fault("sign-in-refused", object{"error": "access_denied", "description": "User is disabled."})}, "", "Which door?", []string{"The sign-in said no", "User is disabled.", "access_denied"}, "The sign-in said no."},
		{"session-ended", scenario{Config: config(open1, signed), Start: fault("session-ended")}, "", "Which door?", []string{"You have been signed out", "You are a guest again."}, "You have been signed out."},
		{"sign-out-unfinished", scenario{Config: config(open1, signed), Start: fault("sign-out-unfinished")}, "", "Which door?", []string{"You are not signed out everywhere yet", "Finish signing out"}, "You are not signed out everywhere yet."},
		{"elsewhere", scenario{Config: config(open1, signed), Elsewhere: true}, "", "Which door?", []string{"You have signed in in another tab", "Continue here"}, ""},
	} {
		t.Run(state.name, func(t *testing.T) {
			p := p.in(t)
			p.load(state.scenario)
			if state.press != "" {
				p.press(state.press)
				p.focused(state.press) // who listens goes on from there
			}
			p.answers(state.heading)
			p.shows(state.shows...)
			p.hears(state.says)
			p.sound()
			p.shoot(state.name)
		})
	}
	p.in(t)
}
