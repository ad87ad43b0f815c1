package verify

import (
	"bytes"

	"golang.org/x/net/html"
)

// form is a form of a page.
type form struct {
	action string
	hidden map[string]string // what is sent as it stands
	fields map[string]string // name → type, of what somebody fills in
}

// forms reads the forms of a page, hostile ones too.
func forms(page []byte) []form {
	var out []form
	var in *form
	z := html.NewTokenizer(bytes.NewReader(page))
	z.SetMaxBuf(maxAnswer)
	for {
		switch z.Next() {
		case html.ErrorToken:
			return out
		case html.EndTagToken:
			if name, _ := z.TagName(); string(name) == "form" {
				in = nil
			}
		case html.StartTagToken, html.SelfClosingTagToken:
			token := z.Token()
			attributes := map[string]string{}
			for _, a := range token.Attr {
				attributes[a.Key] = a.Val
			}
			switch {
			case token.Data == "form":
				out = append(out, form{action: attributes["action"], hidden: map[string]string{}, fields: map[string]string{}})
				in = &out[len(out)-1]
			case token.Data != "input" || in == nil || attributes["name"] == "":
			case attributes["type"] == "hidden":
				in.hidden[attributes["name"]] = attributes["value"]
			case attributes["type"] != "submit" && attributes["type"] != "button":
				in.fields[attributes["name"]] = attributes["type"]
			}
		}
	}
}

// with returns the first form that has a field of this type.
func with(all []form, fieldType string) (form, string, bool) {
	for _, f := range all {
		for _, name := range sortedKeys(f.fields) {
			if f.fields[name] == fieldType {
				return f, name, true
			}
		}
	}
	return form{}, "", false
}
