// Command local runs the local AWS of this checkout: see local --help.
package main

import "auth-api/infra/cmd/internal/cli"

func main() { cli.Main(command()) }
