package main

import (
	"net/url"
	"strings"
	"testing"

	"golang.org/x/net/html"
)

// Whatever the path is, the base is one attribute of one tag, and a path of the page's
// own host: the script comes from there.
func FuzzBase(f *testing.F) {
	for _, path := range []string{"/dev", "/dev/", "//evil.example.com", `/"><script src="//x">`, "/\\evil.example.com", "/a/../b", "/%2e%2e//x", "/a\tb", "/é", "/$-_.+!*'()", "javascript:alert(1)", ""} {
		f.Add(path)
	}
	f.Fuzz(func(t *testing.T, path string) {
		base, ok := baseOf(path)
		if !ok {
			return
		}
		z := html.NewTokenizer(strings.NewReader(baseTag(base)))
		if kind := z.Next(); kind != html.StartTagToken {
			t.Fatalf("%q: it begins with %v", path, kind)
		}
		tag := z.Token()
		if tag.Data != "base" || len(tag.Attr) != 1 || tag.Attr[0].Key != "href" || tag.Attr[0].Val != base {
			t.Fatalf("%q: the tag is %v", path, tag)
		}
		if kind := z.Next(); kind != html.ErrorToken {
			t.Fatalf("%q: there is more: %v", path, z.Token())
		}
		page, err := url.Parse("https://page.example.com/dev/")
		if err != nil {
			t.Fatal(err)
		}
		at, err := page.Parse(base)
		if err != nil || at.Scheme != "https" || at.Host != "page.example.com" || at.Path != base || at.RawQuery != "" || at.Fragment != "" ||
			!strings.HasPrefix(base, "/") || strings.HasPrefix(base, "//") || !strings.HasSuffix(base, "/") || strings.ContainsAny(base, "\\ \t\n\r%") {
			t.Fatalf("%q: the base is %q, that is %v, %v", path, base, at, err)
		}
	})
}

// Whatever the parameter holds, the policy allows requests to hosts that it names, and
// nothing else.
func FuzzConfiguration(f *testing.F) {
	for _, text := range []string{stored, served, "{}", "null", "[]", strings.Replace(stored, "https://abc", "https://*", 1), strings.Replace(stored, "shop-dev", "a; script-src *", 1)} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		read, err := parse(text)
		if err != nil {
			return
		}
		directives := strings.Split(pagePolicy(read.origins), "; ")
		without := strings.Split(pagePolicy(nil), "; ")
		if len(directives) != len(without) || len(read.origins) == 0 || len(read.origins) > 4 {
			t.Fatalf("%q: the policy is %v", text, directives)
		}
		for i, directive := range directives {
			sources, connect := strings.CutPrefix(directive, "connect-src 'self' ")
			if !connect {
				if directive != without[i] {
					t.Fatalf("%q: it says %s", text, directive)
				}
				continue
			}
			for source := range strings.SplitSeq(sources, " ") {
				u, err := url.Parse(source)
				if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Scheme+"://"+u.Host != source || strings.ContainsAny(source, "*,;'\"") {
					t.Fatalf("%q: requests may go to %q", text, source)
				}
			}
		}
	})
}
