// Package inspect answers who may call what in a stack, as it is deployed and as its
// program would have it, without touching either: the resources are declared in a local
// AWS that lives for the moment, whose gateway and IAM decide (package access).
//
// As deployed: the resources of the stack's state, with the ids that they have. As
// planned: the Pulumi program, run in this process over the stack file, with no engine
// and no function built. Both work for stacks on AWS as for local ones; AWS is not asked.
package inspect

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"auth-api/infra/localaws"
	"auth-api/infra/localaws/access"
	"auth-api/infra/localaws/provider"
	"github.com/alexedwards/argon2id"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// momentary starts a local AWS that is gone when it is ended.
func momentary(region string) (aws *localaws.Server, end func() error, err error) {
	dir, err := os.MkdirTemp("", "auth-api-access-")
	if err != nil {
		return nil, nil, fmt.Errorf("making a folder for a momentary local AWS: %w", err)
	}
	aws, err = localaws.Start(localaws.Config{Dir: dir, Region: region, Tune: func(rooms *localaws.Rooms) {
		rooms.UserPool.PasswordHash = &argon2id.Params{Memory: 64, Iterations: 1, Parallelism: 1, SaltLength: 16, KeyLength: 32} // nobody signs in
	}})
	if err != nil {
		return nil, nil, errors.Join(err, os.RemoveAll(dir))
	}
	return aws, func() error {
		return errors.Join(aws.Close(context.Background()), os.RemoveAll(dir))
	}, nil
}

// tables asks who may call what, and adds what was left out to the notes.
func tables(m Moment, from string) ([]access.Table, error) {
	found, err := access.Of(m.AWS, from)
	if err != nil {
		return nil, err
	}
	for i := range found {
		found[i].Notes = append(found[i].Notes, m.Notes...)
	}
	return found, nil
}

// leftOut is what the tables do not consider.
type leftOut map[string]bool

// leaves reports whether a resource of the type is left out, and takes note. Users are:
// the table speaks of kinds of callers. So are types that the local AWS does not know, of
// services that have no say in who may call; of the others the declaration fails.
func (l leftOut) leaves(p *provider.Provider, token string) bool {
	service, _, _ := strings.Cut(strings.TrimPrefix(token, "aws:"), "/")
	if service == "wafv2" {
		l["what a web ACL of AWS WAF lets through"] = true
	}
	switch {
	case token == "aws:cognito/user:User", token == "aws:cognito/userInGroup:UserInGroup":
		return true
	case p.Knows(token), slices.Contains(deciding, service):
		return false
	}
	l["resources of type "+token] = true
	return true
}

// deciding are the services whose resources decide who may call. Of those of lambda
// the role does, which the local AWS knows.
var deciding = []string{"apigateway", "cognito", "iam", "lambda"}

// secrets takes note of the properties that a state does not tell, of resources that have
// a say in who may call. Those of API keys and identity providers have none.
func (l leftOut) secrets(name, token string, inputs resource.PropertyMap) {
	service, _, _ := strings.Cut(strings.TrimPrefix(token, "aws:"), "/")
	switch {
	case service == "lambda", !slices.Contains(deciding, service):
	case token == "aws:apigateway/apiKey:ApiKey", token == "aws:cognito/identityProvider:IdentityProvider":
	default:
		for key, v := range inputs {
			if v.ContainsSecrets() {
				l["what the secret "+string(key)+" of "+name+" says"] = true
			}
		}
	}
}

// considered are a resource's inputs without the properties that the local AWS does not
// know, where these have no say in who may call, such as a function's tracing. With others
// the declaration fails.
func considered(p *provider.Provider, token string, inputs resource.PropertyMap) resource.PropertyMap {
	service, _, _ := strings.Cut(strings.TrimPrefix(token, "aws:"), "/")
	if service != "lambda" && slices.Contains(deciding, service) || !p.Knows(token) {
		return inputs
	}
	out := resource.PropertyMap{}
	for key, v := range inputs {
		if strings.HasPrefix(string(key), "__") || p.Takes(token, string(key)) {
			out[key] = v
		}
	}
	return out
}

// unbounded are a role's inputs without its permissions boundary, which is a policy of the
// account that the stack does not declare, and of which only the name is known here. It
// gives nobody anything: what is refused without it stays refused.
func (l leftOut) unbounded(token string, inputs resource.PropertyMap) resource.PropertyMap {
	arn := inputs["permissionsBoundary"]
	if token != "aws:iam/role:Role" || !arn.IsString() || arn.StringValue() == "" {
		return inputs
	}
	_, name, _ := strings.Cut(arn.StringValue(), ":policy/")
	l["what else the permissions boundary "+name+" may refuse to all roles"] = true
	out := inputs.Copy()
	delete(out, "permissionsBoundary")
	return out
}

func (l leftOut) notes() []string {
	var out []string
	for what := range l {
		out = append(out, "not considered: "+what)
	}
	slices.Sort(out)
	return out
}
