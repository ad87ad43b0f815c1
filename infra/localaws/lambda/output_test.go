package lambda

import (
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// collect returns an output that gathers its lines, and what gathers them.
func collect(t *testing.T) (*output, func() []string) {
	t.Helper()
	var mu sync.Mutex
	var lines []string
	o, err := newOutput(func(text string) {
		mu.Lock()
		defer mu.Unlock()
		lines = append(lines, text)
	})
	if err != nil {
		t.Fatal(err)
	}
	return o, func() []string {
		mu.Lock()
		defer mu.Unlock()
		return slices.Clone(lines)
	}
}

func write(t *testing.T, o *output, text string) {
	t.Helper()
	if _, err := io.WriteString(o.write, text); err != nil {
		t.Error(err)
	}
}

func TestMarksStandBetweenTheLines(t *testing.T) {
	o, lines := collect(t)
	mark := func(name string) { o.mark(func() { o.line(name) }) }
	mark("first mark")
	write(t, o, "one\ntwo\n")
	mark("second mark")
	mark("third mark")
	write(t, o, "half a line")
	mark("fourth mark")
	write(t, o, "the other half\n\nlast")
	o.close()
	mark("after the end")
	want := []string{"first mark", "one", "two", "second mark", "third mark", "half a line", "fourth mark", "the other half", "last", "after the end"}
	if got := lines(); !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

// A mark comes after all that was written before it, however much, and does not wait
// for a process that writes without end.
func TestMarksUnderAFlood(t *testing.T) {
	o, lines := collect(t)
	written := make(chan int)
	stop := make(chan struct{})
	go func() {
		for n := 0; ; n++ {
			if _, err := fmt.Fprintf(o.write, "%d %s\n", n, strings.Repeat("x", 1000)); err != nil {
				t.Error(err)
			}
			select {
			case written <- n:
			case <-stop:
				close(written)
				return
			default:
			}
		}
	}()
	for range 100 {
		n := <-written
		o.mark(func() { o.line("mark") })
		before := fmt.Sprintf("%d ", n)
		all := lines()
		at := len(all) - 1
		for all[at] != "mark" {
			at--
		}
		if !slices.ContainsFunc(all[:at], func(line string) bool { return strings.HasPrefix(line, before) }) {
			t.Fatalf("line %d was written before the mark and does not stand before it", n)
		}
	}
	close(stop)
	for range written {
	}
	o.close()
	for n, line := range slices.DeleteFunc(lines(), func(line string) bool { return line == "mark" }) {
		if !strings.HasPrefix(line, fmt.Sprintf("%d ", n)) {
			t.Fatalf("line %d is %.20q: lines are lost or out of order", n, line)
		}
	}
}

// A process that left the pipe to another is not waited for for long.
func TestCloseDoesNotWaitForWhoIsLeftBehind(t *testing.T) {
	o, lines := collect(t)
	left, err := dup(o.write)
	if err != nil {
		t.Fatal(err)
	}
	defer left.Close()
	write(t, o, "before\n")
	begin := time.Now()
	o.close()
	if took := time.Since(begin); took > 10*time.Second {
		t.Errorf("it took %v", took)
	}
	if got := lines(); !slices.Equal(got, []string{"before"}) {
		t.Errorf("got %q", got)
	}
}

func dup(f *os.File) (*os.File, error) {
	fd, err := syscall.Dup(int(f.Fd()))
	return os.NewFile(uintptr(fd), f.Name()), err
}
