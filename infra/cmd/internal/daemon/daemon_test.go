package daemon_test

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"auth-api/infra/cmd/internal/daemon"
)

func TestOnlyTheProcessThatAnswersIsTakenForTheLocalAWS(t *testing.T) {
	pid := os.Getpid()
	answers := func(status int, body string) string {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(status)
			fmt.Fprint(w, body)
		}))
		t.Cleanup(server.Close)
		return server.URL
	}
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	for name, test := range map[string]struct {
		url  string
		want bool
	}{
		"the one that wrote the file":         {answers(200, fmt.Sprintf(`{"pid":%d}`, pid)), true},
		"another one on its port":             {answers(200, fmt.Sprintf(`{"pid":%d}`, pid+1)), false},
		"a program that is something else":    {answers(404, "not found"), false},
		"nobody, as after kill -9":            {gone.URL, false},
		"nobody, and the file is half a file": {"http://localhost:1", false},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			if err := daemon.Write(dir, daemon.State{URL: test.url}); err != nil {
				t.Fatal(err)
			}
			if strings.Contains(name, "half a file") {
				if err := os.WriteFile(filepath.Join(dir, "local-aws.json"), []byte(`{"pid":`), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			got, running := daemon.Running(t.Context(), dir)
			if running != test.want || running && got.PID != pid {
				t.Errorf("running is %v (%+v), want %v", running, got, test.want)
			}
		})
	}
	if _, running := daemon.Running(t.Context(), t.TempDir()); running {
		t.Error("an empty folder is taken for a running one")
	}
}

func TestWhatStopsTheStartIsTold(t *testing.T) {
	dir := t.TempDir()
	failing := filepath.Join(dir, "local")
	if err := os.WriteFile(failing, []byte("#!/bin/sh\necho 'local: starting the local AWS: no luck today' >&2\nexit 1\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	_, _, err := daemon.Start(t.Context(), failing, filepath.Join(dir, "state"), 0, "us-west-2")
	if err == nil || err.Error() != "starting the local AWS: no luck today" {
		t.Errorf("it says %v", err)
	}
	if _, _, err := daemon.Start(t.Context(), filepath.Join(dir, "missing"), filepath.Join(dir, "state"), 0, "us-west-2"); err == nil || !strings.HasPrefix(err.Error(), "starting the local AWS: ") {
		t.Errorf("without a binary it says %v", err)
	}
	if ran, err := daemon.Stop(t.Context(), dir); ran || err != nil {
		t.Errorf("stopping what does not run: %v, %v", ran, err)
	}
}

func TestTheStateIsForThisUserAlone(t *testing.T) {
	dir := t.TempDir()
	if err := daemon.Write(dir, daemon.State{URL: "http://localhost:1", ProviderPort: 2}); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "local-aws.json")
	info, err := os.Stat(file)
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode().Perm() != 0o600 {
		t.Errorf("its mode is %v", info.Mode())
	}
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var s daemon.State
	if err := json.Unmarshal(data, &s); err != nil || s.PID != os.Getpid() || s.Executable == "" {
		t.Errorf("it holds %s (%v)", data, err)
	}
	if err := daemon.Forget(dir); err != nil {
		t.Fatal(err)
	}
}

// One that runs goes on running when the port that it is to move to is taken, or none.
func TestATakenPortStopsNothing(t *testing.T) {
	dir := t.TempDir()
	executable := filepath.Join(dir, "local")
	if err := os.WriteFile(executable, []byte("#!/bin/sh\nexit 1\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	running := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprintf(w, `{"pid":%d}`, os.Getpid()) }))
	defer running.Close()
	if err := daemon.Write(dir, daemon.State{URL: running.URL, Region: "us-west-2"}); err != nil {
		t.Fatal(err)
	}
	taken := httptest.NewServer(http.NotFoundHandler())
	defer taken.Close()
	port := taken.Listener.Addr().(*net.TCPAddr).Port
	for port, says := range map[int]string{port: fmt.Sprintf("port %d is taken by another program", port), 65536: "port 65536 is none; legal are 1 to 65535", -1: "port -1 is none"} {
		if _, _, err := daemon.Start(t.Context(), executable, dir, port, "us-west-2"); err == nil || !strings.HasPrefix(err.Error(), "moving the local AWS from port ") || !strings.Contains(err.Error(), says) {
			t.Errorf("it says %v, not %s", err, says)
		}
	}
	if _, there := daemon.Running(t.Context(), dir); !there {
		t.Error("the one that ran is gone")
	}
}

// One that was killed before ports were kept has left its address.
func TestThePortOfOneThatWasKilled(t *testing.T) {
	dir := t.TempDir()
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	if port, err := daemon.Port(t.Context(), dir, 0, gone.Listener.Addr().(*net.TCPAddr).Port); port == 0 || err != nil {
		t.Errorf("where none ran, it is port %d, %v", port, err)
	}
	if err := os.WriteFile(filepath.Join(dir, "local-aws.json"), []byte(`{"pid":1,"url":"`+gone.URL+`"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	want := gone.Listener.Addr().(*net.TCPAddr).Port
	if port, err := daemon.Port(t.Context(), dir, 0, 4566); port != want || err != nil {
		t.Errorf("it is port %d, not %d (%v)", port, want, err)
	}
}
