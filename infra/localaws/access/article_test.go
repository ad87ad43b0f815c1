package access_test

import (
	"testing"

	"auth-api/infra/localaws/access"
	"auth-api/infra/localaws/awstest"
)

// The real program with the real handlers: what its table says is what its callers get.
func TestTheArticlesStack(t *testing.T) {
	settings := awstest.Article(t)
	routes, _ := settings["routes"].([]any)
	settings["routes"] = append(routes,
		map[string]any{"method": "GET", "path": "/open", "function": "no-auth", "public": true},
		map[string]any{"method": "GET", "path": "/for-guests", "function": "no-auth", "authorization": "AWS_IAM", "callers": []string{"guest"}},
		map[string]any{"method": "ANY", "path": "/for-both/{id}", "function": "no-auth", "authorization": "AWS_IAM", "callers": []string{"guest", "authenticated"}},
	)
	s := awstest.Deploy(t, settings)
	table := one(t, s.AWS, "127.0.0.1")
	nobody := s.Nobody()
	nothing := *nobody
	nothing.APIKey = ""
	callers := map[string]*awstest.Caller{"anonymous": &nothing, "key only": nobody, "guest": s.Guest(), "authenticated": s.As("demouser")}
	for _, row := range table.Routes {
		for i, caller := range table.Callers {
			who, can := callers[caller.Name]
			if !can {
				if caller.Kind != access.Function {
					t.Errorf("nobody calls as %s", caller.Name)
				}
				continue
			}
			for path, want := range paths(row, row.Cells[i]) {
				got := who.Send(who.Request(row.Method, path, ""))
				if row.Path == "/assets/{asset}" && want.Status == 200 {
					want.Status = 404 // the web client's function itself: it has no such asset
				}
				if got.Status != want.Status || got.Type != want.Type {
					t.Errorf("%s %s as %s: the table says %s, and the answer is %s", row.Method, path, caller.Name, want, got)
				}
			}
		}
	}
	expect(t, access.Table{Callers: table.Callers, Routes: table.Routes[len(table.Routes)-2:]}, []string{"anonymous", "key only", "guest", "authenticated"}, map[string]string{
		"GET /open": "yes, yes, yes, yes", "GET /require-auth": "403, 403, 403, yes key",
	})
}
