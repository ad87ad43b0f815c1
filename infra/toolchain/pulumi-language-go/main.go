// Command pulumi-language-go runs Pulumi programs written in Go for the Pulumi CLI.
//
// Pulumi's releases bring a language host of this name; this one stands in for it
// where only the CLI could be had (built from its Go module, see tools.go). The CLI
// starts it, reads the port of its gRPC server from the first line of its output
// and asks it to run the program: https://github.com/pulumi/pulumi/blob/v3.220.0/proto/pulumi/language.proto
//
// It builds the program into bin/ beside Pulumi.yaml, where make does, so that an unchanged program is
// not linked again, and runs it. It installs no plugins: the engine finds those it
// needs when the program registers its first resource.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/util/rpcutil"
	"github.com/pulumi/pulumi/sdk/v3/go/common/version"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/emptypb"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "pulumi-language-go:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	// The CLI passes the engine's address as the last argument; flags such as
	// -tracing may stand before it.
	engine := ""
	if len(args) > 0 && !strings.HasPrefix(args[len(args)-1], "-") {
		engine = args[len(args)-1]
	}
	cancel := make(chan bool)
	handle, err := rpcutil.ServeWithOptions(rpcutil.ServeOptions{
		Cancel: cancel,
		Init: func(server *grpc.Server) error {
			pulumirpc.RegisterLanguageRuntimeServer(server, &host{engine: engine, interrupted: ctx})
			return nil
		},
		Options: rpcutil.OpenTracingServerInterceptorOptions(nil),
	})
	if err != nil {
		return fmt.Errorf("starting the language host: %w", err)
	}
	fmt.Println(handle.Port) // the CLI waits for this line
	go func() {
		<-ctx.Done()
		close(cancel)
	}()
	return <-handle.Done
}

// host answers the engine. The RPCs that it does not have answer Unimplemented.
type host struct {
	pulumirpc.UnimplementedLanguageRuntimeServer
	engine      string
	interrupted context.Context
}

func (h *host) Handshake(_ context.Context, req *pulumirpc.LanguageHandshakeRequest) (*pulumirpc.LanguageHandshakeResponse, error) {
	if req.GetEngineAddress() != "" {
		h.engine = req.GetEngineAddress()
	}
	return &pulumirpc.LanguageHandshakeResponse{}, nil
}

func (h *host) GetPluginInfo(context.Context, *emptypb.Empty) (*pulumirpc.PluginInfo, error) {
	return &pulumirpc.PluginInfo{Version: version.Version}, nil
}

func (h *host) GetRequiredPackages(context.Context, *pulumirpc.GetRequiredPackagesRequest) (*pulumirpc.GetRequiredPackagesResponse, error) {
	return &pulumirpc.GetRequiredPackagesResponse{}, nil
}

func (h *host) GetRequiredPlugins(context.Context, *pulumirpc.GetRequiredPluginsRequest) (*pulumirpc.GetRequiredPluginsResponse, error) {
	return &pulumirpc.GetRequiredPluginsResponse{}, nil
}

func (h *host) RuntimeOptionsPrompts(context.Context, *pulumirpc.RuntimeOptionsRequest) (*pulumirpc.RuntimeOptionsResponse, error) {
	return &pulumirpc.RuntimeOptionsResponse{}, nil
}

func (h *host) Template(context.Context, *pulumirpc.TemplateRequest) (*pulumirpc.TemplateResponse, error) {
	return &pulumirpc.TemplateResponse{}, nil
}

func (h *host) Cancel(context.Context, *emptypb.Empty) (*emptypb.Empty, error) {
	return &emptypb.Empty{}, nil
}

func (h *host) About(context.Context, *pulumirpc.AboutRequest) (*pulumirpc.AboutResponse, error) {
	executable, err := exec.LookPath("go")
	if err != nil {
		return nil, fmt.Errorf("looking for the go command: %w", err)
	}
	out, err := exec.Command(executable, "version").Output()
	if err != nil {
		return nil, fmt.Errorf("asking %s for its version: %w", executable, err)
	}
	return &pulumirpc.AboutResponse{Executable: executable, Version: strings.TrimSpace(string(out))}, nil
}

