// Package filter reads the Filter of the user pool API's ListUsers: one attribute,
// compared with a value in quotation marks, as in family_name ^= "Re".
//
// https://docs.aws.amazon.com/cognito/latest/developerguide/how-to-manage-user-accounts.html
package filter

import (
	"errors"
	"slices"
	"strings"
	"unicode/utf8"
)

// maxLength is how many characters a filter may have.
const maxLength = 256

// ErrSyntax says that a filter is not of the form NAME = "VALUE" or NAME ^= "VALUE".
var ErrSyntax = errors.New("it is not of the form NAME = \"VALUE\" or NAME ^= \"VALUE\", with at most 256 characters")

// AttributeError is the name of an attribute that users cannot be searched by.
type AttributeError string

func (e AttributeError) Error() string {
	return "users cannot be searched by " + string(e) + "; they can by " + strings.Join(attributes, ", ")
}

// attributes are those that users can be searched by.
//
// https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_ListUsers.html
var attributes = []string{
	"username", "email", "phone_number", "name", "given_name", "family_name", "preferred_username", UserStatus, Status, "sub",
}

// UserStatus and Status are the attributes that are not users' own: the status, such
// as CONFIRMED, which is compared without regard to case, and Enabled or Disabled.
const (
	UserStatus = "cognito:user_status"
	Status     = "status"
)

// Filter is a filter that was read. Its zero value matches every user.
type Filter struct {
	Attribute string // "" for no filter
	Value     string
	Prefix    bool // the value is how it begins (^=), not all of it (=)
}

// Parse reads a filter; an empty one matches every user. The error is ErrSyntax or an
// AttributeError.
func Parse(text string) (Filter, error) {
	if text == "" {
		return Filter{}, nil
	}
	if !utf8.ValidString(text) || utf8.RuneCountInString(text) > maxLength {
		return Filter{}, ErrSyntax
	}
	rest := strings.TrimLeft(text, " \t")
	n := strings.IndexFunc(rest, func(r rune) bool {
		return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("_:-.", r))
	})
	if n <= 0 {
		return Filter{}, ErrSyntax
	}
	f := Filter{Attribute: rest[:n]}
	rest = strings.TrimLeft(rest[n:], " \t")
	if rest, f.Prefix = strings.CutPrefix(rest, "^"); !strings.HasPrefix(rest, "=") {
		return Filter{}, ErrSyntax
	}
	rest = strings.TrimLeft(rest[1:], " \t")
	value, rest, ok := quoted(rest)
	if !ok || strings.Trim(rest, " \t") != "" {
		return Filter{}, ErrSyntax
	}
	f.Value = value
	if !slices.Contains(attributes, f.Attribute) {
		return Filter{}, AttributeError(f.Attribute)
	}
	return f, nil
}

// quoted reads a value in quotation marks, in which a backslash stands before
// quotation marks and backslashes, and returns what follows it.
func quoted(s string) (value, rest string, ok bool) {
	if !strings.HasPrefix(s, `"`) {
		return "", "", false
	}
	var out strings.Builder
	for i := 1; i < len(s); i++ {
		switch c := s[i]; {
		case c == '"':
			return out.String(), s[i+1:], true
		case c == '\\':
			if i++; i == len(s) || s[i] != '"' && s[i] != '\\' {
				return "", "", false
			}
			out.WriteByte(s[i])
		default:
			out.WriteByte(c)
		}
	}
	return "", "", false
}

// Matches says whether a user whose attribute has this value is meant. A user who
// lacks the attribute has the value "", and is meant by no filter.
func (f Filter) Matches(value string) bool {
	if f.Attribute == "" {
		return true
	}
	want := f.Value
	if f.Attribute == UserStatus {
		value, want = strings.ToUpper(value), strings.ToUpper(want)
	}
	if value == "" {
		return false
	}
	if f.Prefix {
		return strings.HasPrefix(value, want)
	}
	return value == want
}
