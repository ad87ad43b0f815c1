// Command stack brings a stack up and down with Pulumi: see stack --help. The make
// targets up, preview, outputs, refresh and destroy call it.
package main

import "auth-api/infra/cmd/internal/cli"

func main() { cli.Main(command()) }