// GetProgramDependencies lists the modules that the program is built from, for
// pulumi about.
func (h *host) GetProgramDependencies(ctx context.Context, req *pulumirpc.GetProgramDependenciesRequest) (*pulumirpc.GetProgramDependenciesResponse, error) {
	cmd := exec.CommandContext(ctx, "go", "list", "-m", "-json", "all")
	cmd.Dir = req.GetInfo().GetProgramDirectory()
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("listing the program's modules: %w", err)
	}
	response := &pulumirpc.GetProgramDependenciesResponse{}
	for decoder := json.NewDecoder(strings.NewReader(string(out))); decoder.More(); {
		var module struct {
			Path, Version  string
			Main, Indirect bool
		}
		if err := decoder.Decode(&module); err != nil {
			return nil, fmt.Errorf("listing the program's modules: %w", err)
		}
		if !module.Main && (req.GetTransitiveDependencies() || !module.Indirect) {
			response.Dependencies = append(response.Dependencies, &pulumirpc.DependencyInfo{Name: module.Path, Version: module.Version})
		}
	}
	return response, nil
}

// InstallDependencies downloads the program's modules.
func (h *host) InstallDependencies(req *pulumirpc.InstallDependenciesRequest, stream grpc.ServerStreamingServer[pulumirpc.InstallDependenciesResponse]) error {
	cmd := exec.CommandContext(stream.Context(), "go", "mod", "download")
	cmd.Dir = req.GetInfo().GetProgramDirectory()
	out, err := cmd.CombinedOutput()
	if len(out) > 0 {
		if err := stream.Send(&pulumirpc.InstallDependenciesResponse{Stderr: out}); err != nil {
			return err
		}
	}
	if err != nil {
		return fmt.Errorf("downloading the program's modules: %w", err)
	}
	return nil
}

// Run builds the program and runs it to its end.
func (h *host) Run(ctx context.Context, req *pulumirpc.RunRequest) (*pulumirpc.RunResponse, error) {
	binary, err := h.build(ctx, req.GetInfo())
	if err != nil {
		return &pulumirpc.RunResponse{Error: err.Error()}, nil
	}
	env, err := h.environment(req)
	if err != nil {
		return nil, status.Error(codes.Internal, err.Error())
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(h.interrupted, cancel)()

	cmd := exec.CommandContext(ctx, binary, req.GetArgs()...)
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = req.GetPwd(), env, os.Stdout, os.Stderr
	switch err := cmd.Run(); {
	case err == nil:
		return &pulumirpc.RunResponse{}, nil
	case cmd.ProcessState != nil && cmd.ProcessState.ExitCode() == loggedError:
		return &pulumirpc.RunResponse{Bail: true}, nil
	default:
		return &pulumirpc.RunResponse{Error: "running the program: " + err.Error()}, nil
	}
}

// loggedError is the exit status of a program that has told the engine of its
// error itself, so that it need not be told twice.
const loggedError = 32

// build returns the program's binary, built anew when anything in it has changed.
func (h *host) build(ctx context.Context, info *pulumirpc.ProgramInfo) (string, error) {
	binary, entry := filepath.Join(info.GetRootDirectory(), "bin", filepath.Base(info.GetProgramDirectory())), info.GetEntryPoint()
	if runtime.GOOS == "windows" {
		binary += ".exe"
	}
	if entry == "" {
		entry = "."
	}
	cmd := exec.CommandContext(ctx, "go", "build", "-o", binary, entry)
	cmd.Dir = info.GetProgramDirectory()
	out, err := cmd.CombinedOutput()
	switch {
	case errors.Is(err, exec.ErrNotFound):
		return "", errors.New("building the program: the go command is not on PATH")
	case err != nil:
		return "", fmt.Errorf("building the program: go build: %w\n%s", err, out)
	}
	return binary, nil
}

// environment is what pulumi.Run reads in the program.
func (h *host) environment(req *pulumirpc.RunRequest) ([]string, error) {
	config, err := json.Marshal(req.GetConfig())
	if err != nil {
		return nil, err
	}
	secrets, err := json.Marshal(req.GetConfigSecretKeys())
	if err != nil {
		return nil, err
	}
	return append(os.Environ(),
		"PULUMI_PROJECT="+req.GetProject(),
		"PULUMI_STACK="+req.GetStack(),
		"PULUMI_ORGANIZATION="+req.GetOrganization(),
		"PULUMI_ROOT_DIRECTORY="+req.GetInfo().GetRootDirectory(),
		"PULUMI_CONFIG="+string(config),
		"PULUMI_CONFIG_SECRET_KEYS="+string(secrets),
		"PULUMI_DRY_RUN="+strconv.FormatBool(req.GetDryRun()),
		"PULUMI_PARALLEL="+strconv.Itoa(int(req.GetParallel())),
		"PULUMI_MONITOR="+req.GetMonitorAddress(),
		"PULUMI_ENGINE="+h.engine,
	), nil
}
