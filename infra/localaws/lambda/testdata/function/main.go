// Command function is the function of this room's tests: it does what the event,
// or at init its environment, tells it to.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-lambda-go/lambdacontext"
)

type event struct {
	Do   string
	Text string
	Size int
}

type answer struct {
	Text  string            `json:",omitempty"`
	PID   int               `json:",omitempty"`
	Child int               `json:",omitempty"`
	Env   map[string]string `json:",omitempty"`
	Dir   string            `json:",omitempty"`
	ARN   string            `json:",omitempty"`
	Left  time.Duration     `json:",omitempty"`
	CPUs  int               `json:",omitempty"`
}

func main() {
	switch os.Getenv("INIT") {
	case "crash":
		fmt.Println("cannot go on")
		os.Exit(3)
	case "hang":
		fmt.Println("hanging")
		time.Sleep(time.Hour)
	case "report":
		report()
	case "lend": // somebody else plays the runtime
		fmt.Println("api", os.Getenv("AWS_LAMBDA_RUNTIME_API"))
		time.Sleep(time.Hour)
	}
	lambda.Start(handle)
}

// report tells the Runtime API that the function cannot start.
func report() {
	response, err := http.Post("http://"+os.Getenv("AWS_LAMBDA_RUNTIME_API")+"/2018-06-01/runtime/init/error", "application/json",
		strings.NewReader(`{"errorMessage":"no configuration","errorType":"Config.Missing"}`))
	if err != nil {
		panic(err)
	}
	response.Body.Close()
	os.Exit(1)
}

func handle(ctx context.Context, e event) (any, error) {
	switch e.Do {
	case "exit":
		os.Exit(e.Size)
	case "panic":
		panic(e.Text)
	case "fail":
		return nil, errors.New(e.Text)
	case "print":
		fmt.Println(e.Text)
	case "hang":
		fmt.Println("pid", os.Getpid())
		time.Sleep(time.Hour)
	case "big":
		return strings.Repeat("x", e.Size), nil
	case "raw": // an answer of exactly this many bytes
		return strings.NewReader(`"` + strings.Repeat("x", e.Size-2) + `"`), nil
	case "halfway":
		return io.MultiReader(strings.NewReader(`"x`), broken{}), nil
	case "visit":
		response, err := http.Get(e.Text)
		if err != nil {
			return nil, err
		}
		return answer{PID: os.Getpid(), Text: os.Getenv("GREETING")}, response.Body.Close()
	case "child":
		child := exec.Command("/bin/sh", "-c", "while :; do sleep 100; done")
		child.Stdout = os.Stdout // holds the log open
		if err := child.Start(); err != nil {
			return nil, err
		}
		return answer{PID: os.Getpid(), Child: child.Process.Pid}, nil
	case "look":
		lc, _ := lambdacontext.FromContext(ctx)
		deadline, _ := ctx.Deadline()
		a := answer{Env: map[string]string{}, ARN: lc.InvokedFunctionArn, Left: time.Until(deadline), CPUs: runtime.NumCPU()}
		for _, pair := range os.Environ() {
			name, value, _ := strings.Cut(pair, "=")
			a.Env[name] = value
		}
		a.Dir, _ = os.Getwd()
		return a, nil
	}
	return answer{PID: os.Getpid(), Text: e.Text}, nil
}

type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, errors.New("the source dried up") }
