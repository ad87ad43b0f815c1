package named_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// own is a file of the checkout in which the project's name stands.
var own = regexp.MustCompile(`(^|/)Pulumi\.`)

// A test that reads the checkout's Pulumi.yaml or stack files by itself holds when the
// project is called auth-api, and fails in the project that pulumi new makes. So tests, and
// what tests are made of, read them by this package; these few look at what has no name.
func TestTestsReadTheProjectsFilesHere(t *testing.T) {
	allowed := map[string]string{
		"cmd/pr/stackfile_test.go":      "seeds of a fuzzer",
		"network/plan/settings_test.go": "the settings of infra/network, and how its name ends",
		"settings/settings_test.go":     "the settings and their defaults",
	}
	read := 0
	err := filepath.WalkDir("../..", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || filepath.Ext(path) != ".go" || !strings.HasSuffix(path, "_test.go") && filepath.Base(filepath.Dir(path)) != "awstest" {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		if err != nil {
			return err
		}
		name := strings.TrimPrefix(filepath.ToSlash(path), "../../")
		ast.Inspect(file, func(n ast.Node) bool {
			call, is := n.(*ast.CallExpr)
			if !is {
				return true
			}
			f, is := call.Fun.(*ast.SelectorExpr)
			if !is || f.Sel.Name != "ReadFile" && f.Sel.Name != "Open" {
				return true
			}
			for _, arg := range call.Args {
				ast.Inspect(arg, func(n ast.Node) bool {
					text, is := n.(*ast.BasicLit)
					if !is || text.Kind != token.STRING {
						return true
					}
					if value, err := strconv.Unquote(text.Value); err != nil || !own.MatchString(value) {
						return true
					}
					read++
					if allowed[name] == "" {
						t.Errorf("infra/%s reads %s by itself: what it says is otherwise where the project has another name; read it by named.Read", name, text.Value)
					}
					return true
				})
			}
			return true
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if read < 3 {
		t.Errorf("%d such calls were found, and there are three that may be", read)
	}
}
