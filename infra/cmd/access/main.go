// Command access tells who may call what in a stack: see access --help. The make target
// access calls it, and make preview ends with what it says of the change.
package main

import "auth-api/infra/cmd/internal/cli"

func main() { cli.Main(command()) }
