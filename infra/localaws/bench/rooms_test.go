package main

import (
	"archive/zip"
	"bytes"
	"context"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

func TestFiguresOfAReport(t *testing.T) {
	const log = "START RequestId: 1 Version: $LATEST\nEND RequestId: 1\nREPORT RequestId: 1\tDuration: 1.07 ms\tBilled Duration: 7 ms\tMemory Size: 128 MB\tMax Memory Used: 9 MB\tInit Duration: 4.85 ms\t\n"
	var h handler
	if err := h.read(log); err != nil || h.firstPoll[0] != 4.85 || h.memory[0] != 9 {
		t.Errorf("read %+v, %v", h, err)
	}
	for _, bad := range []string{"", strings.ReplaceAll(log, "Init Duration", "Warm"), strings.ReplaceAll(log, "9 MB", "many MB")} {
		if err := h.read(bad); err == nil {
			t.Errorf("read %q", bad)
		}
	}
	if len(h.firstPoll) != 1 || len(h.memory) != 1 {
		t.Errorf("of what cannot be read it kept %+v", h)
	}
}

func TestArchive(t *testing.T) {
	dir := t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, "src"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "src", "a.js"), []byte("a"), 0o600); err != nil {
		t.Fatal(err)
	}
	data, err := archive(map[string][]byte{"bootstrap": []byte("#!node")}, dir, "node_modules/x")
	if err != nil {
		t.Fatal(err)
	}
	z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"bootstrap": "#!node", "node_modules/x/src/a.js": "a"} {
		f, err := z.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(f)
		if err != nil || string(got) != want {
			t.Errorf("%s is %q, %v", name, got, err)
		}
		if info, err := f.Stat(); err != nil || info.Mode().Perm() != 0o755 {
			t.Errorf("%s has the mode %v", name, info.Mode())
		}
	}
}

func TestResidentMemory(t *testing.T) {
	if mb, err := residentMB([]byte("Name:\tlocal\nVmHWM:\t  99999 kB\nVmRSS:\t   51200 kB\nThreads:\t9\n")); err != nil || mb != 50 {
		t.Errorf("%v MB, %v", mb, err)
	}
	for _, bad := range []string{"", "VmRSS:\n", "VmRSS:\t12 MB\n", "VmRSS:\tmuch kB\n"} {
		if _, err := residentMB([]byte(bad)); err == nil {
			t.Errorf("read %q", bad)
		}
	}
}

func TestNodesThatAreTooOld(t *testing.T) {
	for version, want := range map[string]bool{"18.12.0": true, "18.11.9": false, "16.20.0": false, "20.0.0": true, "24.1.0": true, "x": false} {
		if err := recent(version); (err == nil) != want {
			t.Errorf("%s: %v", version, err)
		}
	}
}

func TestWithoutNode(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	_, err := install(context.Background(), t.TempDir(), t.Logf)
	if _, none := err.(errNoPeers); !none || err.Error() != "there is no node on PATH" {
		t.Errorf("it says %v", err)
	}
}

// What is compared with is pinned by its hashes and by no registry's address, so that
// it installs from whatever registry npm is set to.
func TestTheLockNamesNoAddress(t *testing.T) {
	lock, err := peerFiles.ReadFile("peers/package-lock.json")
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(lock, []byte("://")) {
		t.Error("peers/package-lock.json holds an address; npm run lock writes it without")
	}
	if packages, hashes := bytes.Count(lock, []byte(`"node_modules/`)), bytes.Count(lock, []byte(`"integrity": "sha512-`)); packages == 0 || packages != hashes {
		t.Errorf("%d packages have %d hashes", packages, hashes)
	}
	if names, err := pinned(); err != nil || !regexp.MustCompile(`^serverless-offline 13\.\d+\.\d+ .* claudia-api-builder \d+\.\d+\.\d+$`).MatchString(names) {
		t.Errorf("compared with is %q, %v; versions must be exact", names, err)
	}
}
