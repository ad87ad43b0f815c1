package lambda

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"auth-api/infra/localaws/lambda/logs"
)

// output takes what a process writes to stdout and stderr, which are one pipe as on
// AWS, line by line.
//
// Where an invocation ends among the lines is known by marks: a line that nobody
// can guess, which the service itself writes into the pipe. So START, END and
// REPORT stand exactly between the function's own lines, and nobody waits for it.
type output struct {
	read, write *os.File
	marker      []byte // ends with a line end, begins with one too
	line        func(text string)

	writing sync.Mutex // orders marks; held while the pipe is full, so the reader never takes it
	closed  bool

	queueing sync.Mutex
	queue    []func() // what is to be done at the marks to come
	done     chan struct{}
}

// newOutput returns an output that hands every line to line, from one goroutine.
// secret makes its marks unguessable.
func newOutput(secret string, line func(text string)) (*output, error) {
	r, w, err := os.Pipe()
	if err != nil {
		return nil, fmt.Errorf("making a pipe for the function's log: %w", err)
	}
	o := &output{read: r, write: w, marker: []byte("\n" + secret + "\n"), line: line, done: make(chan struct{})}
	go o.run()
	return o, nil
}

// mark does act after every line that has been written until now, and before every
// later one, in the goroutine of the lines. It does not wait for it.
func (o *output) mark(act func()) {
	o.writing.Lock()
	defer o.writing.Unlock()
	if o.closed {
		<-o.done
		act()
		return
	}
	o.queueing.Lock()
	o.queue = append(o.queue, act)
	o.queueing.Unlock()
	_, _ = o.write.Write(o.marker) // it fails only when the reader is gone, and that does what is in the queue
}

// close waits until the process's last line is handled. Whoever the process left
// behind with the pipe in hand is not waited for.
func (o *output) close() {
	o.writing.Lock()
	o.closed = true
	_ = o.write.Close()
	o.writing.Unlock()
	_ = o.read.SetReadDeadline(time.Now().Add(time.Second))
	<-o.done
	_ = o.read.Close()
}

func (o *output) run() {
	defer close(o.done)
	marker := bytes.TrimSpace(o.marker)
	buffer := make([]byte, 0, 4096)
	for {
		if len(buffer) == cap(buffer) {
			buffer = append(make([]byte, 0, 2*cap(buffer)), buffer...)
		}
		n, err := o.read.Read(buffer[len(buffer):cap(buffer)])
		buffer = buffer[:len(buffer)+n]
		rest := buffer
		for {
			line, after, whole := bytes.Cut(rest, []byte("\n"))
			if !whole {
				break
			}
			if bytes.Equal(line, marker) {
				o.act()
			} else if len(line) > 0 {
				o.line(string(line))
			}
			rest = after
		}
		if len(rest) >= logs.MaxMessage {
			o.line(string(rest))
			rest = nil
		}
		buffer = buffer[:copy(buffer, rest)]
		if err != nil { // io.EOF, or the deadline
			if len(buffer) > 0 {
				o.line(string(buffer))
			}
			for o.act() {
			}
			_, _ = io.Copy(io.Discard, o.read)
			return
		}
	}
}

// act does what the next mark stands for, and reports whether there was one.
func (o *output) act() bool {
	o.queueing.Lock()
	if len(o.queue) == 0 {
		o.queueing.Unlock()
		return false
	}
	next := o.queue[0]
	o.queue = o.queue[1:]
	o.queueing.Unlock()
	next()
	return true
}
