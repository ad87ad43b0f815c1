package webconfig

import (
	"os"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// The page and the program agree on what the one tells the other: each field by its name
// and type, in the same order.
func TestTheConfigIsWhatThePageReads(t *testing.T) {
	data, err := os.ReadFile("../../../functions/web/client/types.ts")
	if err != nil {
		t.Fatal(err)
	}
	for name, of := range map[string]reflect.Type{"Config": reflect.TypeFor[Config](), "Route": reflect.TypeFor[Route]()} {
		if diff := cmp.Diff(interfaceOf(t, string(data), name), fieldsOf(t, of)); diff != "" {
			t.Errorf("interface %s of types.ts and web.%s differ: -page +program %s", name, name, diff)
		}
	}
}

// interfaceOf are the fields of an interface of TypeScript, as NAME: TYPE.
func interfaceOf(t *testing.T, source, name string) []string {
	t.Helper()
	_, body, found := strings.Cut(source, "export interface "+name+" {\n")
	body, _, ends := strings.Cut(body, "\n}\n")
	if !found || !ends {
		t.Fatalf("types.ts has no interface %s", name)
	}
	body = regexp.MustCompile(`(?s)/\*.*?\*/`).ReplaceAllString(body, "")
	var out []string
	for _, line := range strings.Split(body, "\n") {
		if line = strings.TrimSpace(line); line == "" {
			continue
		}
		field := regexp.MustCompile(`^(\w+\??): (.+);$`).FindStringSubmatch(line)
		if field == nil {
			t.Fatalf("interface %s has the line %q, which this test cannot read", name, line)
		}
		if strings.HasPrefix(field[2], `"`) { // one of several texts
			field[2] = "string"
		}
		out = append(out, field[1]+": "+field[2])
	}
	return out
}

func fieldsOf(t *testing.T, of reflect.Type) []string {
	t.Helper()
	var out []string
	for i := range of.NumField() {
		f := of.Field(i)
		name, option, _ := strings.Cut(f.Tag.Get("json"), ",")
		if option == "omitempty" {
			name += "?"
		}
		typ := map[string]string{"string": "string", "bool": "boolean", "[]string": "string[]", "[]webconfig.Route": "Route[]"}[f.Type.String()]
		if typ == "" {
			t.Fatalf("%s.%s has the type %s, which this test does not know", of, f.Name, f.Type)
		}
		out = append(out, name+": "+typ)
	}
	return out
}

func TestAPageWithoutButtonsIsToldSo(t *testing.T) {
	text, err := Config{}.JSON()
	if err != nil || !strings.HasSuffix(text, `"routes":[]}`) {
		t.Errorf("it is told %s, %v", text, err)
	}
}

// Parameter Store would look for the parameter a.
func TestAScopeThatIsNoValue(t *testing.T) {
	err := Config{Routes: []Route{{Scopes: []string{"shop/{{a}}"}}}}.Check()
	const want = "what the web client is told would have {{ in it, which Parameter Store takes for another parameter's name: name no routes with such scopes"
	if err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

// The parameter takes 4096 characters, and not one more.
func TestWhatIsTooLongIsRefused(t *testing.T) {
	config := func(length int) Config {
		text, err := Config{Routes: []Route{{}}}.JSON()
		if err != nil {
			t.Fatal(err)
		}
		return Config{Routes: []Route{{Path: strings.Repeat("x", length-len(text))}}}
	}
	if err := config(4096).Check(); err != nil {
		t.Errorf("4096 characters: %v", err)
	}
	const want = "what the web client is told may have 4097 characters with its 1 routes, and an SSM parameter of the standard tier takes 4096: name fewer"
	if err := config(4097).Check(); err == nil || err.Error() != want {
		t.Errorf("4097 characters: %v, want %s", err, want)
	}
}
