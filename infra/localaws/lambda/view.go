package lambda

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"auth-api/infra/localaws/authz"
	"auth-api/infra/localaws/store"
)

// latest is the version of a function that is as it is declared now.
const latest = "$LATEST"

// view is what was declared, worked out once for each generation of the store.
type view struct {
	generation uint64
	prefix     string // of the functions' ARNs
	functions  map[string]*function
	retention  map[string]int // days, by log group
	unreserved int            // concurrency left for functions that reserve none
}

// function is a version of a declared function with all that an invocation needs of it.
type function struct {
	Function
	version  string        // a number, or $LATEST
	arn      string        // of the function
	group    string        // of its log
	timeout  time.Duration // of an invocation
	reserved int           // concurrency of its own; unlimited by itself when negative
	policy   *authz.Policy // the function's resource policy, nil without permissions
	print    string        // of everything that instances are made from
	vars     []string      // its own environment variables, KEY=value

	// of $LATEST alone
	versions map[string]*function // all of the function, itself too
	aliases  map[string]*alias
}

// view returns what is declared now. When that has changed since the last call, the
// idle instances that no longer fit are ended.
func (s *Service) view() (*view, error) {
	generation := s.config.Store.Generation() // before reading, so that what is read is no older
	if v := s.cached.Load(); v != nil && v.generation == generation {
		return v, nil
	}
	s.loading.Lock()
	defer s.loading.Unlock()
	if v := s.cached.Load(); v != nil && v.generation >= generation {
		return v, nil
	}
	v := &view{generation: generation, prefix: s.arnPrefix()}
	if err := s.config.Store.View(func(tx *store.Tx) error { return v.load(tx, s.cached.Load()) }); err != nil {
		return nil, fmt.Errorf("reading the declared functions: %w", err)
	}
	v.unreserved = s.config.ConcurrencyLimit
	for _, f := range v.functions {
		if f.reserved > 0 {
			v.unreserved -= f.reserved
		}
	}
	s.cached.Store(v)
	s.retire(v)
	return v, nil
}

func (s *Service) arnPrefix() string {
	return "arn:aws:lambda:" + s.config.Region + ":" + s.config.Account + ":function:"
}

// load reads what is declared. before is the view that was good until now, or nil.
func (v *view) load(tx *store.Tx, before *view) error {
	v.functions, v.retention = map[string]*function{}, map[string]int{}
	groups, err := LogGroups.All(tx)
	if err != nil {
		return err
	}
	for _, g := range groups {
		v.retention[g.Value.Name] = g.Value.RetentionInDays
	}
	functions, err := Functions.All(tx)
	if err != nil {
		return err
	}
	for _, f := range functions {
		fn, err := newFunction(f.Value, latest, v.prefix)
		if err != nil {
			return err
		}
		fn.versions, fn.aliases = map[string]*function{latest: fn}, map[string]*alias{}
		v.functions[fn.Name] = fn
	}
	if err := v.loadVersions(tx, before); err != nil {
		return err
	}
	permissions, err := Permissions.All(tx)
	if err != nil {
		return err
	}
	byFunction := map[string][]Permission{}
	for _, p := range permissions {
		name := p.Value.functionName()
		byFunction[name] = append(byFunction[name], p.Value)
	}
	for name, ps := range byFunction {
		fn := v.functions[name]
		if fn == nil {
			continue // as on AWS, a permission goes with its function
		}
		policy, err := authz.ParseResource(policyDocument(v.prefix, ps), nil)
		if err != nil {
			return fmt.Errorf("reading the resource policy of function %s: %w", name, err)
		}
		for _, version := range fn.versions {
			version.policy = policy
		}
	}
	return nil
}

func newFunction(f Function, version, prefix string) (*function, error) {
	f = f.withDefaults()
	fn := &function{
		Function: f,
		version:  version,
		arn:      prefix + f.Name,
		group:    f.logGroup(),
		timeout:  time.Duration(f.Timeout) * time.Second,
		reserved: -1,
	}
	if f.Reserved != nil {
		fn.reserved = *f.Reserved
	}
	if f.Environment != nil {
		for name, value := range f.Environment.Variables {
			fn.vars = append(fn.vars, name+"="+value)
		}
	}
	f.Description = "" // an instance is not made from it: it must not end it when it changes
	var err error
	fn.print, err = f.print()
	return fn, err
}

// memoryPerProcessor is the memory size, in MB, with which a function gets one
// processor's time. Lambda gives processors in proportion to memory.
//
// https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html
const memoryPerProcessor = 1769

// processors is how many processors the function's instances may keep busy, each.
func (fn *function) processors() int {
	return (fn.MemorySize + memoryPerProcessor - 1) / memoryPerProcessor
}

// find returns where an invocation goes that calls by name, ARN or partial ARN, with or
// without a qualifier, and the ARN by which the function sees itself called.
//
// https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html#lambda-Invoke-request-uri-FunctionName
func (v *view) find(called string) (route, string, error) {
	full := called
	switch strings.Count(called, ":") {
	case 0, 1: // NAME, NAME:QUALIFIER
		full = v.prefix + called
	case 2, 3: // ACCOUNT:function:NAME, with a qualifier
		full = strings.Join(strings.Split(v.prefix, ":")[:4], ":") + ":" + called
	}
	rest, ours := strings.CutPrefix(full, v.prefix)
	name, qualifier, qualified := strings.Cut(rest, ":")
	fn := v.functions[name]
	if ours && fn != nil {
		if !qualified {
			return route{fn: fn}, full, nil
		}
		if version := fn.versions[qualifier]; version != nil {
			return route{fn: version}, full, nil
		}
		if alias := fn.aliases[qualifier]; alias != nil {
			return alias.route, full, nil
		}
	}
	return route{}, full, errNotFound(full)
}

