package settings

import "regexp"

var policyName = regexp.MustCompile(`^[\w+=,.@-]{1,128}$`)

// readBoundary reads the name of the policy that bounds the stack's roles.
//
// See https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html.
func readBoundary(o object) string {
	const legal = "are up to 128 letters, digits and _+=,.@-"
	name := o.text("permissionsBoundary", "", legal,
		"Name of a managed policy of the account that bounds every role of the stack: none can do more than it says, whatever the role's own policies allow. The roles of infra/ci deploy such stacks alone.", byDefault("none"))
	if name != "" && !policyName.MatchString(name) {
		o.p.add(o.at("permissionsBoundary"), "is %q: legal %s", name, legal)
	}
	return name
}
