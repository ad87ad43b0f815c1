package review

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/sig"
)

// secret stands for a value of which nothing is told; Pulumi's JSON writes it so, too.
const secret = "[secret]"

// differences are the values in which two states differ. Documents in texts, such as
// policies, are looked into.
func differences(before, after map[string]any) []Property {
	b, a := map[string]string{}, map[string]string{}
	flatten(b, "", before)
	flatten(a, "", after)
	all := maps.Clone(b)
	maps.Copy(all, a)
	var out []Property
	for _, path := range slices.Sorted(maps.Keys(all)) {
		if b[path] != a[path] {
			out = append(out, Property{path, b[path], a[path]})
		}
	}
	return out
}

// unknown is how Pulumi writes a value that is known only once the change is made.
const unknown = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"

func flatten(into map[string]string, path string, v any) {
	switch v := v.(type) {
	case nil:
	case map[string]any:
		if len(v) == 0 && path != "" {
			into[path] = "{}"
			return
		}
		if text, special := signed(v); special {
			into[path] = text
			return
		}
		for key, element := range v {
			if key != "__defaults" { // Pulumi's own note
				flatten(into, join(path, key), element)
			}
		}
	case []any:
		if len(v) == 0 {
			into[path] = "[]"
		}
		for i, element := range v {
			flatten(into, fmt.Sprintf("%s[%d]", path, i), element)
		}
	case string:
		var inside any
		if trimmed := strings.TrimSpace(v); len(trimmed) > 1 && (trimmed[0] == '{' || trimmed[0] == '[') && json.Unmarshal([]byte(trimmed), &inside) == nil {
			flatten(into, path, inside)
			return
		}
		into[path] = strings.ReplaceAll(v, unknown, "(known afterwards)")
	default:
		text, err := json.Marshal(v)
		if err != nil { // cannot be: it was read from JSON
			text = fmt.Append(nil, v)
		}
		into[path] = string(text)
	}
}

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}

// signed is the text of a value that JSON does not have. Of a secret nothing is told.
func signed(v map[string]any) (string, bool) {
	switch v[sig.Key] {
	case sig.Secret:
		return secret, true
	case sig.ArchiveSig, sig.AssetSig:
		hash, _ := v["hash"].(string)
		return "content " + hash[:min(len(hash), 12)], true
	}
	return "", false
}

// withUntold adds what the provider says differs though no value shows it: a secret, which
// looks the same whatever it is, or what only the provider can compare.
func withUntold(told []Property, before map[string]any, paths []string, otherwise string) []Property {
	was := map[string]string{}
	flatten(was, "", before)
	out := slices.Clone(told)
	for _, raw := range paths {
		path := plainPath(raw)
		if strings.HasPrefix(path, "__") || slices.ContainsFunc(out, func(p Property) bool { return within(p.Path, path) || within(path, p.Path) }) {
			continue
		}
		hidden := ""
		for known, value := range was {
			if value == secret && (within(known, path) || within(path, known)) {
				hidden = secret
			}
		}
		switch {
		case hidden != "":
			out = append(out, Property{path, secret, "another " + secret})
		case !slices.ContainsFunc(out, func(p Property) bool { return top(p.Path) == top(path) }): // elements of sets have other numbers here and there
			out = append(out, Property{path, was[path], otherwise})
		}
	}
	slices.SortFunc(out, func(a, b Property) int { return strings.Compare(a.Path, b.Path) })
	return out
}

// plainPath is a path of Pulumi, such as tags["a.b"], as join writes it.
func plainPath(raw string) string {
	parsed, err := resource.ParsePropertyPath(raw)
	if err != nil {
		return raw
	}
	path := ""
	for _, element := range parsed {
		switch element := element.(type) {
		case int:
			path += fmt.Sprintf("[%d]", element)
		case string:
			path = join(path, element)
		}
	}
	return path
}

// within tells whether a path is another one, or leads on from it.
func within(path, outer string) bool {
	rest, is := strings.CutPrefix(path, outer)
	return is && (rest == "" || rest[0] == '.' || rest[0] == '[')
}

// top is the property that a path begins with.
func top(path string) string {
	if i := strings.IndexAny(path, ".["); i > 0 {
		return path[:i]
	}
	return path
}
