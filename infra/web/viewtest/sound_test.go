package viewtest_test

import (
	_ "embed"
	"slices"
	"strings"
)

//go:embed testdata/contrast.js
var contrast string

//go:embed testdata/outline.js
var outline string

// sound checks what is to hold in every state: contrast in light and in dark, nothing
// wider than the window, controls that a finger hits, headings in order, landmarks.
func (p *page) sound() {
	p.Helper()
	for _, scheme := range []string{"light", "dark"} {
		p.prefer("", "prefers-color-scheme: "+scheme, "prefers-reduced-motion: reduce")
		for _, weak := range eval[[]string](p, contrast) {
			p.Errorf("%s: %s", scheme, weak)
		}
	}
	for _, width := range []int64{320, 640, 1280} { // 640 is 1280 at a zoom of 200 %
		p.size(width, 800)
		if wide := eval[int](p, `document.documentElement.scrollWidth`); wide > int(width) {
			p.Errorf("the page is %d pixels wide in a window of %d", wide, width)
		}
	}
	for _, wrong := range eval[[]string](p, outline) {
		p.Error(wrong)
	}
	p.reads("banner", "main", "heading The velvet rope", "region Answer", "contentinfo", "complementary Behind the scenes", "status")
}

// reads checks that the accessibility tree has lines with these beginnings, in this order.
func (p *page) reads(beginnings ...string) {
	p.Helper()
	tree := p.tree()
	rest := tree
	for _, want := range beginnings {
		at := slices.IndexFunc(rest, func(line string) bool { return strings.HasPrefix(line, want) })
		if at < 0 {
			p.Errorf("the accessibility tree lacks %q, or has it too early:\n%s", want, strings.Join(tree, "\n"))
			return
		}
		rest = rest[at+1:]
	}
}
