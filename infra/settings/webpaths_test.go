package settings

import "testing"

// No route that the settings take beside a web client answers in its place: API Gateway
// gives a request to the most particular path, and there to the method's own route.
func TestNothingAnswersForTheWebClient(t *testing.T) {
	web := Web{Function: "web"}.routes()
	for _, path := range []string{"/{rest+}", "/{any}", "/{any}/{other}", "/{any}/{rest+}", "/", "/config.json", "/assets/{asset}", "/assets"} {
		for _, method := range methods {
			other := Route{Method: method, Path: path}
			for i, r := range web {
				if other.String() == r.String() {
					continue
				}
				if by := answers(append([]Route{other}, web...), "GET", r.Path); by != i+1 {
					t.Errorf("beside %s, %s is not answered by itself", other, r)
				}
			}
		}
	}
}
