package lambda

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"sync"
	"syscall"
	"time"

	"auth-api/infra/localaws/lambda/logs"
)

// output takes what a process writes to stdout and stderr, which are one pipe as on
// AWS, line by line.
//
// Where an invocation ends among the lines is known because mark itself reads what has
// been written until then. So START, END and REPORT stand exactly between the
// function's own lines.
type output struct {
	read, write *os.File
	pipe        syscall.RawConn // of read
	line        func(text string)

	reading sync.Mutex // held by whoever reads, and while lines are handled
	buffer  []byte     // the line that has not ended yet

	done chan struct{} // closed when nobody can write any more
}

// maxPipe is the most that a pipe holds unless the system's administrator wants more,
// in bytes: fs.pipe-max-size of Linux.
const maxPipe = 1 << 20

// newOutput returns an output that hands every line to line, one after the other.
func newOutput(line func(text string)) (*output, error) {
	r, w, err := os.Pipe()
	if err != nil {
		return nil, fmt.Errorf("making a pipe for the function's log: %w", err)
	}
	o := &output{read: r, write: w, line: line, buffer: make([]byte, 0, 4096), done: make(chan struct{})}
	if o.pipe, err = r.SyscallConn(); err != nil {
		return nil, errors.Join(fmt.Errorf("making a pipe for the function's log: %w", err), r.Close(), w.Close())
	}
	go o.run()
	return o, nil
}

// mark does act after every line that has been written until now, and before every
// later one. No line is handled meanwhile.
func (o *output) mark(act func()) {
	o.reading.Lock()
	defer o.reading.Unlock()
	// It fails when the pipe is closed, and then all has been read.
	_ = o.pipe.Control(func(fd uintptr) { o.drain(fd, maxPipe) })
	o.flush()
	act()
}

// close waits until the process's last line is handled. Whoever the process left
// behind with the pipe in hand is not waited for.
func (o *output) close() {
	_ = o.write.Close()
	_ = o.read.SetReadDeadline(time.Now().Add(time.Second))
	<-o.done
	_ = o.read.Close()
}

// run reads whenever there is something, until nobody can write or the deadline is over.
func (o *output) run() {
	defer close(o.done)
	_ = o.pipe.Read(func(fd uintptr) bool {
		for { // a process that writes without end lets marks in between
			o.reading.Lock()
			empty, over := o.drain(fd, maxPipe)
			o.reading.Unlock()
			if empty || over {
				return over
			}
		}
	})
	o.reading.Lock()
	defer o.reading.Unlock()
	o.flush()
}

// drain reads what the pipe holds without waiting for more, up to limit and a little,
// and hands on the lines. It reports whether the pipe is empty, and whether nothing can
// follow; neither when the limit is what ended it.
func (o *output) drain(fd uintptr, limit int) (empty, over bool) {
	for limit > 0 {
		if len(o.buffer) == cap(o.buffer) {
			o.buffer = append(make([]byte, 0, 2*cap(o.buffer)), o.buffer...)
		}
		n, err := syscall.Read(int(fd), o.buffer[len(o.buffer):cap(o.buffer)])
		switch {
		case errors.Is(err, syscall.EINTR):
			continue
		case errors.Is(err, syscall.EAGAIN):
			return true, false
		case err != nil || n == 0:
			return false, true
		}
		limit -= n
		o.buffer = o.buffer[:len(o.buffer)+n]
		o.handLines()
	}
	return false, false
}

// handLines hands on the lines that have ended, and one that is too long to wait for
// its end.
func (o *output) handLines() {
	rest := o.buffer
	for {
		line, after, whole := bytes.Cut(rest, []byte("\n"))
		if !whole {
			break
		}
		if len(line) > 0 {
			o.line(string(line))
		}
		rest = after
	}
	if len(rest) >= logs.MaxMessage {
		o.line(string(rest))
		rest = nil
	}
	o.buffer = o.buffer[:copy(o.buffer, rest)]
}

// flush hands on a line that has not ended.
func (o *output) flush() {
	if len(o.buffer) > 0 {
		o.line(string(o.buffer))
		o.buffer = o.buffer[:0]
	}
}
