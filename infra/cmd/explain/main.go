// Command explain tells why somebody may call a route, or may not: see explain --help.
package main

import "auth-api/infra/cmd/internal/cli"

func main() { cli.Main(command()) }
