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

// sound checks what is to hold in every state: contrast in light and dark, nothing wider
// than the window, targets that a finger hits, headings in order, landmarks.
func (p *page) sound() {
	p.Helper()
	for _, scheme := range []string{"light", "dark"} {
		p.media(map[string]string{"prefers-color-scheme": scheme, "prefers-reduced-motion": "reduce"})
		for _, weak := range eval[[]string](p, contrast) {
			p.Errorf("%s: %s", scheme, weak)
		}
	}
	for _, width := range []int64{320, 640, 1280} { // 640: 1280 at a zoom of 200 %
		p.size(width, 800)
		if wide := eval[int](p, `document.documentElement.scrollWidth`); wide > int(width) {
			p.Errorf("the page is %d pixels wide in a window of %d", wide, width)
		}
	}
	for _, wrong := range eval[[]string](p, outline) {
		p.Error(wrong)
	}
	tree := p.tree()
	for _, want := range []string{"banner ", "main ", "complementary Behind the scenes", "contentinfo ", "heading The velvet rope", "status "} {
		if !slices.ContainsFunc(tree, func(line string) bool { return strings.HasPrefix(line, want) }) {
			p.Errorf("the accessibility tree lacks %q:\n%s", want, strings.Join(tree, "\n"))
		}
	}
}
