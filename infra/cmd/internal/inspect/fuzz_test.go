package inspect

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
)

// Whatever stands in a state, it is read or refused, and what is read can be printed.
func FuzzProperty(f *testing.F) {
	data, err := os.ReadFile("testdata/deployed.json")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data)
	f.Add([]byte(`{"4dabf18193072939515e22adb298388d":"1b47061264138c4ac30d75fd1eb44270"}`))
	f.Add([]byte(`{"4dabf18193072939515e22adb298388d":"d0e6a833031e9bbcd3f4e8bde6ca49a4","value":[{"4dabf18193072939515e22adb298388d":7}]}`))
	code := filepath.Join(f.TempDir(), "empty.zip")
	if err := writeEmpty(code); err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		var v any
		if json.Unmarshal(text, &v) != nil {
			return
		}
		if p, err := property(v, code); err == nil && p.String() == "" {
			t.Errorf("%q is read as nothing", text)
		}
	})
}
