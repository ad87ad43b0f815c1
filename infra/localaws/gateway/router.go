package gateway

import (
	"crypto/sha256"
	"strings"
)

// router finds the method that serves a request. Routing goes by resource and
// method together: a literal part beats {param}, which beats {proxy+}, but a
// resource without the method does not stand in the way of a less specific one
// that has it.
type router struct{ root *node }

type node struct {
	literal  map[string]*node
	param    *node
	name     string             // of the param, in its parent
	greedy   map[string]*method // by verb, of {name+} below this node
	methods  map[string]*method // by verb
	greedyAs string             // name of the greedy variable
}

func newRouter(methods []*method) *router {
	r := &router{root: &node{}}
	for _, m := range methods {
		n := r.root
		var parts []string
		if m.resource != "/" {
			parts = strings.Split(strings.TrimPrefix(m.resource, "/"), "/")
		}
		for i, part := range parts {
			if name, ok := strings.CutSuffix(part, "+}"); ok && i == len(parts)-1 {
				if n.greedy == nil {
					n.greedy = map[string]*method{}
				}
				n.greedyAs = name[1:]
				n.greedy[m.verb] = m
				n = nil
				break
			}
			n = n.child(part)
		}
		if n != nil {
			if n.methods == nil {
				n.methods = map[string]*method{}
			}
			n.methods[m.verb] = m
		}
	}
	return r
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

// match returns the method that serves verb on path, and the path parameters, still
// percent-encoded as received. The path has one slash at its front.
func (r *router) match(verb, path string) (*method, map[string]string) {
	var values []string
	m, names := r.root.match(verb, strings.TrimPrefix(path, "/"), &values, nil)
	if m == nil || len(names) == 0 {
		return m, nil
	}
	params := make(map[string]string, len(names))
	for i, name := range names {
		params[name] = values[i]
	}
	return m, params
}

func (n *node) match(verb, rest string, values *[]string, names []string) (*method, []string) {
	if rest == "" {
		m := pick(n.methods, verb)
		return m, names
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

func pick(methods map[string]*method, verb string) *method {
	if m := methods[verb]; m != nil {
		return m
	}
	for _, v := range anyVerbs {
		if v == verb {
			return methods["ANY"]
		}
	}
	return nil
}

// resourceID makes the id of a resource out of its path: six lower-case letters and
// digits, the same at every deployment.
func resourceID(path string) string {
	const alphabet = "abcdefghijklmnopqrstuvwxyz0123456789"
	sum := sha256.Sum256([]byte(path))
	id := make([]byte, 6)
	for i := range id {
		id[i] = alphabet[int(sum[i])%len(alphabet)]
	}
	return string(id)
}
