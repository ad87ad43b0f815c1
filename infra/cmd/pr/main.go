// Command pr is what pull requests need besides Pulumi: see pr --help. The make targets
// pr-stack and pr-comment call it.
package main

import "auth-api/infra/cmd/internal/cli"

func main() { cli.Main(command()) }
