package roles

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// Settings are what a stack file of this project says.
type Settings struct {
	Repository      string // OWNER/NAME
	StateBucket     string
	StateKeyARN     string // empty: none
	OIDCProviderARN string // empty: it is made
	DeployedProject string // empty in the stack file: this project's name without -ci
}

var rules = map[string]struct {
	legal *regexp.Regexp
	is    string
}{
	// No wildcards: they would let others' repositories in.
	"repository":      {regexp.MustCompile(`^[A-Za-z0-9-]+/[A-Za-z0-9._-]+$`), "OWNER/NAME, letters, digits, - . and _"},
	"stateBucket":     {regexp.MustCompile(`^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$`), "a bucket's name"},
	"stateKeyArn":     {regexp.MustCompile(`^(arn:aws[a-z-]*:kms:[a-z0-9-]+:\d{12}:key/[A-Za-z0-9-]+)?$`), "the ARN of a KMS key, or nothing"},
	"oidcProviderArn": {regexp.MustCompile(`^(arn:aws[a-z-]*:iam::\d{12}:oidc-provider/` + regexp.QuoteMeta(Issuer) + `)?$`), "the ARN of the provider for " + Issuer + ", or nothing"},
	"deployedProject": {regexp.MustCompile(`^[a-z][a-z0-9-]{0,30}$`), "up to 31 small letters, digits and -"},
}

// Parse checks what a stack file says. Keys of other namespaces than the project's are
// none of its business; all that is wrong is told at once.
func Parse(project, stack string, config map[string]string) (Settings, error) {
	var s Settings
	fields := map[string]*string{
		"repository": &s.Repository, "stateBucket": &s.StateBucket, "stateKeyArn": &s.StateKeyARN, "oidcProviderArn": &s.OIDCProviderARN, "deployedProject": &s.DeployedProject,
	}
	file := "Pulumi." + stack + ".yaml"
	var wrong []error
	for _, key := range slices.Sorted(maps.Keys(config)) {
		name, own := strings.CutPrefix(key, project+":")
		if !own {
			continue
		}
		if fields[name] == nil {
			wrong = append(wrong, fmt.Errorf("%s: %s is not a setting: legal are %s", file, key, strings.Join(slices.Sorted(maps.Keys(fields)), ", ")))
			continue
		}
		*fields[name] = config[key]
	}
	if s.DeployedProject == "" { // make rename calls both projects anew
		s.DeployedProject = strings.TrimSuffix(project, "-ci")
	}
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		if rule := rules[name]; !rule.legal.MatchString(*fields[name]) {
			wrong = append(wrong, fmt.Errorf("%s: %s:%s is %q: legal is %s", file, project, name, *fields[name], rule.is))
		}
	}
	return s, errors.Join(wrong...)
}
