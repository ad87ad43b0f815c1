package preflight

import (
	"slices"
	"strings"
	"testing"
)

// template is the template for these origins, as the package's documentation has it.
func template(origins ...string) string {
	var b strings.Builder
	part(&b, "$origin", "Origin", origins)
	part(&b, "$lower", "origin", origins)
	return b.String()
}

func part(b *strings.Builder, variable, header string, origins []string) {
	b.WriteString("#set(" + variable + " = $input.params().header.get(\"" + header + "\"))\n#if(")
	for i, o := range origins {
		if i > 0 {
			b.WriteString(" || ")
		}
		b.WriteString(variable + ` == "` + o + `"`)
	}
	b.WriteString(")\n#set($context.responseOverride.header.Access-Control-Allow-Origin = " + variable + ")\n#end\n")
}

const a, b = "https://a.example.com", "http://localhost:5173"

func TestParse(t *testing.T) {
	good := template(a, b)
	change := func(from, to string) string {
		changed := strings.Replace(good, from, to, 1)
		if changed == good {
			t.Fatalf("there is no %s to change", from)
		}
		return changed
	}
	for name, c := range map[string]struct{ text, want string }{
		"as documented":               {good, ""},
		"one origin":                  {template(a), ""},
		"another name":                {strings.ReplaceAll(good, "$lower", "$origin"), ""},
		"without space":               {strings.Join(strings.Fields(good), ""), ""},
		"with more space":             {strings.NewReplacer("#set(", "#set( ", "#if(", "#if(\n\t", " == ", "  ==\t", "\n", " \r\n\n").Replace(good), ""},
		"space inside a word":         {change("params()", "params( )"), `must have $input.params().header.get("Origin")`},
		"another scheme":              {template("capacitor://localhost"), ""},
		"nothing":                     {"", "must have #set("},
		"a body":                      {good + "{}", `at "{}" it must have nothing more`},
		"only Origin":                 {good[:strings.Index(good, "#set($lower")], "must have #set("},
		"only origin":                 {good[strings.Index(good, "#set($lower"):], `must have $input.params().header.get("Origin")`},
		"another order of origins":    {change(`$lower == "`+a+`" || $lower == "`+b+`"`, `$lower == "`+b+`" || $lower == "`+a+`"`), "must be those for Origin"},
		"fewer origins below":         {change(` || $lower == "`+b+`"`, ""), "clients send the name in either case"},
		"another header read":         {change(`get("Origin")`, `get("Referer")`), `must have $input.params().header.get("Origin")`},
		"another header set":          {change("Access-Control-Allow-Origin", "Access-Control-Allow-Credentials"), "must have $context.responseOverride.header.Access-Control-Allow-Origin"},
		"a header whose name goes on": {change("Allow-Origin =", "Allow-Origin-Too ="), "must have ="},
		"everybody":                   {change("Allow-Origin = $origin", `Allow-Origin = "*"`), "must have $origin"},
		"the other variable":          {change("Allow-Origin = $origin", "Allow-Origin = $lower"), "must have $origin"},
		"a longer variable":           {change("Allow-Origin = $origin", "Allow-Origin = $origins"), "must have )"},
		"a pattern":                   {change(`$origin == "`+a+`"`, `$origin.matches("`+a+`")`), "must have =="},
		"unlike":                      {change("==", "!="), "must have =="},
		"and":                         {change("||", "&&"), "must have )"},
		"otherwise":                   {change("#end", "#else\n#end"), "must have #end"},
		"a wildcard":                  {change(a, "https://*.example.com"), "must have an origin"},
		"null":                        {change(a, "null"), "must have an origin"},
		"a path":                      {change(a, a+"/"), "must have an origin"},
		"capital letters":             {change(a, "https://A.example.com"), "must have an origin"},
		"a variable inside":           {change(a, "https://$x"), "must have an origin"},
		"single quotes":               {change(`"`+a+`"`, "'"+a+"'"), "must have an origin"},
		"twice the same":              {template(a, a), "each origin once"},
		"a comment":                   {"## hello\n" + good, "must have #set("},
		"a variable of API Gateway's": {strings.ReplaceAll(good, "$origin", "$context"), "the name of a variable of its own"},
		"too long":                    {strings.Repeat(" ", maxLength+1), "legal are 307200"},
	} {
		t.Run(name, func(t *testing.T) {
			read, err := Parse(c.text)
			switch {
			case c.want == "" && err != nil:
				t.Errorf("refused: %v\n%s", err, c.text)
			case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)):
				t.Errorf("the error is %v, want one with %q", err, c.want)
			case c.want != "" && len(read.Origins()) > 0:
				t.Errorf("what is refused allows %v", read.Origins())
			}
		})
	}
}

func TestAllows(t *testing.T) {
	read, err := Parse(template(a, b))
	if err != nil || !slices.Equal(read.Origins(), []string{a, b}) {
		t.Fatalf("%v %v", read.Origins(), err)
	}
	for _, origin := range []string{"", "null", "*", a + ":443", a + "/", strings.ToUpper(a), a + ".evil.example", "https://evil.example?" + a, "http://localhost", " " + a} {
		if read.Allows(origin) {
			t.Errorf("%q is allowed", origin)
		}
	}
	if !read.Allows(a) || !read.Allows(b) || (Template{}).Allows("") {
		t.Error("the origins are not those of the template")
	}
}

// What is read is what the template of the same origins says, but for names and space.
func FuzzParse(f *testing.F) {
	f.Add(template(a, b), a)
	f.Add(template("capacitor://localhost"), "capacitor://localhost")
	f.Add(strings.ReplaceAll(template(a), "$lower", "$origin"), b)
	f.Add(`#set($origin = $input.params().header.get("Origin"))#if($origin == "")#end`, "")
	f.Fuzz(func(t *testing.T, text, origin string) {
		read, err := Parse(text)
		if err != nil {
			if len(read.Origins()) > 0 || len(err.Error()) > 2*len(text)+800 {
				t.Errorf("%q: %v %v", text, read, err)
			}
			return
		}
		if !strings.Contains(text, `"`+origin+`"`) && read.Allows(origin) {
			t.Errorf("%q allows %q", text, origin)
		}
		for _, o := range read.Origins() {
			if strings.ContainsAny(o, "\"'$#*\r\n ") || strings.Count(text, `"`+o+`"`) != 2 {
				t.Errorf("%q allows %q", text, o)
			}
		}
		if again, err := Parse(template(read.Origins()...)); err != nil || !slices.Equal(again.Origins(), read.Origins()) {
			t.Errorf("%q is not what it says: %v", text, err)
		}
		if strings.Count(text, "#") != 8 {
			t.Errorf("%q has directives that were passed over", text)
		}
	})
}
