package openapi

import (
	"crypto/sha256"
	"slices"
	"strings"
)

// node is a place in the tree of resources, below which its parts go on.
type node struct {
	literal  map[string]*node
	param    *node
	name     string             // of the param, in its parent
	greedy   map[string]*Method // by verb, of {name+} below this node
	methods  map[string]*Method // by verb
	greedyAs string             // name of the greedy variable
}

func newRoutes(methods []*Method) *node {
	root := &node{}
	for _, m := range methods {
		n := root
		var parts []string
		if m.ResourcePath != "/" {
			parts = strings.Split(strings.TrimPrefix(m.ResourcePath, "/"), "/")
		}
		for i, part := range parts {
			if name, ok := strings.CutSuffix(part, "+}"); ok && i == len(parts)-1 {
				if n.greedy == nil {
					n.greedy = map[string]*Method{}
				}
				n.greedyAs = name[1:]
				n.greedy[m.HTTPMethod] = m
				n = nil
				break
			}
			n = n.child(part)
		}
		if n != nil {
			if n.methods == nil {
				n.methods = map[string]*Method{}
			}
			n.methods[m.HTTPMethod] = m
		}
	}
	return root
}

func (n *node) child(part string) *node {
	if strings.HasPrefix(part, "{") {
		if n.param == nil {
			n.param = &node{name: part[1 : len(part)-1]}
		}
		return n.param
	}
	if n.literal == nil {
		n.literal = map[string]*node{}
	}
	c := n.literal[part]
	if c == nil {
		c = &node{}
		n.literal[part] = c
	}
	return c
}

// Match returns the method that serves verb on path, nil when there is none, and the
// path parameters, still percent-encoded as received. The path has one slash at its
// front.
//
// Routing goes by resource and method together: a literal part beats {param}, which
// beats {proxy+}, but a resource without the method does not stand in the way of a
// less specific one that has it.
func (doc *Document) Match(verb, path string) (*Method, map[string]string) {
	var values []string
	m, names := doc.routes.match(verb, strings.TrimPrefix(path, "/"), &values, nil)
	if m == nil || len(names) == 0 {
		return m, nil
	}
	params := make(map[string]string, len(names))
	for i, name := range names {
		params[name] = values[i]
	}
	return m, params
}

func (n *node) match(verb, rest string, values *[]string, names []string) (*Method, []string) {
	if rest == "" {
		return pick(n.methods, verb), names
	}
	part, after, more := strings.Cut(rest, "/")
	if part != "" && (!more || after != "") { // a trailing slash or an empty part matches greedy resources alone
		if c := n.literal[part]; c != nil {
			if m, found := c.match(verb, after, values, names); m != nil {
				return m, found
			}
		}
		if c := n.param; c != nil {
			depth := len(*values)
			*values = append(*values, part)
			if m, found := c.match(verb, after, values, append(names, c.name)); m != nil {
				return m, found
			}
			*values = (*values)[:depth]
		}
	}
	if m := pick(n.greedy, verb); m != nil {
		if trimmed := strings.TrimRight(rest, "/"); trimmed != "" {
			*values = append(*values, trimmed)
			return m, append(names, n.greedyAs)
		}
	}
	return nil, nil
}

func pick(methods map[string]*Method, verb string) *Method {
	if m := methods[verb]; m != nil {
		return m
	}
	if slices.Contains(anyVerbs, verb) {
		return methods["ANY"]
	}
	return nil
}

// makeID makes the id of a resource out of its path, or of an authorizer out of its
// name: six lower-case letters and digits, the same at every deployment.
func makeID(of string) string {
	const alphabet = "abcdefghijklmnopqrstuvwxyz0123456789"
	sum := sha256.Sum256([]byte(of))
	id := make([]byte, 6)
	for i := range id {
		id[i] = alphabet[int(sum[i])%len(alphabet)]
	}
	return string(id)
}
