package viewtest_test

import (
	"bytes"
	"compress/gzip"
	"os"
	"path/filepath"
	"testing"
)

// budget is what the page may weigh in all, compressed.
const budget = 25 << 10 // bytes

// TestSize holds the page to what it may weigh on the way to the browser.
func TestSize(t *testing.T) {
	script, err := bundle(filepath.Join(client, "main.ts"))
	if err != nil {
		t.Fatal(err)
	}
	sum := 0
	weigh := func(name string, content []byte) {
		var packed bytes.Buffer
		w, err := gzip.NewWriterLevel(&packed, gzip.BestCompression)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(content); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		t.Logf("%-10s %6d bytes, %5d compressed", name, len(content), packed.Len())
		sum += packed.Len()
	}
	weigh("main.js", script)
	style, err := bundle(filepath.Join(client, "style.css"))
	if err != nil {
		t.Fatal(err)
	}
	weigh("style.css", style)
	for _, name := range []string{"index.html", "icon.svg"} {
		content, err := os.ReadFile(filepath.Join(client, name))
		if err != nil {
			t.Fatal(err)
		}
		weigh(name, content)
	}
	if sum > budget {
		t.Errorf("the page weighs %d bytes compressed, want at most %d", sum, budget)
	}
	t.Logf("in all %d bytes compressed", sum)
}
