package settings_test

import (
	"encoding/json"
	"fmt"
	"testing"

	"auth-api/infra/settings"
)

// table is a stack file with three methods on each of so many paths, for two kinds of
// callers, so that permissions cover what others must not call.
func table(t testing.TB, routes int) map[string]string {
	t.Helper()
	var list []map[string]any
	for i := range routes {
		route := map[string]any{
			"method": []string{"GET", "POST", "DELETE"}[i%3], "path": fmt.Sprintf("/r%d/{id}", i/3), "function": "require-auth", "authorization": "AWS_IAM",
		}
		switch {
		case i%3 == 0:
			route["callers"] = []string{"authenticated", "guest"}
		case i%10 == 1:
			route["path"] = fmt.Sprintf("/r%d", i/3)
			route["authorization"], route["apiKeyRequired"] = "NONE", true
		}
		list = append(list, route)
	}
	b, err := json.Marshal(list)
	if err != nil {
		t.Fatal(err)
	}
	return map[string]string{"auth-api:routes": string(b), "auth-api:identity": `{"guests": true}`}
}

func BenchmarkParse(b *testing.B) {
	dir := functions(b)
	for _, routes := range []int{2, 100, 300} {
		config := table(b, routes)
		b.Run(fmt.Sprintf("%d routes", routes), func(b *testing.B) {
			for b.Loop() {
				s, err := settings.Parse("auth-api", "dev", config, nil, dir)
				if err != nil {
					b.Fatal(err)
				}
				settings.OpenDoors(s.Routes)
			}
		})
	}
}
