// Package viewtest looks at the web client's page in a real Chromium, in every state that
// it has: the page's own code, with a session and an API of the test's own. It has no
// code, only tests; go test -artifacts keeps pictures of each state.
package viewtest
