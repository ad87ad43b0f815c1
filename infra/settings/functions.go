package settings

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
)

// Function is how one Lambda function runs.
type Function struct {
	Memory           int // MB
	Timeout          int // seconds
	LogRetentionDays int
}

// readFunctions reads what is said of functions, by their names, and what holds for one
// of which nothing is said.
func readFunctions(o object) map[string]Function {
	said := map[string]Function{}
	o.named("functions", "NAME", "How functions run, by their names: a function is a folder of functions/.", func(name string, o object) {
		said[name] = readFunction(o)
	})
	said[""] = readFunction((&problems{}).newObject("", nil))
	return said
}

func readFunction(o object) Function {
	return Function{
		Memory: o.integer("memory", 128, 128, 10_240, "MB; processors grow with it.", cost("0.0000133334 USD a GB and second, arm64")),
		// API Gateway waits 29 seconds for a function, so that a longer run is paid
		// for and answers nobody.
		Timeout:          o.integer("timeout", 10, 1, 29, "Seconds; API Gateway waits for 29 at most."),
		LogRetentionDays: o.oneOf("logRetentionDays", 30, retentions, "days", "How long its log is kept.", cost("CloudWatch Logs, 0.50 USD a GB written, 0.03 a GB and month kept")),
	}
}

// usedFunctions are the functions that something names.
func usedFunctions(o object, s *Settings, said map[string]Function, known []string) map[string]Function {
	out := map[string]Function{}
	use := func(name string) {
		if name == "" { // which is told already
			return
		}
		f, ok := said[name]
		if !ok {
			f = said[""]
		}
		out[name] = f
	}
	for _, r := range s.Routes {
		use(r.Function)
	}
	for _, name := range s.Identity.Triggers.Functions() {
		use(name)
	}
	for _, name := range sortedKeys(said) {
		switch _, used := out[name]; {
		case name == "" || used:
		case !slices.Contains(known, name):
			o.p.add(o.at("functions."+name), "is not a function%s: legal are %s", meant(name, known), joined(known))
		default:
			o.p.add(o.at("functions."+name), "is for a function that no route names")
		}
	}
	return out
}

// functionNames are the folders of functionsDir that hold a function.
func functionNames(functionsDir string) ([]string, error) {
	mains, err := filepath.Glob(filepath.Join(functionsDir, "*", "main.go"))
	if err != nil {
		return nil, fmt.Errorf("listing the functions in %s: %w", functionsDir, err)
	}
	if len(mains) == 0 {
		if _, err := os.Stat(functionsDir); err != nil {
			return nil, fmt.Errorf("listing the functions: %w", err)
		}
	}
	names := []string{}
	for _, main := range mains {
		if name := filepath.Base(filepath.Dir(main)); isFunctionName(name) {
			names = append(names, name)
		}
	}
	return names, nil
}

// isFunctionName tells whether a folder's name can be part of a Lambda function's name.
func isFunctionName(name string) bool {
	return regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_-]*$`).MatchString(name)
}
