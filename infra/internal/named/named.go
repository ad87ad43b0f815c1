// Package named reads the name of the project from its files, and gives them another.
//
// The project may be called anything, since pulumi new and make rename call it so. Tests
// hold texts and goldens in which it has a name, Example; they read the checkout's own
// files by Read, so that they say the same whatever it is called.
package named

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// Example is what the project is called in documentation, tests and their goldens.
const Example = "auth-api"

// Workflows begins the names of the roles and policies that infra/ci makes for the project.
func Workflows(project string) string { return project + "-ci-" }

// Boundary is the name of the policy under which alone the roles of infra/ci make roles.
func Boundary(project string) string { return Workflows(project) + "boundary" }

var (
	project = regexp.MustCompile(`(?m)^name: *["']?([A-Za-z0-9._-]+)["']? *$`)
	routes  = regexp.MustCompile(`(?m)^ +["']?([A-Za-z0-9_.-]+):routes["']?:`)
)

// Project is the name of the project in the text of a Pulumi.yaml.
func Project(text string) (string, error) {
	m := project.FindStringSubmatch(text)
	if m == nil {
		return "", errors.New("it has no line name: NAME")
	}
	return m[1], nil
}

// Of is the name of the project whose Pulumi.yaml is in the folder.
func Of(folder string) (string, error) {
	data, err := os.ReadFile(filepath.Join(folder, "Pulumi.yaml"))
	if err != nil {
		return "", fmt.Errorf("reading the project's name: %w", err)
	}
	name, err := Project(string(data))
	if err != nil {
		return "", fmt.Errorf("reading the project's name: %s: %w", filepath.Join(folder, "Pulumi.yaml"), err)
	}
	return name, nil
}

// GiveProject gives a Pulumi.yaml another name.
func GiveProject(text, name string) (string, error) {
	if _, err := Project(text); err != nil {
		return "", err
	}
	return project.ReplaceAllLiteralString(text, "name: "+name), nil
}

// GiveStack gives a stack file of the project another name. The one that it has is that of
// its own routes, since after pulumi new the Pulumi.yaml beside it has another already.
func GiveStack(text, name string) (string, error) {
	m := routes.FindStringSubmatch(text)
	if m == nil {
		return "", errors.New("it has no routes: it is no stack file of this project")
	}
	return Keys(text, m[1], name), nil
}

// Keys calls what a stack file says of the project from otherwise: the keys that begin with
// its name, in comments too; the boundary of infra/ci, and the stacks of infra/network.
func Keys(text, from, to string) string {
	from = regexp.QuoteMeta(from)
	text = regexp.MustCompile(`(^|[^A-Za-z0-9_./:-])`+from+`(:[A-Za-z])`).ReplaceAllString(text, "${1}"+to+"${2}")
	return regexp.MustCompile(`(^|[^A-Za-z0-9_.-])`+from+`(-ci-boundary\b|-network/)`).ReplaceAllString(text, "${1}"+to+"${2}")
}

// Read is the text of a Pulumi.yaml or a stack file of the project, as if the project were
// called Example.
func Read(file string) (string, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return "", err
	}
	text := string(data)
	switch base := filepath.Base(file); {
	case base == "Pulumi.yaml":
		text, err = GiveProject(text, Example)
	case strings.HasPrefix(base, "Pulumi.") && strings.HasSuffix(base, ".yaml"):
		text, err = GiveStack(text, Example)
	}
	if err != nil {
		return "", fmt.Errorf("%s: %w", file, err)
	}
	return text, nil
}
