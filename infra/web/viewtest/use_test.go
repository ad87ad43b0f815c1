package viewtest_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp/kb"
)

var (
	in      = answer(signed, "authenticated", "allowed", 200, "", `{"message":"You're past the velvet rope!"}`)
	refused = answer(signed, "guest", "not-permitted", 403, "AccessDeniedException", denied)
	all     = answer(open1, "", "allowed", 200, "", `{"message":"Open for All!"}`)
)

// TestKeyboard goes through the page without a mouse.
func TestKeyboard(t *testing.T) {
	p := open(t)
	p.load(guest(map[string][]object{"/no-auth": {all}, "/require-auth": {refused}}))
	var order []string
	for range 4 {
		p.key(kb.Tab)
		order = append(order, eval[string](p, `document.activeElement.innerText.trim()`))
		if !eval[bool](p, `document.activeElement.matches(":focus-visible") && [undefined, "::after"].some((part) => getComputedStyle(document.activeElement, part).outlineStyle === "solid" && getComputedStyle(document.activeElement, part).outlineWidth === "3px")`) {
			t.Errorf("nothing shows that the focus is on %q", order[len(order)-1])
		}
	}
	if want := []string{"Sign In", "No Auth", "Req. Auth", "Behind the scenes"}; !slices.Equal(order, want) {
		t.Errorf("the order of the focus is %q, want %q", order, want)
	}

	p.load(guest(map[string][]object{"/no-auth": {all}, "/require-auth": {refused}}))
	p.key(kb.Tab)
	p.key(kb.Tab)
	p.key(kb.Enter)
	p.answers("Open for All!")
	p.focused("No Auth")
	p.key(kb.Tab)
	p.key(" ")
	p.answers("Not for guests")
	p.focused("Req. Auth")
	p.key(kb.Tab)
	p.focused("Sign in") // what the answer offers comes next
	p.key(kb.Enter)
	p.did("GET /no-auth, GET /require-auth, signIn")
}

// TestAccount opens the account menu, and signs out.
func TestAccount(t *testing.T) {
	p := open(t)
	p.load(member(map[string][]object{"/require-auth": {in}}))
	p.reads("banner", "button Account: demouser", "main")
	p.key(kb.Tab)
	p.key(kb.Enter)
	p.shows("demouser@example.com", "staff, editors", "us-west-2:1d0e7b1c-5a52-4c4e-8b7a-2f1f3c9f6a11", "Sign Out")
	p.sound()
	p.shoot("account")
	p.key(kb.Escape)
	p.hides("demouser@example.com", "Sign Out")
	p.focused("D\nAccount:\ndemouser")
	p.key(kb.Enter)
	p.key(kb.Tab)
	p.focused("Sign Out")
	p.key(kb.Enter)
	p.did("signOut")
}

// TestWhoIsInChanges has the session change under the page.
func TestWhoIsInChanges(t *testing.T) {
	p := open(t)
	p.load(member(map[string][]object{"/require-auth": {in}}))
	p.press("Req. Auth")
	p.answers("You're past the velvet rope!")

	// Another tab signs out: what was for the member alone goes from the screen.
	eval[any](p, `fake.change(null).then(() => null)`)
	p.answers("Which door?")
	p.shows("Sign In", "Locked for guests. Try it.")
	p.hides("demouser", "auth-api-dev-authenticated")

	// The session ends, and the page says why.
	eval[any](p, `fake.change(null, { kind: "session-ended" }).then(() => null)`)
	p.shows("You have been signed out", "maybe you on another device")
	p.hears("You have been signed out.")

	// Another tab signs in: what is shown stays, and this tab can follow.
	p.load(guest(map[string][]object{"/no-auth": {all}}))
	p.press("No Auth")
	eval[any](p, `fake.elsewhere().then(() => null)`)
	p.answers("Open for All!")
	p.press("Continue here")
	p.did("GET /no-auth, signIn")
}

// TestAnUnfinishedSignOut has the sign-in not answer to a sign-out.
func TestAnUnfinishedSignOut(t *testing.T) {
	p := open(t)
	p.load(guest(map[string][]object{"/no-auth": {all}}))
	const unfinished = `fake.change(null, { kind: "sign-out-unfinished" }).then(() => null)`
	eval[any](p, unfinished)
	p.shows("You are not signed out everywhere yet")
	p.hears("You are not signed out everywhere yet.")
	p.press("No Auth")
	p.answers("Open for All!") // a guest can go on
	p.press("Finish signing out")
	p.did("GET /no-auth, signOut")
	p.shows("Trying …")
	p.press("Trying …")
	p.did("GET /no-auth, signOut")
	eval[any](p, unfinished) // still no answer
	p.hides("Trying …")
	p.focused("Finish signing out") // which the keyboard was on
	eval[any](p, `fake.change(null).then(() => null)`)
	p.hides("Finish signing out")
	p.did("GET /no-auth, signOut")
}

