package filter_test

import (
	"errors"
	"strings"
	"testing"

	"auth-api/infra/localaws/userpool/filter"
)

func TestParse(t *testing.T) {
	for text, want := range map[string]filter.Filter{
		``:                         {},
		`email = "a@b"`:            {Attribute: "email", Value: "a@b"},
		`email="a@b"`:              {Attribute: "email", Value: "a@b"},
		"  name\t^=  \"Jo\"  ":     {Attribute: "name", Value: "Jo", Prefix: true},
		`cognito:user_status="X"`:  {Attribute: filter.UserStatus, Value: "X"},
		`name = "say \"a\\b\" = "`: {Attribute: "name", Value: `say "a\b" = `},
		`name = "ü ^= 世"`:          {Attribute: "name", Value: "ü ^= 世"},
		`sub = ""`:                 {Attribute: "sub"},
	} {
		if got, err := filter.Parse(text); err != nil || got != want {
			t.Errorf("%s: %+v %v, want %+v", text, got, err, want)
		}
	}
	for _, text := range []string{
		`email`, `email =`, `email = "`, `email = x`, `email = 'x'`, `= "x"`, `"email" = "x"`, `email ^ = "x"`, `email != "x"`, `email == "x"`,
		`email = "x" "y"`, `email = "x" or name = "y"`, `email = "x\`, `email = "x\n"`, `email = \"x\"`, "email = \"\xff\"", "email\n= \"x\"", `ema il = "x"`,
		` `, `email = "` + strings.Repeat("x", 250) + `"`,
	} {
		if got, err := filter.Parse(text); !errors.Is(err, filter.ErrSyntax) {
			t.Errorf("%s: %+v %v, want ErrSyntax", text, got, err)
		}
	}
	for _, name := range []string{"custom:team", "Email", "password", "hash", "birthdate"} {
		var unknown filter.AttributeError
		if _, err := filter.Parse(name + ` = "x"`); !errors.As(err, &unknown) || string(unknown) != name || !strings.Contains(err.Error(), "they can by username, email") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Whatever a filter is, it is refused or means what it would mean written out again.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{``, `email = "x"`, `name ^= "a\"b\\"`, `cognito:user_status="X"`, `x`, `"`, `status = "\`, "sub=\"\xff\""} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got, err := filter.Parse(text)
		if err != nil {
			var unknown filter.AttributeError
			if got != (filter.Filter{}) || !errors.Is(err, filter.ErrSyntax) && !errors.As(err, &unknown) {
				t.Fatalf("%q: %+v, %v", text, got, err)
			}
			return
		}
		if got.Attribute == "" {
			if text != "" {
				t.Fatalf("%q matches every user", text)
			}
			return
		}
		operator := " = "
		if got.Prefix {
			operator = " ^= "
		}
		again := got.Attribute + operator + `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(got.Value) + `"`
		if len([]rune(again)) <= 256 {
			if same, err := filter.Parse(again); err != nil || same != got {
				t.Fatalf("%q is %+v, and written as %q is %+v, %v", text, got, again, same, err)
			}
		}
		if got.Value != "" && !got.Matches(got.Value) || got.Matches("") {
			t.Fatalf("%q: does not match its value, or matches none", text)
		}
	})
}
