// Command fuzz runs every fuzzer of the module for a short while, one after the other:
//
//	go run ./infra/cmd/fuzz -time 3s
//
// It prints a line for each, and ends with 1 when one has failed, after naming the file
// with the input that it failed on. go test repeats that input from then on.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "fuzz:", err)
		os.Exit(1)
	}
}
