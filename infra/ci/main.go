// Command ci is the Pulumi program of the roles that GitHub's workflows take on, a project
// of its own: `pulumi -C infra/ci up` runs it.
package main

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"auth-api/infra/ci/roles"
)

func main() {
	pulumi.Run(roles.Deploy)
}
