package browsertest

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

// Shoot keeps pictures of the page, on a phone and on a desktop, in light and in dark,
// when go test is told to keep artifacts (-artifacts).
func (b *Browser) Shoot(name string) {
	b.t.Helper()
	if keep := flag.Lookup("test.artifacts"); keep == nil || keep.Value.String() != "true" {
		return
	}
	b.shots++
	for _, size := range []struct {
		name          string
		width, height int64
	}{{"phone", 375, 667}, {"desktop", 1280, 800}} {
		for _, scheme := range []string{"light", "dark"} {
			b.Prefer("prefers-color-scheme", scheme)
			Ask(b, "setting the size", chromedp.EmulateViewport(size.width, size.height))
			file := fmt.Sprintf("%02d-%s-%s-%s.png", b.shots, strings.ReplaceAll(strings.ToLower(strings.Trim(name, "?")), " ", "-"), size.name, scheme)
			if err := os.WriteFile(filepath.Join(b.t.ArtifactDir(), file), Ask(b, "taking a picture", chromedp.CaptureScreenshot()), 0o600); err != nil {
				b.t.Fatal(err)
			}
		}
	}
}

// Prefer sets one of the user's preferences, such as prefers-color-scheme to dark. It
// puts back all others.
func (b *Browser) Prefer(feature, value string) {
	b.t.Helper()
	if _, err := chromedp.Call(b.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{{Name: feature, Value: value}},
	}); err != nil {
		b.t.Fatalf("preferring %s %s: %v", feature, value, err)
	}
}
