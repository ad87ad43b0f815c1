package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"auth-api/infra/cmd/internal/workspace"
	"gopkg.in/yaml.v3"
)

// unfit are the settings that a pull request's stack cannot share with another, or that
// would outlive it: by their paths, with the value that they get, nil for none.
var unfit = []struct {
	path  string
	value any
}{
	{"domain", nil},
	{"budget", nil},
	{"alarms.emails", nil},
	{"identity.userPoolName", nil},
	{"identity.replaceUserPool", nil},
	{"identity.domainPrefix", nil},
	{"identity.deletionProtection", false}, // it is on where a stack file does not say so
	{"logging.accountRole", false},
}

// writeStackFile writes Pulumi.pr-NUMBER.yaml from the file of another stack, and returns
// its name and which settings it left out or switched off.
func writeStackFile(root, from string, number int) (name string, left []string, err error) {
	name = fmt.Sprintf("Pulumi.pr-%d.yaml", number)
	source := "Pulumi." + from + ".yaml"
	data, err := os.ReadFile(filepath.Join(root, source))
	if err != nil {
		return "", nil, fmt.Errorf("writing %s: %w", name, err)
	}
	project, err := workspace.Workspace{Root: root}.Project()
	if err != nil {
		return "", nil, fmt.Errorf("writing %s: %w", name, err)
	}
	text, left, err := stackFile(data, project)
	if err != nil {
		return "", nil, fmt.Errorf("writing %s from %s: %w", name, source, err)
	}
	head := fmt.Sprintf("# Pull request %d's own stack: made from %s by make pr-stack PR=%d, and gone with it.\n", number, source, number)
	if err := os.WriteFile(filepath.Join(root, name), append([]byte(head), text...), 0o644); err != nil {
		return "", nil, fmt.Errorf("writing %s: %w", name, err)
	}
	return name, left, nil
}

// stackFile is a stack file made fit for a pull request, its comments kept.
func stackFile(data []byte, project string) (text []byte, left []string, err error) {
	var doc yaml.Node
	if err := yaml.Unmarshal(data, &doc); err != nil {
		return nil, nil, err
	}
	if len(doc.Content) != 1 || doc.Content[0].Kind != yaml.MappingNode {
		return nil, nil, errors.New("it is no mapping with a config")
	}
	top := doc.Content[0]
	doc.HeadComment, top.HeadComment = "", "" // of the other stack
	if len(top.Content) > 0 {
		top.Content[0].HeadComment = ""
	}
	// What its secrets are encrypted with. The new stack gets its own.
	remove(top, "encryptionsalt")
	remove(top, "encryptedkey")
	config := child(top, "config")
	if config == nil || config.Kind != yaml.MappingNode {
		return nil, nil, errors.New("it has no config")
	}
	for _, u := range unfit {
		at, key := find(config, project, u.path, u.value != nil)
		if at == nil {
			continue
		}
		value := child(at, key)
		switch {
		case u.value == nil && value == nil:
			continue
		case u.value == nil:
			remove(at, key)
		case value == nil:
			value = &yaml.Node{}
			at.Content = append(at.Content, &yaml.Node{Kind: yaml.ScalarNode, Value: key}, value)
			fallthrough
		default:
			want := fmt.Sprint(u.value)
			if value.Value == want {
				continue
			}
			*value = yaml.Node{Kind: yaml.ScalarNode, Tag: "!!bool", Value: want}
		}
		left = append(left, project+":"+u.path)
	}
	left = append(left, dropSecrets(config, "")...)
	var out bytes.Buffer
	e := yaml.NewEncoder(&out)
	e.SetIndent(2)
	if err := errors.Join(e.Encode(&doc), e.Close()); err != nil {
		return nil, nil, err
	}
	return out.Bytes(), left, nil
}

// find returns the mapping that holds the setting PROJECT:a.b, and its key there; nil when
// there is none, and it is not to be made.
func find(config *yaml.Node, project, path string, make bool) (at *yaml.Node, key string) {
	section, rest, nested := strings.Cut(path, ".")
	key = project + ":" + section
	if !nested {
		return config, key
	}
	at = child(config, key)
	if at == nil && make {
		at = &yaml.Node{Kind: yaml.MappingNode}
		config.Content = append(config.Content, &yaml.Node{Kind: yaml.ScalarNode, Value: key}, at)
	}
	if at == nil || at.Kind != yaml.MappingNode {
		return nil, ""
	}
	return at, rest
}

func child(mapping *yaml.Node, key string) *yaml.Node {
	for i := 0; i+1 < len(mapping.Content); i += 2 {
		if mapping.Content[i].Value == key {
			return mapping.Content[i+1]
		}
	}
	return nil
}

func remove(mapping *yaml.Node, key string) {
	for i := 0; i+1 < len(mapping.Content); i += 2 {
		if mapping.Content[i].Value == key {
			mapping.Content = slices.Delete(mapping.Content, i, i+2)
			return
		}
	}
}

// dropSecrets removes every encrypted value, {secure: CIPHERTEXT}, and names them.
func dropSecrets(node *yaml.Node, path string) (left []string) {
	if node.Kind == yaml.AliasNode || node.Kind == yaml.ScalarNode {
		return nil
	}
	step := 1
	if node.Kind == yaml.MappingNode {
		step = 2
	}
	for i := 0; i+step <= len(node.Content); i += step {
		value := node.Content[i+step-1]
		at := path + fmt.Sprintf("[%d]", i)
		if step == 2 {
			at = strings.TrimPrefix(path+"."+node.Content[i].Value, ".")
		}
		if value.Kind == yaml.MappingNode && len(value.Content) == 2 && value.Content[0].Value == "secure" {
			node.Content = slices.Delete(node.Content, i, i+step)
			left = append(left, at)
			i -= step
			continue
		}
		left = append(left, dropSecrets(value, at)...)
	}
	return left
}
