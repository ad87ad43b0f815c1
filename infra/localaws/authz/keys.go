package authz

import (
	"sort"
	"strings"
)

// key is a condition key that the local AWS fills in, or knows to be absent.
type key struct {
	multi bool // it may have many values
}

// keys are the condition keys that a policy may use, in lower case. A key that ends
// in / is a family. A key that is not listed is refused when a policy is parsed: a
// condition that never sees its key would hold or fail for the wrong reason.
//
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
var keys = map[string]key{
	"aws:currenttime":                    {},
	"aws:epochtime":                      {},
	"aws:federatedprovider":              {},
	"aws:principalaccount":               {},
	"aws:principalarn":                   {},
	"aws:principalisawsservice":          {},
	"aws:principalservicename":           {},
	"aws:principaltag/":                  {},
	"aws:principaltype":                  {},
	"aws:referer":                        {},
	"aws:requestedregion":                {},
	"aws:resourceaccount":                {},
	"aws:securetransport":                {},
	"aws:sourceaccount":                  {},
	"aws:sourcearn":                      {},
	"aws:sourceip":                       {},
	"aws:sourcevpc":                      {}, // never present: the endpoints are public
	"aws:sourcevpce":                     {}, // never present, likewise
	"aws:tokenissuetime":                 {},
	"aws:useragent":                      {},
	"aws:userid":                         {},
	"aws:username":                       {}, // never present for roles and the root user, as on AWS
	"aws:viaawsservice":                  {},
	"cognito-identity.amazonaws.com:amr": {multi: true},
	"cognito-identity.amazonaws.com:aud": {},
	"cognito-identity.amazonaws.com:sub": {},
	"kms:viaservice":                     {}, // never present: nobody asks for a key here
	"lambda:sourcefunctionarn":           {}, // of what a function's own code asks for
	"sts:externalid":                     {}, // of AssumeRole
	"sts:rolesessionname":                {}, // when a role is assumed
}

// supportedKey looks a condition key up, without regard to case.
func supportedKey(name string) (key, bool) {
	name = strings.ToLower(name)
	if family, tag, ok := strings.Cut(name, "/"); ok {
		k, known := keys[family+"/"]
		return k, known && tag != ""
	}
	k, known := keys[name]
	return k, known
}

// keyNames lists the supported keys for an error message.
func keyNames() string {
	names := make([]string, 0, len(keys))
	for name := range keys {
		if strings.HasSuffix(name, "/") {
			name += "TAG"
		}
		names = append(names, name)
	}
	sort.Strings(names)
	return strings.Join(names, ", ")
}