// nameOf splits a function's name or ARN, or part of an ARN, into name and qualifier.
func nameOf(function string) (name, qualifier string) {
	parts := strings.Split(function, ":")
	switch len(parts) {
	case 1, 2: // NAME, NAME:QUALIFIER
	case 3, 4: // ACCOUNT:function:NAME
		parts = parts[2:]
	case 7, 8: // arn:aws:lambda:REGION:ACCOUNT:function:NAME
		parts = parts[6:]
	default:
		return "", ""
	}
	if len(parts) == 2 {
		qualifier = parts[1]
	}
	return parts[0], qualifier
}

// functionName is the name in a permission's function, which may be an ARN.
func (p Permission) functionName() string {
	name, _ := nameOf(p.Function)
	return name
}

// Resource is what the statement is about: a function's name, with the qualifier behind
// it when the statement has one.
func (p Permission) Resource() string {
	name, qualifier := nameOf(p.Function)
	if p.Qualifier != "" {
		qualifier = p.Qualifier
	}
	if qualifier == "" {
		return name
	}
	return name + ":" + qualifier
}

// statement is a statement of a function's resource policy as GetPolicy shows it.
type statement struct {
	SID       string                       `json:"Sid"`
	Effect    string                       `json:"Effect"`
	Principal any                          `json:"Principal"`
	Action    string                       `json:"Action"`
	Resource  string                       `json:"Resource"`
	Condition map[string]map[string]string `json:"Condition,omitempty"`
}

// policyDocument is the resource policy that the permissions of a function make up. On
// AWS each alias and each version has a policy of its own; as a statement names its
// resource, one document decides the same: what is permitted on the function is not on its
// alias, nor the other way round.
//
// https://docs.aws.amazon.com/lambda/latest/api/API_AddPermission.html
// https://docs.aws.amazon.com/lambda/latest/dg/using-aliases.html
func policyDocument(prefix string, permissions []Permission) string {
	document := struct {
		Version   string
		Statement []statement
	}{Version: "2012-10-17"}
	for _, p := range permissions {
		st := statement{SID: p.StatementID, Effect: "Allow", Principal: p.principal(), Action: p.Action, Resource: prefix + p.Resource(), Condition: map[string]map[string]string{}}
		if p.SourceARN != "" {
			st.Condition["ArnLike"] = map[string]string{"AWS:SourceArn": p.SourceARN}
		}
		if p.SourceAccount != "" {
			st.Condition["StringEquals"] = map[string]string{"AWS:SourceAccount": p.SourceAccount}
		}
		document.Statement = append(document.Statement, st)
	}
	text, err := json.Marshal(document)
	if err != nil {
		panic(err) // strings alone
	}
	return string(text)
}

func (p Permission) principal() any {
	switch {
	case p.Principal == "*":
		return "*"
	case isService(p.Principal):
		return map[string]string{"Service": p.Principal}
	case len(p.Principal) == 12 && strings.Trim(p.Principal, "0123456789") == "":
		return map[string]string{"AWS": "arn:aws:iam::" + p.Principal + ":root"}
	}
	return map[string]string{"AWS": p.Principal}
}

// isService reports whether a principal is an AWS service, such as apigateway.amazonaws.com.
func isService(principal string) bool {
	return !strings.Contains(principal, ":") && strings.HasSuffix(principal, ".amazonaws.com")
}

// permits decides whether a service may invoke the function by this ARN. It returns an
// error that wraps ErrNotPermitted, and nil for callers that are no service.
func (fn *function) permits(in Invocation, arn, account string) error {
	if !isService(in.Principal) {
		return nil
	}
	request, policies := fn.permission(in, arn, account)
	if d := authz.Decide(request, policies); !d.Allowed {
		return fmt.Errorf("invoking %s for %s on behalf of %s: %w: %s", strings.TrimPrefix(arn, fn.arn[:len(fn.arn)-len(fn.Name)]), in.Principal, in.SourceARN, ErrNotPermitted, d.Reason)
	}
	return nil
}

// permission is what is to be decided when a service invokes the function by this ARN.
func (fn *function) permission(in Invocation, arn, account string) (authz.Request, authz.Policies) {
	if in.SourceAccount != "" {
		account = in.SourceAccount
	}
	policies := authz.Policies{}
	if fn.policy != nil {
		policies.Resource = &authz.Source{Name: "resource policy of function " + fn.Name, Policy: fn.policy}
	}
	request := authz.Request{
		Action:    "lambda:InvokeFunction",
		Resource:  arn,
		Principal: authz.Principal{Service: in.Principal},
		Context:   authz.Context{"AWS:SourceAccount": {account}},
	}
	if in.SourceARN != "" {
		request.Context["AWS:SourceArn"] = []string{in.SourceARN}
	}
	return request, policies
}
