//go:build tools

// Package toolchain pins what the project needs on a machine that has Go and
// nothing else: the Pulumi CLI, a Go language host for it (pulumi-language-go
// beside this file) and the checks of make ci. It is a module of its own, so that
// none of their dependencies reach the program. make builds them into bin/.
package toolchain

import (
	_ "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi"
	_ "honnef.co/go/tools/cmd/staticcheck"
)
