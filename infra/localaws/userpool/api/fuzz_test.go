package api_test

import (
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"auth-api/infra/localaws/userpool/api"
	"auth-api/infra/localaws/userpool/internal/pooltest"
)

// Whatever an administrator posts, it is done or refused in AWS's form, and is no
// fault of the local AWS.
func FuzzAdministratorsBodies(f *testing.F) {
	fixture := pooltest.New(f)
	users := api.New(fixture.Pools)
	users.Admit = func(*http.Request, []byte, string, string) error { return nil }
	operations := slices.Sorted(maps.Keys(administered))
	id := `"UserPoolId":"` + pooltest.PoolID + `"`
	for i := range operations {
		for _, seed := range []string{`{` + id + `}`, `{` + id + `,"Username":"demouser","GroupName":"g","ClientId":"` + pooltest.ClientID + `","Password":"aB3456789"}`} {
			f.Add(uint8(i), seed)
		}
	}
	list := uint8(slices.Index(operations, "ListUsers"))
	f.Add(list, `{`+id+`,"Filter":"email ^= \"d\"","Limit":1,"AttributesToGet":["email"],"PaginationToken":"x"}`)
	f.Add(list, `{`+id+`,"Filter":"\u0000","Limit":-1e9}`)
	f.Add(uint8(slices.Index(operations, "AdminCreateUser")), `{`+id+`,"Username":"a","UserAttributes":[{"Name":"email","Value":null},null],"ClientMetadata":null,"ValidationData":[{}]}`)
	f.Add(uint8(slices.Index(operations, "AdminUpdateUserAttributes")), `{`+id+`,"Username":"demouser","UserAttributes":[{"Name":"phone_number","Value":"+1"},{}]}`)
	f.Fuzz(func(t *testing.T, operation uint8, body string) {
		name := operations[int(operation)%len(operations)]
		w := httptest.NewRecorder()
		users.Serve(w, httptest.NewRequest(http.MethodPost, "/", strings.NewReader(body)), name, []byte(body))
		if w.Code != 200 && w.Code != 400 {
			t.Fatalf("%s %q: %d %s", name, body, w.Code, w.Body)
		}
		if w.Code == 400 && w.Header().Get("x-amzn-ErrorType") == "" {
			t.Fatalf("%s %q: refused without a name: %s", name, body, w.Body)
		}
	})
}
