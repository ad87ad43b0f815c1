package function

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"
)

// BuildArgs say what Build makes, and from what.
type BuildArgs struct {
	Root   string   // the repository: functions are its folders functions/NAME
	Out    string   // folder that NAME.zip is written to
	GOOS   string   // of the host that runs the functions
	GOARCH string   // likewise
	Names  []string // the functions
}

// Builder makes the archives of functions and answers where each is, as Build does.
type Builder func(context.Context, BuildArgs) (map[string]string, error)

// Build compiles functions and packs each as the archive that Lambda takes: one
// executable called bootstrap. The same sources and the same Go give the same bytes, in
// whatever folder and on whatever host, so that a deployment of unchanged functions
// changes nothing. The paths of the archives are absolute; one whose bytes are as they
// were is not written again, and when nothing at all has changed nothing is linked.
//
// A function with a folder client has the page that Bundle makes of it in its folder
// dist, which it embeds; in the sources dist stays as it is.
//
// The errors of all functions are told at once, each with what the compiler said.
func Build(ctx context.Context, args BuildArgs) (map[string]string, error) {
	compiler, err := exec.LookPath("go")
	if err != nil {
		return nil, fmt.Errorf("building the functions: go is not on PATH (%w): install it from https://go.dev/dl", err)
	}
	out, err := filepath.Abs(args.Out)
	if err != nil {
		return nil, fmt.Errorf("building the functions: %w", err)
	}
	if err := os.MkdirAll(out, 0o755); err != nil {
		return nil, fmt.Errorf("building the functions: %w", err)
	}
	made := map[string]string{}
	for _, name := range args.Names {
		made[name] = filepath.Join(out, name+".zip")
	}
	work, err := os.MkdirTemp(out, ".build-")
	if err != nil {
		return nil, fmt.Errorf("building the functions: %w", err)
	}
	defer os.RemoveAll(work)
	faults := make([]error, len(args.Names))
	overlaid, err := args.bundleClients(work, faults)
	if err != nil {
		return nil, fmt.Errorf("building the functions: %w", err)
	}
	inputs := ""
	if errors.Join(faults...) == nil {
		inputs = args.inputs(ctx, compiler, overlaid)
	}
	if args.current(out, inputs) {
		return made, nil
	}

	var group errgroup.Group
	group.SetLimit(max(1, min(4, runtime.NumCPU())))
	for i, name := range args.Names {
		if faults[i] != nil {
			continue
		}
		group.Go(func() error {
			if err := build(ctx, compiler, args, overlaid, name, filepath.Join(work, name), made[name]); err != nil {
				faults[i] = fmt.Errorf("building function %s: %w", name, err)
			}
			return nil
		})
	}
	_ = group.Wait() // the faults are collected, so that all are told
	if err := errors.Join(faults...); err != nil {
		return nil, err
	}
	if inputs != "" {
		stamp, err := args.stamp(out, inputs)
		if err == nil {
			err = replace(filepath.Join(out, stampFile), []byte(stamp))
		}
		if err != nil {
			return nil, fmt.Errorf("building the functions: noting what they were built from: %w", err)
		}
	}
	return made, nil
}

// stampFile notes, beside the archives, what they were built from and their sums.
const stampFile = ".built"

// inputs identify all that goes into the archives: the flags, the module's files (what
// they say of modules and of GODEBUG is linked in), and of each package that is linked
// the identity that Go gives its compiled form. It is empty where a package does not
// compile: the build tells why.
func (args BuildArgs) inputs(ctx context.Context, compiler string, overlaid []string) string {
	list := slices.Concat([]string{"list", "-export", "-deps", "-f", "{{.ImportPath}} {{.BuildID}}"}, flags, overlaid)
	for _, name := range args.Names {
		list = append(list, "./functions/"+name)
	}
	cmd := args.command(ctx, compiler, list...)
	packages, err := cmd.Output()
	if err != nil {
		return ""
	}
	sum := sha256.New()
	fmt.Fprintln(sum, args.GOOS, args.GOARCH, flags, linkerFlags)
	for _, file := range []string{"go.mod", "go.sum"} {
		content, err := os.ReadFile(filepath.Join(args.Root, file))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return ""
		}
		fmt.Fprintf(sum, "%s %x\n", file, sha256.Sum256(content))
	}
	sum.Write(packages)
	return hex.EncodeToString(sum.Sum(nil))
}

// stamp is what stampFile says when the archives are those that inputs give.
func (args BuildArgs) stamp(out, inputs string) (string, error) {
	text := inputs + "\n"
	for _, name := range args.Names {
		archive, err := os.ReadFile(filepath.Join(out, name+".zip"))
		if err != nil {
			return "", err
		}
		text += fmt.Sprintf("%s %x\n", name, sha256.Sum256(archive))
	}
	return text, nil
}

// current tells whether the archives are there, and built from the same inputs.
func (args BuildArgs) current(out, inputs string) bool {
	noted, err := os.ReadFile(filepath.Join(out, stampFile))
	if err != nil || inputs == "" {
		return false
	}
	stamp, err := args.stamp(out, inputs)
	return err == nil && stamp == string(noted)
}

func build(ctx context.Context, compiler string, args BuildArgs, overlaid []string, name, executable, archive string) error {
	if err := compile(ctx, compiler, args, overlaid, name, executable); err != nil {
		return err
	}
	binary, err := os.ReadFile(executable)
	if err != nil {
		return err
	}
	packed, err := pack(binary)
	if err != nil {
		return err
	}
	return replace(archive, packed)
}

var flags = []string{"-trimpath", "-buildvcs=false", "-tags", "lambda.norpc"}

const linkerFlags = "-s -w -buildid="

// command is a run of Go for the host that runs the functions. What a user's
// environment says of architectures, flags and workspaces would end up in the bytes.
// (An empty GOFLAGS would let those of `go env -w` through.)
func (args BuildArgs) command(ctx context.Context, compiler string, arguments ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, compiler, arguments...)
	cmd.Dir = args.Root
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS="+args.GOOS, "GOARCH="+args.GOARCH,
		"GOARM64=v8.0", "GOAMD64=v1", "GOFLAGS=-trimpath", "GOWORK=off")
	return cmd
}

func compile(ctx context.Context, compiler string, args BuildArgs, overlaid []string, name, executable string) error {
	arguments := slices.Concat([]string{"build"}, flags, overlaid, []string{"-ldflags", linkerFlags, "-o", executable, "./functions/" + name})
	cmd := args.command(ctx, compiler, arguments...)
	said, err := cmd.CombinedOutput()
	if err == nil {
		return nil
	}
	if text := strings.TrimSpace(string(said)); text != "" {
		return errors.New(text)
	}
	return err
}

// pack makes an archive of one executable, with a time and a mode that never change.
func pack(binary []byte) ([]byte, error) {
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	header := &zip.FileHeader{Name: "bootstrap", Method: zip.Deflate, Modified: time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC)}
	header.SetMode(0o755)
	entry, err := w.CreateHeader(header)
	if err != nil {
		return nil, err
	}
	if _, err := entry.Write(binary); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

// replace writes a file whole or not at all, and only when it would change: a preview
// beside a deployment never reads half an archive.
func replace(path string, content []byte) error {
	switch old, err := os.ReadFile(path); {
	case err == nil && bytes.Equal(old, content):
		return nil
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return err
	}
	file, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-")
	if err != nil {
		return err
	}
	defer os.Remove(file.Name())
	if _, err := file.Write(content); err != nil {
		file.Close()
		return err
	}
	if err := file.Close(); err != nil {
		return err
	}
	return os.Rename(file.Name(), path)
}
