// Command fuzz runs every fuzzer of the module for a short while: see fuzz --help.
package main

import "auth-api/infra/cmd/internal/cli"

func main() { cli.Main(command()) }
