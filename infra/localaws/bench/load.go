package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"time"
)

// load sends one request again and again from some clients, each on a connection of
// its own that it keeps, for as long as told. The request is bytes that were made, and
// signed, before; so what is measured is the server, at the least cost for the client.
type load struct {
	address string // host:port
	request []byte
	clients int
}

// pace is what a load came to.
type pace struct {
	requests int
	took     time.Duration
	each     []time.Duration // how long each request took, in no order
}

func (p pace) perSecond() float64 { return float64(p.requests) / p.took.Seconds() }

// run sends for the duration. An answer that is not 200 is an error.
func (l load) run(ctx context.Context, duration time.Duration) (pace, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	clients := make([]*connection, l.clients)
	for i := range clients {
		c, err := dial(ctx, l.address)
		if err != nil {
			return pace{}, err
		}
		defer c.Close()
		// The first request on a connection is outside the timed part.
		if _, err := c.send(l.request); err != nil {
			return pace{}, err
		}
		clients[i] = c
	}
	each := make([][]time.Duration, l.clients)
	faults := make([]error, l.clients)
	begin := time.Now()
	var wait sync.WaitGroup
	for i, c := range clients {
		wait.Go(func() {
			for at := time.Now(); at.Sub(begin) < duration && ctx.Err() == nil; {
				if _, faults[i] = c.send(l.request); faults[i] != nil {
					cancel()
					return
				}
				now := time.Now()
				each[i] = append(each[i], now.Sub(at))
				at = now
			}
		})
	}
	wait.Wait()
	p := pace{took: time.Since(begin)}
	for _, list := range each {
		p.requests += len(list)
		p.each = append(p.each, list...)
	}
	return p, errors.Join(append(faults, context.Cause(ctx))...)
}

// connection is one connection that is kept.
type connection struct {
	net.Conn
	answers *bufio.Reader
}

func dial(ctx context.Context, address string) (*connection, error) {
	var d net.Dialer
	conn, err := d.DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, fmt.Errorf("connecting to the server under load: %w", err)
	}
	return &connection{conn, bufio.NewReader(conn)}, nil
}

// patience is how long an answer may take.
const patience = 30 * time.Second

// send sends a request and returns the body of its answer, which must be a 200.
func (c *connection) send(request []byte) ([]byte, error) {
	if err := c.SetDeadline(time.Now().Add(patience)); err != nil {
		return nil, err
	}
	if _, err := c.Write(request); err != nil {
		return nil, fmt.Errorf("sending a request: %w", err)
	}
	answer, err := http.ReadResponse(c.answers, nil)
	if err != nil {
		return nil, fmt.Errorf("reading an answer: %w", err)
	}
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		return nil, fmt.Errorf("reading an answer: %w", err)
	}
	if answer.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("a request was answered %s: %s", answer.Status, body)
	}
	return body, nil
}
