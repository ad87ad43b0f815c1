package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// What is compared with: pinned packages, and the protected route as they have it.
//
//go:embed peers/package.json peers/package-lock.json peers/.npmrc peers/serverless.yml peers/*.js
var peerFiles embed.FS

// peers are installed packages of npm, with the node that runs them.
type peers struct {
	dir  string // where they are installed
	node string // the executable
	name string // with version
}

// errNoPeers says why nothing can be compared with.
type errNoPeers struct{ error }

// install installs the pinned packages under cache, unless they are there already. An
// error is an errNoPeers unless it is the cache's own.
func install(ctx context.Context, cache string, progress func(string, ...any)) (*peers, error) {
	for _, name := range []string{"node", "npm"} {
		if _, err := exec.LookPath(name); err != nil {
			return nil, errNoPeers{fmt.Errorf("there is no %s on PATH", name)}
		}
	}
	// Where the executable itself is, as the one on PATH may be a script that chooses it.
	out, err := exec.CommandContext(ctx, "node", "-p", "process.execPath + ' ' + process.versions.node").Output()
	if err != nil {
		return nil, errNoPeers{fmt.Errorf("asking node for its version: %w", err)}
	}
	node, version, ok := cutLast(strings.TrimSpace(string(out)), " ")
	if !ok {
		return nil, errNoPeers{fmt.Errorf("asking node for its version: it says %q", out)}
	}
	if err := recent(version); err != nil {
		return nil, errNoPeers{err}
	}
	names, err := pinned()
	if err != nil {
		return nil, err
	}
	p := &peers{dir: filepath.Join(cache, "npm"), node: node, name: names + " on Node " + version}
	stamp, err := p.write(version)
	if err != nil {
		return nil, err
	}
	done := filepath.Join(p.dir, "node_modules", ".installed")
	if was, err := os.ReadFile(done); err == nil && string(was) == stamp {
		return p, nil
	}
	progress("installing serverless-offline and claudia-api-builder, once; this takes about half a minute")
	cmd := exec.CommandContext(ctx, "npm", "ci", "--ignore-scripts")
	cmd.Dir = p.dir
	if out, err := cmd.CombinedOutput(); err != nil {
		return nil, errNoPeers{fmt.Errorf("npm ci failed (%w): %s", err, lastLines(out))}
	}
	if err := os.WriteFile(done, []byte(stamp), 0o600); err != nil {
		return nil, fmt.Errorf("noting what is installed: %w", err)
	}
	return p, nil
}

// pinned names what is compared with, with versions.
func pinned() (string, error) {
	data, err := peerFiles.ReadFile("peers/package.json")
	if err != nil {
		return "", err
	}
	var manifest struct{ Dependencies map[string]string }
	if err := json.Unmarshal(data, &manifest); err != nil {
		return "", fmt.Errorf("reading peers/package.json: %w", err)
	}
	d := manifest.Dependencies
	return "serverless-offline " + d["serverless-offline"] + " with its handler in-process, and claudia-api-builder " + d["claudia-api-builder"], nil
}

// write writes the embedded files, and returns what an installation of them is known by.
func (p *peers) write(version string) (stamp string, err error) {
	if err := os.MkdirAll(p.dir, 0o755); err != nil {
		return "", fmt.Errorf("making the folder for npm's packages: %w", err)
	}
	entries, err := peerFiles.ReadDir("peers")
	if err != nil {
		return "", err
	}
	for _, entry := range entries {
		content, err := peerFiles.ReadFile("peers/" + entry.Name())
		if err != nil {
			return "", err
		}
		if err := os.WriteFile(filepath.Join(p.dir, entry.Name()), content, 0o644); err != nil {
			return "", fmt.Errorf("writing what npm installs: %w", err)
		}
		if entry.Name() == "package-lock.json" {
			sum := sha256.Sum256(content)
			stamp = version + " " + hex.EncodeToString(sum[:])
		}
	}
	return stamp, nil
}

// serve starts serverless-offline, and returns it with the address of the protected
// route below the host. Of the environment it sees the path alone.
func (p *peers) serve(log string) (*process, string, error) {
	port, err := freePort()
	if err != nil {
		return nil, "", err
	}
	lambdaPort, err := freePort()
	if err != nil {
		return nil, "", err
	}
	cmd := exec.Command(p.node, "node_modules/serverless/bin/serverless.js", "offline", "start", "--httpPort", strconv.Itoa(port), "--lambdaPort", strconv.Itoa(lambdaPort))
	cmd.Dir = p.dir
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + p.dir, "SLS_TELEMETRY_DISABLED=1", "SLS_NOTIFICATIONS_MODE=off"}
	server, err := begin(cmd, "127.0.0.1:"+strconv.Itoa(port), log)
	return server, "/dev" + protected, err
}

// handler packs the claudia-api-builder handler with its runtime for Lambda.
func (p *peers) handler() ([]byte, error) {
	files := map[string][]byte{}
	for _, name := range []string{"runtime.js", "claudia.js", "answer.js"} {
		content, err := peerFiles.ReadFile("peers/" + name)
		if err != nil {
			return nil, err
		}
		files[name] = content
	}
	files["bootstrap"] = append([]byte("#!"+p.node+"\n"), files["runtime.js"]...)
	delete(files, "runtime.js")
	return archive(files, filepath.Join(p.dir, "node_modules", "claudia-api-builder"), "node_modules/claudia-api-builder")
}

// starts measures how long serverless-offline takes to its first answer.
func (p *peers) starts(ctx context.Context, times int, request func(path string) ([]byte, error), log string, progress func(string, ...any)) (*Summary, error) {
	var all []time.Duration
	for range times {
		server, path, err := p.serve(log)
		if err != nil {
			return nil, err
		}
		wire, err := request(path)
		var took time.Duration
		if err == nil {
			took, err = server.answers(ctx, wire)
		}
		if err := errors.Join(err, server.stop()); err != nil {
			return nil, err
		}
		all = append(all, took)
	}
	s := summarize(millis(all))
	progress("start of serverless-offline: %s ms", s)
	return s, nil
}

// recent refuses a Node that the packages do not run on.
func recent(version string) error {
	var major, minor int
	if _, err := fmt.Sscanf(version, "%d.%d", &major, &minor); err != nil {
		return fmt.Errorf("node's version is %q: %w", version, err)
	}
	if major < 18 || major == 18 && minor < 12 {
		return fmt.Errorf("node is %s; serverless-offline needs 18.12 or later", version)
	}
	return nil
}

func cutLast(s, separator string) (before, after string, found bool) {
	i := strings.LastIndex(s, separator)
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+len(separator):], true
}

// lastLines is the end of a command's output.
func lastLines(out []byte) string {
	lines := bytes.Split(bytes.TrimSpace(out), []byte("\n"))
	return string(bytes.Join(lines[max(0, len(lines)-5):], []byte("; ")))
}
