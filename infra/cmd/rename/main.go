// Command rename gives the project another name: see rename --help. The make target rename
// calls it.
package main

import "auth-api/infra/cmd/internal/cli"

func main() { cli.Main(command()) }
