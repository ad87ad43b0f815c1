// Command call calls a route of a deployed stack as somebody: see call --help.
package main

import "auth-api/infra/cmd/internal/cli"

func main() { cli.Main(command()) }
