package verify

import "slices"

// Checks are all checks, in the order of reports.
func Checks() []Check {
	return slices.Concat(routeChecks(), pathChecks(), signatureChecks(), keyChecks(), tokenChecks(), identityChecks(),
		hostedChecks(), corsChecks(), transportChecks(), documentChecks(), logChecks(), answerChecks(), limitChecks())
}
