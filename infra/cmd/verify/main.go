// Command verify attacks a deployed stack on purpose and tells whether it holds: see
// verify --help. The make target verify calls it.
package main

import "auth-api/infra/cmd/internal/cli"

func main() { cli.Main(command()) }
