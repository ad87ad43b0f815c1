// Package cmd holds all of the project's commands to what their users rely on.
package cmd

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Every command, also one that is added, checks itself (package friendly), and ends by
// the exit codes that all have in common.
func TestEveryToolIsFriendly(t *testing.T) {
	folders, err := filepath.Glob("*/main.go")
	if err != nil || len(folders) < 5 {
		t.Fatalf("the commands are not found: %v %v", folders, err)
	}
	for _, main := range folders {
		folder := filepath.Dir(main)
		if !calls(t, main, "cli", "Main") {
			t.Errorf("infra/cmd/%s does not end by cli.Main, and so not by the exit codes of all commands", folder)
		}
		tests, err := filepath.Glob(filepath.Join(folder, "*_test.go"))
		if err != nil {
			t.Fatal(err)
		}
		checked := false
		for _, file := range tests {
			checked = checked || calls(t, file, "friendly", "Check")
		}
		if !checked {
			t.Errorf("no test of infra/cmd/%s calls friendly.Check(t, command, …)", folder)
		}
	}
}

// calls reports whether a file calls a function of a package.
func calls(t *testing.T, file, pkg, name string) bool {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	tree, err := parser.ParseFile(token.NewFileSet(), file, data, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	found := false
	ast.Inspect(tree, func(n ast.Node) bool {
		if call, is := n.(*ast.CallExpr); is {
			if s, is := call.Fun.(*ast.SelectorExpr); is && s.Sel.Name == name {
				if id, is := s.X.(*ast.Ident); is && strings.EqualFold(id.Name, pkg) {
					found = true
				}
			}
		}
		return true
	})
	return found
}
