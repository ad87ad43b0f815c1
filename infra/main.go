// Command infra is the Pulumi program: `pulumi up` runs it.
package main

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"auth-api/infra/stack"
)

func main() {
	pulumi.Run(stack.Deploy)
}
