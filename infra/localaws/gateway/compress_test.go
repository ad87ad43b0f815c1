package gateway

import (
	"net/http"
	"strings"
	"testing"
)

// Whatever a client says that it takes, it is sent nothing in a coding that it did not name.
func FuzzAcceptEncoding(f *testing.F) {
	for _, accept := range []string{"gzip, deflate, br, zstd", "gzip;q=1.0, identity;q=0.5, *;q=0", "br;q=0.9,deflate;q=1e-3", "gzip;q=NaN", ";;q=", ",", "GZIP ; Q=1"} {
		f.Add(accept, "deflate")
	}
	f.Fuzz(func(t *testing.T, one, two string) {
		coding := contentCoding(http.Header{"Accept-Encoding": {one, two}})
		if coding != "" && coding != "gzip" && coding != "deflate" || !strings.Contains(strings.ToLower(one+","+two), coding) {
			t.Errorf("%q, %q: it is %q", one, two, coding)
		}
	})
}