// TestAnswerForSomebodyElse has a member sign out while the answer is on its way.
func TestAnswerForSomebodyElse(t *testing.T) {
	p := open(t)
	s := member(map[string][]object{"/require-auth": {in, refused}})
	s.Hold = true
	p.load(s)
	p.press("Req. Auth")
	eval[any](p, `fake.change(null).then(() => null)`)
	eval[any](p, `fake.answer().then(() => null)`)
	p.answers("Who is in has changed")
	p.hides("You're past the velvet rope!", "auth-api-dev-authenticated", "demouser")
	p.sound()
	p.size(1280, 800)
	p.press("Ask again")
	eval[any](p, `fake.answer().then(() => null)`)
	p.answers("Not for guests")
}

// TestWithoutJavaScript reads the page where no script runs.
func TestWithoutJavaScript(t *testing.T) {
	p := open(t)
	send(p, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
	p.b.Open(p.base + "/dev/")
	p.reads("heading The velvet rope", "StaticText This page needs JavaScript: your browser itself signs what it sends to the API.", "contentinfo")
	if strings.Contains(strings.Join(p.tree(), "\n"), "One moment") {
		t.Error("the page lets people wait for what never comes")
	}
}

// TestOneAtATime asks a second question while the first has no answer.
func TestOneAtATime(t *testing.T) {
	p := open(t)
	s := member(map[string][]object{"/no-auth": {all}, "/require-auth": {in}})
	s.Hold = true
	p.load(s)
	p.press("Req. Auth")
	p.answers("Asking GET /require-auth …")
	p.press("No Auth")
	p.did("GET /require-auth")
	if got := eval[string](p, `[...document.querySelectorAll(".door button")].map((b) => b.ariaDisabled).join()`); got != "true,true" {
		t.Errorf("while the answer is awaited, aria-disabled of the doors is %s", got)
	}
	eval[any](p, `fake.advance(3000).then(() => null)`)
	p.shows("Still waiting. A function that has been idle takes a moment to start.")
	p.hears("Still waiting.")
	eval[any](p, `fake.answer().then(() => null)`)
	p.answers("You're past the velvet rope!")
	p.press("No Auth")
	p.did("GET /require-auth, GET /no-auth")
}

// TestCountdown waits for the moment that the API has named.
func TestCountdown(t *testing.T) {
	p := open(t)
	p.load(guest(map[string][]object{"/no-auth": {answer(open1, "", "throttled", 429, "TooManyRequestsException", `{"message":"Too Many Requests"}`, object{"retryAfter": 2}), all}}))
	p.press("No Auth")
	p.shows("in 2 seconds")
	p.reads("button Ask again", "StaticText You can ask again in 2 seconds.")
	p.press("Ask again")
	p.did("GET /no-auth") // too early
	p.hears("429 Too Many Requests. A little too fast.")
	eval[any](p, `fake.advance(1050).then(() => null)`)
	p.shows("in 1 second")
	p.hears("429 Too Many Requests. A little too fast.") // no voice counts down
	eval[any](p, `fake.advance(1200).then(() => null)`)
	p.hides("in 1 second")
	p.hears("You can ask again now.")
	p.press("Ask again")
	p.answers("Open for All!")
	p.focused("Open for All!") // the button that was pressed is gone
	p.did("GET /no-auth, GET /no-auth")
}

// TestPanel reads what the panel tells of a request.
func TestPanel(t *testing.T) {
	p := open(t)
	p.load(member(map[string][]object{"/require-auth": {in, in}, "/no-auth": {all}}))
	p.shows("The way of a request to a door that asks who you are:")
	p.hides("The request, as sent", "ended here")
	p.press("Req. Auth")
	p.shows("The way your request took:", "You signed in as demouser.",
		"GET https://a1b2c3d4e5.execute-api.us-west-2.amazonaws.com/dev/require-auth", "IQoJb3JpZ2lu…", "secret, shortened",
		"200 OK", "Let in", "us-west-2:1d0e7b1c-5a52-4c4e-8b7a-2f1f3c9f6a11", "auth-api-dev-authenticated", "in 58 minutes, at ", `-H "x-api-key: $API_KEY"`)
	p.hides("host;x-amz-date;x-amz-security-token;x-api-key\n")
	p.reads("complementary Behind the scenes", "heading Behind the scenes", "list", "heading Sign-in done", "heading Function done",
		"heading The request, as sent", "heading The decision that came back", "heading Who it was sent as", "heading Send it again, from a terminal", "button Copy the command")

	// What was opened stays open, with the next request's content.
	eval[any](p, `{ document.querySelectorAll(".fold > summary").forEach((summary) => summary.click()); fake.settle().then(() => null) }`)
	p.settle()
	p.shows("Canonical request", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", "String to sign", "20261122/us-west-2/execute-api/aws4_request", `"message": "You're past the velvet rope!"`)
	p.sound()
	p.shoot("panel")
	p.size(1280, 800)
	p.press("Req. Auth")
	p.shows("Canonical request", `"message": "You're past the velvet rope!"`)

	send(p, browser.SetPermission, browser.SetPermissionParams{Permission: &browser.PermissionDescriptor{Name: "clipboard-write"}, Setting: browser.PermissionSettingGranted})
	p.press("Copy the command")
	p.shows("Copied.")
	p.hears("Copied.")
	if got := eval[string](p, `document.activeElement.innerText`); got != "Copy the command" {
		t.Errorf("after copying, the focus is on %q", got)
	}

	// A route without authorization has no identity and no signature.
	p.press("No Auth")
	p.shows("This door does not ask who you are.", "not needed")
	p.hides("Who it was sent as", "What was signed")

	// The step where a request ended is marked, in words too.
	p.load(guest(map[string][]object{"/require-auth": {refused}}))
	p.press("Req. Auth")
	p.reads("heading Signature done", "heading Decision ended here", "heading Function not reached")
	if got := eval[string](p, `document.querySelector(".way [aria-current]").innerText`); !strings.Contains(got, "Decision") {
		t.Errorf("the step that is marked is %q", got)
	}
}

// TestOddRoutesAndAnswers gives the page what nobody would design for.
func TestOddRoutesAndAnswers(t *testing.T) {
	p := open(t)
	long := object{"method": "GET", "path": "/a/very/long/path/that/goes/on/and/on/and/has/no/place/where/it/could/be/broken", "authorization": "COGNITO_USER_POOLS", "apiKeyRequired": false}
	hostile := `<img src=x onerror="console.log('run')"><script>console.log("run")</script>`
	s := scenario{Config: config(open1, signed, token, long), Account: object{"sub": "1", "username": hostile, "groups": []string{}}, Answers: map[string][]object{
		"/no-auth": {answer(open1, "", "allowed", 200, "", `{"message":"`+strings.ReplaceAll(hostile, `"`, `\"`)+`"}`), answer(open1, "", "allowed", 200, "", ""), {"mistake": "something else"}},
		"/profile": {answer(token, "", "allowed", 200, "", "just text "+strings.Repeat("wide", 100))},
	}}
	p.load(s)
	p.press("No Auth")
	p.answers(hostile)
	p.sound()
	p.press("No Auth")
	p.answers("You are in") // a function may answer with nothing
	p.press("/profile")
	p.answers("You are in") // what is no headline is not made one
	p.shows("The function’s answer", "just text wide", "The API checked your token.", "The token itself is sent.")
	p.sound()
	p.shoot("odd")
	p.size(1280, 800)

	// A mistake of the page's own is said, and reported: it is not passed over.
	p.press("No Auth")
	p.answers("This page made a mistake")
	p.did("GET /no-auth, GET /no-auth, GET /profile, GET /no-auth, reported Uncaught Error: something else")
}

// TestPreferences shows the page to who wants no motion, more contrast, larger text or paper.
func TestPreferences(t *testing.T) {
	p := open(t)
	s := guest(nil)
	s.Hold = true
	p.load(s)
	p.press("Req. Auth")
	const moving = `getComputedStyle(document.querySelector(".cord")).animationName`
	p.prefer("")
	if got := eval[string](p, moving); got != "sway" {
		t.Errorf("the rope's animation is %q, want sway", got)
	}
	p.prefer("", "prefers-reduced-motion: reduce")
	if got := eval[string](p, `[...document.querySelectorAll("*")].filter((e) => e.getAnimations().length > 0).length + " " + `+moving); got != "0 none" {
		t.Errorf("where no motion is wanted, this moves: %s", got)
	}

	p.load(guest(map[string][]object{"/require-auth": {refused}}))
	p.press("Req. Auth")
	for _, scheme := range []string{"light", "dark"} {
		p.prefer("", "prefers-contrast: more", "prefers-reduced-motion: reduce", "prefers-color-scheme: "+scheme)
		for _, weak := range eval[[]string](p, contrast) {
			t.Errorf("more contrast, %s: %s", scheme, weak)
		}
	}
	p.prefer("", "forced-colors: active", "prefers-reduced-motion: reduce")
	if got := eval[string](p, `[...document.querySelectorAll("#answer, .door, #answer button")].map((e) => getComputedStyle(e).borderTopStyle).join()`); strings.Contains(got, "none") {
		t.Errorf("with colours of the system's own, these have no edge: %s", got)
	}
	p.shoot("forced-colors", "forced-colors: active")
	p.size(1280, 800)
	p.prefer("print", "prefers-reduced-motion: reduce", "prefers-color-scheme: dark")
	for _, weak := range eval[[]string](p, contrast) {
		t.Errorf("on paper: %s", weak)
	}
	if got := eval[string](p, `[...document.querySelectorAll("#answer, .panel")].map((e) => getComputedStyle(e).overflowY).join()`); strings.Contains(got, "auto") {
		t.Errorf("on paper something is cut off: %s", got)
	}
	p.prefer("")
	for _, width := range []int64{320, 1280} { // text alone at 200 %
		p.size(width, 800)
		if wide := eval[int](p, `(document.documentElement.style.fontSize = "200%", document.documentElement.scrollWidth)`); wide > int(width) {
			t.Errorf("with text twice as large the page is %d pixels wide in a window of %d", wide, width)
		}
	}
	p.shoot("large-text")
}

// TestALongName opens the account's menu of somebody with a long name, in a small window:
// all of it is to be seen, and stays below its button when the window changes.
func TestALongName(t *testing.T) {
	p := open(t)
	s := member(nil)
	s.Account = object{"sub": "1", "username": "\U0001F98A-Jörg-Wolfeschlegelsteinhausenbergerdorff-der-Ältere", "groups": []string{strings.Repeat("Donaudampfschifffahrtsgesellschaft", 3), "staff"}}
	p.load(s)
	if got := eval[string](p, `document.querySelector(".face").textContent`); got != "\U0001F98A" {
		t.Errorf("the face is %q", got)
	}
	for _, width := range []int64{320, 375, 1280, 2560, 320} {
		p.size(width, 800)
		if !eval[bool](p, `document.getElementById("account").matches(":popover-open")`) {
			p.key(kb.Tab)
			p.key(kb.Enter)
		}
		eval[any](p, `new Promise((then) => requestAnimationFrame(() => requestAnimationFrame(() => then(null))))`)
		const fits = `(() => {
			const menu = document.getElementById("account").getBoundingClientRect(), button = document.querySelector(".who").getBoundingClientRect();
			return menu.left >= 0 && menu.right <= innerWidth && menu.top >= button.bottom && menu.top < button.bottom + 20 && (Math.abs(menu.right - button.right) <= 1 || Math.abs(menu.left - 16) <= 1);
		})()`
		if !eval[bool](p, fits) || eval[bool](p, `document.documentElement.scrollWidth > innerWidth`) {
			t.Errorf("in a window of %d the menu is at %s", width, eval[string](p, `JSON.stringify([document.getElementById("account").getBoundingClientRect(), document.querySelector(".who").getBoundingClientRect()])`))
		}
		p.shoot("long-name")
	}
}

// TestTheScriptDoesNotCome opens a page whose script is gone, as after a deployment in
// between: nobody waits without being told what to do.
func TestTheScriptDoesNotCome(t *testing.T) {
	p := open(t)
	p.b.Expect("ERR_BLOCKED_BY_CLIENT")
	send(p, network.Enable, network.EnableParams{})
	send(p, network.SetBlockedURLs, network.SetBlockedURLsParams{URLPatterns: []*network.BlockPattern{{URLPattern: "*://*:*/*.js", Block: true}}})
	p.b.Open(p.base + "/dev/")
	const late = "If nothing more comes, load the page again."
	p.shows("One moment …")
	p.hides(late)
	eval[any](p, `document.getAnimations().forEach((animation) => animation.finish())`)
	p.shows(late)

	// Nor where the stylesheet is gone as well.
	send(p, network.SetBlockedURLs, network.SetBlockedURLsParams{URLPatterns: []*network.BlockPattern{{URLPattern: "*://*:*/*.js", Block: true}, {URLPattern: "*://*:*/*.css", Block: true}}})
	p.b.Open(p.base + "/dev/")
	p.shows(late)
}

// TestAWrongClock tells when credentials end on a device whose clock is hours off the
// services', by which they end.
func TestAWrongClock(t *testing.T) {
	p := open(t)
	for _, hours := range []int{-3, 0, 3} {
		s := member(map[string][]object{"/require-auth": {in}})
		s.Skew = hours * 3_600_000
		p.load(s)
		p.press("Req. Auth")
		at := eval[string](p, `new Date(Date.now() + 58 * 60_000).toLocaleString("en-GB", { hour: "2-digit", minute: "2-digit" })`)
		p.shows("in 58 minutes, at ", at)
	}
}
