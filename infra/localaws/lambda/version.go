package lambda

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"

	"auth-api/infra/localaws/store"
)

// A function's published versions: the function as it was then, by its name and the
// version's number. They stay until the function goes.
var versions = store.Table[Function]{Name: "lambda.versions"}

// lastVersions are the numbers that were given out last, by function. They outlive the
// function: a number is never given out again, not even by a function of the same name.
//
// https://docs.aws.amazon.com/lambda/latest/dg/configuration-versions.html
var lastVersions = store.Table[int]{Name: "lambda.lastVersions"}

// versionKey has so many digits that keys are in the order of their numbers.
func versionKey(name string, number int) string { return fmt.Sprintf("%s/%020d", name, number) }

// Derive sets what Lambda works out from the other properties of a function, and what it
// gives those that were left out.
func (s *Service) Derive(f *Function) {
	*f = f.withDefaults()
	f.ARN = s.arnPrefix() + f.Name
	f.InvokeARN = s.invokeARN(f.ARN)
	if f.Version == "" {
		f.Version = latest
	}
	f.QualifiedARN = f.ARN + ":" + f.Version
	f.QualifiedInvokeARN = s.invokeARN(f.QualifiedARN)
	f.CodeSHA256 = f.Code.SHA256
	f.TagsAll = f.Tags
}

// invokeARN is what API Gateway's integrations and authorizers call a function by.
func (s *Service) invokeARN(arn string) string {
	return "arn:aws:apigateway:" + s.config.Region + ":lambda:path/2015-03-31/functions/" + arn + "/invocations"
}

// FunctionChanged is told of a function that is made (before is nil) or changed, inside
// the provider's transaction, after Derive. It checks the function, as FunctionDeclared
// does, and its right to its network, and publishes a version if the function asks for
// that and has changed since the last: then after gets the version's number and ARNs.
//
// https://docs.aws.amazon.com/lambda/latest/api/API_PublishVersion.html
func (s *Service) FunctionChanged(tx *store.Tx, before, after *Function) error {
	if err := s.FunctionDeclared(tx, after.Name, *after); err != nil {
		return err
	}
	if err := s.checkNetworkRights(before, *after); err != nil {
		return err
	}
	if !after.Publish {
		return nil
	}
	number, err := s.publish(tx, *after)
	if err != nil {
		return err
	}
	after.Version = strconv.Itoa(number)
	s.Derive(after)
	return nil
}

// publish returns the number of the version that the function is, a new one unless it is
// the last one still.
func (s *Service) publish(tx *store.Tx, f Function) (int, error) {
	number, _, err := lastVersions.Get(tx, f.Name)
	if err != nil {
		return 0, err
	}
	last, found, err := versions.Get(tx, versionKey(f.Name, number))
	if err != nil {
		return 0, err
	}
	if found {
		is, err := f.print()
		if err != nil {
			return 0, err
		}
		was, err := last.print()
		if err != nil || is == was {
			return number, err
		}
	}
	number++
	f.Version, f.Tags, f.TagsAll = strconv.Itoa(number), nil, nil // tags are the function's
	s.Derive(&f)
	if err := lastVersions.Put(tx, f.Name, number); err != nil {
		return 0, err
	}
	return number, versions.Put(tx, versionKey(f.Name, number), f)
}

// print is everything that makes a version of a function what it is. What belongs to the
// function as a whole is not in it.
func (f Function) print() (string, error) {
	f = f.withDefaults()
	f.Publish, f.Tags, f.TagsAll, f.Reserved = false, nil, nil, nil
	f.ARN, f.InvokeARN, f.QualifiedARN, f.QualifiedInvokeARN = "", "", "", ""
	f.Version, f.LastModified, f.CodeSHA256 = "", "", ""
	text, err := json.Marshal(f)
	if err != nil {
		return "", fmt.Errorf("reading function %s: %w", f.Name, err)
	}
	return string(text), nil
}

// deleteVersions forgets the versions and aliases of a function that goes.
func deleteVersions(tx *store.Tx, name string) error {
	published, err := versions.List(tx, name+"/")
	if err != nil {
		return err
	}
	for _, f := range published {
		if err := versions.Delete(tx, f.Key); err != nil {
			return err
		}
	}
	aliases, err := Aliases.All(tx)
	if err != nil {
		return err
	}
	for _, a := range aliases {
		if of, _ := nameOf(a.Value.FunctionName); of == name {
			if err := Aliases.Delete(tx, a.ID); err != nil {
				return err
			}
		}
	}
	return nil
}

// alias is a declared alias and where it leads to.
type alias struct {
	Alias
	route
}

// route is where an invocation goes: to one version, or by lot to another.
type route struct {
	fn     *function
	other  *function // nil when there is one alone
	weight float64   // how likely the other is, 0 to 1
}

// draw returns the version that an invocation goes to.
//
// https://docs.aws.amazon.com/lambda/latest/dg/configuring-alias-routing.html
func (r route) draw(random io.Reader) (*function, error) {
	if r.other == nil {
		return r.fn, nil
	}
	var b [8]byte
	if _, err := io.ReadFull(random, b[:]); err != nil {
		return nil, errService(fmt.Errorf("drawing a version: %w", err))
	}
	const bits = 53 // of a float64
	if float64(binary.BigEndian.Uint64(b[:])>>(64-bits))/(1<<bits) < r.weight {
		return r.other, nil
	}
	return r.fn, nil
}

// loadVersions adds their versions and aliases to the functions. Versions are many and
// never change: those that the view before has are not read again.
func (v *view) loadVersions(tx *store.Tx, before *view) error {
	for _, key := range store.Keys(tx, versions.Name) {
		name, digits, _ := strings.Cut(key, "/")
		fn := v.functions[name]
		if fn == nil {
			continue // as on AWS, a version goes with its function
		}
		number := strings.TrimLeft(digits, "0")
		version := before.version(name, number)
		if version == nil {
			var err error
			if version, err = v.readVersion(tx, key); err != nil {
				return err
			}
		}
		version.reserved = fn.reserved // concurrency is the function's as a whole
		fn.versions[number] = version
	}
	aliases, err := Aliases.All(tx)
	if err != nil {
		return err
	}
	for _, a := range aliases {
		name, _ := nameOf(a.Value.FunctionName)
		fn := v.functions[name]
		if fn == nil || fn.versions[a.Value.FunctionVersion] == nil {
			continue
		}
		to := &alias{Alias: a.Value, route: route{fn: fn.versions[a.Value.FunctionVersion]}}
		if r := a.Value.RoutingConfig; r != nil {
			for version, weight := range r.AdditionalVersionWeights { // one at most
				to.other, to.weight = fn.versions[version], weight
			}
		}
		fn.aliases[to.Name] = to
	}
	return nil
}

// version returns a published version for another view, nil when this one does not have it.
func (v *view) version(name, number string) *function {
	if v == nil || v.functions[name] == nil || v.functions[name].versions[number] == nil {
		return nil
	}
	version := *v.functions[name].versions[number]
	version.policy = nil // it is the other view's to say
	return &version
}

func (v *view) readVersion(tx *store.Tx, key string) (*function, error) {
	f, _, err := versions.Get(tx, key)
	if err != nil {
		return nil, err
	}
	return newFunction(f, f.Version, v.prefix)
}

// names reports whether a version is reached by a name: $LATEST, and what an alias leads to.
func (fn *function) names(version string) bool {
	if version == latest {
		return true
	}
	for _, a := range fn.aliases {
		if a.fn.version == version || a.other != nil && a.other.version == version {
			return true
		}
	}
	return false
}
