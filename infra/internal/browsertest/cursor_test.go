package browsertest_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"auth-api/infra/internal/browsertest"
)

// A page's cursor comes with the first picture of it, which on a busy machine is after its
// load. Nobody types into a page that is not there yet, so no test does either: Chromium
// would complain that there was no need of a cursor any more.
func TestNobodyTypesBeforeTheCursorIsThere(t *testing.T) {
	const page = `<!doctype html><html lang="en"><title>page</title><link rel="icon" href="data:,">
<form method="post"><input name="order" type="hidden"><input name="late" autofocus disabled><input name="field"><button>Send</button></form><a href="?followed">Follow</a>
<script>
document.addEventListener("focusin", ({ target }) => { document.querySelector("[name=order]").value += target.name + " "; });
setTimeout(() => { const late = document.querySelector("[name=late]"); late.disabled = false; late.focus(); }, 300);
</script>`
	orders := make(chan string, 1)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost {
			orders <- r.FormValue("order")
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = io.WriteString(w, page) // the browser is there
	}))
	t.Cleanup(server.Close)
	b := browsertest.New(t)
	b.Open(server.URL)
	b.Types("late")
	b.Reload()
	b.Submit("Send", map[string]string{"field": "text"})
	if got := <-orders; got != "late field  " && got != "late field " {
		t.Errorf("the cursor was in %q, want it in late first", got)
	}
	b.Follow("Follow")
}
