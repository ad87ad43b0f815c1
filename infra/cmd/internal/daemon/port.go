package daemon

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// portFile holds the port that the local AWS of dir ran on last. Unlike the state file it
// stays when that ends: what the stacks put out, and pages that are open, hold addresses
// with the port.
func portFile(dir string) string { return filepath.Join(dir, "last-port") }

// Port returns where a local AWS of dir is to listen: on the port that was asked for; when
// that is 0, where it ran last; when it never ran, on the one otherwise. It fails when
// another program listens there, and says which, as far as it can be told, and what to do.
func Port(ctx context.Context, dir string, asked, otherwise int) (int, error) {
	port, last := asked, 0
	if asked == 0 {
		var err error
		if last, err = lastPort(dir); err != nil {
			return 0, fmt.Errorf("starting the local AWS: %w", err)
		}
		if port = last; port == 0 {
			port = otherwise
		}
	}
	where := fmt.Sprintf("port %d", port)
	if last != 0 {
		where += ", where it ran last and where the addresses of its stacks lead,"
	}
	if err := free(ctx, where, port); err != nil {
		return 0, fmt.Errorf("starting the local AWS: %w", err)
	}
	return port, nil
}

// lastPort is the port that the local AWS of dir ran on last, and 0 when it never ran.
func lastPort(dir string) (int, error) {
	data, err := os.ReadFile(portFile(dir))
	if errors.Is(err, fs.ErrNotExist) {
		if killed, err := read(dir); err == nil { // one that did not keep its port yet
			return portOf(killed.URL)
		}
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("reading the port that it ran on last: %w", err)
	}
	text := strings.TrimSpace(string(data))
	port, err := strconv.Atoi(text)
	if err != nil || port < 1 || port > 65535 {
		return 0, fmt.Errorf("reading the port that it ran on last: %s holds %q; legal are 1 to 65535; remove the file, or say the port: make up LOCAL_PORT=4566", portFile(dir), text)
	}
	return port, nil
}

// keepPort records where the local AWS of dir runs.
func keepPort(dir string, port int) error {
	return replaceFile(portFile(dir), []byte(strconv.Itoa(port)+"\n"))
}

// free fails when the port, which is told as where, is none, or when another program
// listens there on loopback. Other reasons why nobody can are left to who then tries.
func free(ctx context.Context, where string, port int) error {
	if port < 1 || port > 65535 {
		return fmt.Errorf("%s is none; legal are 1 to 65535", where)
	}
	err := listen(port)
	if !errors.Is(err, syscall.EADDRINUSE) {
		return nil
	}
	by, end := "another program", fmt.Sprintf("end that (lsof -i :%d tells which it is)", port)
	if pid, is := otherLocalAWS(ctx, port); is {
		by, end = fmt.Sprintf("the local AWS of another checkout (process %d)", pid), "end that with make down there"
	}
	return fmt.Errorf("%s is taken by %s; %s, or choose another port: make up LOCAL_PORT=%d", where, by, end, freeAfter(port))
}

func listen(port int) error {
	l, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
	if err != nil {
		return err
	}
	return l.Close()
}

// freeAfter is the next port on which nobody listens, and the same one when there is none.
func freeAfter(port int) int {
	next := port
	for range 65535 - 1024 {
		if next++; next > 65535 {
			next = 1024
		}
		if listen(next) == nil {
			return next
		}
	}
	return port
}

// otherLocalAWS tells whether a local AWS answers on the port, and its process.
func otherLocalAWS(ctx context.Context, port int) (pid int, is bool) {
	return answers(ctx, "http://"+net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
}

// answers asks for the process of the local AWS at an address.
func answers(ctx context.Context, address string) (pid int, is bool) {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, strings.Replace(address, "localhost", "127.0.0.1", 1)+"/_local/health", nil)
	if err != nil {
		return 0, false
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, false
	}
	defer resp.Body.Close()
	var health struct{ PID int }
	if json.NewDecoder(resp.Body).Decode(&health) != nil || health.PID == 0 {
		return 0, false
	}
	return health.PID, true
}

// portOf is the port of an address such as http://localhost:4566.
func portOf(address string) (int, error) {
	u, err := url.Parse(address)
	if err != nil {
		return 0, fmt.Errorf("reading the local AWS's state: %w", err)
	}
	port, err := strconv.Atoi(u.Port())
	if err != nil {
		return 0, fmt.Errorf("reading the local AWS's state: its address %q has no port", address)
	}
	return port, nil
}
